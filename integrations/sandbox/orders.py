"""Orders of the pay channel: opened by the merchant, paid on the phone."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from .answers import dump, rfc3339, utc_date
from .callbacks import Callbacks
from .credentials import Credentials
from .paysign import PaySigner
from .prepay import MWEB, PayRefused, Wanted, expiry
from .store import Store

_PREPAY_LIFE = 7200.0
_H5_LIFE = 300.0
_STATE_TEXT = {
    "NOTPAY": "订单未支付",
    "SUCCESS": "支付成功",
    "CLOSED": "订单已关闭",
    "REFUND": "转入退款",
}
# A refunded order stays one that was paid.
PAID = ("SUCCESS", "REFUND")


class CannotPay(Exception):
    """The phone cannot pay this now; the text is for the person."""


@dataclass(frozen=True)
class Order:
    out_trade_no: str
    openid: str
    description: str
    attach: str
    notify_url: str
    amount_fen: int
    expires_at: float
    asked_expiry: str
    state: str
    created_at: float
    transaction_id: str | None
    paid_at: float | None
    trade_type: str
    appid: str

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            self.trade_type,
            self.appid,
            self.out_trade_no,
            self.openid,
            self.description,
            self.attach,
            self.notify_url,
            self.amount_fen,
            self.asked_expiry,
        )


@dataclass(frozen=True)
class Payment:
    """How a phone pays, and what becomes of the callback; ``openid`` is whose phone it is."""

    openid: str
    copies: int = 1
    deliver: bool = True
    signtest: bool = False


@dataclass(frozen=True)
class Orders:
    credentials: Credentials
    store: Store
    signer: PaySigner
    callbacks: Callbacks
    now: Callable[[], float]

    def open(self, wanted: Wanted) -> str:
        """Open the order, or find it again, and return a new prepay id; raise ``PayRefused``."""
        now = self.now()
        with self.store.transaction():
            known = self.find(wanted.out_trade_no)
            if known is None:
                self._insert(wanted, expiry(wanted, now), now)
            else:
                _check_again(known, wanted)
            prepay_id = f"wxsandbox{secrets.token_hex(13)}"
            self.store.run(
                "INSERT INTO prepays VALUES (?, ?, ?, NULL)", prepay_id, wanted.out_trade_no, now
            )
        return prepay_id

    def find(self, out_trade_no: str) -> Order | None:
        row = self.store.one("SELECT * FROM orders WHERE out_trade_no = ?", out_trade_no)
        return self._order(row)

    def find_transaction(self, transaction_id: str) -> Order | None:
        row = self.store.one("SELECT * FROM orders WHERE transaction_id = ?", transaction_id)
        return self._order(row)

    def find_prepay(self, prepay_id: str) -> tuple[Order, float] | None:
        """Return the order of a prepay id, and when that id was given out."""
        row = self.store.one("SELECT * FROM prepays WHERE prepay_id = ?", prepay_id)
        order = None if row is None else self.find(row["out_trade_no"])
        return None if row is None or order is None else (order, row["created_at"])

    def close(self, order: Order) -> None:
        """Close an unpaid order; closing it again changes nothing. Raise ``PayRefused``."""
        if order.state in PAID:
            raise PayRefused(400, "INVALID_REQUEST", "该订单已支付，请查询订单")
        self.store.run(
            "UPDATE orders SET state = 'CLOSED' WHERE out_trade_no = ? AND state = 'NOTPAY'",
            order.out_trade_no,
        )

    def pay(self, prepay_id: str, payment: Payment) -> tuple[str, list[int]]:
        """Settle; return the transaction id and the numbers of the callbacks that were queued.

        Raise ``CannotPay``.
        """
        now = self.now()
        with self.store.transaction():
            order = self._payable(prepay_id, payment.openid)
            digits = f"{secrets.randbelow(10**12):012d}"
            transaction_id = f"wxsandbox{utc_date(now).replace('-', '')}{digits}"
            self.store.run(
                "UPDATE orders SET state = 'SUCCESS', transaction_id = ?, paid_at = ?, openid = ?"
                " WHERE out_trade_no = ?",
                transaction_id,
                now,
                payment.openid,
                order.out_trade_no,
            )
            queued = self._queue(order.out_trade_no, payment)
        self.callbacks.wake()
        return transaction_id, queued

    def note_refund(self, order: Order) -> None:
        """Show a paid order as one of which money goes back, whatever part and whatever its end."""
        self.store.run(
            "UPDATE orders SET state = 'REFUND' WHERE out_trade_no = ? AND state = 'SUCCESS'",
            order.out_trade_no,
        )

    def cancel(self, prepay_id: str) -> None:
        """Close the cashier. The order stays unpaid and the same prepay id opens it again."""
        self.store.run(
            "UPDATE prepays SET cancelled_at = ? WHERE prepay_id = ?", self.now(), prepay_id
        )

    def is_payable(self, trade_type: str, expires_at: float, given_at: float) -> bool:
        """Say whether an order (time_expire) and its prepay id (2 h; H5's 5 min) are good still."""
        life = _H5_LIFE if trade_type == MWEB else _PREPAY_LIFE
        return self.now() < expires_at and self.now() - given_at <= life

    def describe(self, order: Order) -> dict[str, Any]:
        """Return the transaction as queries and callbacks show it."""
        transaction: dict[str, Any] = {
            "appid": order.appid,
            "mchid": self.credentials.merchant_id,
            "out_trade_no": order.out_trade_no,
            "trade_state": order.state,
            "trade_state_desc": _STATE_TEXT[order.state],
            "attach": order.attach,
            "amount": {
                "total": order.amount_fen,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }
        if order.openid:
            transaction["payer"] = {"openid": order.openid}
        if order.transaction_id is not None and order.paid_at is not None:
            transaction["amount"]["payer_total"] = order.amount_fen
            transaction |= {
                "transaction_id": order.transaction_id,
                "trade_type": order.trade_type,
                "bank_type": "OTHERS",
                "success_time": rfc3339(order.paid_at),
            }
        return transaction

    def _order(self, row: Row | None) -> Order | None:
        # What an older sandbox kept was all of the mini-program.
        ours = {} if row is None or row["appid"] else {"appid": self.credentials.appid}
        return None if row is None else Order(**dict(row) | ours)

    def _insert(self, wanted: Wanted, expires_at: float, now: float) -> None:
        self.store.run(
            "INSERT INTO orders (out_trade_no, openid, description, attach, notify_url,"
            " amount_fen, asked_expiry, expires_at, state, created_at, trade_type, appid)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'NOTPAY', ?, ?, ?)",
            wanted.out_trade_no,
            wanted.openid,
            wanted.description,
            wanted.attach,
            wanted.notify_url,
            wanted.amount_fen,
            wanted.asked_expiry,
            expires_at,
            now,
            wanted.trade_type,
            wanted.appid,
        )

    def _payable(self, prepay_id: str, openid: str) -> Order:
        found = self.find_prepay(prepay_id)
        if found is None:
            raise CannotPay("没有这张订单")
        order, given_at = found
        if order.openid not in ("", openid):
            raise CannotPay("这张订单不是这部手机的")
        if order.state in PAID:
            raise CannotPay("这张订单已支付")
        if order.state == "CLOSED":
            raise CannotPay("这张订单已关闭")
        if not self.is_payable(order.trade_type, order.expires_at, given_at):
            raise CannotPay("这张订单已过期")
        return order

    def _queue(self, out_trade_no: str, payment: Payment) -> list[int]:
        order = self.find(out_trade_no)
        if order is None:
            raise LookupError(out_trade_no)
        number = f"wxsandbox{secrets.token_hex(13)}"
        body = self._notification(number, order)
        queued = []
        if payment.signtest:
            queued.append(self.callbacks.add(number, "signtest", order.notify_url, body))
        # Real duplicates come about a second apart; the time scale shortens that too.
        first = 1 if payment.signtest else 0
        queued += [
            self.callbacks.add(
                number,
                "wechatpay",
                order.notify_url,
                body,
                after=float(first + copy),
                held=not payment.deliver,
            )
            for copy in range(payment.copies)
        ]
        return queued

    def _notification(self, number: str, order: Order) -> bytes:
        return dump(
            {
                "id": number,
                "create_time": rfc3339(self.now()),
                "resource_type": "encrypt-resource",
                "event_type": "TRANSACTION.SUCCESS",
                "summary": "支付成功",
                "resource": self.signer.seal(dump(self.describe(order)), "transaction"),
            }
        )


def _check_again(known: Order, wanted: Wanted) -> None:
    if known.state in PAID:
        raise PayRefused(403, "OUT_TRADE_NO_USED", "商户订单号重复")
    if known.state == "CLOSED":
        raise PayRefused(400, "INVALID_REQUEST", "订单已关闭，请用新的商户订单号下单")
    if known.wanted != wanted:
        raise PayRefused(400, "INVALID_REQUEST", "请求重入时，参数应与原请求一致")
