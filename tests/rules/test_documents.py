"""Documents: every kind is filled, says what the law wants said, and can be read aloud."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from models.rules.calendar import Limit, Unit
from models.rules.clock_table import ClockName
from models.rules.documents.all import TEMPLATES
from models.rules.documents.facts import (
    Charge,
    Deadline,
    Defect,
    Promised,
    Received,
)
from models.rules.documents.numbering import (
    check_code,
    document_number,
    organ_short,
    read_check_code,
    serial_prefix,
)
from models.rules.documents.template import TABLES, Listed, When, named_in
from models.rules.documents.words import day_text, moment_text, money_text, official
from models.rules.events import Event
from models.rules.lifecycle import ROWS
from models.rules.notices import NoticeKind
from models.rules.states import AcceptMode
from tests.documents import MONDAY, WHOLE, filled, said


def deadline(clock: ClockName, last: date, days: int, **more: Any) -> Deadline:
    return Deadline(clock, last, date(2026, 3, 2), Limit(days), **more)


def test_every_kind_has_a_template_of_its_own() -> None:
    assert set(TEMPLATES) == set(NoticeKind)
    words = [template.word for template in TEMPLATES.values()]
    assert len(set(words)) == 21


@pytest.mark.parametrize("row", [row for row in ROWS if row.notices], ids=lambda row: row.id)
def test_every_row_that_owes_a_notice_fills_it(row: Any) -> None:
    """With nothing but what every case has, each notice says what it is about, and the case."""
    for kind in row.notices:
        sheet = filled(kind, row.event, accepted_at=MONDAY)
        text = said(sheet)
        assert "公共场所卫生许可（新证）" in text
        assert "办件编号：11511499MB9000015D4000123905000202603020001。" in text
        assert sheet.basis


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_whole_document_leaves_no_sentence_half_filled(kind: NoticeKind) -> None:
    event, more = WHOLE[kind]
    text = said(filled(kind, event, **more))
    assert not re.search(r"[{}]|None|。。|：。|，。|[(),;:?!](?![0-9A-Z])", text), text


@pytest.mark.parametrize("kind", NoticeKind)
def test_templates_name_facts_and_tables_that_there_are(kind: NoticeKind) -> None:
    for part in TEMPLATES[kind].body:
        if isinstance(part, Listed):
            assert part.name in TABLES
            continue
        text = part.text if isinstance(part, When) else part
        assert text.endswith("。"), text
        assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in named_in(text))


@pytest.mark.parametrize("kind", NoticeKind)
def test_sentences_can_be_read_aloud(kind: NoticeKind) -> None:
    """No codes, no Latin words, no marks that a voice stumbles over (适老化)."""
    for part in TEMPLATES[kind].body:
        text = getattr(part, "text", part if isinstance(part, str) else "")
        plain = re.sub(r"\{[a-z0-9_]+\}", "", text)
        assert not re.search(r"[A-Za-z/*#&<>\[\]_|+=~^-]", plain), plain
        assert max(map(len, re.split(r"[。；：]", plain))) <= 75, plain


def test_a_deadline_tells_how_it_was_counted() -> None:
    five = deadline(ClockName.NOTIFY_5WD, date(2026, 3, 9), 5)
    assert five.day == "2026年3月9日（星期一）"
    assert five.counted == (
        "2026年3月2日当天不算，从第二天起数5个工作日，周末和法定节假日不算，到这一天24时为止。"
    )
    thirty = Deadline(
        ClockName.PAPER_SUBMIT,
        date(2026, 4, 1),
        date(2026, 3, 2),
        Limit(30, Unit.CALENDAR_DAY),
    )
    assert "数30天，周末和节假日也算" in thirty.counted
    today = Deadline(
        ClockName.DECISION_PROMISED,
        date(2026, 3, 2),
        date(2026, 3, 2),
        Limit(0, Unit.SAME_WORKING_DAY),
    )
    assert today.counted == "当天办结。"


def test_a_provisional_day_moves_only_to_the_applicants_good() -> None:
    mine = deadline(ClockName.CORRECTION, date(2027, 3, 1), 15, provisional=True)
    assert mine.counted.endswith("公布后这个日期只会推后，不会提前。")
    theirs = deadline(ClockName.DECISION_STATUTORY, date(2027, 3, 1), 20, provisional=True)
    assert theirs.counted.endswith("可能变化，变了会告诉您。")


def test_the_correction_notice_lists_everything_and_the_day() -> None:
    """Story 4: issued Wednesday 2026-02-11, fifteen working days are over on 2026-03-10."""
    sheet = filled(
        NoticeKind.N02,
        Event.ISSUE_CORRECTION,
        corrections=(
            Defect("营业执照", "材料过了有效期,请交有效的。", "请交2026年年检后的执照"),
            Defect("平面图", "缺少盖章,请盖章后再交。", ""),
        ),
        deadlines=(
            Deadline(ClockName.CORRECTION, date(2026, 3, 10), date(2026, 2, 11), Limit(15)),
        ),
        texts={"withdrawn_if_late": "yes"},
    )
    text = said(sheet)
    assert "1|营业执照|材料过了有效期，请交有效的。|请交2026年年检后的执照" in text
    assert "2|平面图|缺少盖章，请盖章后再交。|" in text
    assert "到2026年3月10日（星期二）24时还没有补齐的，这次申请按撤回处理。" in text
    assert "第三十二条第一款第四项" in sheet.basis


def test_where_silence_is_not_withdrawal_nobody_is_threatened() -> None:
    due = deadline(ClockName.CORRECTION, date(2026, 3, 23), 15)
    sheet = filled(NoticeKind.N02, Event.ISSUE_CORRECTION, deadlines=(due,))
    assert "按撤回处理" not in said(sheet)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (NoticeKind.N03, Event.REFUSE_ACCEPTANCE),
        (NoticeKind.N11, Event.TERMINATE),
        (NoticeKind.N12, Event.CORRECTION_TIMEOUT),
        (NoticeKind.N16, Event.DECIDE_REJECT),
    ],
)
def test_who_is_refused_hears_of_both_remedies(kind: NoticeKind, event: Event) -> None:
    """行政复议法20: 60 days; 行政诉讼法46: six months; 行政许可法38."""
    text = said(filled(kind, event, texts={"remedy": "这份通知书"}))
    assert "之日起60日内，向示例县卫生健康局的本级人民政府申请行政复议" in text
    assert "之日起6个月内，直接向有管辖权的人民法院提起行政诉讼" in text
    assert "《中华人民共和国行政复议法》第二十条" in text


def test_who_is_sent_elsewhere_is_told_where() -> None:
    """行政许可法32(二)."""
    texts = {"reason": "这件事不归这里管。", "redirect": "示例县林业局"}
    text = said(filled(NoticeKind.N03, Event.REFUSE_ACCEPTANCE, texts=texts))
    assert "这件事归示例县林业局管，请您到示例县林业局申请。" in text


def test_the_acceptance_tells_both_limits() -> None:
    """Story 1: accepted 2026-03-03, promised 03-10, statutory 03-31."""
    start = date(2026, 3, 3)
    sheet = filled(
        NoticeKind.N04,
        Event.ACCEPT_VERIFY_LATER,
        accepted_at=datetime(2026, 3, 3, 2, 0, tzinfo=UTC),
        mode=AcceptMode.VERIFY_LATER,
        originals=("营业执照",),
        deadlines=(
            Deadline(ClockName.DECISION_PROMISED, date(2026, 3, 10), start, Limit(5)),
            Deadline(ClockName.DECISION_STATUTORY, date(2026, 3, 31), start, Limit(20)),
        ),
        texts={"free": "yes"},
    )
    text = said(sheet)
    assert "我们在2026年3月3日10时00分决定受理" in text
    assert "1|我们承诺办结|2026年3月10日（星期二）|2026年3月3日当天不算" in text
    assert "2|法律规定最迟办结|2026年3月31日（星期二）|" in text
    assert "先办后验" in text
    assert "核对时请带这些原件\n1|营业执照" in text
    assert "办这件事不收费。" in text


def test_promises_stand_in_the_shortfall_notice_with_their_days() -> None:
    sheet = filled(
        NoticeKind.N05,
        Event.ACCEPT_SHORTFALL,
        accepted_at=MONDAY,
        promised=(Promised("公共场所卫生管理制度", date(2026, 3, 10)),),
        statements=("我会在2026年3月10日前补齐。",),
        deadlines=(
            Deadline(
                ClockName.SHORTFALL,
                date(2026, 3, 10),
                date(2026, 3, 3),
                Limit(7, Unit.CALENDAR_DAY),
            ),
        ),
        texts={"withdrawn_if_late": "yes"},
    )
    text = said(sheet)
    assert "1|公共场所卫生管理制度|2026年3月10日" in text
    assert "这是您自己承诺的日期" in text
    assert "到期没有补齐的，这次申请按撤回处理。" in text
    assert "终止" not in text


def test_a_fee_is_told_with_its_basis_and_its_sum() -> None:
    sheet = filled(
        NoticeKind.N09,
        Event.REQUEST_PAYMENT,
        amount_fen=375_000,
        charges=(Charge("沥青路面12.5平方米", 375_000),),
        texts={"fee_name": "城市道路挖掘修复费", "fee_basis": "城市道路管理条例37"},
    )
    text = said(sheet)
    assert "应缴金额：3750元。收费项目：城市道路挖掘修复费。收费依据：城市道路管理条例37。" in text
    assert "1|沥青路面12.5平方米|3750元" in text


def test_the_receipt_lists_what_arrived() -> None:
    sheet = filled(
        NoticeKind.N01,
        Event.SUBMIT,
        materials=(Received("营业执照", 1), Received("卫生检测报告", 12)),
        deadlines=(deadline(ClockName.NOTIFY_5WD, date(2026, 3, 9), 5),),
        texts={"silence": "yes", "query_code": "WXY2345678"},
    )
    text = said(sheet)
    assert "1|营业执照|1\n2|卫生检测报告|12" in text
    assert "超过2026年3月9日（星期一）没有告诉您的，从收到申请那天起就算受理了。" in text


def test_no_permit_rests_on_the_permit_law() -> None:
    sheet = filled(NoticeKind.N01, Event.SUBMIT, permit=False, item_basis="老年人权益保障法")
    assert sheet.basis == "老年人权益保障法；《中华人民共和国电子签名法》第十一条"


def test_a_new_edition_says_what_it_replaces() -> None:
    texts = {"replaced": "示卫健补正〔2026〕3号《补正材料通知书》", "replaced_why": "日历变了。"}
    text = said(filled(NoticeKind.N02, Event.ISSUE_CORRECTION, texts=texts))
    assert "这份文书代替示卫健补正〔2026〕3号《补正材料通知书》，原来的那份不再有效。" in text


def test_numbers_are_those_of_the_organ_the_kind_and_the_year() -> None:
    assert organ_short("青神县卫生健康局") == "青卫健"
    assert organ_short("示例县市场监督管理局") == "示市监"
    assert organ_short("示例县残疾人联合会") == "示残联"
    assert organ_short("北桥镇便民服务中心") == "北桥镇便民服务中心"
    prefix = serial_prefix("青卫健", "补正", 2026)
    assert document_number(prefix, 12) == "青卫健补正〔2026〕12号"


def test_a_check_code_forgives_how_it_is_typed() -> None:
    code = check_code(bytes(range(16)))
    assert len(code) == 20
    assert read_check_code(f" {code[:5].lower()}-{code[5:]} ") == code
    assert read_check_code(code[:-1]) is None
    assert read_check_code(code[:-1] + "0") is None
    with pytest.raises(ValueError, match="16"):
        check_code(b"short")


def test_days_times_and_money_are_written_as_people_say_them() -> None:
    assert day_text(date(2026, 5, 9)) == "2026年5月9日（星期六）"
    assert moment_text(datetime(2026, 3, 2, 16, 5, tzinfo=UTC)) == "2026年3月3日0时05分"
    assert money_text(1_800_000) == "18000元"
    assert money_text(1250) == "12.50元"


def test_punctuation_is_that_of_a_document() -> None:
    assert official("缺少盖章,请盖章后再交。") == "缺少盖章，请盖章后再交。"
    assert official("周一至周五 9:00-12:00, 13:30-17:00") == "周一至周五 9:00-12:00，13:30-17:00"
    assert official("K0+100") == "K0+100"
