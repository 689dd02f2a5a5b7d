"""Reviews and special procedures: steps that change whose turn it is and whether time counts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from models.rules.calendar import day_of
from models.rules.events import Event
from models.rules.procedures import suspends
from services.events.problems import ProcedureNotAllowed
from services.events.reports import Told
from services.transitions import Transitions


@dataclass(frozen=True)
class Procedures:
    transitions: Transitions

    async def start_review(self, told: Told) -> None:
        """T21: the department works on the case."""
        await self._step(told, Event.START_REVIEW)

    async def start(self, told: Told) -> None:
        """T22: a special procedure stops both decision clocks; raise ``ProcedureNotAllowed``."""
        procedure, days = told.report.procedure or "", told.report.planned_days or 0
        if not suspends(procedure, told.item.body.get("special_procedures", ())):
            raise ProcedureNotAllowed
        until = day_of(self.transitions.clock.now()) + timedelta(days=days)
        await self._step(
            told,
            Event.SPECIAL_START,
            procedure=procedure,
            reason=procedure,
            planned_days=days,
            planned_until=until.isoformat(),
            # 行政许可法45: the time that is needed is told in writing.
            text=f"需要{procedure},预计{days}天。这段时间不算在办理期限里。",
        )

    async def end(self, told: Told) -> None:
        """T23: the clocks go on with what was left of them."""
        await self._step(told, Event.SPECIAL_END)

    async def _step(self, told: Told, event: Event, **data: Any) -> None:
        changes = {"backoffice_seq": told.report.seq}
        await self.transitions.apply(
            told.case, told.item, event, told.actor, changes=changes, data=data
        )
