"""Our books of a day: every order, refund, fee and case that a bill of that day is about."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from models.case import Case
from models.database import rows
from models.payment import Fee, PaymentEvent, PaymentOrder, Refund
from models.rules.bills import TradeBill
from models.rules.calendar import end_of, start_of
from models.rules.reconciliation import Books, OurCase, OurFee, OurOrder, OurRefund
from models.rules.states import PaymentStatus
from services.results import REJECTED
from services.settlements import Outcome

# Ends at which a fee goes back, as an item's ``refund_on`` calls them; all where it says nothing.
ENDS = ("NOT_ACCEPTED", "REJECTED", "WITHDRAWN", "WITHDRAWN_DEEMED", "TERMINATED")
# What was sent so late may have been taken on the next day, whose bill then tells of it.
MIDNIGHT = timedelta(minutes=10)
# What the bill names, what moved on the day, and what ended on it with money in it.
ABOUT = """
SELECT case_id FROM payment_orders WHERE number = ANY($1::text[])
UNION SELECT case_id FROM refunds WHERE number = ANY($2::text[])
UNION SELECT case_id FROM payment_orders WHERE paid_at >= $3 AND paid_at < $4
UNION SELECT case_id FROM refunds WHERE sent_at >= $3 AND sent_at < $4
UNION SELECT case_id FROM fees WHERE settled_at >= $3 AND settled_at < $4
UNION SELECT c.id FROM cases c WHERE c.closed_at >= $3 AND c.closed_at < $4
  AND EXISTS (SELECT FROM payment_orders o WHERE o.case_id = c.id AND o.status = 'PAID')"""


async def read_books(channel: str, day: date, bill: TradeBill) -> Books:
    """Return what we know of a day, as it is now; ``channel``'s orders alone are of its bill."""
    since, until = start_of(day), end_of(day)
    numbers = {line.number for line in bill.payments} | {line.order for line in bill.refunds}
    refunds = [line.number for line in bill.refunds]
    found = await rows(ABOUT, [sorted(numbers), refunds, since, until])
    ids = [row["case_id"] for row in found]
    orders = await PaymentOrder.filter(case_id__in=ids).order_by("id")
    surplus = await _surplus(ids)
    theirs = {order.id: order for order in orders if order.channel == channel}
    fees = await Fee.filter(case_id__in=ids).order_by("id")
    return Books(
        orders=[
            OurOrder(
                order.number,
                str(order.case_id),
                str(order.fee_id),
                order.status,
                order.amount_fen,
                order.transaction_id,
                order.id in theirs and order.paid_at is not None and since <= order.paid_at < until,
                order.id in surplus,
                order.id not in theirs,
            )
            for order in orders
        ],
        refunds=[
            OurRefund(
                refund.number,
                next(order.number for order in orders if order.id == refund.order_id),
                str(refund.case_id),
                refund.status,
                refund.amount_fen,
                refund.order_id in theirs
                and refund.sent_at is not None
                and since <= refund.sent_at < until - MIDNIGHT,
            )
            for refund in await Refund.filter(case_id__in=ids).order_by("id")
        ],
        fees=[OurFee(str(fee.id), str(fee.case_id), fee.settled_at is not None) for fee in fees],
        cases=await _cases(ids),
    )


async def _surplus(ids: Sequence[UUID]) -> frozenset[UUID]:
    told = PaymentEvent.filter(order__case_id__in=ids, outcome=Outcome.SURPLUS.value)
    return frozenset(event.order_id for event in await told if event.order_id is not None)


async def _cases(ids: Sequence[UUID]) -> Sequence[OurCase]:
    cases = await Case.filter(id__in=ids).order_by("id").select_related("item_version")
    return [
        OurCase(str(case.id), PaymentStatus(case.payment_status), _returns(case)) for case in cases
    ]


def _returns(case: Case) -> bool:
    """Tell whether a case ended so that its item gives the fee back."""
    end = REJECTED if case.decision == REJECTED else case.state.value
    return end in ENDS and end in case.item_version.body["fee"].get("refund_on", ENDS)
