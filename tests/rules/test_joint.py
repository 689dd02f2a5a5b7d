"""Joint cases: the parent's next step, by where its children stand."""

import pytest

from models.rules.events import Event, Role
from models.rules.joint import Part, next_step, role_of
from models.rules.lifecycle import row_for
from models.rules.states import State

S = State


def part(state: State, decision: str | None = None, *, accepted: bool | None = None) -> Part:
    if accepted is None:
        accepted = not state.before_acceptance and state not in (S.NOT_ACCEPTED, S.WITHDRAWN_DEEMED)
        accepted = accepted and state is not S.WITHDRAWN
    return Part(state, accepted, decision)


@pytest.mark.parametrize(
    ("parent", "parts", "event"),
    [
        (S.SUBMITTED, [part(S.SUBMITTED), part(S.ACCEPTED)], None),
        (S.SUBMITTED, [part(S.PRE_REVIEWING), part(S.CORRECTION_REQUIRED)], None),
        (S.SUBMITTED, [part(S.ACCEPTED), part(S.CORRECTION_REQUIRED)], Event.ISSUE_CORRECTION),
        (S.CORRECTION_REQUIRED, [part(S.ACCEPTED), part(S.CORRECTION_REQUIRED)], None),
        (S.CORRECTION_REQUIRED, [part(S.ACCEPTED), part(S.SUBMITTED)], Event.RESUBMIT),
        (S.CORRECTION_REQUIRED, [part(S.WITHDRAWN), part(S.WITHDRAWN_DEEMED)], Event.WITHDRAW),
        (
            S.CORRECTION_REQUIRED,
            [part(S.WITHDRAWN_DEEMED), part(S.WITHDRAWN_DEEMED)],
            Event.CORRECTION_TIMEOUT,
        ),
        (S.CORRECTION_REQUIRED, [part(S.ACCEPTED), part(S.WITHDRAWN_DEEMED)], Event.RESUBMIT),
        (S.SUBMITTED, [part(S.ACCEPTED), part(S.UNDER_REVIEW)], Event.CLAIM),
        (S.PRE_REVIEWING, [part(S.ACCEPTED), part(S.UNDER_REVIEW)], Event.ACCEPT),
        (S.SUBMITTED, [part(S.ACCEPTED), part(S.WITHDRAWN)], Event.CLAIM),
        (S.SUBMITTED, [part(S.WITHDRAWN), part(S.WITHDRAWN_DEEMED)], Event.WITHDRAW),
        (S.SUBMITTED, [part(S.WITHDRAWN), part(S.NOT_ACCEPTED)], Event.REFUSE_ACCEPTANCE),
        (S.SUBMITTED, [part(S.WITHDRAWN), part(S.WITHDRAWN, accepted=True)], Event.WITHDRAW),
        (S.SUBMITTED, [part(S.AWAIT_PREPAYMENT), part(S.ACCEPTED)], None),
        (S.ACCEPTED, [part(S.APPROVED, "APPROVED"), part(S.UNDER_REVIEW)], None),
        (
            S.ACCEPTED,
            [part(S.DELIVERED, "REJECTED"), part(S.RESULT_READY, "APPROVED")],
            Event.DECIDE_APPROVE,
        ),
        (
            S.ACCEPTED,
            [part(S.DELIVERED, "REJECTED"), part(S.TERMINATED), part(S.NOT_ACCEPTED)],
            Event.DECIDE_REJECT,
        ),
        (
            S.ACCEPTED,
            [part(S.TERMINATED), part(S.WITHDRAWN, accepted=True)],
            Event.TERMINATE,
        ),
        (S.ACCEPTED, [part(S.WITHDRAWN, accepted=True)], Event.WITHDRAW_CONFIRMED),
        (S.APPROVED, [part(S.DELIVERED, "APPROVED"), part(S.RESULT_READY, "APPROVED")], None),
        (
            S.APPROVED,
            [part(S.ARCHIVED, "APPROVED"), part(S.NOT_ACCEPTED)],
            Event.SERVE_ELECTRONIC,
        ),
        (S.DELIVERED, [part(S.DELIVERED, "APPROVED")], None),
        (S.WITHDRAWN, [part(S.ACCEPTED)], None),
    ],
)
def test_the_parent_follows_its_children(
    parent: State, parts: list[Part], event: Event | None
) -> None:
    assert next_step(parent, parts) is event


def test_every_step_of_a_parent_is_a_row_of_the_table() -> None:
    """Whatever two children do, in whatever state: no step that the table does not know."""
    states = [state for state in S if state not in (S.DRAFT, S.VOIDED)]
    children = [part(state, accepted=accepted) for state in states for accepted in (True, False)]
    children += [part(S.DELIVERED, word) for word in ("APPROVED", "REJECTED")]
    seen = set()
    for parent in states:
        for one in children:
            for other in children:
                event = next_step(parent, [one, other])
                if event is not None:
                    row_for(parent, event)
                    seen.add(event)
    assert len(seen) == 12


def test_the_place_that_a_parents_step_is_taken_in() -> None:
    assert role_of(S.SUBMITTED, Event.CLAIM, Role.DEPT) is Role.WINDOW
    assert role_of(S.PRE_REVIEWING, Event.ACCEPT, Role.DEPT) is Role.DEPT
    assert role_of(S.ACCEPTED, Event.DECIDE_APPROVE, Role.WINDOW) is Role.BACKOFFICE
    assert role_of(S.APPROVED, Event.SERVE_ELECTRONIC, Role.WINDOW) is Role.SYSTEM
