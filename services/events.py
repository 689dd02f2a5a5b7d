"""Back-office events (后台事件): what the approval system reports, each once and in order."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from models.case import Case
from models.database import Duplicate
from models.handoff import BackofficeEvent
from models.ids import uuid7
from models.rules.events import Event
from models.rules.states import AcceptMode, FeeStage, HandoffStatus, ShortfallStatus
from models.rules.supervision import AlertKind
from models.unit import transaction
from services.actors import Machine
from services.alerts import watch
from services.cases import CaseUnknown
from services.errors import Conflict, FieldFault, Invalid
from services.fees import Fees
from services.items import Items, PublishedItem
from services.orders import close_soon
from services.results import Results
from services.transitions import Transitions

# 行政复议法20 and 行政诉讼法46: how to object, told with the decision (行政许可法38).
REMEDY = "不服的,可以在收到决定书之日起60日内申请行政复议,或者在6个月内向人民法院提起行政诉讼。"

NOT_USABLE = "这一项不适用。"


class EventType(StrEnum):
    REVIEW_STARTED = "review_started"
    DECIDED = "decided"


class Decision(StrEnum):
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class EventReused(Conflict):
    """The same event id came with another body."""

    code = "event_id_reused"
    sentence = "这个事件编号已经用过,内容不一致。"


class EventOutOfOrder(Conflict):
    """Events of a case are numbered 1, 2, 3; ``expected_seq`` tells which is next."""

    code = "event_out_of_order"
    sentence = "事件顺序不对,请按顺序重新报送。"


class EventIncomplete(Invalid):
    """What this type of event has to say is missing, or says too much."""

    code = "event_incomplete"
    sentence = "事件内容不完整或不适用,请补正后重新报送。"


class PackageNotAcknowledged(Conflict):
    """The package was not acknowledged, so nobody can have worked on the case."""

    code = "package_not_acknowledged"
    sentence = "移交包还没有确认签收,不能报送办理情况。"


class OriginalsFirst(Conflict):
    """先办后验: checking the originals is the last step of the decision."""

    code = "originals_first"
    sentence = "先办后验的办件要先核验原件,不能直接报送批准决定。"


class ShortfallOpen(Conflict):
    """容缺: nothing is approved before what was promised has come and passed."""

    code = "shortfall_open"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "容缺的材料还没有补齐,不能报送批准决定。"


class FeeUnsettled(Conflict):
    """The fee that falls due after acceptance is not settled."""

    code = "fee_unsettled"
    sentence = "费用还没有缴清,不能报送批准决定。"


@dataclass(frozen=True)
class Report:
    """An event as a machine reports it; ``seq`` counts per case from 1."""

    event_id: str
    case_no: str
    seq: int
    type: EventType
    occurred_at: datetime
    decision: Decision | None = None
    document_no: str | None = None
    reason: str | None = None
    fee: Mapping[str, Any] | None = None

    @property
    def digest(self) -> str:
        """Return the SHA-256 of everything but the event's own id."""
        content = {**vars(self), "event_id": "", "occurred_at": self.occurred_at.astimezone(UTC)}
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True)
class Reported:
    """What became of an event: "applied", or "duplicate" of one that was."""

    outcome: str
    case_no: str
    state: str


