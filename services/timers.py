"""Timers: what is due of all running clocks is found by one index, and fired case by case.

A timer looks again when it fires, holding the case: whoever was there before midnight has won.
Firing twice changes nothing, and after days of standing still everything is caught up with in
the order in which it fell due.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog

from models.case import Case, ClockInstance
from models.database import DatabaseLost, rows
from models.rules.clock_table import ClockName
from models.rules.states import MonitorLight, State
from models.rules.timeouts import next_moment, rank, reminds
from models.unit import transaction
from services import lateness
from services.clocks import as_rule
from services.items import Items, PublishedItem
from services.payments import Payments
from services.recounts import Recounts
from services.reminders import Reminders
from services.timeouts import Timeouts

log = structlog.get_logger("zhangban.timers")

PAGE = 200
DUE = """
SELECT next_at, case_id, name = 'PAY_CASE' AND due_at <= $1 AS asks FROM clock_instances
WHERE next_at <= $1 AND (next_at, case_id) > ($2, $3)
ORDER BY next_at, case_id LIMIT $4"""
BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


@dataclass(frozen=True)
class Timers:
    items: Items
    payments: Payments
    reminders: Reminders
    timeouts: Timeouts
    recounts: Recounts

    async def sweep(self) -> int:
        """Fire every clock that is due (scheduled each minute); return how many were.

        A case that cannot be dealt with now is logged and left for the next sweep. Raises
        ``DatabaseLost``.
        """
        now = self.reminders.clock.now()
        place, fired = BEGINNING, 0
        while page := await rows(DUE, [now, *place, PAGE]):
            for case_id, asks in _by_case(page).items():
                fired += await self._guarded(case_id, asks=asks)
            place = (page[-1]["next_at"], page[-1]["case_id"])
        if fired:
            log.info("timers.fired", clocks=fired)
        return fired

    async def _guarded(self, case_id: UUID, *, asks: bool) -> int:
        try:
            asked = asks and await self._ask_first(case_id)
            return await self.fire(case_id, asked=asked)
        except DatabaseLost:
            raise
        except Exception as error:  # this is a job's loop: one case must not stop the others
            log.exception("timers.failed", case_id=str(case_id), error=type(error).__name__)
            return 0

    async def _ask_first(self, case_id: UUID) -> bool:
        """Ask the pay channel before a payment times out; False while nothing is certain.

        An order that could still be paid is closed there; what was paid counts at once.
        """
        case = await Case.get(id=case_id)
        return await self.payments.ask(case_id, close=case.state is State.AWAIT_PREPAYMENT)

    @transaction
    async def fire(self, case_id: UUID, *, asked: bool) -> int:
        """Fire what is due in one case, the earliest first; return how many clocks were.

        ``asked``: the channel was asked for the case's payment just now.
        """
        case = await Case.filter(id=case_id).select_for_update().get()
        item = await self.items.version(case.item_version_id)
        await self.recounts.catch_up(case_id)
        looked_at: set[UUID] = set()
        fired = 0
        # A step may start a clock that is due at once: after a deemed acceptance, for one.
        while clock := await self._earliest(case_id, looked_at):
            looked_at.add(clock.id)
            fired += await self._fire(case, item, clock, asked=asked)
        return fired

    async def _earliest(self, case_id: UUID, looked_at: Collection[UUID]) -> ClockInstance | None:
        now = self.reminders.clock.now()
        due = await ClockInstance.filter(case_id=case_id, next_at__lte=now)
        left = [clock for clock in due if clock.id not in looked_at]
        return min(left, key=lambda each: (each.next_at, rank(ClockName(each.name))), default=None)

    async def _fire(
        self, case: Case, item: PublishedItem, clock: ClockInstance, *, asked: bool
    ) -> bool:
        now = self.reminders.clock.now()
        if now >= clock.due_at:
            return await self.timeouts.end(case, item, clock, now, asked=asked)
        name = ClockName(clock.name)
        if reminds(name):
            await self.reminders.enqueue(case, clock)
        elif not await self.timeouts.is_extended(clock):
            await lateness.note(case, item, clock, MonitorLight.YELLOW, now)
        calendar = await self.timeouts.clocks.calendars.current()
        await ClockInstance.filter(id=clock.id).update(
            next_at=next_moment(as_rule(clock), now, calendar)
        )
        return True


def _by_case(page: Collection[Mapping[str, Any]]) -> Mapping[UUID, bool]:
    """Return the cases of a page in its order, and whether the channel has to be asked first."""
    found: dict[UUID, bool] = {}
    for row in page:
        found[row["case_id"]] = row["asks"] or found.get(row["case_id"], False)
    return found
