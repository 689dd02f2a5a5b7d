"""Orders and differences as an operator sees them: the whole record, asking again, resolving."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.payment import Fee, PaymentEvent, PaymentOrder, Refund, RefundEvent
from models.reconciliation import PaymentDifference, ReconciliationRun
from models.unit import transaction
from services import differences
from services.actors import Actor
from services.audit import Audit
from services.differences import DifferenceClosed, DifferenceUnknown, ReasonMissing
from services.errors import FieldFault
from services.payments import OrderUnknown, Payments
from services.ports import Clock
from services.reconciliation import Reconciliation

LISTED = 200


@dataclass(frozen=True)
class OrderRecord:
    """An order with everything that the channel ever said of it, and its refunds with theirs."""

    order: PaymentOrder
    fee: Fee
    events: Sequence[PaymentEvent]
    refunds: Sequence[tuple[Refund, Sequence[RefundEvent]]]
    differences: Sequence[PaymentDifference]


@dataclass(frozen=True)
class OrderDesk:
    clock: Clock
    payments: Payments
    reconciliation: Reconciliation
    audit: Audit

    async def show(self, actor: Actor, number: str) -> OrderRecord:
        """Return the record of an order; raises ``OrderUnknown``. The reading is audited."""
        order = await PaymentOrder.get_or_none(number=number)
        if order is None:
            raise OrderUnknown
        await self.audit.read(actor, "payment.show", "payment_order", order.id)
        events = PaymentEvent.filter(order_id=order.id).order_by("at", "id")
        refunds = await Refund.filter(order_id=order.id).order_by("created_at", "id")
        said = RefundEvent.filter(refund_id__in=[each.id for each in refunds])
        told = await said.order_by("at", "id")
        return OrderRecord(
            order=order,
            fee=await Fee.get(id=order.fee_id),
            events=await events,
            refunds=[
                (each, [event for event in told if event.refund_id == each.id]) for each in refunds
            ],
            differences=await PaymentDifference.filter(order_number=number).order_by("id"),
        )

    async def ask(self, actor: Actor, number: str) -> OrderRecord:
        """Ask the channel for an order now and let a payment take effect; return its record.

        Raises ``OrderUnknown``, ``ChannelOrderUnknown`` and ``OutsideUnavailable``.
        """
        order = await PaymentOrder.get_or_none(number=number)
        if order is None:
            raise OrderUnknown
        await self._note(actor, order)
        await self.payments.ask_order(number)
        return await self.show(actor, number)

    async def reconcile(self, actor: Actor, day: date | None) -> ReconciliationRun:
        """Reconcile a day now; raises ``DayNotOver``."""
        run = await self.reconciliation.run(day, actor)
        await self._ran(actor, run)
        return run

    async def runs(self) -> Sequence[ReconciliationRun]:
        """Return the latest runs, newest first."""
        return await ReconciliationRun.all().order_by("-id").limit(31)

    async def differences(
        self, status: str | None, day: date | None
    ) -> Sequence[PaymentDifference]:
        """Return differences, the newest day first; at most 200."""
        wanted: dict[str, Any] = {"status": status, "day": day}
        given = {name: value for name, value in wanted.items() if value is not None}
        return await PaymentDifference.filter(**given).order_by("-day", "key").limit(LISTED)

    @transaction
    async def resolve(self, actor: Actor, key: str, why: str) -> PaymentDifference:
        """Close a difference that stays as it is, with a reason, and its alert.

        Raises ``DifferenceUnknown``, ``DifferenceClosed``, ``ReasonMissing``.
        """
        found = await PaymentDifference.filter(key=key).select_for_update().get_or_none()
        if found is None:
            raise DifferenceUnknown
        if found.status != differences.OPEN:
            raise DifferenceClosed
        why = why.strip()
        if not 1 <= len(why) <= differences.MOST_REASON:
            raise ReasonMissing(faults=[FieldFault("/reason", ReasonMissing.sentence)])
        now, by = self.clock.now(), actor.id or actor.role.value
        found.status, found.closed_at = differences.RESOLVED, now
        found.closed_by, found.reason = by, why
        await found.save(update_fields=["status", "closed_at", "closed_by", "reason"])
        if found.alert_id is not None:
            await differences.calm([found.alert_id], now, by, why)
        facts = {"key": key, "day": found.day.isoformat()}
        await self.audit.record(actor, "difference.resolve", "payment_difference", found.id, facts)
        return found

    @transaction
    async def _note(self, actor: Actor, order: PaymentOrder) -> None:
        await self.audit.record(actor, "payment.ask", "payment_order", order.id)

    @transaction
    async def _ran(self, actor: Actor, run: ReconciliationRun) -> None:
        facts = {"day": run.day.isoformat(), "outcome": run.outcome}
        await self.audit.record(actor, "payment.reconcile", "reconciliation_run", run.id, facts)
