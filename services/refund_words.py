"""What a refund is called when people are told of it: messages, timeline, remarks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.rules.refunds import RefundReason, RefundStatus, Track, yuan

WAY = "原路退回到付款的账户"


@dataclass(frozen=True)
class RefundStep:
    """A step of a refund or a waiver; ``plain`` is its sentence without what an officer wrote."""

    at: datetime
    text: str
    plain: str


def message_of(status: RefundStatus, track: Track, amount_fen: int) -> str | None:
    """Return what to say at a step of a refund, at most 20 characters; None for nothing."""
    amount = yuan(amount_fen)
    if status is RefundStatus.PAID:
        return f"退费{amount}已原路退回"
    if status is RefundStatus.REQUESTED:
        automatic = track is Track.AUTOMATIC
        return f"{amount}将原路退回" if automatic else f"退费{amount}已经申请"
    if status is RefundStatus.FINANCE_APPROVED:
        return f"获准退{amount},原路退回"
    return "退费没有批准,请看理由" if status is RefundStatus.REFUSED else None


def remark_of(refund: Mapping[str, Any]) -> str | None:
    """Return what holds of a refund now, for its payer; None once it is over."""
    status, track = RefundStatus(refund["status"]), Track(refund["track"])
    amount, why = yuan(refund["amount_fen"]), RefundReason(refund["reason"]).zh
    if status is RefundStatus.ABNORMAL:
        return f"{amount}退回时没有成功,工作人员正在处理,不用您重新申请。"
    if status is RefundStatus.REQUESTED and track is Track.ADMINISTRATIVE:
        return f"退费{amount}的申请正在等执收单位核对。"
    if status is RefundStatus.UNIT_APPROVED:
        return f"退费{amount}的申请已经核对,正在等财政部门审批。"
    return None if status.is_over else f"{amount}正在{WAY}({why})。"


def refund_steps(refund: Mapping[str, Any]) -> Iterator[RefundStep]:
    """Yield the steps of a refund; ``times``: asked, checked, approved, refused and arrived."""
    amount, why = yuan(refund["amount_fen"]), RefundReason(refund["reason"]).zh
    if refund["track"] == Track.AUTOMATIC.value:
        asked = f"{why},{amount}由系统自动{WAY}。"
    elif refund["track"] == Track.REISSUED.value:
        asked = f"原来的退款没有退成,{amount}换新单号重新{WAY}。"
    else:
        asked = f"{why},金额{amount},等执收单位核对。"
    said = (
        (asked, ""),
        ("执收单位已经核对退费申请,等财政部门审批。", ""),
        (f"财政部门批准退费,{amount}将{WAY}。", ""),
        ("退费没有批准。", f"理由:{refund['refusal']}"),
        (f"{amount}已经{WAY}。", ""),
    )
    for at, (plain, more) in zip(refund["times"], said, strict=True):
        if at is not None:
            yield RefundStep(datetime.fromisoformat(at), plain + more, plain)
