"""The transition table: complete, unambiguous, and as the law has it."""

from itertools import product

import pytest

from models.rules.lifecycle import (
    CLOCKS,
    ROWS,
    AcceptMode,
    Actor,
    ClockName,
    Event,
    HandoffStatus,
    IllegalStep,
    NoticeKind,
    PaymentStatus,
    Role,
    Row,
    State,
    Who,
    acceptor_role,
    allowed,
    events_from,
    next_step,
    row_for,
    text_for,
)
from tests.rules.edges import EDGES

BY_ID = {row.id: row for row in ROWS}
STEPS = {
    (State[source], Event(event)): (id_, State[source] if target == "=" else State[target])
    for id_, event, sources, target in EDGES
    for source in sources.split()
}
DECISION = {ClockName.DECISION_PROMISED, ClockName.DECISION_STATUTORY}


def test_the_table_has_the_size_of_the_law() -> None:
    assert (len(State), len(ROWS), len(CLOCKS), len(NoticeKind)) == (23, 50, 21, 21)
    assert [row.id for row in ROWS] == [f"T{number:02d}" for number in range(1, 51)]
    assert set(CLOCKS) == set(ClockName)
    assert {row.event for row in ROWS} == set(Event)


def test_every_step_is_its_one_row_or_refused() -> None:
    for state, event in product(State, Event):
        if (state, event) in STEPS:
            row = row_for(state, event)
            assert (row.id, row.target_from(state)) == STEPS[state, event]
        else:
            with pytest.raises(IllegalStep) as refusal:
                row_for(state, event)
            assert (refusal.value.state, refusal.value.event) == (state, event)


def test_events_from_agrees_with_the_steps() -> None:
    for state in State:
        assert set(events_from(state)) == {event for at, event in STEPS if at is state}


def _reach(start: State) -> set[State]:
    seen, todo = {start}, [start]
    while todo:
        state = todo.pop()
        new = {row.target_from(state) for row in ROWS if state in row.sources} - seen
        seen |= new
        todo += new
    return seen


def test_every_state_is_reached_and_every_case_can_end() -> None:
    assert _reach(State.DRAFT) == set(State)
    for state in State:
        assert any(end.terminal for end in _reach(state))
        assert state.terminal == (_reach(state) == {state})


def test_states_know_themselves() -> None:
    assert State("DRAFT") is State.DRAFT
    assert State.CORRECTION_REQUIRED.zh == "待补正"
    assert [state.name for state in State] == [state.value for state in State]
    assert {state for state in State if state.awaits_applicant} == {
        State.CORRECTION_REQUIRED,
        State.PRE_REVIEW_PASSED,
        State.AWAIT_PREPAYMENT,
        State.AWAIT_PAYMENT,
        State.ORIGINALS_CHECK,
        State.ORIGINALS_SUPPLEMENT,
    }
    assert {state for state in State if state.closed} == {
        State.DELIVERED,
        State.NOT_ACCEPTED,
        State.WITHDRAWN,
        State.WITHDRAWN_DEEMED,
        State.TERMINATED,
        State.ARCHIVED,
        State.VOIDED,
    }
    assert {state for state in State if state.before_acceptance} == {
        State.DRAFT,
        State.SUBMITTED,
        State.PRE_REVIEWING,
        State.CORRECTION_REQUIRED,
        State.PRE_REVIEW_PASSED,
        State.AWAIT_PREPAYMENT,
    }
    assert [state for state in State if state.is_draft] == [State.DRAFT]


def test_acceptance_always_starts_both_decision_clocks_and_the_hand_over() -> None:
    into = [row for row in ROWS if row.target is State.ACCEPTED]
    assert {row.id for row in into} == {"T09", "T10", "T11", "T12", "T13", "T15", "T19"}
    for row in into:
        assert set(row.starts) >= DECISION
        assert row.sets.handoff_status is HandoffStatus.READY


@pytest.mark.parametrize("attribute", ["starts", "pauses", "resumes"])
def test_the_two_decision_clocks_go_together(attribute: str) -> None:
    for row in ROWS:
        touched = DECISION & set(getattr(row, attribute))
        assert touched in (set(), DECISION)


