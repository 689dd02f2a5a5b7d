"""The wire format of the treasury's platform, as this project ASSUMES it.

Each province gives out its own interface on joining (接口规范), none of them is published. So
paths, names and words of ours stand in this one module and in ``signing.py``; whoever joins a real
platform rewrites these two and keeps the rest. What is known of all of them is kept: a 缴款码 of
20 digits, 财政电子票据 with a 票据代码 of 8 and a 票据号码 of 10 digits (财政票据管理办法, 财综
〔2018〕72号) and a 校验码. That the 校验码 has six of 0-9a-z is this project's assumption.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.ports import ChannelPayment, Settlement
from services.ports.fiscal import BillKind, IssuedBill
from services.ports.refunds import ChannelRefund, RefundState

BASE = "/nontax/v1"
NOTICES, BILLS, REFUNDS = f"{BASE}/notices", f"{BASE}/bills", f"{BASE}/refunds"
CASHIER, BILL_PAGE = "/nontax/cashier/", "/nontax/bills/"
CURRENCY = "CNY"
# What a column of ours can hold, 21 million yuan.
MOST_FEN = 2**31 - 1
# A notice of which money went back stays one that was paid.
SETTLEMENTS: Mapping[str, Settlement] = {
    "UNPAID": Settlement.PENDING,
    "PAID": Settlement.PAID,
    "CANCELLED": Settlement.CLOSED,
    "EXPIRED": Settlement.CLOSED,
}
STATES: Mapping[str, RefundState] = {
    "PROCESSING": RefundState.PROCESSING,
    "SUCCESS": RefundState.SUCCESS,
    # It moved no money, and somebody has to look: the payer's account took none.
    "FAILED": RefundState.ABNORMAL,
}
PAID = "NOTICE.PAID"
# The ends that a callback tells of.
RETURNS: Mapping[str, str] = {"REFUND.SUCCESS": "SUCCESS", "REFUND.FAILED": "FAILED"}
_NOTICE = re.compile(r"[0-9]{20}")
_CODE = re.compile(r"[0-9]{8}")
_NUMBER = re.compile(r"[0-9]{10}")
_CHECK = re.compile(r"[0-9a-z]{6}")
_ID = re.compile(r"[!-~]{1,64}")


def read_notice(said: Mapping[str, Any], unit: str) -> str:
    """Return the 缴款码 of a notice of ours; raise ``ValueError``."""
    _expect(said, unit_code=unit)
    return _matching(said, "notice_code", _NOTICE)


def read_payment(said: Mapping[str, Any], unit: str) -> ChannelPayment:
    """Return what the platform knows of a notice; raise ``ValueError`` or ``KeyError``.

    A payer is never named: anybody with the 缴款码 may pay, at any bank.
    """
    read_notice(said, unit)
    payment = ChannelPayment(
        number=_matching(said, "order_no", _ID),
        settlement=SETTLEMENTS[_text(said, "state")],
        merchant=unit,
        appid="",
        amount_fen=_fen(said, "amount_fen"),
        currency=_text(said, "currency"),
        transaction_id=None if said.get("flow_no") is None else _matching(said, "flow_no", _ID),
        paid_at=None if said.get("paid_at") is None else _moment(said, "paid_at"),
    )
    whole = payment.transaction_id is not None and payment.paid_at is not None
    if payment.settlement is Settlement.PAID and not whole:
        raise ValueError("paid, but incomplete")
    return payment


def read_refund(said: Mapping[str, Any], unit: str) -> ChannelRefund:
    """Return what the platform says of a 退付; raise ``ValueError`` or ``KeyError``."""
    _expect(said, unit_code=unit)
    state = STATES[_text(said, "state")]
    arrived = state is RefundState.SUCCESS
    return ChannelRefund(
        number=_matching(said, "refund_no", _ID),
        order_number=_matching(said, "order_no", _ID),
        state=state,
        amount_fen=_fen(said, "amount_fen"),
        total_fen=_fen(said, "total_fen"),
        channel_id=_matching(said, "refund_id", _ID),
        transaction_id=_matching(said, "flow_no", _ID),
        currency=_text(said, "currency"),
        settled_at=_moment(said, "settled_at") if arrived else None,
    )


def read_bill(said: Mapping[str, Any], unit: str, public_base: str) -> IssuedBill:
    """Return an electronic bill; raise ``ValueError`` or ``KeyError``.

    Its page is shown to people, so it has to be one of the platform's own.
    """
    _expect(said, unit_code=unit)
    url = _text(said, "url")
    if not url.startswith(f"{public_base}{BILL_PAGE}") or not _plain(url):
        raise ValueError("url")
    kind, blue = BillKind(_text(said, "kind")), said.get("blue")
    if (kind is BillKind.RED) is (blue is None):
        raise ValueError("a red bill names a blue one, a blue bill none")
    return IssuedBill(
        kind=kind,
        order_number=_matching(said, "order_no", _ID),
        code=_matching(said, "bill_code", _CODE),
        number=_matching(said, "bill_number", _NUMBER),
        check_code=_matching(said, "check_code", _CHECK),
        amount_fen=_fen(said, "amount_fen"),
        issued_at=_moment(said, "issued_at"),
        url=url,
        blue=None if blue is None else _named(object_in(said, "blue")),
        refund_number=None if kind is BillKind.BLUE else _matching(said, "refund_no", _ID),
    )


def _named(bill: Mapping[str, Any]) -> tuple[str, str]:
    return _matching(bill, "bill_code", _CODE), _matching(bill, "bill_number", _NUMBER)


def read_id(said: Mapping[str, Any]) -> str:
    """Return the platform's number of what it tells; raise ``ValueError``."""
    return _matching(said, "id", _ID)


def object_in(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = said.get(name)
    if not isinstance(value, dict):
        raise ValueError(name)
    return value


def _expect(said: Mapping[str, Any], **values: str) -> None:
    for name, value in values.items():
        if said.get(name) != value:
            raise ValueError(name)


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _matching(said: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = _text(said, name)
    if pattern.fullmatch(value) is None:
        raise ValueError(name)
    return value


def _fen(said: Mapping[str, Any], name: str) -> int:
    value = said.get(name)
    # bool is an int, and a float would be yuan.
    if type(value) is not int or not 0 < value <= MOST_FEN:
        raise ValueError(name)
    return value


def _moment(said: Mapping[str, Any], name: str) -> datetime:
    at = datetime.fromisoformat(_text(said, name))
    if at.tzinfo is None or not 2000 <= at.year <= 9000:
        raise ValueError("a time without zone, or out of this world")
    return at.astimezone(UTC)


def _plain(url: str) -> bool:
    return all("!" <= char <= "~" for char in url) and len(url) <= 300 and ".." not in url
