"""Refunds: asked for by the payer or by staff, checked, approved, followed."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.routes import Routes
from models.payment import Refund
from models.rules.refunds import RefundReason, RefundStatus, Track
from services.access import ActNotGranted, CaseUnknown
from services.actors import Citizen, Officer
from services.errors import OutsideUnavailable
from services.fees import FeeUndetermined
from services.items import CursorInvalid
from services.refund_desk import Listed, RefundDecided, RefundMissing, RefundPage, SamePerson
from services.refund_requests import (
    FeeNotLower,
    NothingToRefund,
    RefundsUsedUp,
    RefundTooLate,
    RefundTooMuch,
    RefundUnderWay,
)
from services.reissues import RefundNotClosed
from services.transitions import StepNotYours

own = Routes("refunds", "/v1/cases/<case_id:uuid>/refunds", CITIZEN)
proposing = Routes("refunds", "/staff/v1/cases/<case_id:uuid>/refunds", STAFF)
desk = Routes("refunds", "/staff/v1/refunds", STAFF)
ROUTES = (own, proposing, desk)

REFUSALS = (NothingToRefund, RefundUnderWay, RefundTooMuch, RefundTooLate, RefundsUsedUp)
STEP = (RefundMissing, RefundDecided, StepNotYours)
# 21 million yuan, which is what an order can hold.
MOST_FEN = 2**31 - 1


class RequestBody(BaseModel):
    """Why money should go back, and how much of it: all that is left when nothing is said."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=2, max_length=300)
    amount_fen: int | None = Field(None, ge=1, le=MOST_FEN)


class ProposalBody(RequestBody):
    """``measured`` gives form fields a new value: what the published rules then ask for less than
    was paid goes back."""

    measured: dict[str, Any] | None = Field(None, min_length=1, max_length=20)


class RefusalBody(BaseModel):
    """``reason`` is read by who paid."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=2, max_length=300)


class RefundView(BaseModel):
    """A refund as its payer sees it; money goes back the way it came (原路退回)."""

    number: str
    amount_fen: int
    automatic: bool
    reason: str
    reason_text: str
    remark: str
    status: str
    status_text: str
    refusal: str | None
    requested_at: str
    paid_at: str | None

    @classmethod
    def of(cls, refund: Refund) -> "RefundView":
        return cls(
            number=refund.number,
            amount_fen=refund.amount_fen,
            automatic=refund.track == Track.AUTOMATIC.value,
            reason=refund.reason,
            reason_text=RefundReason(refund.reason).zh,
            remark=refund.remark,
            status=refund.status,
            status_text=RefundStatus(refund.status).zh,
            refusal=refund.refusal,
            requested_at=refund.created_at.isoformat(),
            paid_at=refund.paid_at.isoformat() if refund.paid_at else None,
        )


class RefundList(BaseModel):
    refunds: list[RefundView]


class DeskView(BaseModel):
    """A refund as staff see it."""

    id: UUID
    number: str
    case_id: UUID
    case_no: str | None
    item_name: str
    agency: str
    order_number: str
    channel: str
    order_fen: int
    track: str
    reason: str
    reason_text: str
    remark: str
    amount_fen: int
    status: str
    status_text: str
    refusal: str | None
    channel_refund_id: str | None
    created_at: str
    unit_at: str | None
    finance_at: str | None
    refused_at: str | None
    sent_at: str | None
    paid_at: str | None

    @classmethod
    def of(cls, found: Listed) -> "DeskView":
        values = vars(found) | {
            name: value.isoformat()
            for name, value in vars(found).items()
            if name.endswith("_at") and value is not None
        }
        return cls(
            **values,
            reason_text=RefundReason(found.reason).zh,
            status_text=RefundStatus(found.status).zh,
        )


class DeskPage(BaseModel):
    refunds: list[DeskView]
    next_cursor: str | None

    @classmethod
    def of(cls, page: RefundPage) -> "DeskPage":
        return cls(refunds=list(map(DeskView.of, page.refunds)), next_cursor=page.next_cursor)


class DeskQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: RefundStatus | None = None
    limit: int = Field(50, ge=1, le=100)
    cursor: str | None = Field(None, max_length=200)


@own.add("GET", "", answer=RefundList, errors=(CaseUnknown,))
async def list_own(call: Call[Citizen], case_id: UUID) -> RefundList:
    """List the refunds of one's own case, the newest first."""
    found = await call.ctx.refund_requests.list(call.who, case_id)
    return RefundList(refunds=list(map(RefundView.of, found)))


