"""Timers: firing 1,000 due clocks must cost the same whether 10,000 or 1,000,000 run."""

import asyncio
import time
from statistics import median
from uuid import UUID

import asyncpg

from benchmarks.report import Line
from benchmarks.stage import Stage
from composition import Parts, compose

FEW, MANY = 10_000, 1_000_000
DUE = 1000
ROUNDS = 3
MOST = 1.3
# Every case has these running, as an accepted case with side clocks may.
NAMES = (
    "DECISION_PROMISED",
    "DECISION_STATUTORY",
    "PAPER_HANDOVER",
    "RECEIPT_TRANSFER",
    "RATING_WINDOW",
    "SHORTFALL",
    "PICKUP_REMIND",
    "SERVE_10WD",
)

CASES = """
INSERT INTO cases SELECT copy.* FROM cases AS old
CROSS JOIN LATERAL (SELECT gen_random_uuid() AS id FROM generate_series(1, $2::int)) AS new
CROSS JOIN LATERAL jsonb_populate_record(NULL::cases, to_jsonb(old) || jsonb_build_object(
  'id', new.id, 'case_no', NULL, 'query_code', NULL, 'lookup_index', NULL)) AS copy
WHERE old.id = $1"""

CLOCKS = """
INSERT INTO clock_instances
  (id, case_id, name, started_at, due_at, limit_value, limit_unit, counted_from, next_at,
   calendar_version, provisional)
SELECT gen_random_uuid(), c.id, name, now(), soon.at, 20, 'WORKING_DAY', current_date, soon.at,
  '2026.1', false
FROM (SELECT id FROM cases WHERE case_no IS NULL AND state = $2
      AND NOT EXISTS (SELECT FROM clock_instances k WHERE k.case_id = cases.id)) AS c,
  unnest($1::text[]) AS name,
  LATERAL (SELECT now() + interval '1 day' + random() * interval '300 days' AS at) AS soon"""

RIPEN = """
UPDATE clock_instances SET due_at = now() - interval '1 s', next_at = now() - interval '1 s'
WHERE id IN (SELECT id FROM clock_instances
             WHERE name = $2 AND due_at > now() LIMIT $1)"""


def timers(stage: Stage, model: UUID) -> Line:
    """Fire due clocks among few and among many; ``model`` is an accepted case to be copied."""
    few, many = asyncio.run(_measure(stage, model))
    ratio = many / few
    return Line(
        f"fire {DUE:,} due clocks of {MANY:,}",
        f"{many:.2f} s",
        f"<= {MOST}",
        ratio <= MOST,
        bare=f"{few:.2f} s of {FEW:,}",
        ratio=f"{ratio:.2f}",
    )


async def _measure(stage: Stage, model: UUID) -> tuple[float, float]:
    parts = compose(stage.settings)
    await parts.open()
    database = await asyncpg.connect(stage.database_url)
    try:
        # What is due of the other measures would be counted with the first round.
        await database.execute("UPDATE clock_instances SET next_at = NULL")
        await _fill(database, model, FEW)
        few = await _rounds(parts, database)
        await _fill(database, model, MANY - FEW)
        return few, await _rounds(parts, database)
    finally:
        await database.close()
        await parts.close()


async def _fill(database: asyncpg.Connection, model: UUID, clocks: int) -> None:
    state = await database.fetchval("SELECT state FROM cases WHERE id = $1", model)
    await database.execute(CASES, model, clocks // len(NAMES), timeout=120)
    await database.execute(CLOCKS, list(NAMES), state, timeout=120)
    await database.execute("VACUUM (ANALYZE) clock_instances", timeout=120)
    await database.execute("ANALYZE cases")


async def _rounds(parts: Parts, database: asyncpg.Connection) -> float:
    """Return the median of some rounds; the first only warms up. Each has clocks of its own."""
    seconds = [await _round(parts, database, name) for name in NAMES[: ROUNDS + 1]]
    return median(seconds[1:])


async def _round(parts: Parts, database: asyncpg.Connection, name: str) -> float:
    """Let some clocks fall due, and fire them; return the seconds that took."""
    await database.execute(RIPEN, DUE, name)
    _, sweep = parts.schedules["timers"]
    began = time.perf_counter()
    fired = await sweep()
    seconds = time.perf_counter() - began
    if fired != DUE:
        raise RuntimeError(f"{fired} clocks fired, not {DUE}")
    return seconds
