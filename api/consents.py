"""Consents: what is asked, what was answered; given and taken back by the same request."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from models.rules.privacy import STATEMENTS, Purpose, Statement
from services.access import CaseUnknown, PrincipalUnknown
from services.actors import Citizen
from services.consents import Answered, ConsentOutdated, NotTheGuardian, NotToBeAsked

consents = Routes("consents", "/v1", CITIZEN)
ROUTES = (consents,)


class StatementView(BaseModel):
    """What personal data is used for: which data, who gets it, and what remains for who refuses."""

    purpose: Purpose
    kind: str
    version: str
    title: str
    text: str
    categories: list[str]
    recipients: list[str]
    otherwise: str
    basis: str
    digest: str

    @classmethod
    def of(cls, statement: Statement) -> "StatementView":
        return cls(**vars(statement), digest=statement.digest)


class ConsentView(StatementView):
    """``status``: UNANSWERED, GIVEN, REFUSED or WITHDRAWN; ``ask`` is true for new words only."""

    status: str
    ask: bool
    answered_at: str | None

    @classmethod
    def show(cls, answered: Answered) -> "ConsentView":
        return cls(
            **vars(answered.statement),
            digest=answered.statement.digest,
            status=answered.status,
            ask=answered.ask,
            answered_at=answered.answered_at.isoformat() if answered.answered_at else None,
        )


class ConsentList(BaseModel):
    consents: list[ConsentView]


class Answer(BaseModel):
    """An answer to the words of one version; ``applicant`` is for whom somebody answers."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(min_length=1, max_length=20)
    given: StrictBool
    applicant: UUID | None = None


@consents.add("GET", "/me/consents", answer=ConsentList)
async def list_consents(call: Call[Citizen]) -> ConsentList:
    """List every purpose with its words and one's own answer."""
    found = await call.ctx.consents.list(call.who)
    return ConsentList(consents=[ConsentView.show(each) for each in found])


@consents.add(
    "PUT",
    "/me/consents/<purpose:str>",
    body=Answer,
    answer=ConsentView,
    errors=(ConsentOutdated, NotToBeAsked, PrincipalUnknown, NotTheGuardian),
)
async def answer_consent(call: Call[Citizen], purpose: str) -> ConsentView:
    """Give a consent, refuse it, or take it back: the same request each time."""
    if purpose not in set(Purpose):
        raise NotToBeAsked("没有这一项。")
    body = call.body(Answer)
    await call.ctx.limiter.hit("autosave", str(call.who.account_id))
    found = await call.ctx.consents.answer(
        call.who, Purpose(purpose), body.version, given=body.given, applicant=body.applicant
    )
    return ConsentView.show(found)


@consents.add(
    "GET", "/cases/<case_id:uuid>/privacy-notice", answer=StatementView, errors=(CaseUnknown,)
)
async def privacy_notice(call: Call[Citizen], case_id: UUID) -> StatementView:
    """Show what a case's data is used for; that it was shown is recorded when it is submitted."""
    await call.ctx.cases.get(call.who, case_id)
    return StatementView.of(STATEMENTS[Purpose.CASE_HANDLING])
