"""Callbacks of the pay channel: genuine ones of fees that are settled, and a stranger's."""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from uuid import UUID, uuid4

import asyncpg

from benchmarks.drafts import Draft, prepare
from benchmarks.load import Plan, run
from benchmarks.measures import CONNECTIONS, ROUND_SECONDS, RowsDiffer, compare
from benchmarks.report import Line, table
from benchmarks.stage import Stage, staged
from development import VAR
from integrations.sandbox.credentials import issue_credentials
from integrations.sandbox.paysign import PaySigner

ADDRESS = "/callbacks/wechatpay"
# Each is told once: the channel has a name for everything that it says.
GENUINE = 2_000
FORGED = 10_000
LEAST = 0.4
# 10,000 of them cost no more than 10,000 bare refusals twice.
LEAST_FORGED = 0.5
AMOUNT_FEN = 375_000
FEE = """
INSERT INTO fees (id, case_id, stage, name, basis, amount_fen, breakdown, settled_at, created_at)
VALUES ($1, $2, 'BENCH', 'bench', '', $3, '[]', $4, $4)"""
ORDER = """
INSERT INTO payment_orders (id, fee_id, case_id, number, amount_fen, payer, status, prepay_id,
  transaction_id, expires_at, created_at, paid_at)
VALUES ($1, $2, $3, $4, $5, $6, 'PAID', 'bench', $7, $8, $9, $9)"""


@dataclass(frozen=True)
class _Order:
    number: str
    payer: str
    transaction: str


def callbacks(stage: Stage, underway: Sequence[Draft]) -> list[Line]:
    """Measure both; ``underway`` are cases that nobody else pays for."""
    orders = asyncio.run(_settled(stage, [each.case_id for each in underway]))
    signer = PaySigner.of(issue_credentials(VAR / "sandbox"), time.time)
    told = _Teller(stage, signer, cycle(orders))
    return [told.genuine(), told.forged()]


async def _settled(stage: Stage, cases: Sequence[UUID]) -> list[_Order]:
    """Give each case a fee of its own that was paid."""
    database = await asyncpg.connect(stage.database_url)
    made, now = [], datetime.now(UTC)
    try:
        for case in cases:
            order = _Order(secrets.token_hex(16), f"wxsandbox{uuid4().hex}", uuid4().hex)
            fee = uuid4()
            await database.execute(FEE, fee, case, AMOUNT_FEN, now)
            life = now + timedelta(hours=2)
            values = (order.number, AMOUNT_FEN, order.payer, order.transaction, life, now)
            await database.execute(ORDER, uuid4(), fee, case, *values)
            made.append(order)
    finally:
        await database.close()
    return made


@dataclass
class _Teller:
    stage: Stage
    signer: PaySigner
    orders: Iterator[_Order]

    def genuine(self) -> Line:
        """Tell of payments that have taken effect, against one signature and the same row."""
        rows = [self._rows(port, bare) for port, bare in self._sides()]
        if rows[0] != rows[1]:
            raise RowsDiffer(str(rows))
        ours, bare = self._sides()
        return compare(
            "callback of a settled fee",
            lambda: self._tell(*ours),
            lambda: self._tell(*bare),
            goal=LEAST,
        )

    def forged(self) -> Line:
        """Post what nobody signed, against a handler that refuses unread."""
        posted = [self._forged(kind) for kind in range(200)]

        def post(port: int, address: str) -> float:
            requests = [_posted(address, headers, body) for headers, body in posted]
            plan = Plan(port, CONNECTIONS, requests, 3 * ROUND_SECONDS, again=True, wanted="401")
            return run(plan).per_second

        return compare(
            "forged callback",
            lambda: post(self.stage.port, ADDRESS),
            lambda: post(self.stage.bare_port, "/refuse"),
            goal=LEAST_FORGED,
        )

    def _sides(self) -> tuple[tuple[int, bool], tuple[int, bool]]:
        return (self.stage.port, False), (self.stage.bare_port, True)

    def _rows(self, port: int, bare: bool) -> dict[str, float]:
        before = self.stage.counts()
        told = self._told(bare, 50)
        run(Plan(port, CONNECTIONS, told, ROUND_SECONDS))
        after = self.stage.counts()
        changed = {name: after[name] - before[name] for name in after}
        return {name: number / len(told) for name, number in changed.items() if number}

    def _tell(self, port: int, bare: bool) -> float:
        return run(Plan(port, CONNECTIONS, self._told(bare, GENUINE), ROUND_SECONDS)).per_second

    def _told(self, bare: bool, number: int) -> list[str]:
        found = []
        for order in islice(self.orders, number):
            headers, body = self._said(order)
            address = f"/callback/{order.number}" if bare else ADDRESS
            found.append(_posted(address, headers, body))
        return found

    def _said(self, order: _Order) -> tuple[dict[str, str], str]:
        credentials = self.signer.credentials
        trade = {
            "appid": credentials.appid,
            "mchid": credentials.merchant_id,
            "out_trade_no": order.number,
            "trade_type": "JSAPI",
            "trade_state": "SUCCESS",
            "transaction_id": order.transaction,
            "success_time": datetime.now(UTC).isoformat(timespec="seconds"),
            "payer": {"openid": order.payer},
            "amount": {"total": AMOUNT_FEN, "currency": "CNY"},
        }
        body = json.dumps(
            {
                "id": uuid4().hex,
                "create_time": datetime.now(UTC).isoformat(timespec="seconds"),
                "resource_type": "encrypt-resource",
                "event_type": "TRANSACTION.SUCCESS",
                "summary": "bench",
                "resource": self.signer.seal(json.dumps(trade).encode(), "transaction"),
            }
        )
        return self.signer.headers(body.encode()), body

    def _forged(self, kind: int) -> tuple[dict[str, str], str]:
        """Return what strangers send: nothing, an old one, another key's, or a wrong signature."""
        headers, body = self._said(next(self.orders))
        if kind % 4 == 0:
            return {}, body
        if kind % 4 == 1:
            headers["Wechatpay-Timestamp"] = str(int(time.time()) - 3600)
        elif kind % 4 == 2:
            headers["Wechatpay-Serial"] = secrets.token_hex(20)
        else:
            return headers, body.replace("bench", "hcneb")
        return headers, body


def _posted(address: str, headers: dict[str, str], body: str) -> str:
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"POST {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{said}\r\n{body}"
    )


def main() -> int:
    """Measure this alone."""
    with staged() as stage:
        prepared = prepare(stage, drafts=1, underway=64, large=1)
        lines = callbacks(stage, prepared.underway)
    print(table(lines))
    return 0 if all(line.reached for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
