"""The yardstick: Sanic and asyncpg with nothing of ours between, on the same settings.

Each handler does the least that can be called the same work: one query by key; the rows that a
submission writes, in one transaction; a body streamed, hashed and made to last on disk.
"""

import asyncio
import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from sanic import Request, Sanic
from sanic.response import HTTPResponse, json, raw

from benchmarks import bare_callbacks, bare_handoff
from models.database import config_for
from settings import Settings

READ = "SELECT id, case_no, state, version, updated_at FROM cases WHERE id = $1"

SERIAL = """
INSERT INTO case_serials (prefix, serial) VALUES ('bare', 1)
ON CONFLICT (prefix) DO UPDATE SET serial = case_serials.serial + 1 RETURNING serial"""
CASE = """
UPDATE cases SET state = 'SUBMITTED', version = 1, case_no = $2, query_code = $3,
  lookup_index = $4, received_at = $5, submitted_at = $5, updated_at = $5
WHERE id = $1 AND state = 'DRAFT' AND version = 0"""
EVENT = """
INSERT INTO case_events (case_id, seq, at, "row", event, from_state, to_state, actor_role,
  actor_id, unit, data)
VALUES ($1, 1, $2, 'T01', 'submit', 'DRAFT', 'SUBMITTED', 'APPLICANT', $3, NULL, '{}')"""
STOP = """
UPDATE clock_instances SET stopped_at = $2, next_at = NULL
WHERE case_id = $1 AND name = 'DRAFT_TTL' AND stopped_at IS NULL"""
CLOCKS = """
INSERT INTO clock_instances (id, case_id, name, started_at, due_at, limit_value, limit_unit,
  counted_from, next_at, calendar_version, provisional)
VALUES ($1, $3, 'PRE_REVIEW_SLA', $4, $5, 1, 'WORKING_DAY', $6, $5, '2026.1', false),
  ($2, $3, 'NOTIFY_5WD', $4, $5, 5, 'WORKING_DAY', $6, $5, '2026.1', false)"""
NOTICE = "INSERT INTO notices (id, case_id, kind, seq, issued_at) VALUES ($1, $2, 'N01', 1, $3)"
SHOWN = """
INSERT INTO consents (id, account_id, case_id, purpose, version, kind, answer, digest, answered_at)
SELECT $2, account_id, id, 'CASE_HANDLING', '2026.2', 'NOTICE', 'SHOWN', '', $3 FROM cases
WHERE id = $1"""
# A job as the queue's own library writes it: the row, and a line in its log.
JOB = """
WITH job AS (
  INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
  VALUES (0, 'bare', $1, now(), $2, 'queued') RETURNING id
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
SELECT id, 'queued', 'bare', 0 FROM job"""
ANSWER = """
INSERT INTO given_answers (id, actor, key, request_digest, answer, created_at)
VALUES ($1, $2, $3, $4, $5, $6)"""


async def read(request: Request, case_id: UUID) -> HTTPResponse:
    row = await request.app.ctx.pool.fetchrow(READ, case_id)
    shown = {name: str(value) for name, value in row.items()}
    return json(shown)


async def submit(request: Request, case_id: UUID) -> HTTPResponse:
    now = datetime.now(UTC)
    key = request.headers["idempotency-key"]
    text = str(case_id)
    due = now + timedelta(days=7)
    async with request.app.ctx.pool.acquire() as connection, connection.transaction():
        await connection.execute(EVENT, case_id, now, text)
        await connection.execute(STOP, case_id, now)
        await connection.execute(CLOCKS, uuid4(), uuid4(), case_id, now, due, now.date())
        await connection.execute(NOTICE, uuid4(), case_id, now)
        await connection.execute(SHOWN, case_id, uuid4(), now)
        await connection.execute(JOB, text.encode(), f"bare:{text}")
        # Last, because everybody who submits on the same day waits for this row.
        number = f"bare{await connection.fetchval(SERIAL):012}"
        await connection.execute(CASE, case_id, number, number[-12:], key, now)
        receipt = f'{{"case_no": "{number}", "state": "SUBMITTED"}}'
        await connection.execute(ANSWER, uuid4(), text, key, key, receipt, now)
    return raw(receipt.encode(), content_type="application/json")


async def upload(request: Request) -> HTTPResponse:
    """Hash and write in the loop: nothing is quicker as long as one file comes at a time.

    The file is kept under its digest, and the name is made to last like the bytes: one that was
    removed at once would get the same warm pages of memory again and again, and its bytes would
    never have had to stay.
    """
    stream: Any = request.stream
    digest = hashlib.sha256()
    path = request.app.ctx.folder / uuid4().hex
    with path.open("xb", buffering=0) as file:
        while chunk := await stream.read():
            digest.update(chunk)
            file.write(chunk)
        await asyncio.to_thread(os.fsync, file.fileno())
    path.replace(request.app.ctx.folder / digest.hexdigest())
    await asyncio.to_thread(os.fsync, request.app.ctx.directory)
    return json({"sha256": digest.hexdigest()}, status=201)


def make_app(settings: Settings) -> Sanic[Any, Any]:
    app: Sanic[Any, Any] = Sanic("bare", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = 1024 * 1024
    app.ctx.folder = settings.data_dir / "bare"
    app.ctx.folder.mkdir(parents=True, exist_ok=True)
    app.ctx.directory = os.open(app.ctx.folder, os.O_RDONLY)

    async def start(app: Sanic[Any, Any]) -> None:
        app.ctx.pool = await asyncpg.create_pool(**pool_of(settings))
        await app.ctx.pool.execute(SERIAL)

    async def stop(app: Sanic[Any, Any]) -> None:
        await app.ctx.pool.close()

    app.register_listener(start, "before_server_start")
    app.register_listener(stop, "after_server_stop")
    app.add_route(read, "/progress/<case_id:uuid>")
    app.add_route(submit, "/submit/<case_id:uuid>", methods=["POST"])
    app.add_route(upload, "/upload", methods=["POST"], stream=True)
    bare_handoff.add_routes(app)
    apiv3_key = settings.wxpay_apiv3_key.get_secret_value()
    bare_callbacks.add_routes(app, settings.wxpay_pub_key_file, apiv3_key)
    return app


def pool_of(settings: Settings) -> dict[str, Any]:
    """Return the arguments of the pool that the application itself opens."""
    config = config_for(
        settings.database_url.get_secret_value(),
        pool=settings.database_pool,
        seconds=settings.database_timeout,
    )
    found = dict(config["connections"]["default"]["credentials"])
    sizes = {"min_size": found.pop("minsize"), "max_size": found.pop("maxsize")}
    return {**sizes, **found, "reset": _leave_as_it_is}


async def _leave_as_it_is(_: object) -> None:
    """The application's pool saves the trip to the server that tidies up a connection, too."""


if __name__ == "__main__":
    given = Settings()
    make_app(given).run(given.host, given.port, single_process=True, access_log=False, motd=False)
