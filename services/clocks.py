"""The clocks of a case in the database: what a step starts, stops, pauses and resumes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from models.case import Case, ClockInstance
from models.database import rows
from models.ids import uuid7
from models.rules import clocks as rules
from models.rules.calendar import Limit, Unit, WorkCalendar
from models.rules.clock_table import ClockName
from models.rules.row import Row
from services.calendars import Calendars
from services.items import PublishedItem

# A clock that is started anew is stopped first: the start waits for every stop.
STEP = """
WITH stopped AS (
  UPDATE clock_instances SET stopped_at = $2
  WHERE case_id = $1 AND stopped_at IS NULL AND name = ANY($3::text[])
  RETURNING 1
)
INSERT INTO clock_instances
SELECT * FROM json_populate_recordset(NULL::clock_instances, $4::json)
WHERE (SELECT count(*) FROM stopped) >= 0"""
DECISION = (ClockName.DECISION_PROMISED, ClockName.DECISION_STATUTORY)


@dataclass(frozen=True)
class Clocks:
    calendars: Calendars

    async def step(self, case: Case, item: PublishedItem, row: Row, now: datetime) -> None:
        """Do to the clocks of a case what a row of the table says."""
        stopped = (*row.stops, *row.starts)
        if row.stops_all or case.state.closed:
            # Whatever ran for a case that is over has ended; only its rating stays open a while.
            stopped = tuple(name for name in ClockName if name is not ClockName.RATING_WINDOW)
        calendar = await self.calendars.current()
        started = [
            {"id": uuid7(), "case_id": str(case.id), **_columns(clock)}
            for name in row.starts
            if (clock := _start(case, item, name, calendar, now)) is not None
        ]
        if stopped or started:
            names = [name.value for name in stopped]
            await rows(STEP, [case.id, now, names, orjson.dumps(started).decode()])
        if row.pauses or row.resumes:
            await self._hold(case, row, now, calendar)

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
