"""The machine reads the drawn documents: what they say, how they lie, what is wrong with them.

Bounds keep a margin from the thresholds of models/rules/reading, on the good side as on the bad.
"""

from collections.abc import Iterator, Mapping

import pytest

from services.ports.reading import PageReading, Reading, Side
from tests.reading.drawn import drawn_set
from tests.reading.mild import mild_set
from tests.reading.people import SHOP
from tests.reading.readings import readings_of_drawn_set, readings_of_mild_set

CASES = {case.name: case for case in (*drawn_set(), *mild_set())}
LEGIBLE = [
    name
    for name, case in CASES.items()
    if not case.codes & {"blurred", "too_dark", "unreadable", "too_small"}
]
SEALED = [name for name, case in CASES.items() if case.slot.seal and case.name in LEGIBLE]


@pytest.fixture(scope="session")
def readings() -> Mapping[str, Reading]:
    return {**readings_of_drawn_set(), **readings_of_mild_set()}


def text_of(page: PageReading) -> str:
    return "\n".join(line.text for line in page.lines).replace(" ", "")


def with_fault(code: str) -> list[str]:
    return [name for name, case in CASES.items() if code in case.codes]


def pages(readings: Mapping[str, Reading], names: list[str]) -> Iterator[PageReading]:
    for name in names:
        yield from readings[name].pages


def test_there_are_forty_and_ten_and_each_has_one_fault_at_most() -> None:
    assert len(drawn_set()) == 40
    assert sum(case.is_good for case in drawn_set()) == 15
    assert len(mild_set()) == 10
    assert all(case.is_good for case in mild_set())
    assert all(len(case.codes) <= 1 for case in drawn_set())
    assert len(CASES) == 50


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.says])
def test_names_and_numbers_are_read_without_an_error(
    name: str, readings: Mapping[str, Reading]
) -> None:
    said = CASES[name].says
    read = readings[name].pages
    assert len(read) == len(said)
    for page, words in zip(read, said, strict=True):
        assert [each for each in words if each.replace(" ", "") not in text_of(page)] == []


def test_pages_stand_upright(readings: Mapping[str, Reading]) -> None:
    for name, case in CASES.items():
        turned = case.turned or (0,) * len(readings[name].pages)
        assert (name, tuple(page.turned for page in readings[name].pages)) == (name, turned)
    (turned_page,) = readings["diagnosis_turned_270"].pages
    assert (turned_page.width, turned_page.height) == (4000, 3000)


def test_lines_come_in_reading_order(readings: Mapping[str, Reading]) -> None:
    (card,) = readings["driving_licence_turned_90"].pages
    labels = ["驾驶证", "姓名", "住址", "出生日期", "初次领证日期", "准驾车型", "有效期限"]
    places = [text_of(card).index(label) for label in labels]
    assert places == sorted(places)
    (form,) = readings["application_form"].pages
    places = [text_of(form).index(each) for each in ("申请表", "公民身份号码", "联系电话", "签名")]
    assert places == sorted(places)


def test_rows_of_a_skewed_photo_are_level(readings: Mapping[str, Reading]) -> None:
    (page,) = readings["application_form"].pages
    label = next(line for line in page.lines if line.text == "申请事项")
    value = next(line for line in page.lines if line.text.startswith("食品经营许可(新办"))
    height = label.box.bottom - label.box.top
    assert abs(label.box.top - value.box.top) < 0.5 * height


@pytest.mark.parametrize("name", CASES)
def test_sharpness(name: str, readings: Mapping[str, Reading]) -> None:
    for page in readings[name].pages:
        if "blurred" in CASES[name].codes:
            assert page.quality.sharpness < 0.25
        elif "too_small" not in CASES[name].codes:
            assert page.quality.sharpness > 0.5


def test_brightness(readings: Mapping[str, Reading]) -> None:
    for page in pages(readings, with_fault("too_dark")):
        assert page.quality.brightness < 0.15
    for page in pages(readings, [name for name in CASES if name not in with_fault("too_dark")]):
        assert page.quality.brightness > 0.33


@pytest.mark.parametrize("name", CASES)
def test_glare_screens_and_cut_edges_are_seen_where_they_are(
    name: str, readings: Mapping[str, Reading]
) -> None:
    codes = CASES[name].codes
    for page in readings[name].pages:
        assert (page.quality.glare > 0.15) == ("glare" in codes)
        assert (page.quality.glare < 0.02) == ("glare" not in codes)
        assert (page.quality.screen > 0.6) == ("photo_of_screen" in codes)
        assert (page.quality.screen < 0.3) == ("photo_of_screen" not in codes)
        assert bool(page.quality.cropped) == ("cropped" in codes)


def test_the_side_that_is_cut_is_named(readings: Mapping[str, Reading]) -> None:
    sides = {name: readings[name].pages[0].quality.cropped for name in with_fault("cropped")}
    assert sides == {
        "cropped_property_certificate": (Side.RIGHT,),
        "cropped_id_card": (Side.BOTTOM,),
    }


@pytest.mark.parametrize("name", SEALED)
def test_seals(name: str, readings: Mapping[str, Reading]) -> None:
    best = max(page.seal for page in readings[name].pages)
    if "seal_missing" in CASES[name].codes:
        assert best < 0.3
    else:
        assert best > 0.8


def test_cards_and_contracts_have_no_seal(readings: Mapping[str, Reading]) -> None:
    bare = ["id_card", "social_security_card", "sale_contract_pdf", "portrait", "expired_id_card"]
    for page in pages(readings, bare):
        assert page.seal < 0.3


def test_codes_are_read(readings: Mapping[str, Reading]) -> None:
    (page,) = readings["business_licence"].pages
    (code,) = page.codes
    assert code.format == "QRCode"
    assert code.text == f"https://zhizhao.example.cn/{SHOP.code}"
    assert code.box.left > 0.6 and code.box.bottom < 0.4


def test_a_photo_is_like_itself_and_unlike_others(readings: Mapping[str, Reading]) -> None:
    one, other = readings["household_member_twice"].pages
    assert one.fingerprint == other.fingerprint
    cover, member = readings["household"].pages
    assert _apart(cover, member) > 10


def _apart(one: PageReading, other: PageReading) -> int:
    return (int(one.fingerprint, 16) ^ int(other.fingerprint, 16)).bit_count()


def test_what_cannot_be_read_is_not_guessed(readings: Mapping[str, Reading]) -> None:
    assert [page.lines for page in readings["table_without_document"].pages] == [()]
    assert len(readings["blurred_id_card"].pages[0].lines) <= 2
    assert readings["portrait"].pages[0].lines == ()


@pytest.mark.parametrize("name", ["portrait", "sale_contract_pdf", "tiny_diagnosis"])
def test_drawings_are_the_same_each_time(name: str) -> None:
    assert CASES[name].draw() == CASES[name].draw()
