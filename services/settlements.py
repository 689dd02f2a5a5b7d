"""Settlement: what the channel says of an order is compared, kept, and takes effect once."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from models.case import Case
from models.database import Duplicate
from models.ids import uuid7
from models.notice import Notice
from models.payment import Fee, PaymentEvent, PaymentOrder, Waiver
from models.rules.events import Event
from models.rules.notices import NoticeKind
from models.rules.refunds import RefundReason
from models.rules.states import PaymentStatus, State
from models.rules.waivers import WaiverStatus
from models.unit import current_unit, transaction
from services import told_again
from services.acceptance import Acceptance
from services.actors import SYSTEM
from services.automatic_refunds import give_back
from services.fiscal_bills import bill_soon
from services.items import Items, PublishedItem
from services.orders import OPEN, OrderStatus
from services.ports import ChannelPayment, Settlement, Tills
from services.results import REJECTED, Results
from services.transitions import Transitions, topic_of

CURRENCY = "CNY"

log = structlog.get_logger(__name__)


class Source(StrEnum):
    """How we came to hear it."""

    CALLBACK = "CALLBACK"
    QUERY = "QUERY"


class Outcome(StrEnum):
    """What became of a report of the channel.

    MISMATCH and UNKNOWN_ORDER are quarantine: an operator looks, no case advances. SURPLUS goes
    back by itself.
    """

    SETTLED = "SETTLED"
    CLOSED = "CLOSED"
    REPEATED = "REPEATED"
    NOTED = "NOTED"
    SURPLUS = "SURPLUS"
    MISMATCH = "MISMATCH"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"

    @property
    def is_alarming(self) -> bool:
        return self in (Outcome.SURPLUS, Outcome.MISMATCH, Outcome.UNKNOWN_ORDER)


@dataclass(frozen=True)
class Report:
    """One thing that ``channel`` said; the same ``id`` is the same thing said again."""

    id: str
    source: Source
    payment: ChannelPayment
    channel: str


@dataclass(frozen=True)
class Settlements:
    tills: Tills
    items: Items
    transitions: Transitions
    acceptance: Acceptance
    results: Results

    async def record(self, report: Report) -> Outcome:
        """Keep a report and let it take effect; a repeated one has its first outcome again."""
        if (known := await self._told_again(report)) is not None:
            return known
        try:
            return await self._record(report)
        except Duplicate:
            # Its copy was quicker, for an order that is not ours to lock.
            return await self._record(report)

    async def _told_again(self, report: Report) -> Outcome | None:
        till = self.tills.get(report.channel)
        if till is None or report.payment.currency != CURRENCY:
            return None
        now, again = self.transitions.clock.now(), Outcome.REPEATED.value
        told = told_again.Told(report.channel, report.source.value, report.id, again, now)
        outcome = await told_again.keep(till, report.payment, told)
        return None if outcome is None else Outcome(outcome)

    @transaction
    async def _record(self, report: Report) -> Outcome:
        number = report.payment.number
        order = await PaymentOrder.get_or_none(number=number)
        case = None
        if order is not None:
            # The case first, then the order: every step on money takes its locks in this order.
            case = await Case.filter(id=order.case_id).select_for_update().get()
            order = await PaymentOrder.filter(id=order.id).select_for_update().get()
        known = await PaymentEvent.get_or_none(event_id=report.id)
        if known is not None:
            return Outcome(known.outcome)
        outcome = await self._judge(order, report)
        if outcome is Outcome.SETTLED and case is not None and _is_over(case):
            outcome = Outcome.SURPLUS
        await self._keep(report, order, outcome)
        if outcome.is_alarming:
            log.error("payment.quarantined", order=number, outcome=outcome.value)
        if order is not None and case is not None:
            await self._take_effect(case, order, report.payment, outcome)
        return outcome

    async def _judge(self, order: PaymentOrder | None, report: Report) -> Outcome:
        if order is None:
            return Outcome.UNKNOWN_ORDER
        payment, till = report.payment, self.tills.get(order.channel)
        if report.channel != order.channel or till is None:
            return Outcome.MISMATCH
        if (payment.merchant, payment.appid) != (till.merchant, till.appid_of(order.scene)):
            return Outcome.MISMATCH
        if payment.settlement is Settlement.PAID:
            return await self._judge_paid(order, payment)
        gone = payment.settlement in (Settlement.CLOSED, Settlement.REFUNDED)
        return Outcome.CLOSED if gone and order.status in OPEN else Outcome.NOTED

    async def _judge_paid(self, order: PaymentOrder, payment: ChannelPayment) -> Outcome:
        said = (payment.amount_fen, payment.currency)
        if said != (order.amount_fen, CURRENCY) or payment.transaction_id is None:
            return Outcome.MISMATCH
        # Where anybody could pay, it is no matter who did.
        if order.payer and payment.payer != order.payer:
            return Outcome.MISMATCH
        holder = await PaymentOrder.get_or_none(transaction_id=payment.transaction_id)
        if holder is not None:
            return Outcome.REPEATED if holder.id == order.id else Outcome.MISMATCH
        settled = await Fee.exists(id=order.fee_id, settled_at__isnull=False)
        if order.status not in OPEN or settled:
            return Outcome.SURPLUS
        return Outcome.SETTLED

    async def _keep(self, report: Report, order: PaymentOrder | None, outcome: Outcome) -> None:
        payment = report.payment
        await PaymentEvent.create(
            id=uuid7(),
            order_id=None if order is None else order.id,
            source=report.source.value,
            event_id=report.id,
            settlement=payment.settlement.value,
            outcome=outcome.value,
            transaction_id=payment.transaction_id,
            amount_fen=payment.amount_fen,
            at=self.transitions.clock.now(),
        )

    async def _take_effect(
        self, case: Case, order: PaymentOrder, payment: ChannelPayment, outcome: Outcome
    ) -> None:
        if outcome is Outcome.CLOSED:
            order.status = OrderStatus.CLOSED.value
            await order.save(update_fields=["status"])
        elif outcome is Outcome.SETTLED:
            await self._pay(order, payment)
            log.info("payment.settled", order=order.number, case=case.case_no)
            await self.settle(case, order.fee_id, PaymentStatus.PAID)
            await bill_soon(self.transitions.jobs, order, "paid")
        elif outcome is Outcome.SURPLUS:
            await self._give_back(case, order, payment)

    async def _give_back(self, case: Case, order: PaymentOrder, payment: ChannelPayment) -> None:
        """Send money back that belongs to nobody's fee: the order says so, the case does not."""
        if order.status in OPEN:
            await self._pay(order, payment)
        elif order.status == OrderStatus.PAID.value:
            # A channel takes one payment for a number. Were this a second one, a refund by that
            # number could give back the first: somebody has to look.
            return
        transitions = self.transitions
        now = transitions.clock.now()
        await give_back(transitions.jobs, case, order, RefundReason.SURPLUS, now)
        transitions.look_again(case)

    async def _pay(self, order: PaymentOrder, payment: ChannelPayment) -> None:
        order.status = OrderStatus.PAID.value
        order.transaction_id, order.paid_at = payment.transaction_id, payment.paid_at
        await order.save(update_fields=["status", "transaction_id", "paid_at"])

    async def settle(
        self,
        case: Case,
        fee_id: UUID,
        status: PaymentStatus,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """End the debt of a fee, PAID or WAIVED, and let its case go on; ``data`` is the step's.

        In the caller's transaction, with the case's row held and the fee not settled yet. A
        waiver that somebody still asks for is overtaken.
        """
        now = self.transitions.clock.now()
        await Fee.filter(id=fee_id).update(settled_at=now)
        await Waiver.filter(fee_id=fee_id, status=WaiverStatus.OPEN.value).update(
            status=WaiverStatus.OVERTAKEN.value, decided_at=now
        )
        await Case.filter(id=case.id).update(payment_status=status.value)
        case.payment_status = status.value
        item = await self.items.version(case.item_version_id)
        await self.acceptance.packages.payment_changed(case, item)
        await self._advance(case, item, data)
        if status is PaymentStatus.WAIVED:
            # The step's notice tells of money that has arrived (缴费到账), and none has.
            notices = Notice.filter(case_id=case.id, kind=NoticeKind.N10.value, digest=None)
            await notices.delete()

    async def _advance(
        self, case: Case, item: PublishedItem, data: Mapping[str, Any] | None
    ) -> None:
        event = Event.PAYMENT_CONFIRMED
        if case.state is State.AWAIT_PREPAYMENT:
            await self.acceptance.accept(case, item, event, SYSTEM, data=data)
        elif case.state is State.AWAIT_PAYMENT:
            await self.transitions.apply(case, item, event, SYSTEM, data=data)
            await self.results.route(case, item)
        else:
            # The case goes its way; who watches it sees that it is paid.
            publish = self.transitions.broadcast.publish
            current_unit().after_commit(partial(publish, topic_of(case.id), str(case.version)))


def _is_over(case: Case) -> bool:
    """Tell whether a case owes nothing any more, whatever arrives for it."""
    return case.state.closed or case.decision == REJECTED
