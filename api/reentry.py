"""Re-entry: packages of systems that cannot pull, keyed by staff and ticked off."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth import STAFF
from api.call import Call
from api.events import PROBLEMS, EventPayload, ReportedView
from api.routes import Routes
from services.access import CaseUnknown
from services.actors import Officer
from services.events import EventType, Report
from services.handoff import PackageUnknown, ReceiptCodeWrong
from services.reentry import (
    EarlierPackage,
    KeyedBefore,
    NotByHand,
    Sheet,
    Ticked,
    Waiting,
)
from services.transitions import StepNotYours

keying = Routes("reentry", "/staff/v1/reentry", STAFF)
reporting = Routes("reentry", "/staff/v1/cases", STAFF)
ROUTES = (keying, reporting)

PACKAGE = "/<package_id:uuid>"
REFUSALS = (CaseUnknown, StepNotYours, PackageUnknown, NotByHand)


class WaitingQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=100)
    cursor: UUID | None = None


class WaitingView(BaseModel):
    """``due_at`` is until when the case's first package has to be taken over."""

    id: UUID
    case_id: UUID
    case_no: str
    seq: int
    kind: str
    item: str
    agency: str
    created_at: str
    due_at: str | None

    @classmethod
    def of(cls, waiting: Waiting) -> "WaitingView":
        due = waiting.due_at
        times = {"created_at": waiting.created_at.isoformat(), "due_at": due and due.isoformat()}
        return cls(**{**vars(waiting), **times})


class WaitingList(BaseModel):
    packages: list[WaitingView]
    next_cursor: UUID | None


class LineView(BaseModel):
    label: str
    value: str


class SheetMaterial(BaseModel):
    """``address`` is where the file is downloaded, as it came."""

    code: str
    name: str
    mime: str
    size: int
    sha256: str
    address: str

    @classmethod
    def of(cls, listed: dict[str, Any]) -> "SheetMaterial":
        address = f"/staff/v1/materials/{listed['id']}/content?original=true"
        names = ("code", "name", "mime", "size", "sha256")
        return cls(address=address, **{name: listed[name] for name in names})


class SheetView(BaseModel):
    """What is to be keyed, to be copied line by line; at its end the code that ticks it off."""

    id: UUID
    case_no: str
    kind: str
    lines: list[LineView]
    materials: list[SheetMaterial]
    digest: str
    receipt_code: str

    @classmethod
    def of(cls, sheet: Sheet) -> "SheetView":
        return cls(
            id=sheet.id,
            case_no=sheet.case_no,
            kind=sheet.kind,
            lines=[LineView(label=line.label, value=line.value) for line in sheet.lines],
            materials=[SheetMaterial.of(dict(each)) for each in sheet.materials],
            digest=sheet.digest,
            receipt_code=sheet.receipt_code,
        )


class TickBody(BaseModel):
    """The code at the end of the sheet, and the case's number in the other system."""

    model_config = ConfigDict(extra="forbid")

    receipt_code: str = Field(min_length=1, max_length=64)
    external_no: str = Field(min_length=1, max_length=100)


class TickedView(BaseModel):
    package_id: UUID
    external_no: str
    at: str

    @classmethod
    def of(cls, ticked: Ticked) -> "TickedView":
        return cls(
            package_id=ticked.package_id, external_no=ticked.external_no, at=ticked.at.isoformat()
        )


class HandEventBody(BaseModel):
    """An event as a system would report it; its number and its id are ours to give."""

    model_config = ConfigDict(extra="forbid")

    type: EventType
    occurred_at: AwareDatetime
    payload: EventPayload = Field(default_factory=EventPayload)

    def said(self, key: str) -> Report:
        event_id = sha256(key.encode()).hexdigest()
        return Report(event_id, "", 0, self.type, self.occurred_at, **vars(self.payload))


@keying.add("GET", "", query=WaitingQuery, answer=WaitingList)
async def list_waiting(call: Call[Officer]) -> WaitingList:
    """List the accepted cases that wait to be keyed into a system that cannot pull."""
    query = call.query(WaitingQuery)
    page, following = await call.ctx.reentries.waiting(
        call.who, limit=query.limit, after=query.cursor
    )
    return WaitingList(
        packages=[WaitingView.of(waiting) for waiting in page], next_cursor=following
    )


@keying.add("GET", PACKAGE, answer=SheetView, errors=REFUSALS)
async def get_sheet(call: Call[Officer], package_id: UUID) -> SheetView:
    """Show what is to be keyed, line by line; that somebody looked is recorded."""
    return SheetView.of(await call.ctx.reentries.sheet(call.who, package_id))


@keying.add(
    "POST",
    f"{PACKAGE}/keyed",
    body=TickBody,
    answer=TickedView,
    errors=(*REFUSALS, ReceiptCodeWrong, EarlierPackage, KeyedBefore),
)
async def tick_off(call: Call[Officer], package_id: UUID) -> TickedView:
    """Note that a package was keyed, with its number in the other system."""
    body = call.body(TickBody)
    ticked = await call.ctx.reentries.tick(
        call.who, package_id, body.receipt_code, body.external_no
    )
    return TickedView.of(ticked)


@reporting.add(
    "POST",
    "/<case_id:uuid>/events",
    body=HandEventBody,
    answer=ReportedView,
    errors=(StepNotYours, NotByHand, *PROBLEMS),
    idempotent=True,
)
async def report_by_hand(call: Call[Officer], case_id: UUID) -> ReportedView:
    """Report what became of a case whose system cannot; the rules are those of its events."""
    said = call.body(HandEventBody).said(call.idempotency_key)
    return ReportedView.of(await call.ctx.reentries.report(call.who, case_id, said))
