"""What the transition table must fulfil, whatever is in it: no case lost, no clock left over."""

from collections.abc import Iterator

import pytest

from models.rules.lifecycle import (
    CLOCKS,
    ROWS,
    Actor,
    ClockName,
    Event,
    NoticeKind,
    Phase,
    Row,
    State,
)
from models.rules.timeouts import Policy, event_at_end

BY_ID = {row.id: row for row in ROWS}
DECIDING = frozenset({ClockName.DECISION_PROMISED, ClockName.DECISION_STATUTORY})
# They go on beside a case that is over: rating, the receipt's way, and who has not come yet.
BESIDE = frozenset({ClockName.RATING_WINDOW, ClockName.RECEIPT_TRANSFER})

At = tuple[State, frozenset[ClockName], bool]  # running clocks, and whether done before verified


def after(row: Row, at: At) -> At:
    """Return where a row leads, by the row's own marks."""
    state, running, later = at
    left = frozenset() if row.stops_all else running - set(row.stops)
    return row.target_from(state), left | set(row.starts), later or row.sets.verify_later_mark


def is_open(row: Row, at: At) -> bool:
    """The guards that decide about clocks: what was promised, and what is verified last."""
    _, running, later = at
    promised = ClockName.SHORTFALL in running
    if row.id in ("T25", "T26", "T27"):
        return promised
    if row.id == "T24":
        return ClockName.EXTENSION not in running
    if row.id == "T28":
        return not later and not promised
    return later if row.id == "T33" else True


def walk() -> tuple[set[At], list[tuple[At, Row, At]]]:
    """Take every step from everywhere that a case can come to."""
    todo: list[At] = [(State.DRAFT, frozenset({ClockName.DRAFT_TTL}), False)]
    seen, steps = set(todo), []
    while todo:
        at = todo.pop()
        for row in ROWS:
            if at[0] in row.sources and is_open(row, at):
                to = after(row, at)
                steps.append((at, row, to))
                if to not in seen:
                    seen.add(to)
                    todo.append(to)
    return seen, steps


PLACES, STEPS = walk()


def places(state: State) -> Iterator[frozenset[ClockName]]:
    yield from (running for at, running, _ in PLACES if at is state)


def test_every_row_is_taken_on_some_way() -> None:
    assert {row.id for _, row, _ in STEPS} == set(BY_ID)


def test_every_state_is_come_to_from_a_draft_and_left_again() -> None:
    assert {state for state, _, _ in PLACES} == set(State)
    for state in State:
        leaving = [row for row in ROWS if state in row.sources and row.target not in (None, state)]
        assert bool(leaving) is not state.terminal


def test_from_everywhere_a_case_can_come_to_its_end() -> None:
    ending = {at for at in PLACES if at[0].terminal}
    while True:
        more = {at for at, _, to in STEPS if to in ending} - ending
        if not more:
            break
        ending |= more
    assert ending == PLACES


@pytest.mark.parametrize(
    ("state", "clock"),
    [
        (State.CORRECTION_REQUIRED, ClockName.CORRECTION),
        (State.PRE_REVIEW_PASSED, ClockName.PAPER_SUBMIT),
        (State.AWAIT_PREPAYMENT, ClockName.PAY_CASE),
        (State.ORIGINALS_CHECK, ClockName.ORIGINALS_PRESENT),
        (State.ORIGINALS_SUPPLEMENT, ClockName.ORIGINALS_3WD),
    ],
)
def test_who_is_waited_for_has_a_limit_that_ends_the_wait(state: State, clock: ClockName) -> None:
    assert state.awaits_applicant
    assert all(clock in running for running in places(state))
    event = event_at_end(clock, state, deemed=True, shortfall_expiry=Policy.WITHDRAWN_DEEMED)
    [row] = [row for row in ROWS if row.event is event and state in row.sources]
    assert row.actors == (Actor.SYSTEM,)
    assert row.target_from(state).closed


def test_only_a_decision_that_is_not_paid_waits_without_end() -> None:
    waiting = {state for state in State if state.awaits_applicant}
    ended = {
        state
        for state in waiting
        for row in ROWS
        if state in row.sources and row.actors == (Actor.SYSTEM,) and row.target_from(state).closed
    }
    assert waiting - ended == {State.AWAIT_PAYMENT}  # a decision is never cancelled by time


def test_a_case_that_is_over_leaves_no_clock_behind() -> None:
    for before, row, (state, running, _) in STEPS:
        if not state.closed or before[0].closed:
            continue
        # 行政许可法42: an extension ends with the decision clocks it was added to; the door that
        # applies a row stops everything for a case that is over.
        spare = {ClockName.EXTENSION} if row.id in ("T26", "T27") else set()
        assert running - BESIDE - spare == set(), row.id


