"""Pre-review by staff: the queue, a case, claiming it, verdicts on its materials."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import STAFF
from api.call import Call
from api.dossier import DossierView
from api.routes import Routes
from models.case import Case
from models.rules.reasons import DefectReason
from models.rules.states import State
from services.access import CaseUnknown
from services.actors import Officer
from services.approvals import ApprovalNeeded
from services.desk import CaseClaimed
from services.items import CursorInvalid
from services.lacking import MaterialNotPromised
from services.queue import QueueEntry
from services.transitions import StepNotAllowed, StepNotYours
from services.verdicts import MaterialAbsent, MaterialNotAsked, PageUnknown, VerdictReasonMissing

reviews = Routes("reviews", "/staff/v1/cases", STAFF)
ROUTES = (reviews,)

CASE = "/<case_id:uuid>"
REFUSALS = (CaseUnknown, CaseClaimed, StepNotAllowed, StepNotYours)


class QueueQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=300)


class QueuedCase(BaseModel):
    """``due_at`` is the next deadline, ``mine`` a case that the asking officer claimed."""

    id: UUID
    case_no: str
    state: str
    state_text: str
    round: int
    item_code: str
    item_name: str
    agency: str
    received_at: str
    due_at: str | None
    claimed: bool
    mine: bool

    @classmethod
    def of(cls, entry: QueueEntry) -> "QueuedCase":
        return cls(
            id=entry.id,
            case_no=entry.case_no,
            state=entry.state.value,
            state_text=entry.state.zh,
            round=entry.round,
            item_code=entry.item_code,
            item_name=entry.item_name,
            agency=entry.agency,
            received_at=entry.received_at.isoformat(),
            due_at=entry.due_at.isoformat() if entry.due_at else None,
            claimed=entry.claimed,
            mine=entry.mine,
        )


class Queue(BaseModel):
    cases: list[QueuedCase]
    next_cursor: str | None


class ReviewedCase(BaseModel):
    """Where a case stands after an officer's act."""

    id: UUID
    case_no: str
    state: str
    state_text: str
    round: int

    @classmethod
    def of(cls, case: Case) -> "ReviewedCase":
        return cls(
            id=case.id,
            case_no=str(case.case_no),
            state=case.state.value,
            state_text=case.state.zh,
            round=case.round,
        )


class VerdictBody(BaseModel):
    """``reason_code`` is needed with FAIL; ``page`` counts from 1, null: the whole material."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["PASS", "FAIL"]
    reason_code: DefectReason | None = None
    comment: str = Field("", max_length=500)
    page: int | None = Field(None, ge=1, le=1000)


@reviews.add("GET", "", query=QueueQuery, answer=Queue, errors=(CursorInvalid,))
async def list_queue(call: Call[Officer]) -> Queue:
    """List what waits: submitted and under pre-review first, by deadline."""
    query = call.query(QueueQuery)
    page = await call.ctx.reviews.queue(
        call.who, query.state, limit=query.limit, cursor=query.cursor
    )
    return Queue(
        cases=[QueuedCase.of(entry) for entry in page.entries], next_cursor=page.next_cursor
    )


@reviews.add("GET", CASE, answer=DossierView, errors=(CaseUnknown, StepNotYours, ApprovalNeeded))
async def get_dossier(call: Call[Officer], case_id: UUID) -> DossierView:
    """Show a case with form, materials, verdicts and corrections; the applicant masked."""
    return DossierView.of(await call.ctx.reviews.show(call.who, case_id))


@reviews.add("POST", f"{CASE}/claim", answer=ReviewedCase, errors=REFUSALS)
async def claim(call: Call[Officer], case_id: UUID) -> ReviewedCase:
    """Take a case for pre-review."""
    return ReviewedCase.of(await call.ctx.reviews.claim(call.who, case_id))


@reviews.add(
    "PUT",
    f"{CASE}/verdicts/<code:str>",
    body=VerdictBody,
    answer=ReviewedCase,
    errors=(
        *REFUSALS,
        MaterialNotAsked,
        MaterialAbsent,
        MaterialNotPromised,
        PageUnknown,
        VerdictReasonMissing,
    ),
)
async def put_verdict(call: Call[Officer], case_id: UUID, code: str) -> ReviewedCase:
    """Say of one material whether it passes; after acceptance, of one that was promised."""
    body = call.body(VerdictBody)
    case = await call.ctx.reviews.put_verdict(
        call.who,
        case_id,
        code,
        body.verdict,
        body.reason_code,
        comment=body.comment,
        page=body.page,
    )
    return ReviewedCase.of(case)