@dataclass(frozen=True)
class BackofficeEvents:
    items: Items
    transitions: Transitions
    fees: Fees
    results: Results

    async def report(self, machine: Machine, report: Report) -> Reported:
        """Apply an event of the machine's agency; the same event again changes nothing.

        A refused event leaves no trace: it can be sent again once the case allows it. Raises
        ``CaseUnknown``, the problems of this module, of the fees, and ``StepNotAllowed``.
        """
        check_content(report)
        try:
            return await self._report(machine, report)
        except Duplicate as error:
            # The same event id arrived at the same moment for another case.
            raise EventReused from error

    @transaction
    async def _report(self, machine: Machine, report: Report) -> Reported:
        case, item = await self._locked(machine, report.case_no)
        known = await BackofficeEvent.get_or_none(
            source=machine.client_id, event_id=report.event_id
        )
        if known is not None:
            if known.case_id != case.id or known.body_digest != report.digest:
                raise EventReused
            return Reported("duplicate", report.case_no, case.state.value)
        expected = case.backoffice_seq + 1
        if report.seq != expected:
            raise EventOutOfOrder(facts={"expected_seq": expected})
        if case.handoff_status != HandoffStatus.ACKED.value:
            raise PackageNotAcknowledged
        await self._record(machine, case, report)
        if report.type is EventType.REVIEW_STARTED:
            await self._apply(case, item, Event.START_REVIEW, machine, report)
        else:
            await self._decide(case, item, machine, report)
        return Reported("applied", report.case_no, case.state.value)

    async def _locked(self, machine: Machine, case_no: str) -> tuple[Case, PublishedItem]:
        case = await Case.filter(case_no=case_no).select_for_update().get_or_none()
        if case is None:
            raise CaseUnknown
        item = await self.items.version(case.item_version_id)
        if item.agency_uscc != machine.agency_uscc:
            raise CaseUnknown
        watch(self.transitions.clock, case, item, machine.actor)
        return case, item

    async def _record(self, machine: Machine, case: Case, report: Report) -> None:
        await BackofficeEvent.create(
            id=uuid7(),
            source=machine.client_id,
            event_id=report.event_id,
            case_id=case.id,
            seq=report.seq,
            type=report.type.value,
            body_digest=report.digest,
            occurred_at=report.occurred_at,
            received_at=self.transitions.clock.now(),
        )

    async def _decide(
        self, case: Case, item: PublishedItem, machine: Machine, report: Report
    ) -> None:
        if report.fee is not None and item.fee_stage is not FeeStage.AFTER_DECISION:
            raise EventIncomplete(faults=[FieldFault("/payload/fee", NOT_USABLE)])
        if report.decision is Decision.APPROVED:
            await self._check_approvable(case, item)
            await self._apply(case, item, Event.DECIDE_APPROVE, machine, report)
            if item.fee_stage is FeeStage.AFTER_DECISION:
                await self.fees.assess(case, item, measured=report.fee)
        else:
            await self._apply(case, item, Event.DECIDE_REJECT, machine, report)
            await close_soon(self.transitions.jobs, case.id)
        await self.results.route(case, item)

    async def _check_approvable(self, case: Case, item: PublishedItem) -> None:
        if case.accept_mode == AcceptMode.VERIFY_LATER.value:
            raise OriginalsFirst
        if case.shortfall_status == ShortfallStatus.OPEN.value:
            raise ShortfallOpen
        if item.fee_stage is FeeStage.AFTER_ACCEPTANCE and not await self.fees.is_settled(
            case, item
        ):
            raise FeeUnsettled

    async def _apply(
        self, case: Case, item: PublishedItem, event: Event, machine: Machine, report: Report
    ) -> None:
        changes: dict[str, Any] = {"backoffice_seq": report.seq}
        if report.decision is not None:
            changes["decision"] = report.decision.value
        await self.transitions.apply(
            case, item, event, machine.actor, changes=changes, data=_data(report)
        )


def check_content(report: Report) -> None:
    """Check that a report says what its type needs and no more; raise ``EventIncomplete``."""
    needed = {"decision", "document_no"} if report.type is EventType.DECIDED else set()
    usable = needed | ({"fee", "reason"} if needed else set())
    if report.decision is Decision.REJECTED:
        needed, usable = needed | {"reason"}, usable - {"fee"}
    given = {
        name
        for name in ("decision", "document_no", "reason", "fee")
        if getattr(report, name) is not None
    }
    faults = [FieldFault(f"/payload/{name}", "这一项必须填写。") for name in sorted(needed - given)]
    faults += [FieldFault(f"/payload/{name}", NOT_USABLE) for name in sorted(given - usable)]
    if faults:
        raise EventIncomplete(faults=faults)


def _data(report: Report) -> dict[str, Any]:
    if report.decision is None:
        return {}
    data: dict[str, Any] = {"document_no": report.document_no, "decision": report.decision.value}
    if report.decision is Decision.REJECTED:
        data["text"] = f"您的申请没有批准。理由:{report.reason} {REMEDY}"
        data["remedy"] = REMEDY
    return data
