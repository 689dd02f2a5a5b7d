"""What follows from a clock that was counted anew: its row, its alerts, whom it was told to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from models.case import ClockInstance
from models.database import rows
from models.rules.calendar import WorkCalendar
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.clocks import CaseClock, light
from models.rules.events import Actor
from models.rules.notices import NoticeKind
from models.rules.quiet import until_morning
from models.rules.recount import next_look
from models.rules.states import MonitorLight
from services.clocks import columns_of
from services.ports import Jobs
from services.superseding import Superseding

TELL_MOVED = "case.tell_moved"
# The notices that told an applicant until when they have time.
TOLD_BY = {
    ClockName.CORRECTION: NoticeKind.N02,
    ClockName.PAPER_SUBMIT: NoticeKind.N08,
    ClockName.PAY_CASE: NoticeKind.N09,
    ClockName.ORIGINALS_3WD: NoticeKind.N19,
}
# A warning that a new calendar resolved can come again, one that a supervisor settled cannot.
WARNED = """
SELECT clock_id FROM monitor_alerts WHERE light = 'YELLOW' AND clock_id = ANY($1::uuid[])
  AND (resolved_at IS NULL OR resolved_by IS NOT NULL)"""
WRITE = """
UPDATE clock_instances AS c SET due_at = n.due_at, limit_value = n.limit_value,
  limit_unit = n.limit_unit, counted_from = n.counted_from, first_from = n.first_from,
  remaining = n.remaining, next_at = n.next_at, calendar_version = n.calendar_version,
  provisional = n.provisional
FROM json_populate_recordset(NULL::clock_instances, $1::json) AS n WHERE c.id = n.id"""
COUNT = "UPDATE calendar_versions SET moved = moved + $2 WHERE version = $1"
RESOLVE = """
UPDATE monitor_alerts SET resolved_at = $3, resolution = $4
WHERE clock_id = ANY($1::uuid[]) AND light = ANY($2::text[]) AND resolved_at IS NULL
RETURNING case_id"""
# A deemed acceptance stays red: that the office kept silent is not undone by a holiday. Of two
# lights RED is the lesser word.
LIGHT = """
UPDATE cases SET monitor_light = coalesce(
  (SELECT min(light) FROM monitor_alerts WHERE case_id = cases.id AND clock_id IS NOT NULL
    AND (resolved_at IS NULL OR light = 'RED' AND resolved_by IS NOT NULL)), 'GREEN')
WHERE id = ANY($1::uuid[]) AND accept_mode IS DISTINCT FROM 'DEEMED'"""
FOLLOWED = "工作日历更新,期限已按新的日历重新计算。"


@dataclass(frozen=True)
class Moved:
    """A running clock before and after it was counted anew."""

    row: ClockInstance
    old: CaseClock
    new: CaseClock

    @property
    def end_moved(self) -> bool:
        return (self.old.due_at, self.old.remaining) != (self.new.due_at, self.new.remaining)

    @property
    def later(self) -> bool:
        return self.new.due_at > self.old.due_at


@dataclass(frozen=True)
class Moves:
    jobs: Jobs
    superseding: Superseding

    async def record(
        self, counted: Sequence[Moved], now: datetime, calendar: WorkCalendar
    ) -> Sequence[Moved]:
        """Write what was counted anew, in the caller's transaction; return what moved by it."""
        if not counted:
            return []
        await self._write(counted, now, calendar)
        moved = [each for each in counted if each.end_moved]
        await rows(COUNT, [calendar.version, len(moved)])
        later = [each for each in moved if each.later]
        await _calm(later, now, calendar)
        for each in later:
            if CLOCKS[each.new.name].owner is Actor.APPLICANT:
                await self._tell(each, now)
        return moved

    async def _write(self, counted: Sequence[Moved], now: datetime, calendar: WorkCalendar) -> None:
        ids = [each.row.id for each in counted]
        warned = {row["clock_id"] for row in await rows(WARNED, [ids])}
        written = []
        for each in counted:
            columns = columns_of(each.new, now, calendar)
            columns["next_at"] = next_look(
                each.row.next_at, each.new, now, calendar, warned=each.row.id in warned
            )
            written.append({"id": str(each.row.id), **columns})
        await rows(WRITE, [orjson.dumps(written).decode()])

    async def _tell(self, moved: Moved, now: datetime) -> None:
        row, version = moved.row, moved.new.calendar_version
        kind = TOLD_BY.get(moved.new.name)
        if kind is not None:
            await self.superseding.supersede(row.case_id, kind, now)
        payload = {"clock_id": str(row.id), "version": version}
        key = f"{TELL_MOVED}:{row.id}:{version}"
        await self.jobs.enqueue(TELL_MOVED, payload, after=until_morning(now), key=key)


async def _calm(later: Sequence[Moved], now: datetime, calendar: WorkCalendar) -> None:
    """Resolve the alerts of clocks that are no longer near their end, or no longer past it."""
    green, yellow = list[UUID](), list[UUID]()
    for each in later:
        seen = light(each.new, now, calendar)
        if seen is MonitorLight.GREEN:
            green.append(each.row.id)
        elif seen is MonitorLight.YELLOW:
            yellow.append(each.row.id)
    cases = [
        row["case_id"]
        for ids, lights in ((green, ["YELLOW", "RED"]), (yellow, ["RED"]))
        for row in await rows(RESOLVE, [ids, lights, now, FOLLOWED])
    ]
    if cases:
        await rows(LIGHT, [cases])
