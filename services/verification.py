"""Verification (核验留痕): reads every event and entry again and tells what was changed by hand.

A page is in memory at a time, whatever the number of rows; steps that are taken meanwhile are no
findings.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from models.database import rows
from models.rules import chain
from models.rules.audit import ChainedCase, Fault, FaultKind, LogCheck, check_case
from services import anchors
from services.anchors import Anchor, Running

FIRST = UUID(int=0)
PAGE = 400

# One statement, one moment: the head of a case and its events belong together.
CASES = """
WITH page AS (
  SELECT id, case_no, version, audit_head FROM cases
  WHERE id > $1 AND (version > 0 OR audit_head <> '') ORDER BY id LIMIT $2
)
SELECT p.id, p.case_no, p.version, p.audit_head, e.case_id, e.seq, e.at, e."row", e.event,
  e.from_state, e.to_state, e.actor_role, e.actor_id, e.unit, e.data::text AS data, e.hash
FROM page p LEFT JOIN case_events e ON e.case_id = p.id ORDER BY p.id, e.seq"""
ENTRIES = """
SELECT seq, at, actor_role, actor_id, action, object_type, object_id, data::text AS data, previous,
  hash
FROM audit_log WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3"""
HEAD = """
SELECT seq, hash, (SELECT coalesce(max(seq), 0) FROM audit_log) AS last FROM audit_heads
WHERE name = 'log'"""
ANCHORS = """
SELECT seq, hash, data FROM audit_log
WHERE action = 'audit.anchor' AND seq > $1 ORDER BY seq LIMIT $2"""
LAST_EVENT = "SELECT coalesce(max(id), 0) AS id FROM case_events"
KEPT = "SELECT hash FROM audit_log WHERE seq = $1"


@dataclass
class Tally:
    """What was looked at. ``sealed_from``: when the earliest event with a hash happened."""

    cases: int = 0
    events: int = 0
    entries: int = 0
    anchors: int = 0
    newest: Anchor | None = None
    unsealed_cases: int = 0
    unsealed_events: int = 0
    sealed_from: datetime | None = None

    def count(self, case: ChainedCase) -> None:
        self.cases += 1
        self.events += len(case.events)
        self.unsealed_events += len(case.unsealed)
        self.unsealed_cases += bool(case.unsealed)
        sealed = [event["at"] for event in case.events if event["hash"]]
        if sealed and (self.sealed_from is None or sealed[0] < self.sealed_from):
            self.sealed_from = sealed[0]


async def verify(tally: Tally, kept: str | None = None) -> AsyncIterator[Fault]:
    """Yield what is wrong; ``kept`` is the value of an anchor that was stored elsewhere."""
    if kept is not None:
        async for fault in _kept(kept):
            yield fault
    async for fault in _log(tally):
        yield fault
    async for fault in _cases(tally):
        yield fault
    async for fault in _anchors(tally):
        yield fault


async def _kept(value: str) -> AsyncIterator[Fault]:
    seq, _, hashed = value.strip().partition(":")
    found = await rows(KEPT, [int(seq)]) if seq.isdecimal() and len(seq) < 19 else []
    if not found:
        yield Fault(FaultKind.ENTRY_MISSING, f"audit_log {seq[:20]}", "the kept anchor is gone")
    elif found[0]["hash"] != hashed:
        detail = "the log does not hold the kept anchor"
        yield Fault(FaultKind.ANCHOR_MISMATCH, f"audit_log {seq}", detail)


async def _log(tally: Tally) -> AsyncIterator[Fault]:
    found = await rows(HEAD)
    if not found:
        yield Fault(FaultKind.HEAD_MISMATCH, "audit_log", "the head of the log is gone")
        return
    [head] = found
    if head["last"] > head["seq"]:
        detail = f"the log goes on to {head['last']}"
        yield Fault(FaultKind.HEAD_MISMATCH, f"audit_log {head['seq']}", detail)
    check, place = LogCheck(), 0
    while page := await rows(ENTRIES, [place, head["seq"], PAGE]):
        for row in page:
            for fault in check.check(_with_data(row)):
                yield fault
        tally.entries += len(page)
        place = page[-1]["seq"]
    for fault in check.end(head["seq"], head["hash"]):
        yield fault


async def _cases(tally: Tally) -> AsyncIterator[Fault]:
    place = FIRST
    while page := await rows(CASES, [place, PAGE]):
        for case in _grouped(page):
            tally.count(case)
            for fault in check_case(case):
                yield fault
        place = page[-1]["id"]


def _grouped(page: Sequence[Mapping[str, Any]]) -> Iterator[ChainedCase]:
    for id_, group in groupby(page, key=lambda row: row["id"]):
        found = list(group)
        yield ChainedCase(
            id=id_,
            case_no=found[0]["case_no"],
            version=found[0]["version"],
            head=found[0]["audit_head"],
            events=[_with_data(row) for row in found if row["seq"] is not None],
        )


def _with_data(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "data": chain.read_data(row["data"])}


async def _anchors(tally: Tally) -> AsyncIterator[Fault]:
    last: Anchor | None = None
    place = 0
    while page := await rows(ANCHORS, [place, PAGE]):
        for row in page:
            tally.anchors += 1
            try:
                anchor = Anchor.of(row)
            except (ValueError, TypeError) as error:
                where = f"audit_log {row['seq']}"
                yield Fault(FaultKind.ANCHOR_MISMATCH, where, f"unreadable ({error})")
                continue
            async for fault in _anchor(last, anchor):
                yield fault
            last = anchor
        place = page[-1]["seq"]
    tally.newest = last
    [end] = await rows(LAST_EVENT)
    async for event in anchors.events(last.covered.through if last else 0, end["id"]):
        for fault in _lone(event):
            yield fault
        if last is not None and not event["hash"]:
            detail = "it came after an anchor and has no hash"
            yield Fault(FaultKind.EVENT_UNSEALED, _place(event), detail)


async def _anchor(last: Anchor | None, anchor: Anchor) -> AsyncIterator[Fault]:
    place = f"audit_log {anchor.seq}"
    covered = anchor.covered
    running = Running(last.covered.digest if last else "")
    async for event in anchors.events(covered.after, covered.through):
        running.add(event)
        for fault in _lone(event):
            yield fault
    if covered.after != (last.covered.through if last else 0):
        detail = "it does not begin where the anchor before it ends"
        yield Fault(FaultKind.ANCHOR_MISMATCH, place, detail)
    elif running.events != covered.events or running.digest != covered.digest:
        which = f"events with id {covered.after + 1} to {covered.through}"
        detail = f"{which}: {running.events} found of {covered.events} that it covers"
        if running.events == covered.events:
            detail = f"{which} are not the ones that it covers"
        yield Fault(FaultKind.ANCHOR_MISMATCH, place, detail)


def _lone(event: Mapping[str, Any]) -> Iterator[Fault]:
    if event["orphaned"]:
        yield Fault(FaultKind.CASE_MISSING, _place(event), "its case is gone")


def _place(event: Mapping[str, Any]) -> str:
    return f"case {event['case_id']} seq {event['seq']}"
