"""The clocks of a case in the database: what a step starts, stops, pauses and resumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.case import Case, ClockInstance, ClockPause
from models.ids import uuid7
from models.rules import clocks as rules
from models.rules.calendar import Limit, Unit, WorkCalendar, due_on, start_of
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.row import Row
from models.rules.timeouts import next_moment
from models.supervision import MonitorAlert
from services import lateness
from services.calendars import Calendars
from services.items import PublishedItem

REASON_CHARACTERS = 200
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
        self,
        case: Case,
        item: PublishedItem,
        row: Row,
        now: datetime,
        dues: Mapping[ClockName, date],
    ) -> ClockChanges:
        """Return which clocks of a case a row of the table stops and starts.

        ``dues`` gives the last day of a clock that neither the item nor the table can know.
        """
        stopped = (*row.stops, *row.starts)
        if row.stops_all or row.target_from(case.state).closed:
            # Whatever ran for a case that is over has ended; only its rating stays open a while.
            stopped = tuple(name for name in ClockName if name is not ClockName.RATING_WINDOW)
        calendar = await self.calendars.current()
        start = _Start(case, item, row, now, calendar, await self._origins(case, row), dues)
        clocks = [clock for name in row.starts if (clock := start.clock(name)) is not None]
        started = [
            {"id": uuid7(), "case_id": str(case.id), **columns_of(clock, now, calendar)}
            for clock in clocks
        ]
        return ClockChanges([name.value for name in stopped], started)

    async def _origins(self, case: Case, row: Row) -> Mapping[ClockName, datetime]:
        """Return what clocks count from that count from neither this step nor the receipt."""
        if ClockName.EXTENSION not in row.starts:
            return {}
        # 行政许可法42: ten more days on top of the twenty, not from the day it is told.
        statutory = await ClockInstance.get_or_none(
            case_id=case.id, name=ClockName.DECISION_STATUTORY.value, stopped_at=None
        )
        return {} if statutory is None else {ClockName.EXTENSION: _last_day_of(statutory)}

    async def begin(
        self, case: Case, name: ClockName, now: datetime, *, due_at: datetime | None = None
    ) -> None:
        """Start a side clock, in the caller's transaction: by its own limit, or to an instant."""
        calendar = await self.calendars.current()
        limit = CLOCKS[name].default if due_at is None else Limit(0, Unit.HOUR)
        if limit is None:
            raise ValueError(f"{name.value} has no limit of its own")
        clock = rules.start(name, now, limit, calendar)
        if due_at is not None:
            clock = replace(clock, due_at=due_at)
        await ClockInstance.create(id=uuid7(), case_id=case.id, **columns_of(clock, now, calendar))

    async def begin_since(
        self, case: Case, item: PublishedItem, name: ClockName, since: datetime
    ) -> None:
        """Start a clock of the item's that began elsewhere; one that it does not have is none."""
        limit = item.limit(name)
        if limit is not None:
            calendar = await self.calendars.current()
            clock = rules.start(name, since, limit, calendar)
            await ClockInstance.create(
                id=uuid7(), case_id=case.id, **columns_of(clock, since, calendar)
            )

    async def end(self, case: Case, item: PublishedItem, name: ClockName, now: datetime) -> None:
        """Stop a side clock, in the caller's transaction; one that does not run stays as it is.

        An office that was late is told of to supervision, though no timer came in between.
        """
        running = ClockInstance.filter(case_id=case.id, name=name.value, stopped_at=None)
        late = await running.filter(due_at__lte=now).values_list("id", flat=True)
        await running.update(stopped_at=now, next_at=None)
        await lateness.note_missed(case, item, [UUID(str(each)) for each in late], now)

    async def hold(self, case: Case, row: Row, now: datetime, reason: str) -> None:
        """Pause and resume the clocks of a case as a row of the table says, and keep why."""
        if not row.pauses and not row.resumes:
            return
        calendar = await self.calendars.current()
        names = [name.value for name in (*row.pauses, *row.resumes, ClockName.EXTENSION)]
        running = {
            ClockName(instance.name): instance
            for instance in await ClockInstance.filter(
                case_id=case.id, stopped_at=None, name__in=names
            )
        }
        if any(each.calendar_version != calendar.version for each in running.values()):
            calendar = await self.calendars.newest()
        extension = running.pop(ClockName.EXTENSION, None)
        for instance in running.values():
            await self._hold(instance, row, now, calendar, reason)
        if extension is not None:
            statutory = running.get(ClockName.DECISION_STATUTORY)
            await self._hold_extension(
                extension, statutory, row, now, calendar=calendar, reason=reason
            )

    async def _hold(
        self,
        instance: ClockInstance,
        row: Row,
        now: datetime,
        calendar: WorkCalendar,
        reason: str,
    ) -> None:
        clock = as_rule(instance)
        pausing = bool(row.pauses)
        held = clock.pause(now, calendar) if pausing else clock.resume(now, calendar)
        if held == clock:
            return
        # Counted by an older edition, it stays so until its recount, which begins at its start.
        held = replace(held, calendar_version=clock.calendar_version)
        await instance.update_from_dict(columns_of(held, now, calendar)).save()
        if pausing:
            # What rests is not near its end.
            warned = MonitorAlert.filter(clock_id=instance.id, light="YELLOW", resolved_at=None)
            await warned.update(resolved_at=now)
            await ClockPause.create(
                id=uuid7(), clock_id=instance.id, paused_at=now, reason=reason[:REASON_CHARACTERS]
            )
        else:
            open_ = ClockPause.filter(clock_id=instance.id, resumed_at=None)
            await open_.update(resumed_at=now)

    async def _hold_extension(
        self,
        extension: ClockInstance,
        statutory: ClockInstance | None,
        row: Row,
        now: datetime,
        *,
        calendar: WorkCalendar,
        reason: str,
    ) -> None:
        """Hold an extension too; one that had not begun to count follows the statutory limit."""
        clock = as_rule(extension)
        await self._hold(extension, row, now, calendar, reason)
        if row.pauses or statutory is None or clock.paused_at is None:
            return
        if start_of(clock.counted_from) >= clock.paused_at:
            origin = _last_day_of(statutory)
            anew = rules.start(clock.name, now, clock.limit, calendar, counted_from=origin)
            moved = replace(
                anew,
                started_at=clock.started_at,
                total=clock.total,
                calendar_version=clock.calendar_version,
            )
            await extension.update_from_dict(columns_of(moved, now, calendar)).save()


