"""Findings from readings made by hand: each check says what is wrong, and nothing else."""

from dataclasses import replace
from datetime import date

import pytest

from models.rules import identity
from models.rules.reading.documents import DocumentKind
from models.rules.reading.fields import FieldName, fields_of
from models.rules.reading.filling import suggestions
from models.rules.reading.findings import Finding, FindingCode, Severity, blocks
from models.rules.reading.judging import judge
from models.rules.reading.kinds import kind_of
from models.rules.reading.sorting import elsewhere
from models.rules.reading.stored import dump, load
from models.rules.reading.validity import LONG_TERM, ends_in
from models.rules.reading.values import Code, Reading, Side
from models.rules.reading.wants import Against, Owner, Person, Wants, wants_of
from tests.seen import EMBLEM, GOOD, NAME, NUMBER, PORTRAIT, blurred, id_card, line, page, reading

TODAY = date(2026, 3, 2)
OTHER_NUMBER = "511499194311051028"
CARD = Wants(
    (DocumentKind.ID_CARD_PORTRAIT, DocumentKind.ID_CARD_EMBLEM),
    every=True,
    owner=Owner.APPLICANT,
    unexpired=True,
)
HER = Person(NAME, NUMBER, "申请人")
OURS, THEIRS = (
    first17 + identity.uscc_check_digit(first17)
    for first17 in ("91511499MA0000001", "91511499MA0000002")
)
LICENCE = (
    "营业执照",
    f"统一社会信用代码 {OURS}",
    "名称 示例县绿源餐饮有限公司",
    "类型 有限责任公司",
    "法定代表人 王建国",
    "住所 示例县人民路66号",
    "营业期限 长期",
)


def judged(seen: Reading, wants: Wants = CARD, against: Against | None = None) -> list[Finding]:
    return list(judge(seen, wants, against or Against(TODAY, HER), "身份证明"))


def codes(found: list[Finding]) -> list[str]:
    return [each.code.value for each in found]


def test_a_good_card_has_nothing_to_be_said_of() -> None:
    assert judged(id_card()) == []


@pytest.mark.parametrize(
    ("quality", "code"),
    [
        (replace(GOOD, sharpness=0.1), "blurred"),
        (replace(GOOD, brightness=0.05, sharpness=0.05), "too_dark"),
        (replace(GOOD, glare=0.3), "glare"),
        (replace(GOOD, cropped=(Side.LEFT,)), "cropped"),
        (replace(GOOD, screen=0.9), "photo_of_screen"),
    ],
)
def test_a_fault_of_a_photo_that_was_read_only_warns(quality: object, code: str) -> None:
    seen = reading(page(*PORTRAIT, quality=quality), page(*EMBLEM))  # type: ignore[arg-type]
    [finding] = judged(seen)
    assert (finding.code, finding.severity, finding.page) == (code, Severity.WARNS, 1)
    assert finding.sentence.startswith("第1页:")


def test_what_cannot_be_read_blocks_and_says_why() -> None:
    [finding] = judged(blurred())
    assert (finding.code, finding.severity) == (FindingCode.BLURRED, Severity.BLOCKS)
    assert finding.sentence == "照片拍糊了,字看不清楚。请把手机拿稳,对准以后停一下再拍。"
    assert blocks((finding,))


def test_a_sharp_photo_without_text_blocks_too() -> None:
    [finding] = judged(reading(page()))
    assert (finding.code, finding.severity) == (FindingCode.UNREADABLE, Severity.BLOCKS)
    assert "身份证人像面" in finding.sentence


def test_the_thumbnail_of_a_card_blocks_when_nothing_is_read_of_it() -> None:
    tiny = replace(page(), width=320, height=200)
    [finding] = judged(reading(tiny))
    assert (finding.code, finding.severity) == (FindingCode.TOO_SMALL, Severity.BLOCKS)


def test_another_document_is_named() -> None:
    [finding] = judged(reading(page(*LICENCE)))
    assert (finding.code, finding.severity) == (FindingCode.WRONG_KIND, Severity.BLOCKS)
    assert "您上传的像是营业执照" in finding.sentence


