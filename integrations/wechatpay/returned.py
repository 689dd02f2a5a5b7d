"""The channel's description of a refund, in our words."""

from collections.abc import Mapping
from typing import Any

from integrations.wechatpay.trades import fen_of, moment_of, object_in, required_in, text_in
from services.ports.refunds import ChannelRefund, RefundState

STATES: Mapping[str, RefundState] = {
    "PROCESSING": RefundState.PROCESSING,
    "SUCCESS": RefundState.SUCCESS,
    "CLOSED": RefundState.CLOSED,
    "ABNORMAL": RefundState.ABNORMAL,
}
# The ends that a callback tells of.
EVENTS: Mapping[str, RefundState] = {
    "REFUND.SUCCESS": RefundState.SUCCESS,
    "REFUND.ABNORMAL": RefundState.ABNORMAL,
    "REFUND.CLOSED": RefundState.CLOSED,
}


def read_refund(said: Mapping[str, Any], state: str = "status") -> ChannelRefund:
    """Return the refund; raise ``ValueError`` or ``KeyError`` for what we do not understand.

    ``state`` names the field of its state: a callback has it under another name than an answer.
    """
    amount = object_in(said, "amount")
    back, total = fen_of(amount.get("refund")), fen_of(amount.get("total"))
    if back is None or total is None:
        raise ValueError("amount")
    refund = ChannelRefund(
        number=required_in(said, "out_refund_no"),
        order_number=required_in(said, "out_trade_no"),
        state=STATES[required_in(said, state)],
        amount_fen=back,
        total_fen=total,
        channel_id=required_in(said, "refund_id"),
        transaction_id=required_in(said, "transaction_id"),
        merchant=text_in(said, "mchid"),
        currency=text_in(amount, "currency"),
        settled_at=moment_of(text_in(said, "success_time")),
        receiver=text_in(said, "user_received_account"),
    )
    if refund.state is RefundState.SUCCESS and refund.settled_at is None:
        raise ValueError("arrived, but nobody says when")
    return refund
