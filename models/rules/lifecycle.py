"""The lifecycle's questions: which row a step is, and who may take it.

Everything the table speaks of is importable from here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from models.rules.clock_table import CLOCKS, ClockName, ClockSpec
from models.rules.events import Actor, Event, Role, acceptor_role
from models.rules.notices import NoticeKind
from models.rules.row import Row, Sets
from models.rules.states import (
    AcceptMode,
    DeliveryMethod,
    FeeStage,
    HandoffStatus,
    MonitorLight,
    PaymentStatus,
    Phase,
    RatingStatus,
    ShortfallStatus,
    State,
)
from models.rules.texts import NextStep, Who, next_step, text_for
from models.rules.transitions import ROWS

__all__ = [
    "CLOCKS",
    "ROWS",
    "AcceptMode",
    "Actor",
    "ClockName",
    "ClockSpec",
    "DeliveryMethod",
    "Event",
    "FeeStage",
    "HandoffStatus",
    "IllegalStep",
    "MonitorLight",
    "NextStep",
    "NoticeKind",
    "PaymentStatus",
    "Phase",
    "RatingStatus",
    "Role",
    "Row",
    "Sets",
    "ShortfallStatus",
    "State",
    "Who",
    "acceptor_role",
    "allowed",
    "events_from",
    "next_step",
    "row_for",
    "text_for",
]


class IllegalStep(Exception):
    """The table has no row for this event in this state (不得体外循环)."""

    def __init__(self, state: State, event: Event) -> None:
        self.state = state
        self.event = event
        super().__init__(f"{event.value} is no step from {state.value}")


def _index() -> Mapping[tuple[State, Event], Row]:
    index: dict[tuple[State, Event], Row] = {}
    for row in ROWS:
        for state in row.sources:
            if (state, row.event) in index:
                raise ValueError(f"two rows for {row.event.value} from {state.value}")
            index[state, row.event] = row
    return MappingProxyType(index)


_BY_STEP = _index()


def row_for(state: State, event: Event) -> Row:
    """Return the one row for this step; raise ``IllegalStep`` when there is none."""
    try:
        return _BY_STEP[state, event]
    except KeyError:
        raise IllegalStep(state, event) from None


def allowed(row: Row, role: Role, acceptor: Role) -> bool:
    """Whether ``role`` may take this step in an item that ``acceptor`` accepts."""
    return any(
        acceptor is role if actor is Actor.ACCEPTOR else actor.value == role.value
        for actor in row.actors
    )


def events_from(state: State) -> tuple[Event, ...]:
    """Return what can happen in this state, in the order of the table."""
    return tuple(row.event for row in ROWS if state in row.sources)
