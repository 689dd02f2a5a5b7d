"""The clocks of a case in the database: what a step starts, stops, pauses and resumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.case import Case, ClockInstance
from models.ids import uuid7
from models.rules import clocks as rules
from models.rules.calendar import Limit, Unit, WorkCalendar
from models.rules.clock_table import ClockName
from models.rules.row import Row
from services.calendars import Calendars
from services.items import PublishedItem

DECISION = (ClockName.DECISION_PROMISED, ClockName.DECISION_STATUTORY)


@dataclass(frozen=True)
class ClockChanges:
    """The names of the clocks that stop, and the rows of those that start."""

    stopped: Sequence[str]
    started: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Clocks:
    calendars: Calendars

    async def changes(
        self, case: Case, item: PublishedItem, row: Row, now: datetime
    ) -> ClockChanges:
        """Return which clocks of a case a row of the table stops and starts."""
        stopped = (*row.stops, *row.starts)
        if row.stops_all or row.target_from(case.state).closed:
            # Whatever ran for a case that is over has ended; only its rating stays open a while.
            stopped = tuple(name for name in ClockName if name is not ClockName.RATING_WINDOW)
        calendar = await self.calendars.current()
        started = [
            {"id": uuid7(), "case_id": str(case.id), **_columns(clock)}
            for name in row.starts
            if (clock := _start(case, item, name, calendar, now)) is not None
        ]
        return ClockChanges([name.value for name in stopped], started)

    async def hold(self, case: Case, row: Row, now: datetime) -> None:
        """Pause and resume the clocks of a case as a row of the table says."""
        if row.pauses or row.resumes:
            await self._hold(case, row, now, await self.calendars.current())

    async def _hold(self, case: Case, row: Row, now: datetime, calendar: WorkCalendar) -> None:
        names = [name.value for name in (*row.pauses, *row.resumes)]
        for instance in await ClockInstance.filter(
            case_id=case.id, stopped_at=None, name__in=names
        ):
            clock = as_rule(instance)
            held = (
                clock.pause(now, calendar)
                if clock.name in row.pauses
                else clock.resume(now, calendar)
            )
            await instance.update_from_dict(_columns(held)).save()


def _start(
    case: Case,
    item: PublishedItem,
    name: ClockName,
    calendar: WorkCalendar,
    now: datetime,
) -> rules.CaseClock | None:
    limit = item.limit(name)
    if limit is None:
        return None
    counted_from = None
    if name in DECISION and item.counts_from_receipt(name):
        counted_from = case.received_at
    return rules.start(name, now, limit, calendar, counted_from=counted_from)


def _columns(clock: rules.CaseClock) -> dict[str, Any]:
    return {
        "name": clock.name.value,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "limit_value": clock.limit.value,
        "limit_unit": clock.limit.unit.value,
        "counted_from": clock.counted_from,
        "remaining": clock.remaining,
        "paused_at": clock.paused_at,
        "stopped_at": clock.stopped_at,
        "calendar_version": clock.calendar_version,
        "provisional": clock.is_provisional,
    }


def as_rule(row: ClockInstance) -> rules.CaseClock:
    """Return a stored clock as the value that the rules speak of."""
    return rules.CaseClock(
        name=ClockName(row.name),
        limit=Limit(row.limit_value, Unit(row.limit_unit)),
        counted_from=row.counted_from,
        started_at=row.started_at,
        due_at=row.due_at,
        calendar_version=row.calendar_version,
        is_provisional=row.provisional,
        remaining=row.remaining,
        paused_at=row.paused_at,
        stopped_at=row.stopped_at,
    )
