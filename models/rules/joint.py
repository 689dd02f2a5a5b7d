"""Joint cases (联办件): what a parent case does next, as its children, one per department, move.

The parent is filed once; each child goes its own way. Nobody handles the parent: each of its
steps follows from where the children stand. Its notices tell of all departments at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.rules.clock_table import ClockName
from models.rules.events import Actor, Event, Role
from models.rules.lifecycle import row_for
from models.rules.notices import NoticeKind
from models.rules.states import State

INTAKE = (State.SUBMITTED, State.PRE_REVIEWING, State.CORRECTION_REQUIRED)
# These run for each child: whoever has the application keeps them.
OF_DEPARTMENTS = (ClockName.PRE_REVIEW_SLA, ClockName.NOTIFY_5WD, ClockName.CORRECTION)
UNREVIEWED = (State.SUBMITTED, State.PRE_REVIEWING)
# Of these the parent's speaks for its departments' own: one receipt, and one list (一次性告知).
MERGED = (NoticeKind.N01, NoticeKind.N02)
# What is done to a parent itself; every other step of it is the sum of its children's.
OWN = frozenset({Event.SUBMIT, Event.DRAFT_EXPIRE_OR_DELETE, Event.WITHDRAW, Event.ARCHIVE})


@dataclass(frozen=True)
class Part:
    """Where a child stands; ``decision`` APPROVED or REJECTED once there is one."""

    state: State
    accepted: bool
    decision: str | None

    @property
    def over(self) -> bool:
        return self.state.closed

    @property
    def decided(self) -> bool:
        return self.over or self.decision is not None


def next_step(parent: State, parts: Sequence[Part]) -> Event | None:
    """Return the parent's next step, or None while it has to wait for its children."""
    if parent in INTAKE:
        return _in_intake(parent, parts)
    live = [part for part in parts if part.accepted]
    if parent is State.ACCEPTED and all(part.decided for part in live):
        return _decision(live)
    if parent in (State.APPROVED, State.REJECTED) and all(part.over for part in parts):
        return Event.SERVE_ELECTRONIC
    return None


def _in_intake(parent: State, parts: Sequence[Part]) -> Event | None:
    correcting = any(part.state is State.CORRECTION_REQUIRED for part in parts)
    if parent is State.CORRECTION_REQUIRED:
        return None if correcting else _corrected(parts)
    live = [part for part in parts if part.accepted or not part.over]
    if all(part.over and part.decision is None for part in parts) and not any(
        part.state is State.TERMINATED for part in parts
    ):
        refused = any(part.state is State.NOT_ACCEPTED for part in parts)
        return Event.REFUSE_ACCEPTANCE if refused else Event.WITHDRAW
    if correcting and not any(part.state in UNREVIEWED for part in parts):
        return Event.ISSUE_CORRECTION
    if live and all(part.accepted for part in live):
        return Event.CLAIM if parent is State.SUBMITTED else Event.ACCEPT
    return None


def _corrected(parts: Sequence[Part]) -> Event:
    if not all(part.over and part.decision is None for part in parts):
        return Event.RESUBMIT
    # Nothing was supplied where every part ended instead of being corrected.
    late = all(part.state is State.WITHDRAWN_DEEMED for part in parts)
    return Event.CORRECTION_TIMEOUT if late else Event.WITHDRAW


def _decision(live: Sequence[Part]) -> Event:
    decisions = {part.decision for part in live}
    if "APPROVED" in decisions:
        return Event.DECIDE_APPROVE
    if "REJECTED" in decisions:
        return Event.DECIDE_REJECT
    ended = any(part.state is State.TERMINATED for part in live)
    return Event.TERMINATE if ended else Event.WITHDRAW_CONFIRMED


def role_of(parent: State, event: Event, acceptor: Role) -> Role:
    """Return in whose place a parent takes a step: the first whom the table names."""
    actor = row_for(parent, event).actors[0]
    return acceptor if actor is Actor.ACCEPTOR else Role(actor.value)
