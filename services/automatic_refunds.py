"""Automatic refunds (自动退费): opened in the transaction that finds money with no reason to stay.

That is money that was paid twice or too late, and the fee of a case that ended without what it was
paid for, where its item gives it back. Nobody has to ask; whatever is found twice is opened once.
"""

import secrets
import string
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from models.case import Case
from models.ids import uuid7
from models.payment import PaymentOrder, Refund
from models.rules.calendar import day_of
from models.rules.refunds import RefundReason, RefundStatus, Track, refund_at
from models.rules.states import PaymentStatus
from services.ports import Jobs
from services.refund_shares import left_of, note_on_case, settled_orders

SEND = "refund.send"
TELL_REFUND = "refund.tell"
BY_SYSTEM = "SYSTEM"
OVERTAKEN = "系统已经自动退费,不用再申请。"
DIGITS = string.digits + string.ascii_letters
RANDOM_DIGITS = 24
PAID = (PaymentStatus.PAID.value, PaymentStatus.REFUNDING.value)

log = structlog.get_logger(__name__)


def new_number(now: datetime) -> str:
    """Return the number of a refund (out_refund_no), which nobody can guess."""
    random = "".join(secrets.choice(DIGITS) for _ in range(RANDOM_DIGITS))
    return f"R{day_of(now):%Y%m%d}{random}"


async def give_back_fee(jobs: Jobs, case: Case, fee: Mapping[str, Any], now: datetime) -> None:
    """Give a case's own fee back if it has just come to an end at which its item does so.

    In the transaction of the step, with the case's row held.
    """
    reason = refund_at(fee, case.state)
    if reason is None or case.payment_status not in PAID:
        return
    for order in await settled_orders(case):
        await give_back(jobs, case, order, reason, now)
    await note_on_case(case)


async def give_back(
    jobs: Jobs, case: Case, order: PaymentOrder, reason: RefundReason, now: datetime
) -> Refund | None:
    """Open the one automatic refund of an order over all that is left of it; None when it has one.

    In the caller's transaction, with the case's row held, then the order's. What somebody has
    asked for and nobody has approved yet is answered by it.
    """
    if await Refund.exists(order_id=order.id, track=Track.AUTOMATIC.value):
        return None
    await _overtake(order, now)
    left = await left_of(order)
    if left <= 0:
        return None
    refund = await Refund.create(
        id=uuid7(),
        order_id=order.id,
        case_id=case.id,
        number=new_number(now),
        track=Track.AUTOMATIC.value,
        reason=reason.value,
        amount_fen=left,
        status=RefundStatus.REQUESTED.value,
        requested_by=BY_SYSTEM,
        created_at=now,
    )
    log.info("refund.opened", refund=refund.number, order=order.number, reason=reason.value)
    await enqueue_send(jobs, refund)
    await tell(jobs, refund)
    return refund


async def enqueue_send(jobs: Jobs, refund: Refund, *, again: bool = False) -> None:
    """Have a refund sent to its channel once the transaction has committed."""
    payload = {"number": refund.number, "again": again}
    # Of many presses of "again" one waits.
    key = f"{SEND}:{refund.number}:{'again' if again else 'first'}"
    await jobs.enqueue(SEND, payload, key=key)


async def tell(jobs: Jobs, refund: Refund) -> None:
    """Have the applicant told where a refund stands now."""
    payload = {"number": refund.number, "status": refund.status}
    await jobs.enqueue(TELL_REFUND, payload, key=f"{TELL_REFUND}:{refund.number}:{refund.status}")


async def _overtake(order: PaymentOrder, now: datetime) -> None:
    undecided = [status.value for status in RefundStatus if status.is_being_decided]
    await Refund.filter(order_id=order.id, status__in=undecided).update(
        status=RefundStatus.REFUSED.value,
        refused_by=BY_SYSTEM,
        refused_at=now,
        refusal=OVERTAKEN,
    )
