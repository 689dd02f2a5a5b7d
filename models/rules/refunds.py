"""Refunds (退费): what is given back when, and where one stands by what the channel has said.

A refund's state is never kept from message to message: it is computed from everything that was
said of it, so copies, late ones and any order of them come to the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.rules.named import Named
from models.rules.states import PaymentStatus, State

# The channel's own limits for one order (微信支付: 退款在支付后一年内, 最多50次部分退款).
MOST_REFUNDS = 50
WITHIN_DAYS = 365


class RefundState(StrEnum):
    """What a pay channel says of a refund; CLOSED and ABNORMAL moved no money."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"
    ABNORMAL = "ABNORMAL"


class RefundStatus(Named):
    """Where a refund is, as citizens and staff see it."""

    REQUESTED = "REQUESTED", "已申请"
    UNIT_APPROVED = "UNIT_APPROVED", "执收单位已核对"
    FINANCE_APPROVED = "FINANCE_APPROVED", "财政部门已批准"
    SENDING = "SENDING", "正在退回"
    SENT = "SENT", "正在退回"
    PAID = "PAID", "已退回"
    REFUSED = "REFUSED", "没有批准"
    ABNORMAL = "ABNORMAL", "退回不成功,正在处理"
    CLOSED = "CLOSED", "没有退成,已换新单号"

    @property
    def is_over(self) -> bool:
        """Nothing more will happen to the money by this refund."""
        return self is RefundStatus.PAID or self.is_void

    @property
    def is_void(self) -> bool:
        """It is over and has moved no money; CLOSED has another in its place."""
        return self in (RefundStatus.REFUSED, RefundStatus.CLOSED)

    @property
    def is_being_decided(self) -> bool:
        return self in (RefundStatus.REQUESTED, RefundStatus.UNIT_APPROVED)


class Track(StrEnum):
    """AUTOMATIC: nobody asks; ADMINISTRATIVE: 执收单位 checks, 财政 approves (rules.md 2.12);
    REISSUED: in the place of one of either that the channel closed."""

    AUTOMATIC = "AUTOMATIC"
    ADMINISTRATIVE = "ADMINISTRATIVE"
    REISSUED = "REISSUED"


class RefundReason(Named):
    """Why money goes back; SURPLUS was never the case's own fee."""

    SURPLUS = "SURPLUS", "重复或者过期的缴费"
    NOT_ACCEPTED = "NOT_ACCEPTED", "申请不予受理"
    REJECTED = "REJECTED", "申请没有获准"
    WITHDRAWN = "WITHDRAWN", "申请已经撤回"
    WITHDRAWN_DEEMED = "WITHDRAWN_DEEMED", "申请按撤回处理"
    TERMINATED = "TERMINATED", "办理已经终止"
    APPLICANT = "APPLICANT", "申请人申请退费"
    STAFF = "STAFF", "工作人员提出退费"
    REMEASURED = "REMEASURED", "重新核定后费用减少"


class RefundOn(StrEnum):
    """Ends of a case at which its item gives the fee back; the words are states of the case."""

    NOT_ACCEPTED = "NOT_ACCEPTED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    WITHDRAWN_DEEMED = "WITHDRAWN_DEEMED"
    TERMINATED = "TERMINATED"


def refund_at(fee: Mapping[str, Any], state: State) -> RefundReason | None:
    """Return why an item's fee goes back when a case comes to this state; None when it does not.

    An item that says nothing gives it back at every end without the result that was paid for: a
    fee needs a basis in law for what it is kept for (行政许可法58, 59).
    """
    if state.value not in {each.value for each in RefundOn}:
        return None
    given_back = fee.get("refund_on", list(RefundOn))
    return RefundReason(state.value) if state.value in given_back else None


# What weighs more was said for good: money that arrived has arrived, whatever was said before.
_WEIGHT: Mapping[RefundState, int] = {
    RefundState.PROCESSING: 0,
    RefundState.CLOSED: 1,
    RefundState.ABNORMAL: 2,
    RefundState.SUCCESS: 3,
}
_STATUS: Mapping[RefundState, RefundStatus] = {
    RefundState.PROCESSING: RefundStatus.SENT,
    RefundState.CLOSED: RefundStatus.ABNORMAL,
    RefundState.ABNORMAL: RefundStatus.ABNORMAL,
    RefundState.SUCCESS: RefundStatus.PAID,
}


def reduce(said: Collection[RefundState]) -> RefundStatus | None:
    """Return where everything that was said of a refund leaves it; None while nothing was."""
    return _STATUS[max(said, key=_WEIGHT.__getitem__)] if said else None


@dataclass(frozen=True)
class Share:
    """A part of an order's money that a refund gives back, or means to."""

    status: RefundStatus
    amount_fen: int


def remaining(paid_fen: int, shares: Sequence[Share]) -> int:
    """Return how much of what was paid no refund has taken yet."""
    taken = sum(each.amount_fen for each in shares if not each.status.is_void)
    return paid_fen - taken


def payment_status(paid_fen: int, shares: Sequence[Share]) -> PaymentStatus:
    """Return what to say of a fee that was paid, by its refunds."""
    if any(not each.status.is_over for each in shares):
        return PaymentStatus.REFUNDING
    back = sum(each.amount_fen for each in shares if each.status is RefundStatus.PAID)
    return PaymentStatus.REFUNDED if back >= paid_fen else PaymentStatus.PAID


def yuan(fen: int) -> str:
    """Return an amount as people read it."""
    return f"{fen // 100}.{fen % 100:02d}元"
