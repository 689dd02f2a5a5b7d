"""The judge: reads what the outside recorded and the database, and believes nobody else."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from tests.crash.history import History

# The clocks of all are one; what is sent when a lease ends may be on its way for a moment.
SLACK_SECONDS = 0.05

CASES = """
SELECT c.id::text AS id, c.case_no, c.state::text AS state, c.payment_status, c.handoff_status,
  c.backoffice_seq FROM cases c"""
MATERIALS = "SELECT case_id::text AS case_id, sha256 FROM materials WHERE code = 'M05'"
PACKAGES = """
SELECT p.id::text AS id, p.case_id::text AS case_id, c.case_no, p.kind, p.digest, p.status
FROM handoff_packages p JOIN cases c ON c.id = p.case_id"""
ORDERS = """
SELECT o.number, o.fee_id::text AS fee_id, o.case_id::text AS case_id, o.amount_fen, o.status,
  o.transaction_id, f.settled_at IS NOT NULL AS settled, f.amount_fen AS fee_fen
FROM payment_orders o JOIN fees f ON f.id = o.fee_id"""
STEPS = """
SELECT case_id::text AS case_id, event, count(*) AS times FROM case_events
GROUP BY case_id, event"""
ONCE = ("submit", "accept", "start_review", "decide_approve", "payment_confirmed")
LEFT = """
SELECT pid, state, wait_event_type, left(query, 60) AS query FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND (state LIKE 'idle in transaction%' OR wait_event_type = 'Lock')
  AND state_change < now() - interval '3 seconds'"""
SETTLED = "SELECT out_trade_no, amount_fen, transaction_id FROM orders WHERE state = 'SUCCESS'"


@dataclass
class Verdict:
    """What was found; no ``faults`` means that every promise was kept."""

    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    ended: list[dict[str, Any]] = field(default_factory=list)
    """Programs that ended though nobody killed them; whoever keeps them running raised them."""


@dataclass
class Checker:
    history: History
    database_url: str
    sandbox: Path

    async def judge(self) -> Verdict:
        """Compare what was promised with what is there."""
        connection = await asyncpg.connect(self.database_url)
        try:
            facts = {
                name: [dict(row) for row in await connection.fetch(sql)]
                for name, sql in (
                    ("cases", CASES),
                    ("materials", MATERIALS),
                    ("packages", PACKAGES),
                    ("orders", ORDERS),
                    ("steps", STEPS),
                    ("left", LEFT),
                )
            }
        finally:
            await connection.close()
        seen = _by_kind(self.history.read())
        verdict = Verdict()
        for look in (_filed, _uploaded, _handed_over, _acknowledged, _steps, _left):
            found = list(look(seen, facts))
            verdict.faults += found
        verdict.faults += list(_money(seen, facts, self._settled()))
        verdict.ended = seen.get("ended", [])
        verdict.counts.update({name: len(lines) for name, lines in seen.items()})
        return verdict

    def _settled(self) -> list[tuple[str, int, str]]:
        connection = sqlite3.connect(f"file:{self.sandbox}?mode=ro", uri=True)
        try:
            return list(connection.execute(SETTLED))
        finally:
            connection.close()


Seen = Mapping[str, list[dict[str, Any]]]
Facts = Mapping[str, list[dict[str, Any]]]


def _by_kind(lines: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        found[line["what"]].append(line)
    return found


def _ok(line: Mapping[str, Any]) -> bool:
    return bool(200 <= line["status"] < 300)


def _filed(seen: Seen, facts: Facts) -> Iterator[str]:
    """Whoever got a receipt has a case of that number; nobody is stuck."""
    cases = {row["id"]: row for row in facts["cases"]}
    for line in seen.get("submitted", []):
        if not _ok(line):
            yield f"case {line['case']}: submit was answered {line['status']} {line['code']}"
        elif cases[line["case"]]["case_no"] != line["case_no"]:
            yield f"case {line['case']}: the receipt says {line['case_no']}"
    numbers = Counter(row["case_no"] for row in facts["cases"] if row["case_no"])
    yield from (f"case number {no} was given {n} times" for no, n in numbers.items() if n > 1)
    for line in seen.get("accepted", []):
        case = cases[line["case"]]
        if case["state"] != "RESULT_READY" or case["payment_status"] != "PAID":
            yield f"case {line['case']} is stuck: {case['state']}, {case['payment_status']}"


def _uploaded(seen: Seen, facts: Facts) -> Iterator[str]:
    """Every byte that was acknowledged is there, and reached the back-office as it was."""
    held = {(row["case_id"], row["sha256"]) for row in facts["materials"]}
    for line in seen.get("uploaded", []):
        if not _ok(line):
            yield f"case {line['case']}: upload was answered {line['status']} {line['code']}"
        elif (line["case"], line["sha256"]) not in held:
            yield f"case {line['case']}: the upload {line['sha256'][:12]} is lost"
    for line in seen.get("material", []):
        if line["wanted"] != line["found"]:
            yield f"case {line['case_no']}: the material came as {line['found']}"


def _handed_over(seen: Seen, facts: Facts) -> Iterator[str]:
    """Each accepted case was handed over as one package, always with the same bytes."""
    packages = [row for row in facts["packages"] if row["kind"] == "ACCEPTED"]
    per_case = Counter(row["case_id"] for row in packages)
    yield from (f"case {case} has {n} first packages" for case, n in per_case.items() if n > 1)
    accepted = {line["case"] for line in seen.get("accepted", [])}
    yield from (f"case {case} was accepted and has no package" for case in accepted - set(per_case))
    digests: dict[str, set[str]] = defaultdict(set)
    by_case: dict[str, set[str]] = defaultdict(set)
    for line in seen.get("got", []):
        digests[line["package"]].add(line["digest"])
        by_case[line["case_no"]].add(line["package"])
        if line["digest"] != line["promised"]:
            yield f"package {line['package']} came broken"
    for package, different in digests.items():
        if len(different) > 1:
            yield f"package {package} was handed over with {len(different)} contents"
    known = {row["case_no"]: row for row in packages}
    for case_no, ids in by_case.items():
        if len(ids) > 1 and len(ids) > sum(1 for r in facts["packages"] if r["case_no"] == case_no):
            yield f"case {case_no} was handed over as {len(ids)} packages"
    for case_no, row in known.items():
        if row["case_id"] in accepted and row["status"] != "ACKED":
            yield f"case {case_no}: its package is {row['status']}"


def _acknowledged(seen: Seen, facts: Facts) -> Iterator[str]:
    """An acknowledgement counts once, and never under a lease that had run out."""
    acked: dict[str, set[float]] = defaultdict(set)
    for line in seen.get("acked", []):
        if not _ok(line):
            continue
        acked[line["package"]].add(line["until"])
        if line["sent"] > line["until"] + SLACK_SECONDS:
            yield f"package {line['package']} was acknowledged by a lease that had run out"
    for package, leases in acked.items():
        if len(leases) > 1:
            yield f"package {package} was acknowledged under {len(leases)} leases"
    status = {row["id"]: row["status"] for row in facts["packages"]}
    for package in acked:
        if status.get(package) != "ACKED":
            yield f"package {package} was acknowledged and is {status.get(package)}"


def _money(seen: Seen, facts: Facts, settled: list[tuple[str, int, str]]) -> Iterator[str]:
    """What the channel settled is what we know of, to the fen, once per fee."""
    orders = {row["number"]: row for row in facts["orders"]}
    per_fee: Counter[str] = Counter()
    for number, amount, transaction in settled:
        order = orders.get(number)
        if order is None:
            yield f"the channel settled an order {number} that nobody knows"
            continue
        per_fee[order["fee_id"]] += 1
        if order["status"] != "PAID" or order["transaction_id"] != transaction:
            yield f"order {number} was paid and is {order['status']}"
        if not amount == order["amount_fen"] == order["fee_fen"]:
            yield f"order {number}: {amount} fen paid, {order['fee_fen']} owed"
        if not order["settled"]:
            yield f"order {number} was paid and its fee is open"
    yield from (f"fee {fee} was settled {n} times" for fee, n in per_fee.items() if n > 1)
    there = {number for number, _, _ in settled}
    for number, order in orders.items():
        if order["status"] == "PAID" and number not in there:
            yield f"order {number} is said to be paid, the channel knows nothing of it"
    for line in seen.get("paid", []):
        if _ok(line) and line["order"] not in there:
            yield f"order {line['order']}: the phone paid, the channel forgot"


def _steps(seen: Seen, facts: Facts) -> Iterator[str]:
    """No step of a case was taken twice."""
    for row in facts["steps"]:
        if row["event"] in ONCE and row["times"] > 1:
            yield f"case {row['case_id']}: {row['event']} was taken {row['times']} times"


def _left(seen: Seen, facts: Facts) -> Iterator[str]:
    """Nobody holds a transaction open or waits for a lock when all is over."""
    yield from (f"left behind: {row}" for row in facts["left"])