@own.add(
    "POST",
    "",
    status=201,
    body=RequestBody,
    answer=RefundView,
    errors=(CaseUnknown, ActNotGranted, *REFUSALS),
    idempotent=True,
)
async def request(call: Call[Citizen], case_id: UUID) -> RefundView:
    """Ask for a paid fee to go back; the unit that charged it checks, 财政 approves."""
    await call.ctx.limiter.hit("payment", str(call.who.account_id))
    body, key = call.body(RequestBody), call.idempotency_key
    refund = await call.ctx.refund_requests.request(
        call.who, case_id, body.reason, key, amount_fen=body.amount_fen
    )
    return RefundView.of(refund)


@proposing.add(
    "POST",
    "",
    status=201,
    body=ProposalBody,
    answer=RefundView,
    errors=(CaseUnknown, StepNotYours, *REFUSALS, FeeUndetermined, FeeNotLower),
)
async def propose(call: Call[Officer], case_id: UUID) -> RefundView:
    """Ask, as who handles the case, for money to go back: an amount, or by a new measurement."""
    body, refunds = call.body(ProposalBody), call.ctx.refund_requests
    if body.measured is not None:
        found = await refunds.remeasure(call.who, case_id, body.reason, body.measured)
    else:
        found = await refunds.propose(call.who, case_id, body.reason, amount_fen=body.amount_fen)
    return RefundView.of(found)


@desk.add("GET", "", query=DeskQuery, answer=DeskPage, errors=(CursorInvalid,))
async def list_desk(call: Call[Officer]) -> DeskPage:
    """List the refunds of one's unit, those of every unit for 财政, the oldest first."""
    query = call.query(DeskQuery)
    page = await call.ctx.refund_desk.list(
        call.who, query.status, limit=query.limit, cursor=query.cursor
    )
    return DeskPage.of(page)


@desk.add("GET", "/<refund_id:uuid>", answer=DeskView, errors=(RefundMissing,))
async def show(call: Call[Officer], refund_id: UUID) -> DeskView:
    """Show a refund."""
    return DeskView.of(await call.ctx.refund_desk.show(call.who, refund_id))


@desk.add("POST", "/<refund_id:uuid>/approve", answer=DeskView, errors=(*STEP, SamePerson))
async def approve(call: Call[Officer], refund_id: UUID) -> DeskView:
    """Check a refund for the unit that charged, or approve it for 财政: whichever is next."""
    return DeskView.of(await call.ctx.refund_desk.approve(call.who, refund_id))


@desk.add(
    "POST",
    "/<refund_id:uuid>/refuse",
    body=RefusalBody,
    answer=DeskView,
    errors=(*STEP, SamePerson),
)
async def refuse(call: Call[Officer], refund_id: UUID) -> DeskView:
    """Refuse a refund at either step, with a reason that the payer reads."""
    reason = call.body(RefusalBody).reason
    return DeskView.of(await call.ctx.refund_desk.refuse(call.who, refund_id, reason))


@desk.add("POST", "/<refund_id:uuid>/retry", answer=DeskView, errors=STEP)
async def retry(call: Call[Officer], refund_id: UUID) -> DeskView:
    """Send a refund that did not arrive once more, under the same number."""
    return DeskView.of(await call.ctx.refund_desk.retry(call.who, refund_id))


@desk.add(
    "POST",
    "/<refund_id:uuid>/reissue",
    status=201,
    answer=DeskView,
    errors=(*STEP, RefundNotClosed, OutsideUnavailable),
)
async def reissue(call: Call[Officer], refund_id: UUID) -> DeskView:
    """Issue a refund that its channel proves to have closed anew, under a new number."""
    return DeskView.of(await call.ctx.reissues.reissue(call.who, refund_id))
