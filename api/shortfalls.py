"""Materials that come later (容缺受理): proposed, confirmed or declined, promised."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.promises import PromiseView
from api.reviews import CASE, REFUSALS, ReviewedCase
from api.routes import Routes
from models.promise import ShortfallItem
from models.rules.flavours import ShortfallStage
from services.access import CaseUnknown
from services.actors import Citizen, Officer
from services.flavours import CreditUnrepaired, ModeNotAllowed, ShortfallNotAllowed
from services.shortfalls import (
    DeclineReasonMissing,
    Offer,
    OwnProposal,
    PromiseDayInvalid,
    PromiseIncomplete,
    ShortfallDeclined,
    ShortfallNotMissing,
    ShortfallNotProposed,
)
from services.transitions import StepNotAllowed, StepNotYours

mine = Routes("shortfalls", "/v1/cases", CITIZEN)
handling = Routes("shortfalls", "/staff/v1/cases", STAFF)
ROUTES = (mine, handling)


class ProposalBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    codes: list[str] = Field(min_length=1, max_length=50)


class AnswerBody(BaseModel):
    """``reason`` is needed to decline; the applicant reads it."""

    model_config = ConfigDict(extra="forbid")

    confirmed: bool
    reason: str = Field("", max_length=300)


class PromisedDay(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=8)
    due_on: date


class PromiseBody(BaseModel):
    """A day for each material that was let off."""

    model_config = ConfigDict(extra="forbid")

    items: list[PromisedDay] = Field(min_length=1, max_length=50)


class ShortfallView(BaseModel):
    """One material on its way; ``reason`` is why its department declined."""

    code: str
    name: str
    status: str
    status_text: str
    due_on: str | None
    reason: str

    @classmethod
    def of(cls, item: ShortfallItem) -> "ShortfallView":
        return cls(
            code=item.code,
            name=item.name,
            status=item.status,
            status_text=ShortfallStage(item.status).zh,
            due_on=item.due_on.isoformat() if item.due_on else None,
            reason=item.reason,
        )


class OfferView(BaseModel):
    """What may come later, between which days, and what happens otherwise."""

    items: list[ShortfallView]
    consequence: str
    earliest: str | None
    latest: str | None
    signed: PromiseView | None

    @classmethod
    def of(cls, offer: Offer) -> "OfferView":
        return cls(
            items=[ShortfallView.of(item) for item in offer.items],
            consequence=offer.consequence,
            earliest=offer.earliest.isoformat() if offer.earliest else None,
            latest=offer.latest.isoformat() if offer.latest else None,
            signed=PromiseView.of(offer.signed) if offer.signed else None,
        )


@handling.add(
    "POST",
    f"{CASE}/shortfall",
    body=ProposalBody,
    answer=ReviewedCase,
    errors=(
        *REFUSALS,
        ModeNotAllowed,
        ShortfallNotAllowed,
        ShortfallNotMissing,
        ShortfallDeclined,
        CreditUnrepaired,
    ),
)
async def propose(call: Call[Officer], case_id: UUID) -> ReviewedCase:
    """Ask the department to let missing materials come later."""
    body = call.body(ProposalBody)
    return ReviewedCase.of(await call.ctx.shortfalls.propose(call.who, case_id, body.codes))


@handling.add(
    "PUT",
    f"{CASE}/shortfall/<code:str>",
    body=AnswerBody,
    answer=ReviewedCase,
    errors=(
        CaseUnknown,
        StepNotYours,
        StepNotAllowed,
        ShortfallNotProposed,
        OwnProposal,
        DeclineReasonMissing,
    ),
)
async def answer(call: Call[Officer], case_id: UUID, code: str) -> ReviewedCase:
    """Confirm or decline for the department that one material comes later."""
    body = call.body(AnswerBody)
    case = await call.ctx.shortfalls.answer(
        call.who, case_id, code, confirmed=body.confirmed, reason=body.reason
    )
    return ReviewedCase.of(case)


@mine.add("GET", f"{CASE}/shortfall", answer=OfferView, errors=(CaseUnknown,))
async def get_offer(call: Call[Citizen], case_id: UUID) -> OfferView:
    """Show which materials may come later, until when, and what happens if they do not."""
    return OfferView.of(await call.ctx.shortfalls.show(call.who, case_id))


@mine.add(
    "POST",
    f"{CASE}/shortfall/promise",
    body=PromiseBody,
    answer=PromiseView,
    errors=(CaseUnknown, StepNotAllowed, PromiseIncomplete, PromiseDayInvalid),
)
async def promise(call: Call[Citizen], case_id: UUID) -> PromiseView:
    """Sign by when each material will come."""
    body = call.body(PromiseBody)
    days = {item.code: item.due_on for item in body.items}
    return PromiseView.of(await call.ctx.shortfalls.promise(call.who, case_id, days))
