"""Decisions (决定): what has to be settled before one, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.case import Case
from models.handoff import HandoffPackage
from models.rules.events import Event
from models.rules.states import AcceptMode, FeeStage, HandoffStatus, ShortfallStatus
from services.errors import FieldFault
from services.events.assessments import measured_before
from services.events.documents import check_named
from services.events.problems import (
    EventIncomplete,
    FeeUnsettled,
    OriginalsFirst,
    ShortfallOpen,
    SupplementsWaiting,
)
from services.events.reports import NOT_USABLE, Decision, Report, Told
from services.events.results import ResultChecks
from services.fees import Fees, charges
from services.items import PublishedItem
from services.orders import close_soon
from services.packages import SUPPLEMENT
from services.results import Results
from services.transitions import Transitions

# 行政复议法20 and 行政诉讼法46: how to object, told with the decision (行政许可法38).
REMEDY = "不服的,可以在收到决定书之日起60日内申请行政复议,或者在6个月内向人民法院提起行政诉讼。"


@dataclass(frozen=True)
class Decisions:
    transitions: Transitions
    fees: Fees
    results: Results

    async def decide(self, told: Told) -> None:
        """T28, T29: the decision; the result goes to the cashier or on its way at once."""
        case, item, report = told.case, told.item, told.report
        approves = report.decision is Decision.APPROVED
        event = Event.DECIDE_APPROVE if approves else Event.DECIDE_REJECT
        self._check_step(told, event)
        checks = ResultChecks(self.transitions, self.fees.applicants)
        await self._check_read(case)
        await checks.check(told)
        await check_named(told)
        if report.fee is not None and not await self._takes(case, item, report.fee):
            raise EventIncomplete(faults=[FieldFault("/payload/fee", NOT_USABLE)])
        if approves:
            await self._check_approvable(case, item, report.fee)
        await self._apply(told, event)
        if not approves:
            await close_soon(self.transitions.jobs, case.id)
        elif item.fee_stage is FeeStage.AFTER_DECISION:
            measured = report.fee or await measured_before(case)
            await self.fees.assess(case, item, measured=measured)
        await checks.end(told)
        await self.results.route(case, item)

    def _check_step(self, told: Told, event: Event) -> None:
        """Raise what no other event could mend, before anything that one could.

        A case that has ended owes nothing: nobody is to wait for its fee.
        """
        if event is Event.DECIDE_APPROVE and _awaits_originals(told.case):
            raise OriginalsFirst
        self.transitions.check(told.case, told.item, event, told.actor)

    async def _check_read(self, case: Case) -> None:
        waiting = HandoffPackage.filter(case_id=case.id, kind=SUPPLEMENT)
        if await waiting.exclude(status=HandoffStatus.ACKED.value).exists():
            raise SupplementsWaiting

    async def _takes(self, case: Case, item: PublishedItem, measured: Mapping[str, Any]) -> bool:
        """Tell whether a measurement is of use: what the applicant was told to pay stays."""
        if not charges(case, item):
            return False
        if item.fee_stage is FeeStage.AFTER_ACCEPTANCE:
            return await self.fees.agrees(case, item, measured)
        return item.fee_stage is FeeStage.AFTER_DECISION

    async def _check_approvable(
        self, case: Case, item: PublishedItem, measured: Mapping[str, Any] | None
    ) -> None:
        if case.shortfall_status == ShortfallStatus.OPEN.value:
            raise ShortfallOpen
        if item.fee_stage is FeeStage.AFTER_ACCEPTANCE:
            if measured is not None:
                await self.fees.assess(case, item, measured=measured)
            if not await self.fees.is_settled(case, item):
                raise FeeUnsettled

    async def _apply(self, told: Told, event: Event) -> None:
        report = told.report
        changes = {"backoffice_seq": report.seq, "decision": str(report.decision)}
        await self.transitions.apply(
            told.case, told.item, event, told.actor, changes=changes, data=_data(report)
        )


def _awaits_originals(case: Case) -> bool:
    """Tell whether a 先办后验 case still has to be seen in its originals: it is approved there."""
    later = case.accept_mode == AcceptMode.VERIFY_LATER.value
    return later and case.decided_at is None and not case.state.closed


def _data(report: Report) -> dict[str, Any]:
    data: dict[str, Any] = {"document_no": report.document_no, "decision": str(report.decision)}
    if report.decision is Decision.REJECTED:
        data["text"] = f"您的申请没有批准。理由:{report.reason} {REMEDY}"
        data["reason"] = report.reason
        data["remedy"] = REMEDY
    return data
