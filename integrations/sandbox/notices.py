"""缴款通知书 at the treasury: issued by a unit, paid by anybody who has the 缴款码."""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .answers import dump, rfc3339, utc_date
from .callbacks import Callbacks
from .credentials import Credentials
from .loopback import is_loopback_url
from .orders import CannotPay
from .store import Store
from .treasury import TreasuryRefused

# 行政区划 of the test county, as every number of this sandbox that has to be digits begins.
REGION = "511499"
_MOST_FEN = 10_000_000_000
_TEXTS = {"item_name": 100, "payer_name": 100, "case_no": 64, "revenue_code": 32}


@dataclass(frozen=True)
class Notice:
    """``wanted`` is what the unit asked for, as JSON; equal wishes are the same notice."""

    order_no: str
    notice_code: str
    wanted: str
    amount_fen: int
    expires_at: float
    state: str
    created_at: float
    flow_no: str | None
    paid_at: float | None

    @property
    def asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = json.loads(self.wanted)
        return asked


@dataclass(frozen=True)
class Cash:
    """How a notice is paid; ``late`` is a bank's entry that began before the notice ended."""

    copies: int = 1
    deliver: bool = True
    late: bool = False


@dataclass(frozen=True)
class Notices:
    credentials: Credentials
    store: Store
    callbacks: Callbacks
    now: Callable[[], float]

    def issue(self, body: dict[str, Any]) -> Notice:
        """Issue a notice, or find it again by its order; raise ``TreasuryRefused``."""
        wanted, expires_at = _wanted(body)
        with self.store.transaction():
            known = self.find(wanted["order_no"])
            if known is None:
                self._insert(wanted, expires_at)
            elif known.asked != wanted:
                raise TreasuryRefused(409, "ORDER_REUSED", "同一订单号的内容与原请求不一致")
            elif known.state != "UNPAID":
                raise TreasuryRefused(409, f"NOTICE_{known.state}", "缴款通知书已经缴款或者作废")
        return self.existing(wanted["order_no"])

    def find(self, order_no: str) -> Notice | None:
        row = self.store.one("SELECT * FROM notices WHERE order_no = ?", order_no)
        return None if row is None else Notice(**dict(row))

    def existing(self, order_no: str) -> Notice:
        """Raise ``TreasuryRefused`` for an order without a notice."""
        notice = self.find(order_no)
        if notice is None:
            raise TreasuryRefused(404, "NOTICE_NOT_EXIST", "没有这张缴款通知书")
        return notice

    def find_code(self, code: str) -> Notice | None:
        row = self.store.one("SELECT * FROM notices WHERE notice_code = ?", code)
        return None if row is None else Notice(**dict(row))

    def all(self) -> list[Notice]:
        rows = self.store.all("SELECT * FROM notices ORDER BY created_at DESC")
        return [Notice(**dict(row)) for row in rows]

    def cancel(self, order_no: str) -> Notice:
        """Cancel an unpaid notice; again changes nothing. Raise ``TreasuryRefused``."""
        notice = self.existing(order_no)
        if notice.state == "PAID":
            raise TreasuryRefused(409, "NOTICE_PAID", "已经缴款，不能作废")
        self.store.run(
            "UPDATE notices SET state = 'CANCELLED' WHERE order_no = ? AND state = 'UNPAID'",
            order_no,
        )
        return self.existing(order_no)

    def pay(self, code: str, cash: Cash) -> tuple[str, list[int]]:
        """Return the flow number and the callbacks that were queued; raise ``CannotPay``."""
        now = self.now()
        with self.store.transaction():
            notice = self._payable(code, cash)
            flow = f"wxsandbox{utc_date(now).replace('-', '')}{secrets.randbelow(10**12):012d}"
            self.store.run(
                "UPDATE notices SET state = 'PAID', flow_no = ?, paid_at = ? WHERE order_no = ?",
                flow,
                now,
                notice.order_no,
            )
            queued = self._queue(self.existing(notice.order_no), cash)
        self.callbacks.wake()
        return flow, queued

    def state(self, notice: Notice) -> str:
        late = notice.state == "UNPAID" and self.now() >= notice.expires_at
        return "EXPIRED" if late else notice.state

    def describe(self, notice: Notice) -> dict[str, Any]:
        """Return the notice as answers and callbacks show it."""
        said: dict[str, Any] = {
            "unit_code": self.credentials.nontax_unit,
            "order_no": notice.order_no,
            "notice_code": notice.notice_code,
            "amount_fen": notice.amount_fen,
            "currency": "CNY",
            "state": self.state(notice),
            "expires_at": rfc3339(notice.expires_at),
        }
        if notice.flow_no is not None and notice.paid_at is not None:
            said |= {"flow_no": notice.flow_no, "paid_at": rfc3339(notice.paid_at)}
        return said

    def _insert(self, wanted: dict[str, Any], expires_at: float) -> None:
        now = self.now()
        code = f"{REGION}{utc_date(now)[2:4]}{secrets.randbelow(10**12):012d}"
        self.store.run(
            "INSERT INTO notices VALUES (?, ?, ?, ?, ?, 'UNPAID', ?, NULL, NULL)",
            wanted["order_no"],
            code,
            dump(wanted).decode(),
            wanted["amount_fen"],
            expires_at,
            now,
        )

    def _payable(self, code: str, cash: Cash) -> Notice:
        notice = self.find_code(code)
        if notice is None:
            raise CannotPay("没有这张缴款通知书")
        state = self.state(notice)
        if state == "PAID":
            raise CannotPay("这张缴款通知书已经缴款")
        if state != "UNPAID" and not cash.late:
            raise CannotPay("这张缴款通知书已经作废或者过期")
        return notice

    def _queue(self, notice: Notice, cash: Cash) -> list[int]:
        number = f"wxsandbox{secrets.token_hex(13)}"
        told = {"id": number, "event": "NOTICE.PAID", "notice": self.describe(notice)}
        return [
            self.callbacks.add(
                number,
                "nontax",
                notice.asked["notify_url"],
                dump(told),
                after=float(copy),
                held=not cash.deliver,
            )
            for copy in range(cash.copies)
        ]


