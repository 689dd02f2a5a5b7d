"""Rotating keys: the service must go on answering while 100,000 persons get a new key."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from uuid import uuid4

import asyncpg
from pydantic import SecretStr

from benchmarks.drafts import Draft
from benchmarks.load import ROOT, Plan, run
from benchmarks.report import Line
from benchmarks.stage import SECOND_KEY_ID, Stage
from composition import compose
from settings import Settings

PERSONS = 100_000
CONNECTIONS = 8
SECONDS = 2.0
ROUNDS = 3
LONGEST_SECONDS = 40.0
PER_SECOND = 20_000
LEAST = 0.4

FILL = """
WITH new AS (
  INSERT INTO accounts (id, level, elder_mode, created_at)
  SELECT gen_random_uuid(), 1, false, now() FROM generate_series(1, $1::int) RETURNING id
)
INSERT INTO persons (account_id, name_sealed, id_number_sealed, id_number_index, verified_at)
SELECT new.id, old.name_sealed, old.id_number_sealed, replace(new.id::text, '-', ''), now()
FROM new, (SELECT * FROM persons LIMIT 1) AS old"""


def rotation(stage: Stage, underway: Sequence[Draft]) -> Line:
    """Read progress while keys rotate, against reading it alone."""
    asyncio.run(_fill(stage))
    requests = [_request(each) for each in underway]
    alone = median(_rate(stage, requests) for _ in range(ROUNDS))
    with _rotating(stage.settings) as program:
        began, rates = time.monotonic(), list[float]()
        while program.poll() is None and time.monotonic() - began < LONGEST_SECONDS:
            rates.append(_rate(stage, requests))
        seconds = time.monotonic() - began
    # The last round may have outlived the rotation.
    meanwhile = median(rates[:-1] or rates)
    done = program.returncode == 0
    return Line(
        f"progress read while {PERSONS:,} persons get a new key",
        f"{meanwhile:.0f}/s for {seconds:.0f} s" if done else f"not done in {seconds:.0f} s",
        f">= {LEAST}",
        done and meanwhile / alone >= LEAST,
        bare=f"{alone:.0f}/s",
        ratio=f"{meanwhile / alone:.2f}",
    )


async def _fill(stage: Stage) -> None:
    database = await asyncpg.connect(stage.database_url)
    try:
        await database.execute(FILL, PERSONS, timeout=60)
        await database.execute("ANALYZE persons")
    finally:
        await database.close()


def _rate(stage: Stage, requests: Sequence[str]) -> float:
    return run(Plan(stage.port, CONNECTIONS, requests, SECONDS, again=True)).per_second


def _request(who: Draft) -> str:
    return (
        f"GET /v1/cases/{who.case_id}/progress HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {who.token}\r\nX-Request-Id: {uuid4().hex}\r\n\r\n"
    )


@contextmanager
def _rotating(settings: Settings) -> Iterator["subprocess.Popen[str]"]:
    """Run ``keys rotate`` in a process of its own, as an operator does; end it with the block."""
    command = [sys.executable, "-m", "benchmarks.rotation"]
    program = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=ROOT)
    assert program.stdin is not None
    program.stdin.write(json.dumps(settings.model_dump(), default=_plain))
    program.stdin.close()
    try:
        yield program
    finally:
        program.terminate()
        program.wait(timeout=10)


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


async def _rotate(settings: Settings) -> int:
    parts = compose(settings)
    await parts.open()
    try:
        tally = await parts.keys.rotate(lambda name, number: None, per_second=PER_SECOND)
    finally:
        await parts.close()
    return 0 if not tally.faults and tally.renewed["persons.name_sealed"] >= PERSONS else 1


if __name__ == "__main__":
    given = Settings.model_validate({**json.load(sys.stdin), "field_key_active": SECOND_KEY_ID})
    sys.exit(asyncio.run(_rotate(given)))
