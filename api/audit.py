"""The audit log, for security auditors (安全审计员), who see no case."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.auth import AUDITOR
from api.call import Call
from api.periods import DAY, bounds
from api.routes import Routes
from models.supervision import AuditEntry
from services.actors import Officer
from services.periods import PeriodInvalid
from services.trail import TrailFilter, Verified

audit = Routes("audit", "/staff/v1/audit", AUDITOR)
ROUTES = (audit,)


class TrailQuery(BaseModel):
    """``from`` and ``to`` are days in China, both included; ``before`` is where a page begins."""

    model_config = ConfigDict(extra="forbid")

    first: str | None = Field(None, alias="from", pattern=DAY)
    last: str | None = Field(None, alias="to", pattern=DAY)
    actor_id: str | None = Field(None, min_length=1, max_length=64)
    action: str | None = Field(None, min_length=1, max_length=60)
    object_type: str | None = Field(None, min_length=1, max_length=40)
    object_id: str | None = Field(None, min_length=1, max_length=64)
    limit: int = Field(50, ge=1, le=200)
    before: int | None = Field(None, ge=1, le=2**63 - 1)

    def filter(self) -> TrailFilter:
        """Return the filter; raise ``PeriodInvalid`` for a day that no calendar has."""
        since, until = bounds(self.first, self.last)
        return TrailFilter(
            since, until, self.actor_id, self.action, self.object_type, self.object_id
        )


class EntryView(BaseModel):
    seq: int
    at: str
    actor_role: str
    actor_id: str | None
    action: str
    object_type: str
    object_id: str
    data: dict[str, Any]
    hash: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "EntryView":
        return cls(
            seq=entry.seq,
            at=entry.at.isoformat(),
            actor_role=entry.actor_role,
            actor_id=entry.actor_id,
            action=entry.action,
            object_type=entry.object_type,
            object_id=entry.object_id,
            data=entry.data,
            hash=entry.hash,
        )


class TrailPage(BaseModel):
    entries: list[EntryView]
    next_before: int | None


@audit.add("GET", "", query=TrailQuery, answer=TrailPage, errors=(PeriodInvalid,))
async def list_entries(call: Call[Officer]) -> TrailPage:
    """List what was recorded, newest first, but for one's own acts."""
    query = call.query(TrailQuery)
    found, before = await call.ctx.trail.list(
        call.who, query.filter(), limit=query.limit, before=query.before
    )
    return TrailPage(entries=list(map(EntryView.of, found)), next_before=before)


class AnchorBody(BaseModel):
    """``anchor``: the value of an anchor that was kept elsewhere (``zhangban audit seal``)."""

    model_config = ConfigDict(extra="forbid")

    anchor: str | None = Field(None, min_length=3, max_length=100)


class VerifiedView(BaseModel):
    """``complete`` is false when the time or the list of faults was too short for all."""

    complete: bool
    faults: list[str]
    cases: int
    events: int
    entries: int
    anchors: int
    newest_anchor: str | None

    @classmethod
    def of(cls, found: Verified) -> "VerifiedView":
        tally = found.tally
        return cls(
            complete=found.complete,
            faults=list(found.faults),
            cases=tally.cases,
            events=tally.events,
            entries=tally.entries,
            anchors=tally.anchors,
            newest_anchor=tally.newest.value if tally.newest else None,
        )


@audit.add("POST", "/verify", body=AnchorBody, answer=VerifiedView, optional=True)
async def verify(call: Call[Officer]) -> VerifiedView:
    """Read every event and the log again, and tell what was changed by hand."""
    await call.ctx.limiter.hit("audit_verify", str(call.who.id))
    anchor = call.body(AnchorBody, optional=True).anchor
    return VerifiedView.of(await call.ctx.trail.verify(call.who, anchor))
