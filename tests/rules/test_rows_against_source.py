"""Every state, row, clock and notice of the code against the law's table as ``law.yaml`` has it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.rules import states
from models.rules.calendar import Limit, Unit
from models.rules.lifecycle import CLOCKS, ROWS, ClockName, NoticeKind, Row, Sets, State

LAW: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "law.yaml").read_text(encoding="utf-8")
)
LINES: list[dict[str, Any]] = LAW["transitions"]
BY_ID = {row.id: row for row in ROWS}
UNITS = {"wd": Unit.WORKING_DAY, "cd": Unit.CALENDAR_DAY, "h": Unit.HOUR}

# The one place where the code lets somebody more in: where a department accepts, its own officers
# take up the cases, and the window may still do it for them.
ALSO = {"T03": {"ACCEPTOR"}}


def marked(row: Row) -> set[str]:
    """Return a row's clocks in the marks of the law's table."""
    marks = (("+", row.starts), ("-", row.stops), ("~", row.pauses), ("^", row.resumes))
    found = {mark + name.value for mark, names in marks for name in names}
    return found | ({"-ALL"} if row.stops_all else set())


def facts(sets: Sets) -> dict[str, Any]:
    """Return what a row settles in the words of the law's table."""
    found: dict[str, Any] = {
        name: value.value
        for name in ("accept_mode", "shortfall_status", "handoff_status", "monitor_light")
        if (value := getattr(sets, name)) is not None
    }
    if sets.verify_later_mark:
        found["verify_later_mark"] = True
    if sets.accepted_on_receipt:
        found["accepted_at"] = "received_at"
    if sets.credit_proposed:
        found["credit_event"] = "PROPOSED"
    if sets.served_on_posting:
        found["served_at"] = "post_handover_date"
    return found


def test_both_have_the_same_rows_in_the_same_order() -> None:
    assert [line["id"] for line in LINES] == [row.id for row in ROWS]
    assert len(LINES) == 50


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])
def test_a_row_is_the_law_s(line: dict[str, Any]) -> None:
    row = BY_ID[line["id"]]
    assert {state.value for state in row.sources} == set(line["from"])
    assert (row.target.value if row.target else "same") == line["to"]
    assert row.event.value == line["event"]
    actors = set(line["actor"].split("/")) | ALSO.get(row.id, set())
    assert {actor.value for actor in row.actors} == actors
    assert marked(row) == set(line["clocks"])
    assert [notice.value for notice in row.notices] == line["notices"]
    assert (row.basis, row.guard) == (line["basis"], line["guard"])


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])
def test_a_row_settles_what_the_law_says(line: dict[str, Any]) -> None:
    wanted = dict(line.get("set", {}))
    if line["id"] == "T19":  # the code keeps what was chosen: it sets nothing
        assert wanted.pop("accept_mode") == "as chosen at T18"
    assert facts(BY_ID[line["id"]].sets) == wanted


@pytest.mark.parametrize("name", LAW["states"])
def test_a_state_is_the_law_s(name: str) -> None:
    words, state = LAW["states"][name], State[name]
    assert (state.zh, state.phase.value) == (words["zh"], words["phase"])
    assert state.awaits_applicant is (words.get("waits_for") == "APPLICANT")
    assert state.terminal is words.get("terminal", False)
    assert state.is_draft is words.get("initial", False)


def test_there_is_no_state_beside_them() -> None:
    assert [state.value for state in State] == list(LAW["states"])


@pytest.mark.parametrize("name", LAW["clocks"])
def test_a_clock_is_the_law_s(name: str) -> None:
    words, spec = LAW["clocks"][name], CLOCKS[ClockName(name)]
    assert (spec.zh, spec.owner.value) == (words["zh"], words["owner"])
    assert spec.default == limit_of(words["default"])
    before = words.get("warn_before") or words.get("remind_before") or []
    told = before if isinstance(before, list) else [before]
    assert list(spec.warn_before) == [limit_of(each) for each in told]
    assert spec.pausable is words.get("pausable", False)


def limit_of(text: str) -> Limit | None:
    """Read ``15 wd`` and what follows it; None where the item, a promise or a rule says."""
    match = re.match(r"(\d+) (wd|cd|h)\b", text)
    return Limit(int(match[1]), UNITS[match[2]]) if match else None


def test_there_is_no_clock_beside_them() -> None:
    assert {name.value for name in ClockName} == set(LAW["clocks"])


def test_the_notices_are_the_law_s() -> None:
    found = {kind.value: {"zh": kind.zh, "key": kind.key} for kind in NoticeKind}
    assert found == LAW["notices"]


@pytest.mark.parametrize(
    ("dimension", "words"),
    [
        ("accept_mode", states.AcceptMode),
        ("shortfall_status", states.ShortfallStatus),
        ("handoff_status", states.HandoffStatus),
        ("payment_status", states.PaymentStatus),
        ("rating_status", states.RatingStatus),
        ("monitor_light", states.MonitorLight),
    ],
)
def test_what_runs_beside_the_state_is_the_law_s(dimension: str, words: Any) -> None:
    written = [line.split(" ")[0] for line in LAW["parallel"][dimension]]
    assert [word.value for word in words] == written
