"""How a clock runs, pauses and ends, as values; what the clocks are stands in clock_table."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time

from models.rules.calendar import (
    ONE_DAY,
    SHANGHAI,
    Limit,
    Unit,
    WorkCalendar,
    day_of,
    due_at,
    due_on,
    end_of,
    last_day,
    start_of,
)
from models.rules.clock_table import CLOCKS, ClockName, ClockSpec
from models.rules.states import MonitorLight

__all__ = [
    "CLOCKS",
    "CaseClock",
    "ClockName",
    "ClockSpec",
    "Pause",
    "handover_due_at",
    "light",
    "start",
    "until",
    "warn_at",
]


@dataclass(frozen=True)
class Pause:
    """A stretch that does not count, and why; ``resumed_at`` is None while it lasts."""

    paused_at: datetime
    resumed_at: datetime | None
    reason: str = ""


@dataclass(frozen=True)
class CaseClock:
    """One clock of one case, as a value.

    ``due_at`` is the end (exclusive); while paused it is the end that held before the pause.
    ``remaining`` counts the limit's own days (working or calendar) and is set while paused.
    ``is_provisional``: the end lies beyond the announced calendar and may still move, as one in
    calendar days never does.
    ``total`` and ``first_from`` are the limit as it was given, whatever pauses made of it.
    """

    name: ClockName
    limit: Limit
    counted_from: date
    started_at: datetime
    due_at: datetime
    calendar_version: str
    is_provisional: bool
    remaining: int | None = None
    paused_at: datetime | None = None
    stopped_at: datetime | None = None
    total: Limit | None = None
    first_from: date | None = None

    def stop(self, at: datetime) -> "CaseClock":
        """End the clock; one that has ended stays as it is."""
        return self if self.stopped_at else replace(self, stopped_at=at)

    def pause(self, at: datetime, calendar: WorkCalendar) -> "CaseClock":
        """Keep what is left of the limit. A day with a pause in it does not count.

        Raise ``ValueError`` for a limit that is not in days; repeated, change nothing.
        """
        if self.stopped_at or self.paused_at:
            return self
        if self.limit.unit in (Unit.HOUR, Unit.NONE):
            raise ValueError(f"{self.limit.unit.value} cannot pause")
        same_day = self.limit.unit is Unit.SAME_WORKING_DAY
        first = self.counted_from if same_day else self.counted_from + ONE_DAY
        before = max(day_of(at), first) - ONE_DAY
        end = due_on(self.due_at)
        if self.limit.unit is Unit.CALENDAR_DAY:
            left = (end - before).days
        else:
            left = calendar.workdays_between(before, end)
        return replace(self, paused_at=at, remaining=max(left, 0))

    def resume(self, at: datetime, calendar: WorkCalendar) -> "CaseClock":
        """Count the remaining days on from today. What was overdue before the pause stays so."""
        if self.stopped_at or self.paused_at is None or self.remaining is None:
            return self
        going = replace(self, paused_at=None, remaining=None)
        if self.remaining == 0:
            return going
        by_calendar = self.limit.unit is Unit.CALENDAR_DAY
        unit = Unit.CALENDAR_DAY if by_calendar else Unit.WORKING_DAY
        end = last_day(day_of(at), Limit(self.remaining, unit), calendar)
        return replace(
            going,
            limit=Limit(self.remaining, unit),
            counted_from=day_of(at),
            due_at=end_of(end),
            calendar_version=calendar.version,
            is_provisional=unit.asks_who_works and calendar.is_provisional(end),
        )


def start(
    name: ClockName,
    at: datetime,
    limit: Limit,
    calendar: WorkCalendar,
    *,
    counted_from: datetime | None = None,
) -> CaseClock:
    """Start a clock at ``at``; its limit may count from an earlier or later time than that.

    A deemed acceptance counts from the receipt, an extension from the last statutory day. The
    end may be past already. Raise ``ValueError`` for a limit that does not exist.
    """
    origin = counted_from or at
    due = due_at(origin, limit, calendar)
    return CaseClock(
        name=name,
        limit=limit,
        counted_from=day_of(origin),
        started_at=at,
        due_at=due,
        calendar_version=calendar.version,
        is_provisional=limit.unit.asks_who_works and calendar.is_provisional(due_on(due)),
        total=limit,
        first_from=day_of(origin),
    )


def until(name: ClockName, at: datetime, last: date, calendar: WorkCalendar) -> CaseClock:
    """Start a clock that ends at 24:00 of a day that somebody named: a promise does not move.

    Raise ``ValueError`` for a day before the start.
    """
    return start(name, at, Limit((last - day_of(at)).days, Unit.CALENDAR_DAY), calendar)


def warn_at(due: datetime, before: Limit, calendar: WorkCalendar) -> datetime:
    """Return 00:00 in China of the day that lies ``before`` the last day of a limit."""
    day = due_on(due)
    if before.unit is Unit.CALENDAR_DAY:
        return start_of(day - before.value * ONE_DAY)
    return start_of(calendar.add_workdays(day, -before.value))


def light(clock: CaseClock, now: datetime, calendar: WorkCalendar) -> MonitorLight:
    """Return RED after the end, YELLOW near it (the clock's first warning), GREEN otherwise.

    A clock that has stopped shows what it was then; one that is paused is not near its end.
    """
    moment = clock.stopped_at or clock.paused_at or now
    if moment >= clock.due_at:
        return MonitorLight.RED
    warnings = CLOCKS[clock.name].warn_before
    if clock.paused_at or not warnings:
        return MonitorLight.GREEN
    first = min(warn_at(clock.due_at, before, calendar) for before in warnings)
    return MonitorLight.YELLOW if moment >= first else MonitorLight.GREEN


def handover_due_at(accepted_at: datetime, calendar: WorkCalendar) -> datetime:
    """Return until when a package is to be taken over (青神方案2018 附件1三(四)).

    Morning: 14:30 of the same working day; afternoon, or a day off: 09:30 of the next one.
    """
    day = day_of(accepted_at)
    morning = accepted_at.astimezone(SHANGHAI).time() < time(12)
    if morning and calendar.is_workday(day):
        return datetime.combine(day, time(14, 30), SHANGHAI)
    return datetime.combine(calendar.add_workdays(day, 1), time(9, 30), SHANGHAI)
