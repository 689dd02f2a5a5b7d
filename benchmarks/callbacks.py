"""Payment callbacks: a right one to a case that is settled, and what anybody may post.

The right ones are each of a notice of its own, so each is a row on both sides. The wrong ones are
what strangers have: an unknown serial, an old timestamp, a signature of the right length.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg

from benchmarks.drafts import Draft, prepare
from benchmarks.load import Plan, run
from benchmarks.measures import compare
from benchmarks.report import Line, table
from benchmarks.stage import Stage, staged
from integrations.sandbox import Credentials, issue_credentials
from integrations.sandbox.paysign import PaySigner
from models.ids import uuid7

OURS, BARE, REFUSED = "/callbacks/wechatpay", "/callback", "/refused"
ROUNDS = 5
VALID = 600
INVALID = 2_000
CONNECTIONS = 24
LEAST = 0.4
MOST = 2.0
FEN = 8_000
PAYER = "wxsandbox-wangjianguo0000000"

FEES = """
INSERT INTO fees (id, case_id, stage, name, basis, amount_fen, breakdown, settled_at, created_at)
SELECT id, id, 'AFTER_ACCEPTANCE', 'bench', 'bench', $2, '[]', now(), now()
FROM unnest($1::uuid[]) AS c (id)"""
ORDERS = """
INSERT INTO payment_orders (id, fee_id, case_id, number, amount_fen, payer, status, prepay_id,
  transaction_id, expires_at, created_at, paid_at)
SELECT id, id, id, left(replace(id::text, '-', ''), 32), $2, $3, 'PAID', 'bench',
  'T' || replace(id::text, '-', ''), now() + interval '2 hours', now(), now()
FROM unnest($1::uuid[]) AS c (id)"""


def callbacks(stage: Stage, cases: Sequence[Draft]) -> list[Line]:
    """Measure both; ``cases`` have no fee yet."""
    ids = [each.case_id for each in cases]
    asyncio.run(_settle(stage, ids))
    bench = _Bench(stage, ids)
    return [bench.valid(), bench.invalid()]


async def _settle(stage: Stage, cases: Sequence[UUID]) -> None:
    database = await asyncpg.connect(stage.database_url)
    try:
        await database.execute(FEES, cases, FEN)
        await database.execute(ORDERS, cases, FEN, PAYER)
    finally:
        await database.close()


class _Bench:
    def __init__(self, stage: Stage, cases: Sequence[UUID]) -> None:
        self._stage = stage
        self._cases = cases
        self._credentials: Credentials = issue_credentials(stage.settings.wxpay_pub_key_file.parent)
        self._signer = PaySigner.of(self._credentials, time.time)

    def valid(self) -> Line:
        """Post right callbacks, against a handler that proves them and writes the row."""
        before = self._stage.counts()["payment_events"]
        line = compare(
            "payment callback to a settled case",
            lambda: self._post(self._stage.port, self._notices(OURS)),
            lambda: self._post(self._stage.bare_port, self._notices(BARE)),
            goal=LEAST,
        )
        kept = self._stage.counts()["payment_events"] - before
        if kept != 2 * ROUNDS * VALID:
            raise RuntimeError(f"{kept} callbacks were kept, not {2 * ROUNDS * VALID}")
        return line

    def invalid(self) -> Line:
        """Post what nobody signed, against a handler that looks at nothing and says 401."""
        ours, bare = (self._forged(path) for path in (OURS, REFUSED))
        return compare(
            f"{ROUNDS * INVALID:,} forged callbacks, cost at most {MOST:.0f} bare refusals",
            lambda: self._post(self._stage.port, ours, "401"),
            lambda: self._post(self._stage.bare_port, bare, "401"),
            goal=1 / MOST,
        )

    def _post(self, port: int, requests: Sequence[str], expected: str = "2") -> float:
        plan = Plan(port, CONNECTIONS, requests, 50.0, expected=expected)
        return run(plan).per_second

    def _notices(self, path: str) -> list[str]:
        return [
            self._request(path, self._cases[number % len(self._cases)]) for number in range(VALID)
        ]

    def _forged(self, path: str) -> list[str]:
        right = self._request(path, uuid7())
        [timestamp] = [line for line in right.splitlines() if "Timestamp" in line]
        serial = self._credentials.platform_public_key_id
        wrong = [
            right.replace(serial, "PUB_KEY_ID_0000000000000000000000000000"),
            right.replace(timestamp, "Wechatpay-Timestamp: 1700000000"),
            right.replace("Wechatpay-Signature: ", "Wechatpay-Signature: WECHATPAY/SIGNTEST/"),
            right.replace("Wechatpay-Nonce: ", "Wechatpay-Nonce: 0"),
        ]
        return [wrong[number % len(wrong)] for number in range(INVALID)]

    def _request(self, path: str, case_id: UUID) -> str:
        number = case_id.hex
        trade = {
            "appid": self._credentials.appid,
            "mchid": self._credentials.merchant_id,
            "out_trade_no": number,
            "trade_state": "SUCCESS",
            "transaction_id": f"T{number}",
            "success_time": "2026-03-02T09:10:00+08:00",
            "payer": {"openid": PAYER},
            "amount": {"total": FEN, "currency": "CNY"},
        }
        body = json.dumps(
            {
                "id": uuid4().hex,
                "create_time": "2026-03-02T09:10:00+08:00",
                "resource_type": "encrypt-resource",
                "event_type": "TRANSACTION.SUCCESS",
                "summary": "paid",
                "resource": self._signer.seal(json.dumps(trade).encode(), "transaction"),
            }
        )
        headers = {
            "Host": "127.0.0.1",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **self._signer.headers(body.encode()),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {path} HTTP/1.1\r\n{head}\r\n{body}"


def main() -> int:
    """Measure this alone."""
    with staged() as stage:
        prepared = prepare(stage, drafts=1, underway=128, large=1)
        lines = callbacks(stage, prepared.underway)
    print(table(lines))
    return 0 if all(line.reached for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