def test_what_cannot_be_told_is_left_to_a_person() -> None:
    seen = reading(page("这是一张", "写了很多字的纸", "但是看不出是什么"))
    [finding] = judged(seen)
    assert (finding.code, finding.severity) == (FindingCode.KIND_UNKNOWN, Severity.INFORMS)


def test_one_side_alone_is_missed() -> None:
    [finding] = judged(reading(page(*PORTRAIT)))
    assert finding.code is FindingCode.PAGE_MISSING
    assert "身份证国徽面" in finding.sentence


def test_a_side_is_not_missed_where_a_page_could_not_be_told() -> None:
    other = page("居民", "签发机关 示例县公安局", "写了很多字的纸")
    assert codes(judged(reading(page(*PORTRAIT), other))) == []


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        (NAME, NUMBER, []),
        # A right number outweighs a name that was misread by a stroke.
        ("王健国", NUMBER, []),
        (NAME, OTHER_NUMBER, ["wrong_person"]),
        ("李小明", OTHER_NUMBER, ["wrong_person"]),
        (NAME, NUMBER[:-1] + "5", ["number_invalid"]),
    ],
)
def test_whose_card_it_is(name: str, number: str, expected: list[str]) -> None:
    portrait = (f"姓名 {name}", *PORTRAIT[1:-1], f"公民身份号码 {number}")
    found = judged(id_card(portrait))
    assert codes(found) == expected
    # Nobody's number stands in what is shown.
    assert all(number not in str(each.evidence) for each in found)


def test_a_name_that_was_read_without_doubt_and_no_number() -> None:
    licence = Wants((DocumentKind.DRIVING_LICENCE,), owner=Owner.APPLICANT)
    seen = reading(page("机动车驾驶证", "姓名 李小明", "准驾车型 B2", "初次领证日期 2010-01-01"))
    assert codes(judged(seen, licence)) == ["wrong_person"]
    unsure = [replace(each, score=0.6) for each in seen.pages[0].lines]
    faint = reading(replace(seen.pages[0], lines=tuple(unsure)))
    assert codes(judged(faint, licence)) == []


@pytest.mark.parametrize(
    ("until", "expected"),
    [("2026.03.02", []), ("2026.03.01", ["expired"]), ("长期", []), ("2036.13.45", [])],
)
def test_the_last_day_is_still_good(until: str, expected: list[str]) -> None:
    emblem = (*EMBLEM[:3], f"有效期限 2016.05.01-{until}")
    assert codes(judged(id_card(emblem=emblem))) == expected


def test_the_licence_of_another_company() -> None:
    wants = Wants((DocumentKind.BUSINESS_LICENCE,), owner=Owner.ORGANISATION, seal=True)
    ours = Against(TODAY, Person("示例县绿源餐饮有限公司", OURS, "申请人"))
    theirs = Against(TODAY, Person("别的公司", THEIRS, "申请人"))
    seen = reading(page(*LICENCE, seal=0.9))
    assert codes(judged(seen, wants, ours)) == []
    assert codes(judged(seen, wants, theirs)) == ["wrong_organisation"]
    wrong = LICENCE[1][:-1] + ("1" if LICENCE[1][-1] != "1" else "2")
    misread = reading(page(LICENCE[0], wrong, *LICENCE[2:], seal=0.9))
    assert codes(judged(misread, wants, ours)) == ["number_invalid"]


def test_a_seal_that_is_not_there() -> None:
    wants = Wants((DocumentKind.DIAGNOSIS,), seal=True)
    text = ("疾病诊断证明书", "姓名 王建国", "科别 骨科", "医师 陈医生")
    assert codes(judged(reading(page(*text)), wants)) == ["seal_missing"]
    assert codes(judged(reading(page(*text, seal=0.8)), wants)) == []


def test_pages_out_of_order_and_missing() -> None:
    wants = Wants((DocumentKind.SALE_CONTRACT,))
    pages = [
        page("存量房买卖合同", "出卖人 甲", "买受人 乙", f"第{number}页 共3页", f"条款{number}")
        for number in (1, 2, 3)
    ]
    assert codes(judged(reading(*pages), wants)) == []
    assert codes(judged(reading(pages[0], pages[2], pages[1]), wants)) == ["pages_swapped"]
    assert codes(judged(reading(pages[0], pages[2]), wants)) == ["page_missing"]


