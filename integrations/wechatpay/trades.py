"""The channel's description of an order, in our words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.ports import ChannelPayment, Settlement

SETTLEMENTS: Mapping[str, Settlement] = {
    "SUCCESS": Settlement.PAID,
    "REFUND": Settlement.REFUNDED,
    "NOTPAY": Settlement.PENDING,
    "USERPAYING": Settlement.PENDING,
    "CLOSED": Settlement.CLOSED,
    "REVOKED": Settlement.CLOSED,
    "PAYERROR": Settlement.FAILED,
}
# Whoever settles an order compares these; a payment without them proves nothing. The payer is
# compared as well, where an order is one person's.
PROOF = ("amount_fen", "currency", "transaction_id", "paid_at")

# No column of ours holds more, and none of the channel's numbers, names and times is longer.
MOST_FEN = 2**31 - 1
MOST_CHARS = 64
NUMBER_CHARS = 32
_TEXT = re.compile("[^\x00-\x1f\x7f\ud800-\udfff]+")


def read_trade(trade: Mapping[str, Any]) -> ChannelPayment:
    """Return the payment; raise ``ValueError`` or ``KeyError`` for what we do not understand."""
    amount, payer = object_in(trade, "amount"), object_in(trade, "payer")
    payment = ChannelPayment(
        number=required_in(trade, "out_trade_no", NUMBER_CHARS),
        settlement=SETTLEMENTS[required_in(trade, "trade_state")],
        merchant=required_in(trade, "mchid"),
        appid=required_in(trade, "appid"),
        amount_fen=fen_of(amount.get("total")),
        currency=text_in(amount, "currency"),
        payer=text_in(payer, "openid"),
        transaction_id=text_in(trade, "transaction_id"),
        paid_at=moment_of(text_in(trade, "success_time")),
    )
    if payment.settlement is Settlement.PAID and None in (getattr(payment, name) for name in PROOF):
        raise ValueError("paid, but incomplete")
    return payment


def object_in(trade: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = trade.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(name)
    return value


def text_in(trade: Mapping[str, Any], name: str, most: int = MOST_CHARS) -> str | None:
    value = trade.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > most or not _TEXT.fullmatch(value):
        raise ValueError(name)
    return value


def required_in(trade: Mapping[str, Any], name: str, most: int = MOST_CHARS) -> str:
    value = text_in(trade, name, most)
    if value is None:
        raise ValueError(name)
    return value


def fen_of(value: object) -> int | None:
    if value is None:
        return None
    # bool is an int, and a float would be yuan.
    if type(value) is not int or not 0 <= value <= MOST_FEN:
        raise ValueError("amount")
    return value


def moment_of(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without zone")
    return at.astimezone(UTC)
