"""The audit log (审计): acts that are no step of a case, each chained to the one before."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import orjson

from models.database import rows
from models.ids import uuid7
from models.rules import chain
from models.rules.events import Role
from models.unit import current_unit, run_in_transaction, transaction
from services import anchors
from services.actors import SYSTEM, Actor
from services.anchors import Anchor
from services.ports import Clock, Jobs

APPEND = "audit.append"

# Whoever appends holds the row of the head until the commit: the log grows one entry at a time.
HEAD = "SELECT seq, hash FROM audit_heads WHERE name = 'log' FOR UPDATE"
HEAD_IF_FREE = f"{HEAD} SKIP LOCKED"
ADD = """
WITH moved AS (UPDATE audit_heads SET seq = $1, hash = $10 WHERE name = 'log')
INSERT INTO audit_log
  (seq, at, actor_role, actor_id, action, object_type, object_id, data, previous, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10)
RETURNING seq"""
# Who polls is recorded once a minute; of two at once one writes.
FIRST_IN_A_WHILE = """
INSERT INTO readings (id, reader, object_type, object_id, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (reader, object_type, object_id) DO UPDATE SET at = excluded.at
WHERE readings.at <= excluded.at - interval '1 minute'
RETURNING id"""
IS_THERE = "SELECT 1 FROM audit_log WHERE data ->> 'late' = $1"
# A reader waits so long for the log, and leaves the rest to a job.
ATTEMPTS = 20
PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class Entry:
    """An act as it is recorded; ``data`` holds no personal data."""

    at: datetime
    actor: Actor
    action: str
    object_type: str
    object_id: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Audit:
    clock: Clock
    jobs: Jobs

    async def record(
        self,
        actor: Actor,
        action: str,
        object_type: str,
        object_id: object,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Record an act in the caller's transaction: both happen, or neither.

        The entry is written as the last thing before the commit, wherever this is called, for
        the log is held from then on. ``action`` is ``noun.verb``; ``data`` no personal data.
        """
        entry = self._entry(actor, action, object_type, object_id, data)
        current_unit().before_commit(partial(_append, entry))

    async def read(
        self,
        actor: Actor,
        action: str,
        object_type: str,
        object_id: object,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Record that somebody is about to be shown something; returns once that is certain.

        Waits less than half a second for the log; then a job appends the entry. Without the
        database neither is possible, nor is the reading: raises ``DatabaseLost``.
        """
        entry = self._entry(actor, action, object_type, object_id, data)
        await run_in_transaction(partial(self._read, entry))

    async def open(
        self,
        actor: Actor,
        action: str,
        object_type: str,
        object_id: object,
        data: Mapping[str, Any] | None = None,
        *,
        shape: str = "",
    ) -> None:
        """Record as ``read`` does, at most once a minute for one reader, act and thing.

        ``shape`` tells apart what of the thing was shown.
        """
        entry = self._entry(actor, action, object_type, object_id, data)
        await run_in_transaction(partial(self._open, entry, shape))

    async def append_late(self, payload: Mapping[str, Any]) -> None:
        """Do the job of ``read``; a second time changes nothing."""
        data = dict(payload["data"])
        entry = Entry(
            at=datetime.fromisoformat(payload["at"]),
            actor=Actor(Role(payload["actor_role"]), payload["actor_id"], None),
            action=payload["action"],
            object_type=payload["object_type"],
            object_id=payload["object_id"],
            data=data,
        )
        await run_in_transaction(partial(_append_once, entry, data["late"]))

    async def anchor(self) -> Anchor:
        """Put what all cases recorded since the last anchor into the log (hourly).

        Raises ``EventsUnsettled`` while somebody writes for too long; the next hour tries again.
        """
        last = await anchors.newest()
        covered = await anchors.cover(last, await anchors.settled())
        return await self._anchor(last, covered)

    @transaction
    async def _anchor(self, last: Anchor | None, covered: anchors.Covered) -> Anchor:
        head = await _head()
        newest = await anchors.newest()
        if newest is not None and newest != last:
            # Another worker was quicker; what is left is for the next anchor.
            return newest
        through = str(covered.through)
        entry = self._entry(SYSTEM, anchors.ACTION, anchors.OBJECT, through, vars(covered))
        seq, hashed = await _add(entry, head)
        return Anchor(seq, hashed, covered)

    async def _open(self, entry: Entry, shape: str) -> None:
        what = f"{entry.action}{shape and ':'}{shape}"
        if await first_in_a_while(entry.actor, what, entry.object_id, entry.at):
            await self._read(entry)

    async def _read(self, entry: Entry) -> None:
        for _ in range(ATTEMPTS):
            if found := await rows(HEAD_IF_FREE):
                await _add(entry, found[0])
                return
            await asyncio.sleep(PAUSE_SECONDS)
        await self.jobs.enqueue(
            APPEND,
            {
                "at": entry.at.isoformat(),
                "actor_role": entry.actor.role.value,
                "actor_id": entry.actor.id,
                "action": entry.action,
                "object_type": entry.object_type,
                "object_id": entry.object_id,
                "data": {**entry.data, "late": str(uuid4())},
            },
        )

    def _entry(
        self,
        actor: Actor,
        action: str,
        object_type: str,
        object_id: object,
        data: Mapping[str, Any] | None,
    ) -> Entry:
        return Entry(self.clock.now(), actor, action, object_type, str(object_id), data or {})


async def _head() -> Mapping[str, Any]:
    [head] = await rows(HEAD)
    return head


async def first_in_a_while(actor: Actor, what: str, object_id: str, at: datetime) -> bool:
    """Tell whether somebody did this to a thing more than a minute ago, or never."""
    values = [uuid7(), actor.id or "", what, object_id, at]
    return bool(await rows(FIRST_IN_A_WHILE, values))


async def _append(entry: Entry) -> None:
    await _add(entry, await _head())


async def _append_once(entry: Entry, mark: str) -> None:
    head = await _head()
    # Nobody else can append meanwhile; a unique key stands behind this all the same.
    if not await rows(IS_THERE, [mark]):
        await _add(entry, head)


async def _add(entry: Entry, head: Mapping[str, Any]) -> tuple[int, str]:
    data = orjson.dumps(dict(entry.data)).decode()
    fields = {
        "seq": head["seq"] + 1,
        "at": entry.at,
        "actor_role": entry.actor.role.value,
        "actor_id": entry.actor.id,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
    }
    previous = head["hash"]
    hashed = chain.entry_hash(previous, {**fields, "data": chain.read_data(data)})
    await rows(ADD, [*fields.values(), data, previous, hashed])
    return fields["seq"], hashed
