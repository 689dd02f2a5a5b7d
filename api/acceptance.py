"""The end of a pre-review by staff: accepting, at the desk or with originals, and refusing."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.assessments import ChecklistBody, checklist_of
from api.auth import STAFF
from api.call import Call
from api.reviews import CASE, REFUSALS, ReviewedCase
from api.routes import Routes
from models.rules.reasons import RefusalReason
from models.rules.states import AcceptMode
from services.accepting import (
    FixPending,
    ModeNotChosen,
    PromiseNotSigned,
    PromiseOutdated,
    Sanction,
    ShortfallNotConfirmed,
)
from services.access import CaseUnknown
from services.actors import Officer
from services.assessments import Assessment, ChecklistUnmet
from services.deemed import AcceptedByLaw
from services.fees import FeeUndetermined
from services.flavours import CreditUnrepaired, ModeNotAllowed, ShortfallNotAllowed
from services.refusals import RedirectMissing, Refusal, RefusalListMissing, RefusalUnusable
from services.transitions import StepNotAllowed, StepNotYours
from services.verdicts import VerdictsIncomplete

acceptance = Routes("reviews", "/staff/v1/cases", STAFF)
ROUTES = (acceptance,)

FLAVOURED = (
    ModeNotAllowed,
    ModeNotChosen,
    ShortfallNotAllowed,
    ShortfallNotConfirmed,
    PromiseNotSigned,
    PromiseOutdated,
    CreditUnrepaired,
    FixPending,
)


class OpinionBody(BaseModel):
    """签署意见: what the officer signs."""

    model_config = ConfigDict(extra="forbid")

    checklist: ChecklistBody | None = None
    opinion: str = Field("", max_length=1000)

    def assessment(self) -> Assessment:
        return Assessment(checklist_of(self.checklist), self.opinion)


class AcceptBody(OpinionBody):
    """Without ``mode`` a case is accepted as it stands: promised, chosen, or ordinary."""

    mode: Literal["NORMAL", "SHORTFALL", "VERIFY_LATER", "COMMITMENT"] | None = None

    def sanction(self) -> Sanction:
        mode = None if self.mode is None else AcceptMode(self.mode)
        return Sanction(mode, self.assessment())


class RefusalBody(OpinionBody):
    """``redirect_agency`` is needed with NOT_IN_JURISDICTION."""

    reason_code: RefusalReason
    explanation: str = Field(min_length=10, max_length=1000)
    redirect_agency: str | None = Field(None, min_length=2, max_length=100)

    def refusal(self) -> Refusal:
        return Refusal(self.reason_code, self.explanation, self.redirect_agency, self.assessment())


@acceptance.add(
    "POST",
    f"{CASE}/accept",
    body=AcceptBody,
    answer=ReviewedCase,
    errors=(*REFUSALS, *FLAVOURED, ChecklistUnmet, VerdictsIncomplete, FeeUndetermined),
    optional=True,
)
async def accept(call: Call[Officer], case_id: UUID) -> ReviewedCase:
    """Accept; or, where the item says so, ask the applicant to the window or to pay first."""
    sanction = call.body(AcceptBody, optional=True).sanction()
    return ReviewedCase.of(await call.ctx.reviews.accept(call.who, case_id, sanction))


@acceptance.add(
    "POST",
    f"{CASE}/refuse",
    body=RefusalBody,
    answer=ReviewedCase,
    errors=(*REFUSALS, RefusalUnusable, RedirectMissing, AcceptedByLaw, RefusalListMissing),
)
async def refuse(call: Call[Officer], case_id: UUID) -> ReviewedCase:
    """Refuse acceptance for one of the law's reasons."""
    refusal = call.body(RefusalBody).refusal()
    return ReviewedCase.of(await call.ctx.reviews.refuse(call.who, case_id, refusal))


@acceptance.add(
    "POST",
    f"{CASE}/paper-received",
    body=OpinionBody,
    answer=ReviewedCase,
    errors=(CaseUnknown, StepNotAllowed, StepNotYours, ChecklistUnmet, FeeUndetermined),
    optional=True,
)
async def paper_received(call: Call[Officer], case_id: UUID) -> ReviewedCase:
    """Accept at the window: the originals match."""
    assessment = call.body(OpinionBody, optional=True).assessment()
    return ReviewedCase.of(await call.ctx.reviews.paper_received(call.who, case_id, assessment))