def test_only_pausable_clocks_pause_and_each_pause_can_end() -> None:
    paused = {name for row in ROWS for name in row.pauses}
    assert paused == DECISION == {name for name, spec in CLOCKS.items() if spec.pausable}
    assert {name for row in ROWS for name in row.resumes} == DECISION


def test_a_row_never_starts_and_stops_the_same_clock() -> None:
    for row in ROWS:
        marked = [*row.starts, *row.stops, *row.pauses, *row.resumes]
        assert len(marked) == len(set(marked))
        assert not (row.stops_all and marked)


def test_clocks_that_no_row_starts_are_the_side_clocks() -> None:
    started = {name for row in ROWS for name in row.starts}
    assert set(ClockName) - started == {
        ClockName.DRAFT_TTL,  # a draft's creation starts it, before the table begins
        ClockName.PAY_ORDER,
        ClockName.RESULT_TRANSFER_FIX,
        ClockName.PAPER_HANDOVER,
        ClockName.BAD_RATING_CONTACT,
        ClockName.BAD_RATING_FIX,
    }


def test_every_notice_is_owed_by_some_row() -> None:
    assert {notice for row in ROWS for notice in row.notices} == set(NoticeKind)
    assert NoticeKind.N02.zh == "补正材料通知书(一次性告知书)"


def test_rows_that_set_facts() -> None:
    assert BY_ID["T11"].sets.verify_later_mark
    assert BY_ID["T13"].sets.accept_mode is AcceptMode.DEEMED
    assert BY_ID["T13"].sets.accepted_on_receipt
    assert BY_ID["T19"].sets.accept_mode is None  # as chosen before the payment
    assert BY_ID["T43"].sets.served_on_posting
    proposing = {row.id for row in ROWS if row.sets.credit_proposed}
    assert proposing == {"T40", "T41"}


def test_a_missed_payment_never_undoes_a_decision() -> None:
    row = row_for(State.AWAIT_PAYMENT, Event.PAYMENT_OVERDUE)
    assert row.target_from(State.AWAIT_PAYMENT) is State.AWAIT_PAYMENT


def test_no_correction_after_acceptance() -> None:
    for state in State:
        if not state.before_acceptance:
            with pytest.raises(IllegalStep):
                row_for(state, Event.ISSUE_CORRECTION)


@pytest.mark.parametrize(
    ("row_id", "acceptor", "who"),
    [
        ("T01", Role.WINDOW, {Role.APPLICANT}),
        ("T02", Role.WINDOW, {Role.APPLICANT, Role.SYSTEM}),
        ("T03", Role.WINDOW, {Role.WINDOW}),
        ("T03", Role.DEPT, {Role.WINDOW, Role.DEPT}),
        ("T09", Role.WINDOW, {Role.WINDOW}),
        ("T09", Role.DEPT, {Role.DEPT}),
        ("T13", Role.DEPT, {Role.SYSTEM}),
        ("T28", Role.WINDOW, {Role.BACKOFFICE}),
        ("T37", Role.WINDOW, {Role.DEPT}),
    ],
)
def test_who_may(row_id: str, acceptor: Role, who: set[Role]) -> None:
    row: Row = BY_ID[row_id]
    assert {role for role in Role if allowed(row, role, acceptor)} == who


def test_the_item_names_its_acceptor() -> None:
    assert acceptor_role("COMPREHENSIVE_WINDOW") is Role.WINDOW
    assert acceptor_role("TOWNSHIP_WINDOW") is Role.WINDOW
    assert acceptor_role("DEPARTMENT") is Role.DEPT
    with pytest.raises(KeyError):
        acceptor_role("SOMEBODY")
    assert {actor.value for actor in Actor} - {role.value for role in Role} == {"ACCEPTOR"}


def test_a_result_is_released_only_when_nothing_is_owed() -> None:
    assert [status.value for status in PaymentStatus if status.settled] == [
        "NOT_REQUIRED",
        "PAID",
        "WAIVED",
    ]


def test_everything_has_a_plain_sentence() -> None:
    for event in Event:
        text = text_for(event)
        assert text.endswith("。") and len(text) <= 45
        assert text.isascii() is False and not any(c.isascii() and c.isalpha() for c in text)
    for state in State:
        step = next_step(state)
        assert step.text.endswith("。") and len(step.text) <= 45
        assert (step.who is Who.NOBODY) == state.closed
        if state.awaits_applicant:
            assert step.who is Who.YOU