def param_error(message: str) -> TreasuryRefused:
    return TreasuryRefused(400, "PARAM_INVALID", message)


def read_text(body: dict[str, Any], name: str, longest: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise param_error(f"参数 {name} 的长度应为 1 到 {longest}")
    return value


def read_number(body: dict[str, Any], name: str) -> str:
    """Return a number of the unit's; raise ``TreasuryRefused``."""
    value = read_text(body, name, 64)
    if not re.fullmatch(r"[0-9A-Za-z_-]{6,64}", value):
        raise param_error(f"参数 {name} 不合法")
    return value


def read_amount(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or not 1 <= value <= _MOST_FEN:
        raise param_error(f"参数 {name} 应为正整数，单位分")
    return value


def read_notify_url(body: dict[str, Any]) -> str:
    url = read_text(body, "notify_url", 255)
    if not is_loopback_url(url):
        raise param_error("参数 notify_url 应为本机地址，且不带参数")
    return url


def _wanted(body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    texts = {name: read_text(body, name, longest) for name, longest in _TEXTS.items()}
    if body.get("currency") != "CNY":
        raise param_error("参数 currency 应为 CNY")
    asked = read_text(body, "expires_at", 64)
    try:
        at = datetime.fromisoformat(asked)
    except ValueError:
        raise param_error("参数 expires_at 不合法") from None
    if at.tzinfo is None:
        raise param_error("参数 expires_at 应带时区")
    wanted = {
        "order_no": read_number(body, "order_no"),
        "amount_fen": read_amount(body, "amount_fen"),
        "expires_at": asked,
        "notify_url": read_notify_url(body),
        **texts,
    }
    return wanted, at.timestamp()
