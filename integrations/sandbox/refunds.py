"""Refunds of the pay channel: asked for by the merchant, settled after a while."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .answers import dump, rfc3339, utc_date
from .callbacks import Callbacks
from .credentials import Credentials
from .loopback import is_loopback_url
from .orders import Order, Orders
from .paysign import PaySigner
from .prepay import PayRefused, param_error, read_object, read_text
from .store import Store

# Unscaled seconds until the money has arrived; the real channel takes minutes to days.
SETTLES_AFTER = 60.0
_YEAR = 365 * 86400.0
_MOST = 50
_APART = 60.0
ENDS = ("SUCCESS", "ABNORMAL", "CLOSED")


@dataclass(frozen=True)
class WantedRefund:
    """What the merchant asks for. Equal wishes for one number are the same refund."""

    out_refund_no: str
    out_trade_no: str
    reason: str
    notify_url: str
    amount_fen: int


@dataclass(frozen=True)
class Refund:
    """``ends_as`` at ``settles_at``, unless somebody on the phone settles it otherwise before."""

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    reason: str
    notify_url: str
    amount_fen: int
    ends_as: str
    created_at: float
    settles_at: float
    callback: int | None

    @property
    def wanted(self) -> WantedRefund:
        return WantedRefund(
            self.out_refund_no, self.out_trade_no, self.reason, self.notify_url, self.amount_fen
        )


@dataclass(frozen=True)
class Refunds:
    credentials: Credentials
    store: Store
    signer: PaySigner
    orders: Orders
    callbacks: Callbacks
    now: Callable[[], float]

    def ask(self, body: dict[str, Any]) -> Refund:
        """Take a refund in, or find it again by its number; raise ``PayRefused``."""
        with self.store.transaction():
            order = self._order(body)
            wanted = _wanted(body, order)
            known = self.find(wanted.out_refund_no)
            if known is None:
                self._check(wanted, order)
                self._insert(wanted, order)
            elif known.wanted != wanted:
                raise PayRefused(400, "INVALID_REQUEST", "请求重入时，参数应与原请求一致")
            refund = self._existing(wanted.out_refund_no)
        self.callbacks.wake()
        return refund

    def find(self, number: str) -> Refund | None:
        row = self.store.one("SELECT * FROM refunds WHERE out_refund_no = ?", number)
        return None if row is None else Refund(**dict(row))

    def all(self, openid: str | None = None) -> list[dict[str, Any]]:
        """Return what was asked for, the newest first; with ``openid`` of one payer."""
        rows = self.store.all(
            "SELECT r.* FROM refunds r JOIN orders o USING (out_trade_no)"
            " WHERE o.openid = coalesce(?, o.openid) ORDER BY r.created_at DESC",
            openid,
        )
        return [self._shown(Refund(**dict(row))) for row in rows]

    def settle(self, number: str, end: str) -> bool:
        """End a refund now, or end anew one that brought no money; False when there is none.

        Raise ``ValueError`` for one whose money has arrived.
        """
        with self.store.transaction():
            refund = self.find(number)
            if refund is None:
                return False
            if self.state(refund) == "SUCCESS":
                raise ValueError("这笔退款已经到账")
            self.store.run(
                "UPDATE callbacks SET state = 'HELD' WHERE seq = ? AND state = 'PENDING'",
                refund.callback,
            )
            self.store.run(
                "UPDATE refunds SET ends_as = ?, settles_at = ? WHERE out_refund_no = ?",
                end,
                self.now(),
                number,
            )
            self._queue(self._existing(number), 0)
        self.callbacks.wake()
        return True

    def freeze(self, openid: str, *, frozen: bool) -> None:
        """Let the account to which a payer's money would go back take none, or take it again."""
        if frozen:
            self.store.run("INSERT OR IGNORE INTO frozen VALUES (?)", openid)
        else:
            self.store.run("DELETE FROM frozen WHERE openid = ?", openid)

    def state(self, refund: Refund) -> str:
        return refund.ends_as if self.now() >= refund.settles_at else "PROCESSING"

    def describe(self, refund: Refund) -> dict[str, Any]:
        """Return the refund as answers show it."""
        order = self._paid(refund)
        said: dict[str, Any] = {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.out_refund_no,
            "transaction_id": order.transaction_id,
            "out_trade_no": refund.out_trade_no,
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": rfc3339(refund.created_at),
            "status": self.state(refund),
            "funds_account": "AVAILABLE",
            "amount": {
                "total": order.amount_fen,
                "refund": refund.amount_fen,
                "payer_total": order.amount_fen,
                "payer_refund": refund.amount_fen,
                "settlement_refund": refund.amount_fen,
                "settlement_total": order.amount_fen,
                "discount_refund": 0,
                "currency": "CNY",
            },
        }
        if said["status"] == "SUCCESS":
            said["success_time"] = rfc3339(refund.settles_at)
        return said

    def _shown(self, refund: Refund) -> dict[str, Any]:
        names = ("out_refund_no", "refund_id", "out_trade_no", "amount_fen", "reason")
        return {name: getattr(refund, name) for name in names} | {"status": self.state(refund)}

    def _order(self, body: dict[str, Any]) -> Order:
        if "transaction_id" in body:
            order = self.orders.find_transaction(read_text(body, "transaction_id", 32))
        else:
            order = self.orders.find(read_text(body, "out_trade_no", 32))
        if order is None or order.paid_at is None:
            raise PayRefused(404, "RESOURCE_NOT_EXISTS", "订单不存在")
        return order

    def _check(self, wanted: WantedRefund, order: Order) -> None:
        """Keep the channel's limits: all parts together, how many, how fast, how late."""
        [row] = self.store.all(
            "SELECT count(*) AS n, coalesce(sum(amount_fen), 0) AS fen, max(created_at) AS last"
            " FROM refunds WHERE out_trade_no = ? AND ends_as <> 'CLOSED'",
            order.out_trade_no,
        )
        if row["fen"] + wanted.amount_fen > order.amount_fen:
            raise PayRefused(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致")
        if row["n"] >= _MOST:
            raise PayRefused(400, "INVALID_REQUEST", "一笔订单最多部分退款50次")
        if self.now() - (order.paid_at or 0) > _YEAR:
            raise PayRefused(403, "USER_ACCOUNT_ABNORMAL", "订单已超过可退款期限")
        since = self.now() - (row["last"] or 0)
        if since < _APART * self.callbacks.time_scale:
            raise PayRefused(429, "FREQUENCY_LIMITED", "频率超限，请间隔1分钟后再试")

    def _insert(self, wanted: WantedRefund, order: Order) -> None:
        now, digits = self.now(), f"{secrets.randbelow(10**12):012d}"
        stuck = self.store.one("SELECT 1 FROM frozen WHERE openid = ?", order.openid)
        refund = Refund(
            wanted.out_refund_no,
            f"wxsandbox5{utc_date(now).replace('-', '')}{digits}",
            order.out_trade_no,
            wanted.reason,
            wanted.notify_url,
            wanted.amount_fen,
            "SUCCESS" if stuck is None else "ABNORMAL",
            now,
            now + SETTLES_AFTER * self.callbacks.time_scale,
            None,
        )
        self.store.run(
            "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *vars(refund).values()
        )
        self.orders.note_refund(order)
        self._queue(refund, SETTLES_AFTER)

    def _queue(self, refund: Refund, after: float) -> None:
        """Queue the callback of the refund's end, which is told when it is there."""
        if not refund.notify_url:
            return
        number = f"wxsandbox{secrets.token_hex(13)}"
        body = self._notification(number, refund)
        seq = self.callbacks.add(number, "refund", refund.notify_url, body, after=after)
        self.store.run(
            "UPDATE refunds SET callback = ? WHERE out_refund_no = ?", seq, refund.out_refund_no
        )

    def _notification(self, number: str, refund: Refund) -> bytes:
        order = self._paid(refund)
        said: dict[str, Any] = {
            "mchid": self.credentials.merchant_id,
            "transaction_id": order.transaction_id,
            "out_trade_no": refund.out_trade_no,
            "refund_id": refund.refund_id,
            "out_refund_no": refund.out_refund_no,
            "refund_status": refund.ends_as,
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": order.amount_fen,
                "refund": refund.amount_fen,
                "payer_total": order.amount_fen,
                "payer_refund": refund.amount_fen,
            },
        }
        if refund.ends_as == "SUCCESS":
            said["success_time"] = rfc3339(refund.settles_at)
        return dump(
            {
                "id": number,
                "create_time": rfc3339(refund.settles_at),
                "resource_type": "encrypt-resource",
                "event_type": f"REFUND.{refund.ends_as}",
                "summary": {"SUCCESS": "退款成功", "ABNORMAL": "退款异常"}.get(
                    refund.ends_as, "退款关闭"
                ),
                "resource": self.signer.seal(dump(said), "refund"),
            }
        )

    def _existing(self, number: str) -> Refund:
        refund = self.find(number)
        if refund is None:
            raise LookupError(number)
        return refund

    def _paid(self, refund: Refund) -> Order:
        order = self.orders.find(refund.out_trade_no)
        if order is None:
            raise LookupError(refund.out_trade_no)
        return order


def _wanted(body: dict[str, Any], order: Order) -> WantedRefund:
    amount = read_object(body, "amount")
    back, total = amount.get("refund"), amount.get("total")
    if type(back) is not int or back < 1:
        raise param_error("参数 amount.refund 应为正整数，单位分")
    if total != order.amount_fen or amount.get("currency") != "CNY":
        raise param_error("参数 amount 与原订单不一致")
    notify_url = read_text(body, "notify_url", 256, required=False)
    if notify_url and not is_loopback_url(notify_url):
        raise param_error("参数 notify_url 应为本机地址，且不带参数")
    return WantedRefund(
        out_refund_no=read_text(body, "out_refund_no", 64),
        out_trade_no=order.out_trade_no,
        reason=read_text(body, "reason", 80, required=False),
        notify_url=notify_url,
        amount_fen=back,
    )
