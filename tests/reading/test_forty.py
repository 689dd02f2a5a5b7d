"""The forty documents: the findings are right for nearly all, and no good one is blocked.

What is read here is read by the real engine, as the job does; the rules then say what is wrong.
"""

from collections.abc import Mapping

import pytest

from models.rules.reading.findings import Finding, Severity
from models.rules.reading.judging import judge
from models.rules.reading.values import Reading
from models.rules.reading.wants import Against, Owner, Person, Wants
from tests.reading.cases import TODAY, Case
from tests.reading.drawn import drawn_set
from tests.reading.mild import mild_set
from tests.reading.people import Firm
from tests.reading.readings import readings_of_drawn_set, readings_of_mild_set

LEAST_RIGHT = 0.95
_BLOCKS = Severity.BLOCKS


@pytest.fixture(scope="session")
def drawn() -> Mapping[str, Reading]:
    return readings_of_drawn_set()


@pytest.fixture(scope="session")
def mild() -> Mapping[str, Reading]:
    return readings_of_mild_set()


def found(case: Case, reading: Reading) -> list[Finding]:
    """Return what is said of a document, but for what wants nothing of anybody."""
    slot, owner, person = case.slot, Owner.ANYBODY, None
    if isinstance(slot.owner, Firm):
        owner, person = Owner.ORGANISATION, Person(slot.owner.name, slot.owner.code, "申请人")
    elif slot.owner is not None:
        owner, person = Owner.APPLICANT, Person(slot.owner.name, slot.owner.number, "申请人")
    wants = Wants(
        slot.documents, every=slot.every, owner=owner, seal=slot.seal, unexpired=slot.unexpired
    )
    told = judge(reading, wants, Against(TODAY, person), case.name)
    return [each for each in told if each.severity is not Severity.INFORMS]


def test_the_set_is_what_it_says() -> None:
    forty = drawn_set()
    assert len({case.name for case in forty}) == 40
    faults = {code for case in forty for code in case.codes}
    assert faults >= {
        *("blurred", "too_dark", "cropped", "wrong_kind", "wrong_person", "expired"),
        *("seal_missing", "pages_swapped", "photo_of_screen"),
    }
    assert {turn for case in forty for turn in case.turned} >= {90, 180, 270}


def test_the_findings_are_right(drawn: Mapping[str, Reading]) -> None:
    wrong = {
        case.name: (sorted(case.codes), codes)
        for case in drawn_set()
        if (codes := sorted(each.code.value for each in found(case, drawn[case.name])))
        != sorted(case.codes)
    }
    assert len(wrong) <= (1 - LEAST_RIGHT) * len(drawn_set()), wrong


def test_no_good_document_is_blocked(
    drawn: Mapping[str, Reading], mild: Mapping[str, Reading]
) -> None:
    readings = {**drawn, **mild}
    told = {
        case.name: [each for each in found(case, readings[case.name]) if each.severity is _BLOCKS]
        for case in (*drawn_set(), *mild_set())
        if case.is_good
    }
    blocked = {name: each for name, each in told.items() if each}
    assert blocked == {}


def test_what_cannot_be_read_is_blocked(drawn: Mapping[str, Reading]) -> None:
    """What a person could not read either: filing it would only cost a correction."""
    for case in drawn_set():
        if case.codes & {"blurred", "unreadable", "wrong_kind"}:
            told = found(case, drawn[case.name])
            assert any(each.severity is Severity.BLOCKS for each in told), case.name


def test_every_finding_says_what_to_do(drawn: Mapping[str, Reading]) -> None:
    for case in drawn_set():
        for each in found(case, drawn[case.name]):
            assert each.sentence.endswith("。")
            assert "{" not in each.sentence
            assert any(word in each.sentence for word in ("请", "上传", "重新"))
