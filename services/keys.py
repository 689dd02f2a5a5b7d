"""Keys of data at rest: which rows need which, and moving every row to the active one, online.

Nothing waits for anything: rows are read without a lock and written only where they still hold
what was read, past whoever has them. What was busy or has changed is done in the next round, and
a run that was cut off is simply begun again, for every row says which key sealed it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from models.database import rows
from models.unit import run_in_transaction
from services.actors import SYSTEM
from services.audit import Audit
from services.ports import Crypto
from services.sealed import INDEXED, SEALED, Indexed, Sealed

FIRST = UUID(int=0)
WINDOW_ROWS = 500
BATCH_ROWS = 100
ROUNDS = 5
PAUSE_SECONDS = 1.0

# The second byte of what is sealed names its key (``services.ports.Crypto``).
COUNT = """
WITH part AS (SELECT {key} AS key, get_byte({column}, 1) AS by FROM {table}
  WHERE {key} > $1 ORDER BY {key} LIMIT 20000)
SELECT by, count(*) AS number, (array_agg(key ORDER BY key DESC))[1] AS last FROM part
GROUP BY by"""
STALE = """
SELECT {key} AS key, CASE WHEN get_byte({column}, 1) <> $3 THEN {column} END AS sealed
FROM {table} WHERE {key} > $1 ORDER BY {key} LIMIT $2"""
SWAP = """
WITH free AS (
  SELECT t.{key} AS key, n.new FROM {table} t
  JOIN unnest($1::uuid[], $2::{kind}[], $3::{kind}[]) AS n (key, old, new) ON n.key = t.{key}
  WHERE t.{column} = n.old ORDER BY t.{key} FOR UPDATE OF t SKIP LOCKED
)
UPDATE {table} t SET {column} = free.new FROM free WHERE t.{key} = free.key RETURNING 1"""


@dataclass(frozen=True)
class Use:
    """How many rows of a column a key has sealed."""

    place: Sealed
    key_id: int
    rows: int


@dataclass
class Tally:
    """What a run has done: ``busy`` rows wait for the next round, ``unreadable`` ones for a key."""

    renewed: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)

    @property
    def faults(self) -> int:
        return self.busy + self.unreadable.total()


P = TypeVar("P", Sealed, Indexed)
Told = Callable[[str, int], None]
Swaps = Sequence[tuple[Any, Any, Any]]


@dataclass(frozen=True)
class _Run:
    """How fast to go, who hears of it, and how far it has come."""

    told: Told
    per_second: int
    tally: Tally = field(default_factory=Tally)

    async def write(self, place: Sealed | Indexed, kind: str, swaps: Swaps) -> None:
        """Put new values where the old ones still are, a small transaction for each batch."""
        for start in range(0, len(swaps), BATCH_ROWS):
            batch = swaps[start : start + BATCH_ROWS]
            keys, old, new = (list(column) for column in zip(*batch, strict=True))
            done = len(await rows(_sql(SWAP, place, kind), [keys, old, new]))
            self.tally.renewed[place.name] += done
            self.tally.busy += len(batch) - done
            self.told(place.name, self.tally.renewed[place.name])
            await asyncio.sleep(len(batch) / self.per_second)


@dataclass(frozen=True)
class Keys:
    crypto: Crypto
    audit: Audit

    async def status(self) -> Sequence[Use]:
        """Return which keys have sealed how many rows, column by column."""
        return [use for place in SEALED for use in await self._count(place)]

    async def _count(self, place: Sealed) -> Sequence[Use]:
        found: Counter[int] = Counter()
        after = FIRST
        while part := await rows(_sql(COUNT, place), [after]):
            found.update({row["by"]: row["number"] for row in part if row["by"] is not None})
            after = max(row["last"] for row in part)
        return [Use(place, key_id, number) for key_id, number in sorted(found.items())]

    async def rotate(self, told: Told, *, per_second: int) -> Tally:
        """Seal every row under the active key, at most ``per_second``; again changes nothing.

        ``told`` hears after each batch which column it was and how many rows that makes.
        """
        facts = {"active_key": self.crypto.active_key}
        await self._record("keys.rotate", facts)
        tally = await self._rounds(self._renew, SEALED, _Run(told, per_second))
        await self._record("keys.rotated", {**facts, "rows": tally.renewed.total()})
        return tally

    async def reindex(self, told: Told, *, per_second: int) -> Tally:
        """Make every blind index anew under the present index key, as ``rotate`` does.

        Rows are found meanwhile, by the former key that the settings still name.
        """
        await self._record("keys.reindex", {})
        tally = await self._rounds(self._reindex, INDEXED, _Run(told, per_second))
        await self._record("keys.reindexed", {"rows": tally.renewed.total()})
        return tally

    async def _rounds(
        self, work: Callable[[P, _Run], Awaitable[None]], places: Sequence[P], run: _Run
    ) -> Tally:
        tally = run.tally
        for number in range(ROUNDS):
            tally.busy = 0
            tally.unreadable.clear()
            for place in places:
                await work(place, run)
            if not tally.busy:
                break
            if number < ROUNDS - 1:
                await asyncio.sleep(PAUSE_SECONDS)
        return tally

    async def _renew(self, place: Sealed, run: _Run) -> None:
        after, active = FIRST, self.crypto.active_key
        while part := await rows(_sql(STALE, place), [after, WINDOW_ROWS, active]):
            after = part[-1]["key"]
            swaps = []
            for row in part:
                if row["sealed"] is None:
                    continue
                try:
                    plain = self.crypto.open(row["sealed"], place.purpose)
                except ValueError:
                    run.tally.unreadable[place.name] += 1
                    continue
                swaps.append((row["key"], row["sealed"], self.crypto.seal(plain, place.purpose)))
            await run.write(place, "bytea", swaps)

    async def _reindex(self, place: Indexed, run: _Run) -> None:
        after = FIRST
        while part := await rows(place.source, [after, WINDOW_ROWS]):
            after = part[-1]["key"]
            swaps = []
            for row in part:
                try:
                    value = place.value(self.crypto, row)
                except ValueError:
                    run.tally.unreadable[place.name] += 1
                    continue
                known = [index.hex() for index in self.crypto.indexes(value, place.purpose)]
                if row["stored"] not in known:
                    # Made by a key that the settings do not name: nobody finds this row now.
                    run.tally.unreadable[place.name] += 1
                elif row["stored"] != known[0]:
                    swaps.append((row["key"], row["stored"], known[0]))
            await run.write(place, "text", swaps)

    async def _record(self, action: str, facts: dict[str, Any]) -> None:
        await run_in_transaction(lambda: self.audit.record(SYSTEM, action, "keys", "field", facts))

    async def misindexed(self, sample: int) -> int:
        """Count the oldest rows that no present index key finds, among ``sample`` of each table."""
        lost = 0
        for place in INDEXED:
            for row in await rows(place.source, [FIRST, sample]):
                try:
                    value = place.value(self.crypto, row)
                except ValueError:
                    continue
                known = [index.hex() for index in self.crypto.indexes(value, place.purpose)]
                lost += row["stored"] not in known
        return lost


def _sql(template: str, place: Sealed | Indexed, kind: str = "") -> str:
    # Names of the list above, never anybody's input.
    return template.format(table=place.table, column=place.column, key=place.key, kind=kind)
