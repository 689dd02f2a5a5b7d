"""The gate: each event of a back-office once, in order, and only for its agency's own cases."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from models.case import Case
from models.database import Duplicate
from models.handoff import BackofficeEvent
from models.ids import uuid7
from models.payment import Fee
from models.rules.states import HandoffStatus
from models.unit import transaction
from services.access import CaseUnknown
from services.actors import Machine
from services.alerts import watch
from services.announcements import announce
from services.events.decisions import Decisions
from services.events.endings import Endings
from services.events.inquiries import Inquiries
from services.events.problems import (
    EventFromFuture,
    EventOutOfOrder,
    EventReused,
    FeeUnsettled,
    PackageNotAcknowledged,
)
from services.events.procedures import Procedures
from services.events.reports import EventType, Report, Reported, Told, check_content
from services.fees import Fees
from services.items import Items, PublishedItem
from services.results import Results
from services.transitions import Transitions

# Two machines' clocks never agree to the second.
SKEW = timedelta(minutes=5)
OWED = "费用算好了,请缴费,缴后才能批"

Verb = Callable[[Told], Awaitable[None]]


@dataclass(frozen=True)
class BackofficeEvents:
    items: Items
    transitions: Transitions
    fees: Fees
    results: Results

    @cached_property
    def _verbs(self) -> Mapping[EventType, Verb]:
        procedures = Procedures(self.transitions)
        inquiries, endings = Inquiries(self.transitions), Endings(self.transitions)
        return {
            EventType.REVIEW_STARTED: procedures.start_review,
            EventType.SPECIAL_STARTED: procedures.start,
            EventType.SPECIAL_ENDED: procedures.end,
            EventType.EXTENDED: procedures.extend,
            EventType.REVIEW_COMPLETED: procedures.complete,
            EventType.INFORMATION_REQUESTED: inquiries.ask,
            EventType.CORRECTION_REQUESTED: inquiries.demand,
            EventType.WITHDRAWAL_ANSWERED: endings.answer_withdrawal,
            EventType.TERMINATED: endings.terminate,
            EventType.DECIDED: Decisions(self.transitions, self.fees, self.results).decide,
        }

    async def report(self, machine: Machine, report: Report) -> Reported:
        """Apply an event of the machine's agency; the same event again changes nothing.

        A refused event leaves no trace but an alert, and the fee that an approval told of: it can
        be sent again once the case allows it, or the fee is paid. Raises ``CaseUnknown``, the
        problems of this package, of the fees, ``StepNotAllowed``.
        """
        check_content(report)
        if report.occurred_at > self.transitions.clock.now() + SKEW:
            raise EventFromFuture
        try:
            return await self._report(machine, report)
        except FeeUnsettled:
            if report.fee is not None:
                await self._charge(machine, report)
            raise
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
        await self._verbs[report.type](Told(case, item, machine.actor, report))
        return Reported("applied", report.case_no, case.state.value)

    @transaction
    async def _charge(self, machine: Machine, report: Report) -> None:
        """Make the fee that nobody could compute at a deemed acceptance, so that it can be paid.

        Apart from the event: that one was undone, since nothing is approved before the payment.
        """
        case, item = await self._locked(machine, report.case_no)
        if not case.state.closed and report.seq == case.backoffice_seq + 1:
            known = await Fee.exists(case_id=case.id, stage=item.fee_stage.value)
            fee = await self.fees.assess(case, item, measured=report.fee)
            if fee is not None and not known and fee.settled_at is None:
                transitions, now = self.transitions, self.transitions.clock.now()
                await announce(transitions.jobs, case, OWED, now, key=f"fee:{fee.id}")
                transitions.look_again(case)

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
