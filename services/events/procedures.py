"""Reviews and special procedures: steps that change whose turn it is and whether time counts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from models.case import CaseEvent, ClockInstance
from models.rules.calendar import day_of, due_on, last_day
from models.rules.clock_table import ClockName
from models.rules.events import Event
from models.rules.procedures import suspends
from models.rules.states import AcceptMode
from services.events.problems import (
    ExtendedBefore,
    ExtensionNotForItem,
    ExtensionTooLate,
    OriginalsNotDue,
    ProcedureNotAllowed,
)
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
        self.transitions.check(told.case, told.item, Event.SPECIAL_START, told.actor)
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

    async def extend(self, told: Told) -> None:
        """T24: once, before the statutory limit is over, approved and with its reason told.

        What counts is when it is reported here. Raises ``ExtensionNotForItem``,
        ``ExtendedBefore``, ``ExtensionTooLate``.
        """
        case, report = told.case, told.report
        self.transitions.check(case, told.item, Event.EXTEND, told.actor)
        limit = told.item.limit(ClockName.EXTENSION)
        if limit is None or "extension" not in told.item.body["limits"]:
            raise ExtensionNotForItem
        if await CaseEvent.exists(case_id=case.id, event=Event.EXTEND.value):
            raise ExtendedBefore
        statutory = await ClockInstance.get_or_none(
            case_id=case.id, name=ClockName.DECISION_STATUTORY.value, stopped_at=None
        )
        if statutory is None or self.transitions.clock.now() >= statutory.due_at:
            raise ExtensionTooLate
        calendar = await self.transitions.clocks.calendars.current()
        until = last_day(due_on(statutory.due_at), limit, calendar)
        await self._step(
            told,
            Event.EXTEND,
            # Who approves acts for the organ: the name belongs to the act, not to a private life.
            approver=report.approver,
            reason=report.reason,
            until=until.isoformat(),
            text=f"办理期限延长到{until.year}年{until.month}月{until.day}日。理由:{report.reason}",
        )

    async def complete(self, told: Told) -> None:
        """T33: 先办后验 waits for its originals, and has no decision before; else raise
        ``OriginalsNotDue``."""
        if told.case.accept_mode != AcceptMode.VERIFY_LATER.value:
            raise OriginalsNotDue
        await self._step(told, Event.REVIEW_COMPLETE)

    async def _step(self, told: Told, event: Event, **data: Any) -> None:
        changes = {"backoffice_seq": told.report.seq}
        await self.transitions.apply(
            told.case, told.item, event, told.actor, changes=changes, data=data
        )
