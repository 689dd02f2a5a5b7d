"""Counting running clocks anew after another edition of the calendar has come.

In batches of cases, one transaction and one job each; what was counted by the newest edition is
passed over, so a batch that is done twice, or after a crash, changes nothing more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from models.calendar import CalendarVersion
from models.case import ClockInstance
from models.database import rows
from models.rules.calendar import WorkCalendar
from models.rules.clock_table import ClockName
from models.rules.recount import moves, never_earlier, recounted, recounted_extension
from models.unit import current_unit, transaction
from services.calendars import UNSEEDED, Calendars
from services.clocks import as_rule
from services.deadlines import pauses_of
from services.editions import RECOMPUTE
from services.moved import Moved, Moves
from services.ports import Broadcast, Clock, Jobs
from services.transitions import topic_of

# The row of a case is held before its clocks are touched, as every step does.
BATCH = """
SELECT DISTINCT case_id FROM clock_instances
WHERE calendar_version = $1 AND ($2::uuid IS NULL OR case_id > $2) AND stopped_at IS NULL
  AND limit_unit IN ('WORKING_DAY', 'SAME_WORKING_DAY')
ORDER BY case_id LIMIT $3"""
BEHIND = """
SELECT EXISTS (SELECT FROM clock_instances
  WHERE case_id = $1 AND stopped_at IS NULL AND limit_unit IN ('WORKING_DAY', 'SAME_WORKING_DAY')
  AND calendar_version <> (SELECT version FROM calendar_versions ORDER BY number DESC LIMIT 1)
) AS behind"""
LOCK = "SELECT id, version FROM cases WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
# Other processes keep a calendar for a minute, and a step may have begun before that was over.
SETTLED_AFTER = timedelta(minutes=2)
STATUTORY = ClockName.DECISION_STATUTORY.value


@dataclass(frozen=True)
class Recounts:
    """``batch`` is how many cases are held at a time, and their applicants wait (0.3 s)."""

    clock: Clock
    calendars: Calendars
    jobs: Jobs
    broadcast: Broadcast
    moves: Moves
    batch: int = 50

    @transaction
    async def run(self, payload: Mapping[str, Any]) -> None:
        """Count one batch anew (job ``calendar.recompute``: version, edition, after).

        Goes through the clocks of each older ``edition`` by case, ``after`` the last one done.
        Once all are done it looks again later, for clocks that were started by a calendar that
        another process still kept. A version that is not the newest any more is left to the
        newest one's own job.
        """
        version = str(payload["version"])
        editions = [each.version for each in await CalendarVersion.all().order_by("-number")]
        if not editions or editions[0] != version:
            return
        older = [*editions[1:], UNSEEDED]
        place = None if payload["after"] is None else UUID(payload["after"])
        for edition in older[older.index(payload["edition"] or older[0]) :]:
            found = await rows(BATCH, [edition, place, self.batch])
            if found:
                await self.follow([row["case_id"] for row in found])
                await self._go_on(version, edition, found[-1]["case_id"])
                return
            place = None
        if not payload.get("again"):
            await self._look_again(version)

    async def follow(self, case_ids: Sequence[UUID]) -> int:
        """Count the clocks of some cases by the newest calendar; return how many moved.

        In the caller's transaction.
        """
        cases = {row["id"]: row["version"] for row in await rows(LOCK, [list(case_ids)])}
        now, calendar = self.clock.now(), await self.calendars.newest()
        running = (
            await ClockInstance.filter(case_id__in=list(cases), stopped_at=None)
            .order_by("case_id", "id")
            .prefetch_related("pauses")
        )
        by_case: dict[UUID, list[ClockInstance]] = {}
        for row in running:
            by_case.setdefault(row.case_id, []).append(row)
        counted = [one for rows_ in by_case.values() for one in _recount(rows_, calendar)]
        moved = await self.moves.record(counted, now, calendar)
        publish = self.broadcast.publish
        for case_id in {each.row.case_id for each in moved}:
            message = str(cases[case_id])
            current_unit().after_commit(partial(publish, topic_of(case_id), message))
        return len(moved)

    async def catch_up(self, case_id: UUID) -> None:
        """Count a case's clocks anew if an older edition counted one of them.

        In the caller's transaction, with the case's row held: a timer must not end a case by a
        calendar that does not hold any more, though the job has not come to it yet.
        """
        [found] = await rows(BEHIND, [case_id])
        if found["behind"]:
            await self.follow([case_id])

    async def _go_on(self, version: str, edition: str, after: UUID) -> None:
        payload = {"version": version, "edition": edition, "after": str(after)}
        await self.jobs.enqueue(RECOMPUTE, payload, key=f"{RECOMPUTE}:{version}:{edition}:{after}")

    async def _look_again(self, version: str) -> None:
        payload = {"version": version, "edition": None, "after": None, "again": True}
        key = f"{RECOMPUTE}:{version}:again"
        await self.jobs.enqueue(RECOMPUTE, payload, after=SETTLED_AFTER, key=key)


def _recount(running: Sequence[ClockInstance], calendar: WorkCalendar) -> Sequence[Moved]:
    """Return the clocks of one case that were counted by another edition, counted by this one."""
    statutory = next((row for row in running if row.name == STATUTORY), None)
    found = []
    for row in running:
        clock = as_rule(row)
        # An extension goes on from the statutory limit's last day, and moves with it.
        base = statutory if clock.name is ClockName.EXTENSION and statutory else row
        behind = {row.calendar_version, base.calendar_version} != {calendar.version}
        if not behind or not moves(clock):
            continue
        if base is row:
            anew = recounted(clock, pauses_of(row), calendar)
        else:
            anew = recounted_extension(clock, pauses_of(base), as_rule(base), calendar)
        found.append(Moved(row, clock, never_earlier(clock, anew, calendar)))
    return found