def test_one_photo_in_two_slots() -> None:
    card = page(*PORTRAIT)
    other = replace(card, lines=tuple(line(f"别的内容{n}", n) for n in range(6)))
    wants = replace(CARD, every=False)
    for where, expected in ((card, ["same_photo_twice"]), (other, [])):
        against = Against(TODAY, HER, (elsewhere("户口簿", where),))
        assert codes(judged(reading(card), wants, against)) == expected


def test_a_label_and_its_value_that_stand_apart() -> None:
    card = page(*PORTRAIT)
    apart = [line("姓名", 0), line("王建国", 0, left=0.3), *card.lines[1:]]
    fields = fields_of(reading(replace(card, lines=tuple(apart))))
    assert [each.text for each in fields if each.name is FieldName.NAME] == ["王建国"]


def test_an_address_runs_on_and_ends_where_the_number_begins() -> None:
    fields = fields_of(id_card())
    [address] = [each.text for each in fields if each.name is FieldName.ADDRESS]
    assert address == "示例县城关镇人民路1号2栋3单元401室"


def test_only_what_is_sure_is_offered_for_the_form() -> None:
    wants = replace(CARD, fills=(("number", FieldName.ID_NUMBER), ("address", FieldName.ADDRESS)))
    fields = fields_of(id_card())
    offered = list(suggestions("M02", fields, wants, {"address": "已经填了"}))
    assert [(each.field, each.value) for each in offered] == [("number", NUMBER)]
    misread = (*PORTRAIT[:-1], f"公民身份号码 {NUMBER[:-1]}5")
    assert not list(suggestions("M02", fields_of(id_card(misread)), wants, {"address": "x"}))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2016.05.01-2036.05.01", date(2036, 5, 1)),
        ("2021年3月1日至2027年2月28日", date(2027, 2, 28)),
        ("至2025-06-30", date(2025, 6, 30)),
        ("2021年3月1日起6年", date(2027, 2, 28)),
        ("2016.05.01-长期", LONG_TERM),
        ("一年", None),
        ("2021年13月1日", None),
    ],
)
def test_how_validity_is_written(text: str, day: date | None) -> None:
    assert ends_in(text) == day


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (PORTRAIT, DocumentKind.ID_CARD_PORTRAIT),
        (EMBLEM, DocumentKind.ID_CARD_EMBLEM),
        (LICENCE, DocumentKind.BUSINESS_LICENCE),
        (("居民户口簿", "户别 家庭", "户主姓名 王建国", "户号 001"), DocumentKind.HOUSEHOLD_COVER),
        (
            ("常住人口登记卡", "姓名 王建国", "户主或与户主关系 户主", "公民身份证件编号"),
            DocumentKind.HOUSEHOLD_MEMBER,
        ),
        (("机动车驾驶证", "姓名 王建国", "住址", "准驾车型 B2"), DocumentKind.DRIVING_LICENCE),
        (("居民户口簿办理申请表", "申请人 王建国"), DocumentKind.APPLICATION_FORM),
        (("买菜", "做饭", "洗碗"), None),
    ],
)
def test_kinds_are_told_by_what_is_printed(
    texts: tuple[str, ...], kind: DocumentKind | None
) -> None:
    told = kind_of(page(*texts))
    assert (told.kind if told else None) is kind


def test_a_reading_is_kept_and_comes_back_the_same() -> None:
    seen = id_card()
    first = seen.pages[0]
    code = Code("QRCode", "https://example.test/1", first.lines[0].box)
    quality = replace(GOOD, cropped=(Side.TOP, Side.LEFT))
    whole = reading(replace(first, codes=(code,), quality=quality), seen.pages[1], left_out=2)
    assert load(dump(whole)) == whole


def test_a_declaration_that_is_not_known_is_refused() -> None:
    assert wants_of({"code": "M01"}) is None
    assert wants_of({"reading": {}}) == Wants()
    with pytest.raises(KeyError):
        wants_of({"reading": {"seals": True}})
    with pytest.raises(ValueError, match="PASSPORT"):
        wants_of({"reading": {"documents": ["PASSPORT"]}})
