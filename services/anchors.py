"""Anchors (锚): entries of the audit log that cover the events of all cases, page by page."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from models.database import rows
from models.rules import chain

ACTION = "audit.anchor"
OBJECT = "case_events"
PAGE = 2000

NEWEST = """
SELECT seq, hash, data FROM audit_log WHERE action = 'audit.anchor' ORDER BY seq DESC LIMIT 1"""
# Numbers are given when a row is written and seen when it is committed. A transaction that holds
# a smaller number than the highest one seen was writing when that was read: it had the table
# locked for writing, and is waited for. Nobody has to wait for us.
HIGHEST = """
SELECT (SELECT coalesce(max(id), 0) FROM case_events) AS through, ARRAY(
  SELECT l.virtualtransaction FROM pg_locks l JOIN pg_database d ON d.oid = l.database
  WHERE d.datname = current_database() AND l.relation = 'case_events'::regclass
    AND l.mode = 'RowExclusiveLock') AS writing"""
STILL = """
SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
  WHERE d.datname = current_database() AND l.relation = 'case_events'::regclass
    AND l.virtualtransaction = ANY($1::text[])) AS writing"""
EVENTS = """
SELECT e.id, e.case_id, e.seq, e.at, e."row", e.event, e.from_state, e.to_state, e.actor_role,
  e.actor_id, e.unit, e.hash, CASE WHEN e.hash = '' THEN e.data::text END AS data,
  c.id IS NULL AS orphaned
FROM case_events e LEFT JOIN cases c ON c.id = e.case_id
WHERE e.id > $1 AND e.id <= $2 ORDER BY e.id LIMIT $3"""
ROUNDS = 100
ROUND_SECONDS = 0.1


class EventsUnsettled(Exception):
    """Somebody has been writing events for too long to know which numbers are final."""


@dataclass(frozen=True)
class Covered:
    """Events with ``after`` < id <= ``through``: how many there are, and one digest of them.

    ``digest`` is the SHA-256 of the digest before it, a line feed, and a line for each event in
    the order of ids: id, case id, seq and hash, with one space between, ended by a line feed. An
    event of before there were hashes has ``-`` and its hash after an empty one.
    """

    after: int
    through: int
    events: int
    digest: str


@dataclass(frozen=True)
class Anchor:
    """An anchor and its place in the log; ``value`` is what to keep outside of this system."""

    seq: int
    hash: str
    covered: Covered

    @property
    def value(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Anchor":
        """Read an entry of the log; raise ``KeyError`` or ``TypeError`` when it is none."""
        return cls(row["seq"], row["hash"], Covered(**orjson.loads(row["data"])))


async def newest() -> Anchor | None:
    found = await rows(NEWEST)
    return Anchor.of(found[0]) if found else None


async def settled() -> int:
    """Return a number of an event below which nothing can appear any more.

    Raises ``EventsUnsettled`` after ten seconds of waiting.
    """
    [highest] = await rows(HIGHEST)
    for _ in range(ROUNDS):
        [still] = await rows(STILL, [highest["writing"]])
        if not still["writing"]:
            return int(highest["through"])
        await asyncio.sleep(ROUND_SECONDS)
    raise EventsUnsettled


async def cover(last: Anchor | None, through: int) -> Covered:
    """Return what the next anchor says, from the last one to ``through``."""
    after, digest = (last.covered.through, last.covered.digest) if last else (0, "")
    running = Running(digest)
    async for event in events(after, through):
        running.add(event)
    return Covered(after, through, running.events, running.digest)


async def events(after: int, through: int) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the events of all cases by id, a page in memory at a time."""
    while after < through and (page := await rows(EVENTS, [after, through, PAGE])):
        for event in page:
            yield event
        after = page[-1]["id"]


class Running:
    """The digest of an anchor as it grows."""

    def __init__(self, previous: str) -> None:
        self.events = 0
        self._hash = hashlib.sha256(f"{previous}\n".encode())

    def add(self, event: Mapping[str, Any]) -> None:
        kept = event["hash"] or f"-{_content(event)}"
        line = f"{event['id']} {event['case_id']} {event['seq']} {kept}\n"
        self._hash.update(line.encode())
        self.events += 1

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _content(event: Mapping[str, Any]) -> str:
    return chain.event_hash("", {**event, "data": chain.read_data(event["data"])})
