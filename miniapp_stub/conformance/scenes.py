"""A scene is one case of the county's that is played honestly; its children play a hard one.

The county asks the scene what to answer, and the scene remembers what the client did wrong.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from miniapp_stub.conformance.parcels import Mint, Parcel
from miniapp_stub.conformance.report import Line, Verdict

DECIDED = "decided"
STARTED = "review_started"


@dataclass(frozen=True)
class Answer:
    """What the county answers; ``lost`` ends the connection instead, after everything was done."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: bool = False
    revoke: bool = False


@dataclass(frozen=True)
class Sending:
    """Bytes ``start`` to ``end`` of a material; ``broken_at`` ends the connection there."""

    content: bytes
    start: int
    end: int
    delay: float = 0.0
    broken_at: int | None = None


def problem(
    status: int, code: str, headers: Mapping[str, str] | None = None, **facts: Any
) -> Answer:
    """Return a refusal as the county writes it (RFC 9457)."""
    kind = f"urn:zhangban:problem:{code}"
    body = {"type": kind, "title": code, "status": status, "detail": code, "code": code, **facts}
    return Answer(status, body, headers or {})


class Scene:
    """One case with one package, served, acknowledged and reported on."""

    name: ClassVar[str] = "plain"
    title: ClassVar[str] = "an ordinary package"
    expected: ClassVar[str] = (
        "every material fetched, then acknowledged with digest and receipt code"
    )
    mend: ClassVar[str] = (
        "Lease, compare the body's SHA-256 with its digest, fetch all materials, keep everything, "
        "then POST …/ack with lease_token, digest and the body's receipt_code."
    )
    needs_events: ClassVar[bool] = False

    def __init__(self, mint: Mint) -> None:
        self.case_no = mint.case_no()
        self.parcels = self.make(mint)
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.applied: dict[str, Mapping[str, Any]] = {}
        self.ids: dict[int, str] = {}
        self.expected_seq = 1
        self.clock: Callable[[], float] = time.monotonic

    def make(self, mint: Mint) -> Sequence[Parcel]:
        return [mint.parcel(self.case_no, sizes=(3_000, 40_000))]

    # What is served

    def ready(self) -> Sequence[Parcel]:
        """Return the packages that may be leased now, as the county would."""
        waiting = [parcel for parcel in self.parcels if not parcel.acked][:1]
        return [parcel for parcel in waiting if parcel.leased_until <= self.clock()]

    def row(self, parcel: Parcel) -> dict[str, Any]:
        """Return what a lease says of a package."""
        return {
            "id": parcel.id,
            "case_no": parcel.case_no,
            "seq": parcel.seq,
            "kind": parcel.kind,
            "digest": parcel.digest,
            "signature": parcel.signature,
            "leases": parcel.leases,
            "body": parcel.body,
        }

    def material(self, parcel: Parcel, material: str, span: tuple[int, int]) -> Sending | Answer:
        return Sending(parcel.file(material) or b"", *span)

    def hung_up(self) -> None:
        self.notes.append("the client hung up while a material was sent")

    # What comes back

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        refusal = self._proof(parcel, given)
        if refusal is not None:
            return refusal
        if not parcel.acked:
            if parcel.leased_until <= self.clock():
                return problem(409, "lease_lost")
            self._look(parcel)
        parcel.acks += 1
        return Answer(
            200,
            {"package_id": parcel.id, "status": "ACKED", "acked_at": "2026-03-02T09:20:00+08:00"},
        )

    def _proof(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer | None:
        if str(given["digest"]).lower() != parcel.digest:
            self.faults.append("acknowledged with a digest that is not the body's")
            return problem(422, "digest_mismatch")
        if given["receipt_code"] != parcel.receipt_code:
            self.faults.append("acknowledged with a receipt code that is not the body's")
            return problem(422, "receipt_code_wrong")
        return None if given["lease_token"] == parcel.lease_token else problem(409, "lease_lost")

    def _look(self, parcel: Parcel) -> None:
        """Remember what should have been done before a package was acknowledged."""
        for number, material in enumerate(parcel.materials, 1):
            if not parcel.is_fetched(material):
                self.faults.append(f"acknowledged before material {number} had arrived whole")
        if any(each.seq < parcel.seq and not each.acked for each in self.parcels):
            self.faults.append(f"acknowledged package {parcel.seq} before an earlier one")

    def give_back(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        if given["lease_token"] != parcel.lease_token or parcel.acked:
            return problem(409, "lease_lost")
        self.faults.append(f"returned as {given['code']}")
        parcel.leased_until = 0.0
        return Answer(200, {"package_id": parcel.id, "status": "READY"})

    def extend(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        if given["lease_token"] != parcel.lease_token or parcel.leased_until <= self.clock():
            return problem(409, "lease_lost")
        seconds = given.get("seconds", 600)
        parcel.leased_until = self.clock() + seconds
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        return Answer(200, {"package_id": parcel.id, "leased_until": until.isoformat()})

    def event(self, given: Mapping[str, Any]) -> Answer:
        known = self.applied.get(str(given["event_id"]))
        if known is not None:
            if known != given:
                self.faults.append("one event_id came with two contents")
                return problem(409, "event_id_reused")
            return self.reported("duplicate")
        if not self.parcels[0].acked:
            return problem(409, "package_not_acknowledged")
        self._compare(given)
        if given["seq"] != self.expected_seq:
            return problem(409, "event_out_of_order", expected_seq=self.expected_seq)
        self.expected_seq += 1
        self.applied[str(given["event_id"])] = dict(given)
        return self.reported("applied")

    def _compare(self, given: Mapping[str, Any]) -> None:
        """Find a second case: what happened once is told under two ids."""
        first = self.ids.setdefault(int(given["seq"]), str(given["event_id"]))
        if first != given["event_id"]:
            self.faults.append(f"event {given['seq']} came under two event ids: a second case?")
        elif given["type"] == STARTED and given["seq"] > 1:
            self.faults.append("review_started came a second time: a second case?")

    def reported(self, outcome: str, status: int = 200, **more: Any) -> Answer:
        state = "APPROVED" if self.has(DECIDED) else "UNDER_REVIEW"
        return Answer(status, {"outcome": outcome, "case_no": self.case_no, "state": state, **more})

    def has(self, kind: str) -> bool:
        return any(event["type"] == kind for event in self.applied.values())

    # How it went

    @property
    def done(self) -> bool:
        """Tell whether everything that this case wants to see was seen."""
        return all(parcel.acked for parcel in self.parcels)

    @property
    def started(self) -> bool:
        return any(parcel.leases for parcel in self.parcels)

    @property
    def over(self) -> bool:
        return self.done or bool(self.faults)

    def line(self) -> Line:
        if self.faults:
            verdict, seen = Verdict.FAILED, "; ".join(dict.fromkeys(self.faults))
        elif self.done:
            verdict, seen = Verdict.PASSED, "; ".join(dict.fromkeys(["as expected", *self.notes]))
        elif not self.started or (self.needs_events and not self.ids and self.parcels[0].acked):
            missing = "no event of this case was reported" if self.started else "never leased"
            verdict, seen = Verdict.NOT_SEEN, missing
        else:
            verdict, seen = Verdict.FAILED, self.unfinished()
        return Line(self.name, self.title, verdict, self.expected, seen, self.mend)

    def unfinished(self) -> str:
        open_ = [str(parcel.seq) for parcel in self.parcels if not parcel.acked]
        what = (
            f"package {', '.join(open_)} was not acknowledged" if open_ else "it stopped half-way"
        )
        return "; ".join([what, *dict.fromkeys(self.notes)])
