"""Shares (退费份额): what of a case's money goes back by which refund, and what the case says."""

from collections.abc import Iterable, Sequence

from models.case import Case
from models.payment import PaymentOrder, Refund
from models.rules.refunds import RefundReason, RefundStatus, Share, payment_status, remaining


async def settled_orders(case: Case) -> Sequence[PaymentOrder]:
    """Return the orders by which a case's own fee was paid, their rows held.

    What was paid for a fee that is waived by then is none of them. In the caller's transaction,
    with the case's row held before.
    """
    paid = PaymentOrder.filter(
        case_id=case.id,
        status="PAID",
        fee__settled_at__isnull=False,
        fee__waived_by__isnull=True,
    )
    ids = await paid.order_by("id").values_list("id", flat=True)
    if not ids:
        return []
    return await PaymentOrder.filter(id__in=list(ids)).order_by("id").select_for_update()


def share_of(refund: Refund) -> Share:
    return Share(RefundStatus(refund.status), refund.amount_fen)


async def left_of(order: PaymentOrder) -> int:
    """Return how much of an order no refund has taken yet, in fen."""
    shares = [share_of(each) for each in await Refund.filter(order_id=order.id)]
    return remaining(order.amount_fen, shares)


async def note_on_case(case: Case) -> None:
    """Let a case say whether its own fee is paid, on its way back, or back.

    In the caller's transaction, with the case's row held. Money that was never its fee, paid twice
    or too late, changes nothing here.
    """
    orders = await settled_orders(case)
    if not orders:
        return
    own = Refund.filter(order_id__in=[each.id for each in orders])
    shares = [share_of(each) for each in await own.exclude(reason=RefundReason.SURPLUS.value)]
    status = payment_status(_total(orders), shares).value
    if status != case.payment_status:
        case.payment_status = status
        await Case.filter(id=case.id).update(payment_status=status)


def _total(orders: Iterable[PaymentOrder]) -> int:
    return sum(each.amount_fen for each in orders)
