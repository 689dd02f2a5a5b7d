"""财政电子票据 at the treasury: blue for what was paid, red for what of it went back."""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .answers import rfc3339
from .credentials import Credentials
from .notices import REGION, Notices, read_amount, read_number, read_text
from .store import Store
from .treasury import TreasuryRefused

_CHECK = string.digits + string.ascii_lowercase


@dataclass(frozen=True)
class FiscalBill:
    seq: int
    bill_code: str
    bill_number: str
    check_code: str
    order_no: str
    kind: str
    amount_fen: int
    reason: str
    refund_no: str | None
    issued_at: float


@dataclass(frozen=True)
class FiscalBills:
    credentials: Credentials
    store: Store
    notices: Notices
    now: Callable[[], float]

    def issue(self, body: dict[str, Any]) -> FiscalBill:
        """Issue the blue bill of a paid notice, or find it again; raise ``TreasuryRefused``."""
        order_no, amount = read_number(body, "order_no"), read_amount(body, "amount_fen")
        with self.store.transaction():
            notice = self.notices.existing(order_no)
            if notice.state != "PAID":
                raise TreasuryRefused(409, "NOTICE_UNPAID", "没有缴款，不能开票")
            if amount != notice.amount_fen:
                raise TreasuryRefused(409, "AMOUNT_MISMATCH", "开票金额与缴款金额不一致")
            blue = self.blue_of(order_no)
            if blue is None:
                blue = self._insert(order_no, "BLUE", amount, "", None)
        return blue

    def reverse(self, code: str, number: str, body: dict[str, Any]) -> FiscalBill:
        """Issue a red bill, or find it again by its refund; raise ``TreasuryRefused``."""
        refund_no, amount = read_number(body, "refund_no"), read_amount(body, "amount_fen")
        reason = read_text(body, "reason", 100)
        with self.store.transaction():
            blue = self.existing(code, number)
            if blue.kind != "BLUE":
                raise TreasuryRefused(409, "BILL_NOT_BLUE", "只能冲红蓝字票据")
            row = self.store.one("SELECT * FROM fiscal_bills WHERE refund_no = ?", refund_no)
            if row is None:
                self._check_left(blue, amount)
                return self._insert(blue.order_no, "RED", amount, reason, refund_no)
            red = FiscalBill(**dict(row))
            if (red.order_no, red.amount_fen) != (blue.order_no, amount):
                raise TreasuryRefused(409, "REFUND_REUSED", "同一退付编号的内容与原请求不一致")
        return red

    def blue_of(self, order_no: str) -> FiscalBill | None:
        row = self.store.one(
            "SELECT * FROM fiscal_bills WHERE order_no = ? AND kind = 'BLUE'", order_no
        )
        return None if row is None else FiscalBill(**dict(row))

    def existing(self, code: str, number: str) -> FiscalBill:
        row = self.store.one(
            "SELECT * FROM fiscal_bills WHERE bill_code = ? AND bill_number = ?", code, number
        )
        if row is None:
            raise TreasuryRefused(404, "BILL_NOT_EXIST", "没有这张票据")
        return FiscalBill(**dict(row))

    def all(self) -> list[FiscalBill]:
        rows = self.store.all("SELECT * FROM fiscal_bills ORDER BY seq DESC")
        return [FiscalBill(**dict(row)) for row in rows]

    def describe(self, bill: FiscalBill, base: str) -> dict[str, Any]:
        """Return the bill as answers show it; ``base`` is where people find the platform."""
        said: dict[str, Any] = {
            "unit_code": self.credentials.nontax_unit,
            "order_no": bill.order_no,
            "kind": bill.kind,
            "bill_code": bill.bill_code,
            "bill_number": bill.bill_number,
            "check_code": bill.check_code,
            "amount_fen": bill.amount_fen,
            "issued_at": rfc3339(bill.issued_at),
            "url": f"{base}/nontax/bills/{bill.bill_code}/{bill.bill_number}/{bill.check_code}",
        }
        blue = self.blue_of(bill.order_no)
        if bill.kind == "RED" and blue is not None:
            said["refund_no"] = bill.refund_no
            said["blue"] = {"bill_code": blue.bill_code, "bill_number": blue.bill_number}
        return said

    def _check_left(self, blue: FiscalBill, amount: int) -> None:
        reversed_fen = self.store.number(
            "SELECT coalesce(sum(amount_fen), 0) FROM fiscal_bills"
            " WHERE order_no = ? AND kind = 'RED'",
            blue.order_no,
        )
        if reversed_fen + amount > blue.amount_fen:
            raise TreasuryRefused(409, "AMOUNT_EXCEEDED", "冲红金额超过原票据金额")

    def _insert(
        self, order_no: str, kind: str, amount: int, reason: str, refund_no: str | None
    ) -> FiscalBill:
        seq = 1 + (self.store.number("SELECT max(seq) FROM fiscal_bills") or 0)
        check = "".join(secrets.choice(_CHECK) for _ in range(6))
        bill = FiscalBill(
            seq, f"{REGION}01", f"{seq:010d}", check, order_no, kind, amount, reason, refund_no,
            self.now(),
        )  # fmt: skip
        self.store.run(
            "INSERT INTO fiscal_bills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *vars(bill).values(),
        )
        return bill
