"""Hand-off: pulling packages against bare rows, and leasing among few and among many.

Pulling: four systems lease fifty packages at a time and acknowledge each of them, until there is
nothing left; the yardstick serves the same rows to the same client. Leasing: the same leases while
the table holds 10,000 packages, and while it holds 1,000,000.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.drafts import prepare
from benchmarks.report import Line, table
from benchmarks.stage import Stage, staged
from composition import Parts, compose
from models.ids import uuid7
from services.actors import Machine
from services.machines import MACHINE_AUDIENCE
from services.packages import PURPOSE

PULLERS = 4
PACKAGES = 10_000
ROUNDS = 2
BATCH = 50
LEAST = 0.5
MOST = 1.3
MANY = 1_000_000
LEASES, LEASE_ROUNDS = 40, 3

CASES = """
INSERT INTO cases SELECT copy.* FROM cases AS old
CROSS JOIN unnest($2::uuid[]) AS new (id)
CROSS JOIN LATERAL jsonb_populate_record(NULL::cases, to_jsonb(old) || jsonb_build_object(
  'id', new.id, 'case_no', left('bench' || new.id::text, 50), 'query_code', NULL,
  'lookup_index', NULL)) AS copy
WHERE old.id = $1"""
CLOCKS = """
INSERT INTO clock_instances SELECT copy.* FROM clock_instances AS old
CROSS JOIN unnest($2::uuid[]) AS new (id)
CROSS JOIN LATERAL jsonb_populate_record(old, jsonb_build_object(
  'id', gen_random_uuid(), 'case_id', new.id)) AS copy
WHERE old.case_id = $1 AND old.name = 'PAPER_HANDOVER'"""
OPEN = """
INSERT INTO handoff_packages SELECT copy.* FROM handoff_packages AS old
CROSS JOIN unnest($2::uuid[], $3::uuid[]) AS new (id, case_id)
CROSS JOIN LATERAL jsonb_populate_record(old, jsonb_build_object(
  'id', new.id, 'case_id', new.case_id, 'seq', 1, 'agency_uscc', $4::text)) AS copy
WHERE old.case_id = $1 AND old.seq = 1"""
# What was delivered over the years: each old case has a long history, small bodies, any ids.
DELIVERED = """
INSERT INTO handoff_packages
  (id, case_id, seq, kind, agency_uscc, item_code, schema_version, sealed, digest, receipt_digest,
   status, leases, acked_at, acked_by, created_at)
SELECT gen_random_uuid(), c.id, n, 'SUPPLEMENT', $1, 'bench', '3', '\\x00'::bytea, repeat('0', 64),
  repeat('0', 64), 'ACKED', 1, now(), 'bench', now() - interval '1 year'
