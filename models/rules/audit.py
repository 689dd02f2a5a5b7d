"""What is wrong with a chain: the checks of ``zhangban audit verify``, on values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.rules.chain import LOG_GENESIS, entry_hash, event_hash, genesis_of


class FaultKind(StrEnum):
    """A way in which kept records can differ from what was recorded."""

    EVENT_CHANGED = "event changed"
    EVENT_MISSING = "event missing"
    EVENT_UNSEALED = "hash of an event removed"
    HEAD_MISMATCH = "head mismatch"
    CASE_MISSING = "case missing"
    ENTRY_CHANGED = "log row changed"
    ENTRY_MISSING = "log row missing"
    ANCHOR_MISMATCH = "anchor mismatch"


@dataclass(frozen=True)
class Fault:
    """One finding: ``place`` names the case and event, the log row or the anchor."""

    kind: FaultKind
    place: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.place}: {self.detail}"


@dataclass(frozen=True)
class ChainedCase:
    """A case and its events in the order of ``seq``; each has ``EVENT_FIELDS`` and ``hash``."""

    id: UUID
    case_no: str | None
    version: int
    head: str
    events: Sequence[Mapping[str, Any]]

    @property
    def name(self) -> str:
        return f"case {self.id}" + (f" ({self.case_no})" if self.case_no else "")

    @property
    def unsealed(self) -> Sequence[Mapping[str, Any]]:
        """Events of before there were hashes: they come first, and only an anchor covers them."""
        return [event for event in self.events if not event["hash"]]


def check_case(case: ChainedCase) -> Iterable[Fault]:
    """Tell what differs in the chain of one case.

    After a difference the chain goes on from the stored hash, so that one edit is one finding.
    """
    previous, expected, sealed = genesis_of(case.id), 1, False
    for event in case.events:
        seq, kept = event["seq"], event["hash"]
        place = f"{case.name} seq {seq}"
        if seq != expected:
            yield _missing(case, expected, seq - 1)
        if not kept and sealed:
            yield Fault(FaultKind.EVENT_UNSEALED, place, "the events before it have hashes")
        elif kept and seq == expected and event_hash(previous, event) != kept:
            # Behind a gap nobody knows what stood before, and the next hash tells nothing.
            yield Fault(FaultKind.EVENT_CHANGED, place, "the row does not match its hash")
        if kept:
            previous, sealed = kept, True
        expected = seq + 1
    if expected <= case.version:
        yield _missing(case, expected, case.version)
    elif expected != case.version + 1:
        detail = f"the case counts {case.version} events, the last one is {expected - 1}"
        yield Fault(FaultKind.HEAD_MISMATCH, case.name, detail)
    if case.head != (previous if sealed else ""):
        detail = "the head of the case is not the hash of its last event"
        yield Fault(FaultKind.HEAD_MISMATCH, case.name, detail)


def _missing(case: ChainedCase, first: int, last: int) -> Fault:
    which = f"seq {first}" if first == last else f"seq {first} to {last}"
    return Fault(FaultKind.EVENT_MISSING, f"{case.name} {which}", "the numbers have a gap")


@dataclass
class LogCheck:
    """Checks the entries of the audit log one after the other, in the order of ``seq``."""

    expected: int = 1
    previous: str = LOG_GENESIS

    def check(self, entry: Mapping[str, Any]) -> Iterable[Fault]:
        """Tell what differs in the next entry (``ENTRY_FIELDS``, ``previous`` and ``hash``)."""
        seq = entry["seq"]
        if seq != self.expected:
            yield self._gap(seq - 1)
        elif entry["previous"] != self.previous:
            detail = "it does not name the hash of the row before"
            yield Fault(FaultKind.ENTRY_CHANGED, f"audit_log {seq}", detail)
        if entry_hash(entry["previous"], entry) != entry["hash"]:
            detail = "the row does not match its hash"
            yield Fault(FaultKind.ENTRY_CHANGED, f"audit_log {seq}", detail)
        self.expected, self.previous = seq + 1, entry["hash"]

    def end(self, seq: int, head: str) -> Iterable[Fault]:
        """Tell whether the log ends where its head says that it ends."""
        if self.expected <= seq:
            yield self._gap(seq)
        elif self.previous != head:
            detail = "the head of the log is not the hash of its last row"
            yield Fault(FaultKind.HEAD_MISMATCH, f"audit_log {seq}", detail)

    def _gap(self, last: int) -> Fault:
        rows = f"{self.expected}" if self.expected == last else f"{self.expected} to {last}"
        return Fault(FaultKind.ENTRY_MISSING, f"audit_log {rows}", "the numbers have a gap")