@dataclass(frozen=True)
class _Start:
    """What a step knows when it starts clocks."""

    case: Case
    item: PublishedItem
    row: Row
    now: datetime
    calendar: WorkCalendar
    origins: Mapping[ClockName, datetime]
    dues: Mapping[ClockName, date]

    def clock(self, name: ClockName) -> rules.CaseClock | None:
        """Return the clock as it starts; None when the item does not know it."""
        if name in self.dues:
            return rules.until(name, self.now, self.dues[name], self.calendar)
        limit = self.item.limit(name)
        if limit is None:
            return None
        origin = self.origins.get(name)
        if name in DECISION and self._counts_from_receipt(name):
            origin = self.case.received_at
        return rules.start(name, self.now, limit, self.calendar, counted_from=origin)

    def _counts_from_receipt(self, name: ClockName) -> bool:
        # 行政许可法32(四): who was not told in time is accepted from the day of receipt.
        return self.row.sets.accepted_on_receipt or self.item.counts_from_receipt(name)


def _last_day_of(clock: ClockInstance) -> datetime:
    return start_of(due_on(clock.due_at))


def columns_of(clock: rules.CaseClock, now: datetime, calendar: WorkCalendar) -> dict[str, Any]:
    """Return the columns of a clock that has just been started, held or counted anew."""
    total = clock.total or clock.limit
    return {
        "name": clock.name.value,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "limit_value": clock.limit.value,
        "limit_unit": clock.limit.unit.value,
        "counted_from": clock.counted_from,
        "total_value": total.value,
        "total_unit": total.unit.value,
        "first_from": clock.first_from or clock.counted_from,
        "next_at": next_moment(clock, now, calendar),
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
        total=_total(row),
        first_from=row.first_from or row.counted_from,
    )


def _total(row: ClockInstance) -> Limit:
    if row.total_value is None or row.total_unit is None:
        return Limit(row.limit_value, Unit(row.limit_unit))
    return Limit(row.total_value, Unit(row.total_unit))
