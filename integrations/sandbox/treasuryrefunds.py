"""退付 at the treasury: applied for by the unit, paid out after a while."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .answers import dump, rfc3339, utc_date
from .callbacks import Callbacks
from .credentials import Credentials
from .notices import Notice, Notices, read_amount, read_notify_url, read_number, read_text
from .store import Store
from .treasury import TreasuryRefused

# Unscaled seconds until the money has arrived; a real treasury takes days.
SETTLES_AFTER = 60.0
ENDS = ("SUCCESS", "FAILED")


@dataclass(frozen=True)
class TreasuryRefund:
    """``ends_as`` at ``settles_at``, unless somebody settles it otherwise before."""

    refund_no: str
    refund_id: str
    order_no: str
    wanted: str
    amount_fen: int
    ends_as: str
    created_at: float
    settles_at: float
    callback: int | None


@dataclass(frozen=True)
class TreasuryRefunds:
    credentials: Credentials
    store: Store
    notices: Notices
    callbacks: Callbacks
    now: Callable[[], float]

    def ask(self, body: dict[str, Any]) -> TreasuryRefund:
        """Take a 退付 in, or find it again by its number; raise ``TreasuryRefused``."""
        wanted = _wanted(body)
        with self.store.transaction():
            notice = self.notices.existing(wanted["order_no"])
            known = self.find(wanted["refund_no"])
            if known is None:
                self._check(wanted, notice)
                self._insert(wanted)
            elif json.loads(known.wanted) != wanted:
                raise TreasuryRefused(409, "REFUND_REUSED", "同一退付编号的内容与原请求不一致")
        self.callbacks.wake()
        return self.existing(wanted["refund_no"])

    def find(self, number: str) -> TreasuryRefund | None:
        row = self.store.one("SELECT * FROM treasury_refunds WHERE refund_no = ?", number)
        return None if row is None else TreasuryRefund(**dict(row))

    def existing(self, number: str) -> TreasuryRefund:
        refund = self.find(number)
        if refund is None:
            raise TreasuryRefused(404, "REFUND_NOT_EXIST", "没有这笔退付")
        return refund

    def all(self) -> list[TreasuryRefund]:
        rows = self.store.all("SELECT * FROM treasury_refunds ORDER BY created_at DESC")
        return [TreasuryRefund(**dict(row)) for row in rows]

    def settle(self, number: str, end: str) -> bool:
        """End a 退付 now, or anew when it brought no money; False when there is none.

        Raise ``ValueError`` for one whose money has arrived.
        """
        with self.store.transaction():
            refund = self.find(number)
            if refund is None:
                return False
            if self.state(refund) == "SUCCESS":
                raise ValueError("这笔退付已经到账")
            self.store.run(
                "UPDATE callbacks SET state = 'HELD' WHERE seq = ? AND state = 'PENDING'",
                refund.callback,
            )
            self.store.run(
                "UPDATE treasury_refunds SET ends_as = ?, settles_at = ? WHERE refund_no = ?",
                end,
                self.now(),
                number,
            )
            self._queue(self.existing(number), 0)
        self.callbacks.wake()
        return True

    def state(self, refund: TreasuryRefund) -> str:
        return refund.ends_as if self.now() >= refund.settles_at else "PROCESSING"

    def describe(self, refund: TreasuryRefund, state: str | None = None) -> dict[str, Any]:
        """Return the 退付 as answers show it; callbacks show the ``state`` they tell of."""
        notice = self.notices.existing(refund.order_no)
        said: dict[str, Any] = {
            "unit_code": self.credentials.nontax_unit,
            "refund_no": refund.refund_no,
            "refund_id": refund.refund_id,
            "order_no": refund.order_no,
            "flow_no": notice.flow_no,
            "amount_fen": refund.amount_fen,
            "total_fen": notice.amount_fen,
            "currency": "CNY",
            "state": state or self.state(refund),
        }
        if said["state"] == "SUCCESS":
            said["settled_at"] = rfc3339(refund.settles_at)
        return said

    def _check(self, wanted: dict[str, Any], notice: Notice) -> None:
        if notice.state != "PAID":
            raise TreasuryRefused(409, "NOTICE_UNPAID", "没有缴款，不能退付")
        if wanted["total_fen"] != notice.amount_fen:
            raise TreasuryRefused(409, "AMOUNT_MISMATCH", "金额与缴款通知书不一致")
        asked = self.store.number(
            "SELECT coalesce(sum(amount_fen), 0) FROM treasury_refunds WHERE order_no = ?",
            notice.order_no,
        )
        if asked + wanted["amount_fen"] > notice.amount_fen:
            raise TreasuryRefused(409, "AMOUNT_EXCEEDED", "退付金额超过缴款金额")

    def _insert(self, wanted: dict[str, Any]) -> None:
        now, digits = self.now(), f"{secrets.randbelow(10**12):012d}"
        refund = TreasuryRefund(
            wanted["refund_no"],
            f"wxsandboxT{utc_date(now).replace('-', '')}{digits}",
            wanted["order_no"],
            dump(wanted).decode(),
            wanted["amount_fen"],
            "SUCCESS",
            now,
            now + SETTLES_AFTER * self.callbacks.time_scale,
            None,
        )
        self.store.run(
            "INSERT INTO treasury_refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *vars(refund).values(),
        )
        self._queue(refund, SETTLES_AFTER)

    def _queue(self, refund: TreasuryRefund, after: float) -> None:
        """Queue the callback of the end, which is told when it is there."""
        number, url = f"wxsandbox{secrets.token_hex(13)}", json.loads(refund.wanted)["notify_url"]
        said = self.describe(refund, refund.ends_as)
        told = {"id": number, "event": f"REFUND.{refund.ends_as}", "refund": said}
        seq = self.callbacks.add(number, "nontax", url, dump(told), after=after)
        self.store.run(
            "UPDATE treasury_refunds SET callback = ? WHERE refund_no = ?", seq, refund.refund_no
        )


def _wanted(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "refund_no": read_number(body, "refund_no"),
        "order_no": read_number(body, "order_no"),
        "amount_fen": read_amount(body, "amount_fen"),
        "total_fen": read_amount(body, "total_fen"),
        "reason": read_text(body, "reason", 100),
        "notify_url": read_notify_url(body),
    }
