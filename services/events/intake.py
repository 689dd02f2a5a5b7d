"""The gate: each event of a back-office once, in order, and only for its agency's own cases."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from models.case import Case
from models.database import Duplicate
from models.handoff import BackofficeEvent
from models.rules.states import IMPORTED, HandoffStatus
from models.unit import transaction
from services.access import CaseUnknown
from services.actors import Machine
from services.alerts import watch
from services.events.assessments import Assessments, charge
from services.events.decisions import Decisions
from services.events.documents import Documents
from services.events.endings import Endings
from services.events.inquiries import Inquiries
from services.events.parking import Fate, Parking, first_missing
from services.events.problems import (
    CorrectionAfterAcceptance,
    EventFromFuture,
    EventOutOfOrder,
    EventReused,
    FeeUnsettled,
    PackageNotAcknowledged,
)
from services.events.procedures import Procedures
from services.events.reports import EventType, Report, Reported, Told, check_content
from services.events.supplements import Supplements
from services.fees import Fees
from services.items import Items, PublishedItem
from services.results import Results
from services.transitions import StepNotAllowed, Transitions

# Two machines' clocks never agree to the second.
SKEW = timedelta(minutes=5)

# What waits for the applicant's answer, which would go out as a package.
ASKING = (EventType.INFORMATION_REQUESTED, EventType.SHORTFALL_JUDGED)

Verb = Callable[[Told], Awaitable[None]]


def check_beginning(case: Case, report: Report) -> None:
    """Raise ``PackageNotAcknowledged``; of a case lodged elsewhere there is none to acknowledge.

    Nor can its applicant answer there what is asked here: raise ``StepNotAllowed``.
    """
    if case.origin == IMPORTED:
        if report.type in ASKING:
            raise StepNotAllowed
    elif case.handoff_status != HandoffStatus.ACKED.value:
        raise PackageNotAcknowledged


@dataclass(frozen=True)
class BackofficeEvents:
    items: Items
    transitions: Transitions
    fees: Fees
    results: Results
    parking: Parking
    supplements: Supplements

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
            EventType.FEE_ASSESSED: Assessments(self.transitions, self.fees).assess,
            EventType.SHORTFALL_JUDGED: self.supplements.judge,
            EventType.RESULT_READY: Documents(self.transitions).ready,
            EventType.DECIDED: Decisions(self.transitions, self.fees, self.results).decide,
        }

    async def report(self, machine: Machine, report: Report) -> Reported:
        """Apply an event of the machine's agency; the same event again changes nothing.

        An event before its turn is parked; ``Turns`` applies it once the gap has closed. A refused
        event leaves no trace but an alert, and the fee that an approval told of: it can be sent
        again once the case allows it, or the fee is paid. Raises ``CaseUnknown``, the problems of
        this package, of the fees, ``StepNotAllowed``.
        """
        check_content(report)
        if report.occurred_at > self.transitions.clock.now() + SKEW:
            raise EventFromFuture
        try:
            return await self._report(machine, report)
        except FeeUnsettled:
            await self.charge(machine, report)
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
        if known is not None and known.case_id != case.id:
            raise EventReused
        if known is not None and known.fate != Fate.REFUSED.value:
            if known.body_digest != report.digest:
                raise EventReused
            return await self._again(case, Fate(known.fate))
        await self._check_number(case, report)
        check_beginning(case, report)
        if report.seq > case.backoffice_seq + 1:
            await self._check_worth_keeping(case, report)
            await self.parking.keep(machine, case, report, Fate.PARKED)
            return await self._again(case, Fate.PARKED)
        await self.parking.keep(machine, case, report, Fate.APPLIED)
        await self.act(case, item, machine, report)
        return Reported("applied", report.case_no, case.state.value)

    async def _again(self, case: Case, fate: Fate) -> Reported:
        number, state = str(case.case_no), case.state.value
        if fate is Fate.APPLIED:
            return Reported("duplicate", number, state)
        return Reported("parked", number, state, await first_missing(case))

    async def _check_number(self, case: Case, report: Report) -> None:
        taken = BackofficeEvent.filter(case_id=case.id, seq=report.seq, fate=Fate.PARKED.value)
        if report.seq <= case.backoffice_seq or await taken.exists():
            raise EventOutOfOrder(facts={"expected_seq": await first_missing(case)})

    async def _check_worth_keeping(self, case: Case, report: Report) -> None:
        """Refuse at once what no turn could make right."""
        if report.type is EventType.CORRECTION_REQUESTED:
            raise CorrectionAfterAcceptance
        if case.state.closed:
            raise StepNotAllowed

    async def act(self, case: Case, item: PublishedItem, machine: Machine, report: Report) -> None:
        """Do what an event says, whose turn it is and which is recorded; the case's row is held."""
        await self._verbs[report.type](Told(case, item, machine.actor, report))
        await self.parking.follow(case)

    @transaction
    async def charge(self, machine: Machine, report: Report) -> None:
        """Make the fee that nobody could compute at a deemed acceptance, so that it can be paid.

        Apart from the event: that one was undone, since nothing is approved before the payment.
        """
        if report.fee is None:
            return
        case, item = await self._locked(machine, report.case_no)
        if not case.state.closed and report.seq == case.backoffice_seq + 1:
            await charge(self.transitions, self.fees, case, item, dict(report.fee))

    async def _locked(self, machine: Machine, case_no: str) -> tuple[Case, PublishedItem]:
        case = await Case.filter(case_no=case_no).select_for_update().get_or_none()
        if case is None:
            raise CaseUnknown
        item = await self.items.version(case.item_version_id)
        if not machine.answers_for(item.agency_uscc, item.code):
            raise CaseUnknown
        watch(self.transitions.clock, case, item, machine.actor)
        return case, item