def test_an_archived_case_has_no_clock_at_all() -> None:
    assert all(running == frozenset() for running in places(State.ARCHIVED))
    assert all(running == frozenset() for running in places(State.VOIDED))


def test_no_clock_is_started_that_runs_already() -> None:
    for (_, running, _), row, _ in STEPS:
        if row.stops_all:
            continue
        again = set(row.starts) & (running - set(row.stops))
        # A returned parcel reminds anew; the money of a decision can be asked for once more.
        assert again <= {ClockName.PICKUP_REMIND, ClockName.PAY_CASE, ClockName.RATING_WINDOW}, (
            row.id
        )


def test_while_a_case_is_handled_both_decision_clocks_run() -> None:
    for state in (State.ACCEPTED, State.UNDER_REVIEW, State.SUSPENDED):
        assert all(running >= DECIDING for running in places(state))
    for state in (State.APPROVED, State.REJECTED, State.RESULT_READY, State.DELIVERING):
        assert all(not running & DECIDING for running in places(state))
    for state in State:
        if state.before_acceptance:
            assert all(not running & DECIDING for running in places(state))


def test_what_pauses_goes_on_or_ends() -> None:
    pausing = [row for row in ROWS if row.pauses]
    assert {row.id for row in pausing} == {"T22", "T33"}
    for row in pausing:
        assert row.target is not None
        out = [each for each in ROWS if row.target in each.sources]
        assert any(set(each.resumes) | set(each.stops) >= DECIDING for each in out)


def test_after_a_decision_it_is_served_within_a_limit() -> None:
    deciding = [row for row in ROWS if row.target in (State.APPROVED, State.REJECTED)]
    for row in deciding:
        assert (ClockName.SERVE_10WD in row.starts) is (row.id != "T31")
    assert all(ClockName.SERVE_10WD in running for running in places(State.APPROVED))


def test_time_acts_alone_and_only_where_a_limit_ran_out() -> None:
    by_time = {
        event_at_end(clock, state, deemed=True, shortfall_expiry=policy)
        for clock in ClockName
        for state in State
        for policy in Policy
    } - {None}
    for row in ROWS:
        if row.event in by_time:
            assert Actor.SYSTEM in row.actors
    asked_of_people = {row.event for row in ROWS if Actor.SYSTEM not in row.actors}
    assert not by_time & asked_of_people


def test_nobody_outside_decides_and_nobody_inside_applies() -> None:
    for row in ROWS:
        decides = row.target in (State.APPROVED, State.REJECTED) and row.event is not (
            Event.PAYMENT_CONFIRMED
        )
        if decides:
            assert set(row.actors) <= {Actor.BACKOFFICE, Actor.DEPT}
        if State.DRAFT in row.sources:
            assert set(row.actors) <= {Actor.APPLICANT, Actor.SYSTEM}
    accepting = {row.id for row in ROWS if row.target is State.ACCEPTED}
    by_people = {id_ for id_ in accepting if Actor.SYSTEM not in BY_ID[id_].actors}
    assert accepting - by_people == {"T13", "T19"}  # silence, and money that was asked for before


def test_every_end_is_told() -> None:
    ends = {
        State.NOT_ACCEPTED: {NoticeKind.N03},
        State.WITHDRAWN: {NoticeKind.N21},
        State.WITHDRAWN_DEEMED: {NoticeKind.N12},
        State.TERMINATED: {NoticeKind.N11},
        State.DELIVERED: {NoticeKind.N18},
        State.APPROVED: {NoticeKind.N15, NoticeKind.N10},
        State.REJECTED: {NoticeKind.N16},
        State.ACCEPTED: {NoticeKind.N04, NoticeKind.N07},
        State.CORRECTION_REQUIRED: {NoticeKind.N02},
    }
    for row in ROWS:
        if row.target in ends and row.target not in row.sources:
            assert set(row.notices) & ends[row.target], row.id


def test_bad_credit_is_proposed_only_with_a_notice_of_the_right_to_object() -> None:
    for row in ROWS:
        assert (NoticeKind.N20 in row.notices) is row.sets.credit_proposed
    assert not BY_ID["T50"].sets.credit_proposed  # who never came did nothing false


def test_every_row_has_a_basis_and_every_clock_an_owner() -> None:
    assert all(row.basis for row in ROWS)
    assert all(spec.basis and spec.owner for spec in CLOCKS.values())
    assert {phase for state in State for phase in [state.phase]} == set(Phase)
