"""Turns: what waited is applied as soon as its number is next, or refused and answered for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from models.case import Case
from models.handoff import BackofficeEvent
from models.rules.states import State
from models.unit import transaction
from services.errors import Problem, Unavailable
from services.events.intake import BackofficeEvents
from services.events.parking import Fate, cases_due, cases_with_gaps
from services.events.problems import FeeUnsettled
from services.events.reports import Report
from services.transitions import StepLost, StepNotAllowed

log = structlog.get_logger("zhangban.events")

PAGE = 200
OVER = [state.value for state in State if state.closed]


@dataclass(frozen=True)
class Turns:
    """``gap_after``: how long a number may be missing before supervision hears of it."""

    events: BackofficeEvents
    gap_after: timedelta

    async def run(self, payload: Mapping[str, Any]) -> None:
        """Apply what waited in a case (a job). Raises what makes it worth another try."""
        await self.settle(UUID(payload["case_id"]))

    async def settle(self, case_id: UUID) -> int:
        """Apply or refuse the events whose turn it is, in order; return how many were settled.

        Each in a transaction of its own: what is refused must not undo what closed the gap.
        """
        settled = 0
        while await self._turn(case_id):
            settled += 1
        return settled

    async def _turn(self, case_id: UUID) -> bool:
        waiting = await self._next(case_id)
        if waiting is None:
            return False
        try:
            await self._apply(case_id, waiting.id)
        except (Unavailable, StepLost):
            raise
        except Problem as why:
            await self._refuse(case_id, waiting, why)
        return True

    @transaction
    async def _next(self, case_id: UUID) -> BackofficeEvent | None:
        case = await Case.filter(id=case_id).select_for_update().get()
        return await self.events.parking.due(case)

    @transaction
    async def _apply(self, case_id: UUID, event_id: UUID) -> None:
        case = await Case.filter(id=case_id).select_for_update().get()
        event = await self.events.parking.due(case)
        if event is None or event.id != event_id:
            return
        item = await self.events.items.version(case.item_version_id)
        report, machine = self.events.parking.read(event, item.agency_uscc)
        if case.state.closed:
            raise StepNotAllowed
        await self.events.parking.applied(event)
        await self.events.act(case, item, machine, report)

    async def _refuse(self, case_id: UUID, waiting: BackofficeEvent, why: Problem) -> None:
        if isinstance(why, FeeUnsettled):
            report, machine = await self._opened(case_id, waiting)
            await self.events.charge(machine, report)
        await self._note(case_id, waiting.id, why)

    async def _opened(self, case_id: UUID, waiting: BackofficeEvent) -> tuple[Report, Any]:
        case = await Case.get(id=case_id)
        item = await self.events.items.version(case.item_version_id)
        return self.events.parking.read(waiting, item.agency_uscc)

    @transaction
    async def _note(self, case_id: UUID, event_id: UUID, why: Problem) -> None:
        case = await Case.filter(id=case_id).select_for_update().get()
        event = await BackofficeEvent.get(id=event_id)
        if event.fate == Fate.PARKED.value:
            item = await self.events.items.version(case.item_version_id)
            await self.events.parking.refused(event, item, why)

    async def sweep(self) -> int:
        """Settle what a lost job left, and tell of gaps (scheduled); return how many cases."""
        now = self.events.parking.clock.now()
        due = await cases_due(OVER, PAGE)
        for case_id in due:
            await self.settle(case_id)
        gaps = await cases_with_gaps(now, self.gap_after, PAGE)
        for case_id in gaps:
            await self._tell_gap(case_id)
        if due or gaps:
            log.info("events.swept", due=len(due), gaps=len(gaps))
        return len(due) + len(gaps)

    @transaction
    async def _tell_gap(self, case_id: UUID) -> None:
        case = await Case.filter(id=case_id).select_for_update().get()
        item = await self.events.items.version(case.item_version_id)
        since = self.events.parking.clock.now() - self.gap_after
        await self.events.parking.gap(case, item, since)
