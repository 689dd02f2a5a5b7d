"""Acceptance (受理): the step that makes an application the back-office's work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.case import Case
from models.handoff import HandoffPackage
from models.rules.clock_table import ClockName
from models.rules.clocks import handover_due_at
from models.rules.events import Event
from models.rules.states import AcceptMode, FeeStage
from services.actors import Actor
from services.fees import Fees, FeeUndetermined
from services.items import PublishedItem
from services.packages import Packages
from services.transitions import Transitions
from services.visits import visited


@dataclass(frozen=True)
class Acceptance:
    transitions: Transitions
    packages: Packages
    fees: Fees

    async def accept(
        self,
        case: Case,
        item: PublishedItem,
        event: Event,
        actor: Actor,
        *,
        data: Mapping[str, Any] | None = None,
        dues: Mapping[ClockName, date] | None = None,
    ) -> HandoffPackage:
        """Accept (T09, T13 deem_accepted, T15, T19 payment_confirmed) and make the package.

        In the caller's transaction, with the case's row held and the row's guard checked. A fee
        that falls due after acceptance is assessed first, so that the package tells of it.
        """
        changes: dict[str, Any] = {}
        if event is Event.PAYMENT_CONFIRMED:
            # T19 names no mode of its own: what was paid for is the mode decided at T18, or normal.
            changes["accept_mode"] = case.accept_mode or AcceptMode.NORMAL.value
            if changes["accept_mode"] == AcceptMode.VERIFY_LATER.value:
                changes["verify_later_mark"] = True
        elif event is Event.PAPER_RECEIVED:
            changes = visited(case, self.transitions.clock.now())
        await self.transitions.apply(
            case, item, event, actor, changes=changes, data=data, dues=dues
        )
        if item.fee_stage is FeeStage.AFTER_ACCEPTANCE:
            await self._assess(case, item, event)
        await self._begin_handover(case)
        return await self.packages.create(case, item)

    async def _assess(self, case: Case, item: PublishedItem, event: Event) -> None:
        try:
            await self.fees.assess(case, item)
        except FeeUndetermined:
            # 行政许可法32(四): acceptance by silence waits for nobody's arithmetic; what is owed
            # stands between the case and its decision.
            if event is not Event.DEEM_ACCEPTED:
                raise

    async def _begin_handover(self, case: Case) -> None:
        """Count until when the department has to take over (青神方案2018 附件1三(四)).

        From now: a deemed acceptance dates back to the receipt, but nobody could hand over then.
        """
        now, clocks = self.transitions.clock.now(), self.transitions.clocks
        due_at = handover_due_at(now, await clocks.calendars.current())
        await clocks.begin(case, ClockName.PAPER_HANDOVER, now, due_at=due_at)
