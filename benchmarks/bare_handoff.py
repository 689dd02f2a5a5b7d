"""The yardstick of the hand-off: the same rows by bare asyncpg, sent by bare handlers."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sanic import Request, Sanic
from sanic.response import HTTPResponse, json

TAKE = """
SELECT p.id, p.seq, p.kind, p.digest, p.sealed, c.case_no FROM handoff_packages p
JOIN cases c ON c.id = p.case_id
WHERE p.agency_uscc = $1 AND p.status <> 'ACKED' AND p.status = 'READY'
ORDER BY p.id LIMIT $2 FOR UPDATE OF c, p SKIP LOCKED"""
MARK = """
UPDATE handoff_packages SET status = 'LEASED', lease_digest = $2, leased_by = 'bare',
  leased_until = $3, lease_began_at = $4, leases = leases + 1 WHERE id = ANY($1)"""
MARK_CASES = """
UPDATE cases SET handoff_status = 'LEASED'
WHERE id IN (SELECT case_id FROM handoff_packages WHERE id = ANY($1))"""
NOTE = """
INSERT INTO handoff_log (id, package_id, at, act, by, until)
SELECT gen_random_uuid(), id, $2, $3, 'bare', $4 FROM unnest($1::uuid[]) AS p (id)"""
HOLD = """
SELECT case_id, digest, lease_digest FROM handoff_packages WHERE id = $1 FOR UPDATE"""
ACKED = """
UPDATE handoff_packages SET status = 'ACKED', acked_at = $2, acked_by = 'bare' WHERE id = $1"""
TOLD = "UPDATE cases SET handoff_status = 'ACKED' WHERE id = $1"
ENDED = """
UPDATE clock_instances SET stopped_at = $2, next_at = NULL
WHERE case_id = $1 AND name = 'PAPER_HANDOVER' AND stopped_at IS NULL"""


async def lease(request: Request, agency: str) -> HTTPResponse:
    asked: Any = request.json
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    until = now + timedelta(seconds=asked["seconds"])
    async with request.app.ctx.pool.acquire() as connection, connection.transaction():
        found = await connection.fetch(TAKE, agency, asked["limit"])
        ids = [row["id"] for row in found]
        await connection.execute(MARK, ids, hashlib.sha256(token.encode()).hexdigest(), until, now)
        await connection.execute(MARK_CASES, ids)
        await connection.execute(NOTE, ids, now, "LEASED", until)
    packages = [
        {
            "id": str(row["id"]),
            "case_no": row["case_no"],
            "seq": row["seq"],
            "kind": row["kind"],
            "digest": row["digest"],
            "body": base64.b64encode(row["sealed"]).decode(),
        }
        for row in found
    ]
    return json({"lease_token": token, "packages": packages})


async def acknowledge(request: Request, package_id: UUID) -> HTTPResponse:
    said: Any = request.json
    now, given = datetime.now(UTC), hashlib.sha256(said["lease_token"].encode()).hexdigest()
    async with request.app.ctx.pool.acquire() as connection, connection.transaction():
        held = await connection.fetchrow(HOLD, package_id)
        if held["digest"] != said["digest"] or not hmac.compare_digest(held["lease_digest"], given):
            return json({}, status=409)
        await connection.execute(ACKED, package_id, now)
        await connection.execute(TOLD, held["case_id"])
        await connection.execute(ENDED, held["case_id"], now)
        await connection.execute(NOTE, [package_id], now, "ACKED", None)
    return json({"package_id": str(package_id), "ref": uuid4().hex})


def add_routes(app: Sanic[Any, Any]) -> None:
    """Add the hand-off to the yardstick."""
    app.add_route(lease, "/lease/<agency:str>", methods=["POST"])
    app.add_route(acknowledge, "/acknowledge/<package_id:uuid>", methods=["POST"])
