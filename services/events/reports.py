"""What a back-office says of a case, as values, and what each type of event has to say."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

import orjson

from models.case import Case
from models.rules.reasons import TerminationReason
from services.actors import Actor
from services.errors import FieldFault
from services.events.problems import EventIncomplete
from services.items import PublishedItem

NOT_USABLE = "这一项不适用。"
NEEDED = "这一项必须填写。"


class EventType(StrEnum):
    REVIEW_STARTED = "review_started"
    SPECIAL_STARTED = "special_started"
    SPECIAL_ENDED = "special_ended"
    EXTENDED = "extended"
    REVIEW_COMPLETED = "review_completed"
    INFORMATION_REQUESTED = "information_requested"
    CORRECTION_REQUESTED = "correction_requested"
    WITHDRAWAL_ANSWERED = "withdrawal_answered"
    TERMINATED = "terminated"
    FEE_ASSESSED = "fee_assessed"
    SHORTFALL_JUDGED = "shortfall_judged"
    DECIDED = "decided"
    RESULT_READY = "result_ready"


class Decision(StrEnum):
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class ShortfallVerdict(StrEnum):
    """What a department says of a material that was promised and came."""

    FULFILLED = "FULFILLED"
    DEFECTIVE = "DEFECTIVE"


@dataclass(frozen=True)
class Report:
    """An event as a machine reports it; ``seq`` counts per case from 1.

    What follows ``occurred_at`` is the payload; ``SAYS`` tells which type needs what of it.
    """

    event_id: str
    case_no: str
    seq: int
    type: EventType
    occurred_at: datetime
    decision: Decision | None = None
    document_no: str | None = None
    reason: str | None = None
    fee: Mapping[str, Any] | None = None
    procedure: str | None = None
    planned_days: int | None = None
    approver: str | None = None
    question: str | None = None
    confirmed: bool | None = None
    reason_code: TerminationReason | None = None
    holder_name: str | None = None
    holder_id_sha256: str | None = None
    documents: Sequence[str] | None = None
    material_code: str | None = None
    verdict: ShortfallVerdict | None = None

    @property
    def payload(self) -> Mapping[str, Any]:
        """Return what was said beyond the envelope."""
        said = {name: value for name, value in vars(self).items() if name not in ENVELOPE}
        return {name: value for name, value in said.items() if value is not None}

    @property
    def digest(self) -> str:
        """Return the SHA-256 of everything but the event's own id."""
        content = {
            **self.payload,
            "case_no": self.case_no,
            "seq": self.seq,
            "type": self.type,
            "occurred_at": self.occurred_at.astimezone(UTC),
        }
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def kept(self, sender: str) -> bytes:
        """Return the event as it waits for its turn, with the name of the system that sent it."""
        return orjson.dumps({"sender": sender, "report": vars(self)})

    @classmethod
    def read(cls, kept: bytes) -> tuple[Self, str]:
        """Return an event that ``kept`` wrote, and its sender's name."""
        content = orjson.loads(kept)
        said = content["report"]
        for name, kind in KINDS.items():
            if said[name] is not None:
                said[name] = kind(said[name])
        return cls(**said), content["sender"]


KINDS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "type": EventType,
        "occurred_at": datetime.fromisoformat,
        "decision": Decision,
        "reason_code": TerminationReason,
        "verdict": ShortfallVerdict,
    }
)
ENVELOPE = ("event_id", "case_no", "seq", "type", "occurred_at")


@dataclass(frozen=True)
class Reported:
    """What became of an event: "applied", "duplicate" of one that was, or "parked".

    ``expected_seq``, of a parked one: the first number of the case that is still to come.
    """

    outcome: str
    case_no: str
    state: str
    expected_seq: int | None = None


@dataclass(frozen=True)
class Told:
    """A report that is next in its case, with the case's row held."""

    case: Case
    item: PublishedItem
    actor: Actor
    report: Report


@dataclass(frozen=True)
class Content:
    """What a type of event has to say, and what it may say besides."""

    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()


def _says(needs: str = "", may: str = "") -> Content:
    return Content(frozenset(needs.split()), frozenset(may.split()))


SAYS: Mapping[EventType, Content] = MappingProxyType(
    {
        EventType.REVIEW_STARTED: _says(),
        EventType.SPECIAL_STARTED: _says("procedure planned_days"),
        EventType.SPECIAL_ENDED: _says(),
        EventType.EXTENDED: _says("approver reason"),
        EventType.REVIEW_COMPLETED: _says(),
        EventType.INFORMATION_REQUESTED: _says("question"),
        EventType.CORRECTION_REQUESTED: _says(may="question reason"),
        EventType.WITHDRAWAL_ANSWERED: _says("confirmed", "reason"),
        EventType.TERMINATED: _says("reason_code reason"),
        EventType.FEE_ASSESSED: _says("fee"),
        EventType.SHORTFALL_JUDGED: _says("material_code verdict", "reason"),
        EventType.DECIDED: _says(
            "decision document_no", "reason fee holder_name holder_id_sha256 documents"
        ),
        EventType.RESULT_READY: _says("documents"),
    }
)


def check_content(report: Report) -> None:
    """Check that a report says what its type needs and no more; raise ``EventIncomplete``."""
    content = SAYS[report.type]
    needed, usable = content.needs, content.needs | content.may
    if report.confirmed is False:
        needed = needed | {"reason"}
    elif report.confirmed:
        usable = usable - {"reason"}
    if report.verdict is ShortfallVerdict.DEFECTIVE:
        needed = needed | {"reason"}
    elif report.verdict:
        usable = usable - {"reason"}
    if report.decision is Decision.REJECTED:
        # 行政许可法38: a refusal has reasons; and nobody pays for it.
        needed, usable = needed | {"reason"}, usable - {"fee"}
    given = set(report.payload)
    faults = [FieldFault(f"/payload/{name}", NEEDED) for name in sorted(needed - given)]
    faults += [FieldFault(f"/payload/{name}", NOT_USABLE) for name in sorted(given - usable)]
    if faults:
        raise EventIncomplete(faults=faults)
