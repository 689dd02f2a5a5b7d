"""Waivers of fees: asked for by who owes, granted or refused by the unit that charges."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.payments import BillView, WaiverView
from api.routes import Routes
from models.rules.waivers import WaiverStatus
from services.access import ActNotGranted, CaseUnknown
from services.actors import Citizen, Officer
from services.fees import WaiverNotPublished
from services.payments import PaymentInQuestion
from services.transitions import StepNotYours
from services.waiver_desk import Listed, Waiting, WaiverDecided
from services.waiver_rows import NothingToWaive
from services.waivers import WaiverMissing, WaiverUnderWay

own = Routes("payments", "/v1/cases/<case_id:uuid>/payment/waiver", CITIZEN)
desk = Routes("payments", "/staff/v1/waivers", STAFF)
ROUTES = (own, desk)

STEP = (WaiverMissing, StepNotYours, WaiverDecided, NothingToWaive)


class AskBody(BaseModel):
    """``ground`` is one of the bill's ``waiver_grounds``, word for word."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    ground: str = Field(min_length=1, max_length=200)
    reason: str = Field("", max_length=300)


class RefusalBody(BaseModel):
    """``reason`` is read by who asked."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=2, max_length=300)


class DeskView(BaseModel):
    """A waiver as staff see it; ``amount_fen`` is what the fee comes to now."""

    id: UUID
    case_id: UUID
    case_no: str | None
    item_name: str
    agency: str
    fee_name: str
    amount_fen: int
    ground: str
    reason: str
    status: str
    status_text: str
    refusal: str | None
    asked_at: str
    decided_at: str | None

    @classmethod
    def of(cls, found: Listed) -> "DeskView":
        values = vars(found) | {
            "asked_at": found.asked_at.isoformat(),
            "decided_at": found.decided_at.isoformat() if found.decided_at else None,
        }
        return cls(**values, status_text=WaiverStatus(found.status).zh)


class DeskList(BaseModel):
    """The waivers that wait longest; ``more``: others wait behind them."""

    waivers: list[DeskView]
    more: bool

    @classmethod
    def of(cls, waiting: Waiting) -> "DeskList":
        return cls(waivers=list(map(DeskView.of, waiting.waivers)), more=waiting.more)


@own.add(
    "POST",
    "",
    status=201,
    body=AskBody,
    answer=WaiverView,
    errors=(
        CaseUnknown,
        ActNotGranted,
        NothingToWaive,
        PaymentInQuestion,
        WaiverNotPublished,
        WaiverUnderWay,
    ),
    idempotent=True,
)
async def ask(call: Call[Citizen], case_id: UUID) -> WaiverView:
    """Ask to owe nothing of the fee, on a ground that the item publishes."""
    await call.ctx.limiter.hit("payment", str(call.who.account_id))
    body, key = call.body(AskBody), call.idempotency_key
    waiver = await call.ctx.waivers.ask(call.who, case_id, body.ground, key, reason=body.reason)
    return WaiverView.of(waiver)


@own.add("DELETE", "", answer=BillView, errors=(CaseUnknown, ActNotGranted, WaiverMissing))
async def take_back(call: Call[Citizen], case_id: UUID) -> BillView:
    """Take the request back: the fee is owed as before."""
    await call.ctx.limiter.hit("payment", str(call.who.account_id))
    await call.ctx.waivers.take_back(call.who, case_id)
    return BillView.of(await call.ctx.payments.show(call.who, case_id))


@desk.add("GET", "", answer=DeskList)
async def list_desk(call: Call[Officer]) -> DeskList:
    """List the waivers that wait in one's unit, the oldest first."""
    return DeskList.of(await call.ctx.waiver_desk.list(call.who))


@desk.add("POST", "/<waiver_id:uuid>/grant", answer=DeskView, errors=STEP)
async def grant(call: Call[Officer], waiver_id: UUID) -> DeskView:
    """Grant a waiver: nothing is owed any more, and the case goes on as if it were paid."""
    return DeskView.of(await call.ctx.waiver_desk.grant(call.who, waiver_id))


@desk.add("POST", "/<waiver_id:uuid>/refuse", body=RefusalBody, answer=DeskView, errors=STEP)
async def refuse(call: Call[Officer], waiver_id: UUID) -> DeskView:
    """Refuse a waiver, with a reason that the applicant reads."""
    reason = call.body(RefusalBody).reason
    return DeskView.of(await call.ctx.waiver_desk.refuse(call.who, waiver_id, reason))
