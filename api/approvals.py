"""Opening a minor's or a medical file: asking, allowing, refusing, taking back."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import APPROVER, STAFF, SUPERVISOR
from api.call import Call
from api.routes import Routes
from models.staff import FileApproval
from services.access import CaseUnknown
from services.actors import Officer
from services.approvals import (
    CASE_DAYS,
    ITEM_DAYS,
    ApprovalDecided,
    ApprovalUnknown,
    MemberUnfit,
    OwnRequest,
)
from services.items import ItemUnknown
from services.transitions import StepNotYours

asking = Routes("approvals", "/staff/v1/cases", STAFF)
answering = Routes("approvals", "/staff/v1/approvals", APPROVER)
ROUTES = (asking, answering)


class ApprovalView(BaseModel):
    """For a case, or for every case of an item. ``until`` is set when it was allowed."""

    id: UUID
    member_id: UUID
    case_id: UUID | None
    item_id: UUID | None
    purpose: str
    asked_at: str
    decided_at: str | None
    until: str | None

    @classmethod
    def of(cls, found: FileApproval) -> "ApprovalView":
        return cls(
            id=found.id,
            member_id=found.member_id,
            case_id=found.case_id,
            item_id=found.item_id,
            purpose=found.purpose,
            asked_at=found.asked_at.isoformat(),
            decided_at=found.decided_at.isoformat() if found.decided_at else None,
            until=found.until.isoformat() if found.until else None,
        )


class ApprovalList(BaseModel):
    approvals: list[ApprovalView]


class PurposeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(min_length=2, max_length=200)


@asking.add(
    "POST",
    "/<case_id:uuid>/approvals",
    status=201,
    body=PurposeBody,
    answer=ApprovalView,
    errors=(CaseUnknown, StepNotYours),
)
async def ask(call: Call[Officer], case_id: UUID) -> ApprovalView:
    """Ask to open a minor's or a medical file, telling why."""
    purpose = call.body(PurposeBody).purpose
    return ApprovalView.of(await call.ctx.approvals.ask(call.who, case_id, purpose))


@answering.add("GET", "", answer=ApprovalList)
async def list_approvals(call: Call[Officer]) -> ApprovalList:
    """List one's own requests and those that wait for one's answer."""
    found = await call.ctx.approvals.list(call.who)
    return ApprovalList(approvals=list(map(ApprovalView.of, found)))


class DaysBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(1, ge=1, le=CASE_DAYS)


@answering.add(
    "POST",
    "/<approval_id:uuid>/grant",
    body=DaysBody,
    answer=ApprovalView,
    errors=(ApprovalUnknown, ApprovalDecided, OwnRequest),
    optional=True,
)
async def grant(call: Call[Officer], approval_id: UUID) -> ApprovalView:
    """Allow what was asked, for some days."""
    days = call.body(DaysBody, optional=True).days
    return ApprovalView.of(
        await call.ctx.approvals.decide(call.who, approval_id, granted=True, days=days)
    )


@answering.add(
    "POST",
    "/<approval_id:uuid>/refuse",
    answer=ApprovalView,
    errors=(ApprovalUnknown, ApprovalDecided, OwnRequest),
)
async def refuse(call: Call[Officer], approval_id: UUID) -> ApprovalView:
    """Refuse what was asked."""
    return ApprovalView.of(await call.ctx.approvals.decide(call.who, approval_id, granted=False))


class StandingBody(PurposeBody):
    member_id: UUID
    item_code: str = Field(min_length=1, max_length=40)
    days: int = Field(30, ge=1, le=ITEM_DAYS)


@answering.add(
    "POST",
    "",
    surface=SUPERVISOR,
    status=201,
    body=StandingBody,
    answer=ApprovalView,
    errors=(OwnRequest, MemberUnfit, ItemUnknown),
)
async def allow(call: Call[Officer]) -> ApprovalView:
    """Let an officer open the files of an item for a while: their daily work."""
    body = call.body(StandingBody)
    return ApprovalView.of(
        await call.ctx.approvals.allow(
            call.who, body.member_id, body.item_code, body.purpose, body.days
        )
    )


@answering.add(
    "DELETE", "/<approval_id:uuid>", surface=SUPERVISOR, status=204, errors=(ApprovalUnknown,)
)
async def revoke(call: Call[Officer], approval_id: UUID) -> None:
    """End an approval at once."""
    await call.ctx.approvals.revoke(call.who, approval_id)
