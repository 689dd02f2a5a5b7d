"""What happens when a clock nears its end or has run out, and in which order.

A timer looks again when it fires: it acts on what it finds then, not on what it was set for. Of
several that are due in one case the earliest goes first; at the same instant those that only warn
go before those that end a case, for an alarm that comes after the end helps nobody.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from models.rules.calendar import Limit, Unit, WorkCalendar
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.clocks import CaseClock, warn_at
from models.rules.events import Actor, Event
from models.rules.states import State


class Policy(StrEnum):
    """What an item says of a limit that its applicant let pass."""

    WITHDRAWN_DEEMED = "WITHDRAWN_DEEMED"
    TERMINATE = "TERMINATE"
    ALERT = "ALERT"


# fmt: off
# The rows of the table that time takes: clock and state -> event. PAY_CASE asks the channel first.
_ENDS: Mapping[ClockName, Mapping[State, Event]] = MappingProxyType({
    ClockName.DRAFT_TTL: {State.DRAFT: Event.DRAFT_EXPIRE_OR_DELETE},                  # T02
    ClockName.NOTIFY_5WD: {State.SUBMITTED: Event.DEEM_ACCEPTED,                       # T13
                           State.PRE_REVIEWING: Event.DEEM_ACCEPTED},
    ClockName.CORRECTION: {State.CORRECTION_REQUIRED: Event.CORRECTION_TIMEOUT},       # T07
    ClockName.PAPER_SUBMIT: {State.PRE_REVIEW_PASSED: Event.PAPER_TIMEOUT},            # T17
    ClockName.PAY_CASE: {State.AWAIT_PREPAYMENT: Event.PAYMENT_TIMEOUT,                # T20
                         State.AWAIT_PAYMENT: Event.PAYMENT_OVERDUE},                  # T32
    ClockName.SHORTFALL: {State.ACCEPTED: Event.SHORTFALL_TIMEOUT,                     # T26
                          State.UNDER_REVIEW: Event.SHORTFALL_TIMEOUT,
                          State.SUSPENDED: Event.SHORTFALL_TIMEOUT},
    ClockName.ORIGINALS_3WD: {State.ORIGINALS_SUPPLEMENT: Event.ORIGINALS_TIMEOUT},    # T40
    ClockName.ORIGINALS_PRESENT: {State.ORIGINALS_CHECK: Event.ORIGINALS_NO_SHOW},     # T50
})
# fmt: on

# An applicant's limit that warns reminds its owner; these remind without ending anything.
REMINDS_AT_END = frozenset({ClockName.PICKUP_REMIND})
# Nobody is late with these: they end quietly.
SILENT = frozenset({ClockName.RATING_WINDOW, ClockName.PAY_ORDER})
# Whose limit ends a case is reminded before, also where no plan asks for it.
_ALSO_WARNS: Mapping[ClockName, tuple[Limit, ...]] = MappingProxyType(
    {
        ClockName.SHORTFALL: (Limit(1, Unit.WORKING_DAY),),
        ClockName.ORIGINALS_3WD: (Limit(1, Unit.WORKING_DAY),),
        ClockName.PAPER_SUBMIT: (Limit(7, Unit.CALENDAR_DAY), Limit(1, Unit.CALENDAR_DAY)),
        ClockName.PAY_CASE: (Limit(3, Unit.WORKING_DAY), Limit(1, Unit.WORKING_DAY)),
    }
)


def event_at_end(
    name: ClockName, state: State, *, deemed: bool, shortfall_expiry: Policy
) -> Event | None:
    """Return the step that a clock's end takes in a state; None when it only raises an alert.

    ``deemed``: the item knows deemed acceptance (行政许可法32(四)); ``shortfall_expiry``: what its
    rules say of a promise that was not kept (安阳条例24, or 终止 as in 西安).
    """
    event = _ENDS.get(name, {}).get(state)
    if event is Event.DEEM_ACCEPTED and not deemed:
        return None
    if event is Event.SHORTFALL_TIMEOUT and shortfall_expiry is Policy.TERMINATE:
        return Event.SHORTFALL_TIMEOUT_TERMINATE  # T27
    if event is Event.SHORTFALL_TIMEOUT and shortfall_expiry is Policy.ALERT:
        return None
    return event


def warnings_of(name: ClockName) -> tuple[Limit, ...]:
    """Return how long before its end a clock warns, or reminds the applicant."""
    return CLOCKS[name].warn_before or _ALSO_WARNS.get(name, ())


def reminds(name: ClockName) -> bool:
    """Whether the clock's warnings go to the applicant, and not to supervision."""
    return CLOCKS[name].owner is Actor.APPLICANT


def rank(name: ClockName) -> tuple[int, int]:
    """Return the place of a clock among those that are due at one instant."""
    return (1 if name in _ENDS else 0, list(ClockName).index(name))


def next_moment(clock: CaseClock, after: datetime, calendar: WorkCalendar) -> datetime | None:
    """Return when a timer has to look at a clock next: a warning after ``after``, or its end.

    The end is returned even when it is past already, as after a deemed acceptance; None for a
    clock that is paused or has stopped.
    """
    if clock.stopped_at or clock.paused_at:
        return None
    warnings = (warn_at(clock.due_at, each, calendar) for each in warnings_of(clock.name))
    return min([moment for moment in warnings if after < moment < clock.due_at] + [clock.due_at])