FROM unnest($2::uuid[]) AS c (id), generate_series(1, $3::int) AS n"""
LEFT = "SELECT count(*) FROM handoff_packages WHERE agency_uscc = $1 AND status <> 'ACKED'"
AGENCIES = ("11511499MB90000911", "11511499MB90000912", "11511499MB90000913")


@dataclass(frozen=True)
class _Side:
    """Where packages are pulled, and what a system sends to lease and to acknowledge."""

    port: int
    agency: str
    lease: str
    acknowledge: str
    tokens: tuple[str, ...]


def handoff(stage: Stage) -> list[Line]:
    """Measure pulling and leasing; a case with its package has to be there to be copied."""
    return asyncio.run(_measure(stage))


async def _measure(stage: Stage) -> list[Line]:
    parts = compose(stage.settings)
    await parts.open()
    database = await asyncpg.connect(stage.database_url)
    try:
        bench = _Bench(stage, parts, database)
        return [await bench.pulling(), await bench.leasing()]
    finally:
        await database.close()
        await parts.close()


class _Bench:
    def __init__(self, stage: Stage, parts: Parts, database: asyncpg.Connection) -> None:
        self._stage = stage
        self._parts = parts
        self._database = database

    async def pulling(self) -> Line:
        tokens = [await self._token(number, AGENCIES[0]) for number in range(PULLERS)]
        base = "/backoffice/v1/packages"
        ours = _Side(
            self._stage.port, AGENCIES[0], f"{base}/lease", f"{base}/{{}}/ack", tuple(tokens)
        )
        bare = _Side(
            self._stage.bare_port,
            AGENCIES[1],
            f"/lease/{AGENCIES[1]}",
            "/acknowledge/{}",
            tuple(tokens),
        )
        rounds = [(await self._pull(ours), await self._pull(bare)) for _ in range(ROUNDS)]
        rates = [PACKAGES / ROUNDS / median(each) for each in zip(*rounds, strict=True)]
        ratio = rates[0] / rates[1]
        return Line(
            f"lease and acknowledge {PACKAGES:,} packages, {PULLERS} systems",
            f"{rates[0]:.0f}/s",
            f">= {LEAST}",
            ratio >= LEAST,
            bare=f"{rates[1]:.0f}/s",
            ratio=f"{ratio:.2f}",
        )

    async def leasing(self) -> Line:
        machine = Machine("bench-leasing", AGENCIES[2], "bench")
        waiting = await self._fill(AGENCIES[2], PACKAGES)
        few = await self._lease(machine)
        for _ in range(0, len(waiting), 1000):
            # Their first packages are the ones that wait: what was delivered is of other cases.
            old = [uuid7() for _ in range(1000)]
            await self._database.execute(CASES, await self._model(), old, timeout=120)
            await self._database.execute(
                DELIVERED, AGENCIES[2], old, (MANY - PACKAGES) // PACKAGES, timeout=120
            )
        await self._database.execute("VACUUM (ANALYZE) handoff_packages", timeout=300)
        many = await self._lease(machine)
        ratio = many / few
        return Line(
            f"lease {BATCH} packages, {MANY:,} in the table",
            f"{many * 1000:.1f} ms",
            f"<= {MOST}",
            ratio <= MOST,
            bare=f"{few * 1000:.1f} ms of {PACKAGES:,}",
            ratio=f"{ratio:.2f}",
        )

    async def _lease(self, machine: Machine) -> float:
        """Return the median seconds of a lease; what was taken lies as if it never had been."""
        seconds = []
        for _ in range(LEASES * LEASE_ROUNDS):
            began = time.perf_counter()
            lease = await self._parts.context.handoff.lease(machine, limit=BATCH, seconds=3600)
            seconds.append(time.perf_counter() - began)
            if len(lease.packages) != BATCH:
                raise RuntimeError(f"{len(lease.packages)} packages were leased, not {BATCH}")
        await self._database.execute(
            "UPDATE handoff_packages SET status = 'READY', leased_until = NULL"
            " WHERE agency_uscc = $1 AND status = 'LEASED'",
            machine.agency_uscc,
        )
        await self._database.execute("VACUUM handoff_packages", timeout=300)
        return median(seconds)

    async def _pull(self, side: _Side) -> float:
        """Pull half of the packages by four systems at once; return the seconds that took."""
        await self._fill(side.agency, PACKAGES // ROUNDS)
        code = await self._receipt_code()
        began = time.perf_counter()
        await asyncio.gather(*(_puller(side, token, code) for token in side.tokens))
        seconds = time.perf_counter() - began
        if left := await self._database.fetchval(LEFT, side.agency):
            raise RuntimeError(f"{left} packages were left")
        return seconds

    async def _fill(self, agency: str, number: int) -> list[UUID]:
        """Copy the one case that was accepted, with its package and its clock."""
        model = await self._model()
        ids, cases = ([uuid7() for _ in range(number)] for _ in range(2))
        await self._database.execute(CASES, model, cases, timeout=120)
        await self._database.execute(CLOCKS, model, cases, timeout=120)
        await self._database.execute(OPEN, model, ids, cases, agency, timeout=120)
        for name in ("cases", "clock_instances", "handoff_packages"):
            await self._database.execute(f"VACUUM (ANALYZE) {name}", timeout=120)
        return cases

    async def _model(self) -> UUID:
        found = "SELECT case_id FROM handoff_packages ORDER BY created_at LIMIT 1"
        model: UUID = await self._database.fetchval(
            found.replace(" ORDER", " WHERE seq = 1 AND agency_uscc <> ALL($1) ORDER"),
            list(AGENCIES),
        )
        return model

    async def _receipt_code(self) -> str:
        sealed = await self._database.fetchval(
            "SELECT sealed FROM handoff_packages WHERE case_id = $1", await self._model()
        )
        body = json.loads(self._parts.adapters.crypto.open(sealed, PURPOSE))
        return str(body["receipt_code"])

    async def _token(self, number: int, agency: str) -> str:
        """Return a token of a back-office system that is made for this run."""
        client, key = f"bench-{number}", uuid7()
        await self._database.execute(
            "INSERT INTO backoffice_clients (id, client_id, name, agency_uscc, scopes, active,"
            " created_at) VALUES ($1, $2, 'bench', $3, '[\"packages:pull\"]', true, now())",
            key,
            client,
            agency,
        )
        await self._database.execute(
            "INSERT INTO machine_keys (id, machine_id, kid, jwk, valid_from, added_at)"
            " VALUES ($1, $1, 'k', '{}', now(), now())",
            key,
        )
        claims = {"sub": client, "kid": "k"}
        ttl = timedelta(minutes=15)
        return self._parts.context.tokens.issue(claims, audience=MACHINE_AUDIENCE, ttl=ttl)


async def _puller(side: _Side, token: str, receipt_code: str) -> None:
    """Lease and acknowledge until there is nothing more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", side.port, limit=2**24)

    async def post(path: str, body: dict[str, Any]) -> Any:
        content = json.dumps(body).encode()
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        answer = await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        if " 200 " not in head.split("\r\n")[0]:
            raise RuntimeError(f"{path}: {head[:40]} {answer[:200]!r}")
        return json.loads(answer)

    try:
        while (taken := await post(side.lease, {"limit": BATCH, "seconds": 600}))["packages"]:
            for each in taken["packages"]:
                proof = {"lease_token": taken["lease_token"], "digest": each["digest"]}
                await post(
                    side.acknowledge.format(each["id"]), {**proof, "receipt_code": receipt_code}
                )
    finally:
        writer.close()
        await writer.wait_closed()


def main() -> int:
    """Measure this alone."""
    with staged() as stage:
        prepare(stage, drafts=1, underway=1, large=1)
        lines = handoff(stage)
    print(table(lines))
    return 0 if all(line.reached for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
