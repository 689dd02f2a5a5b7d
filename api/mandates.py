"""Mandates (授权委托): given, taken, ended, and for whom one may act."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from models.rules.identity import mask_name
from models.rules.mandates import Act, MandateKind
from services.access import CaseUnknown, PrincipalUnknown
from services.actors import Citizen
from services.applicants import RealNameRequired
from services.cases import AgentRefused
from services.identities import IdNumberRefused, NameRefused
from services.items import ItemUnknown
from services.mandate_terms import (
    CapacityMissing,
    Listed,
    MandateRefused,
    MandateSettled,
    MandatesTooMany,
    MandateUnknown,
    Offer,
    Principal,
)

mandates = Routes("mandates", "/v1", CITIZEN)
ROUTES = (mandates,)


class PersonNamed(BaseModel):
    """A person by name and ID number, as they stand on the ID card."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    id_number: str = Field(min_length=1, max_length=64)


class NewMandate(BaseModel):
    """``principal``: the organisation for which a seat is given; oneself when left out.

    ``item_code`` and ``case_id`` narrow it to an item, to a case; ``until`` is at most a year away.
    """

    model_config = ConfigDict(extra="forbid")

    principal: UUID | None = None
    agent: PersonNamed
    acts: list[Act] = Field(min_length=1, max_length=8)
    item_code: str | None = Field(None, max_length=40)
    case_id: UUID | None = None
    until: AwareDatetime


class GivenQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    principal: UUID | None = None


class ActView(BaseModel):
    code: str
    text: str


class MandateView(BaseModel):
    """A mandate; names are masked."""

    id: UUID
    kind: str
    kind_text: str
    principal_id: UUID
    principal: str
    agent: str
    acts: list[ActView]
    item_name: str | None
    case_no: str | None
    status: str
    basis: str
    valid_from: str
    valid_until: str | None
    ended_at: str | None
    ended_why: str

    @classmethod
    def of(cls, listed: Listed) -> "MandateView":
        row = listed.mandate
        return cls(
            id=row.id,
            kind=row.kind,
            kind_text=MandateKind(row.kind).zh,
            principal_id=row.principal_id,
            principal=mask_name(listed.principal) if listed.is_person else listed.principal,
            agent=mask_name(listed.agent),
            acts=[acts_of(each) for each in row.acts],
            item_name=listed.item_name,
            case_no=listed.case_no,
            status=row.status,
            basis=row.basis,
            valid_from=row.valid_from.isoformat(),
            valid_until=_shown(row.valid_until),
            ended_at=_shown(row.ended_at),
            ended_why=row.ended_why,
        )


class MandateList(BaseModel):
    given: list[MandateView]
    held: list[MandateView]


class PrincipalView(BaseModel):
    """Somebody for whom one may act; ``id`` is what ``applicant`` takes. A person is masked."""

    id: UUID
    type: str
    name: str
    acts: list[ActView]

    @classmethod
    def of(cls, found: Principal) -> "PrincipalView":
        who = found.applicant
        return cls(
            id=who.account_id,
            type=who.type,
            name=mask_name(who.name) if who.is_person else who.name,
            acts=[acts_of(each) for each in sorted(found.acts)],
        )


class PrincipalList(BaseModel):
    principals: list[PrincipalView]


def acts_of(code: str) -> ActView:
    return ActView(code=code, text=Act(code).zh)


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


@mandates.add(
    "POST",
    "/mandates",
    status=201,
    body=NewMandate,
    answer=MandateView,
    errors=(
        PrincipalUnknown,
        RealNameRequired,
        CapacityMissing,
        IdNumberRefused,
        NameRefused,
        MandateRefused,
        MandatesTooMany,
        ItemUnknown,
        AgentRefused,
        CaseUnknown,
    ),
    idempotent=True,
)
async def give_mandate(call: Call[Citizen]) -> MandateView:
    """Let somebody act for oneself or for an organisation; they have to take it."""
    body = call.body(NewMandate)
    await call.ctx.limiter.hit("mandate", str(call.who.account_id))
    agent = call.ctx.real_names.read_identity(body.agent.name, body.agent.id_number)
    offer = Offer(agent, frozenset(body.acts), body.until, body.item_code, body.case_id)
    principal = body.principal or call.who.account_id
    found = await call.ctx.mandates.give(call.who, principal, offer, call.idempotency_key)
    return MandateView.of(await call.ctx.mandates.listed(found))


@mandates.add("GET", "/mandates", query=GivenQuery, answer=MandateList, errors=(PrincipalUnknown,))
async def list_mandates(call: Call[Citizen]) -> MandateList:
    """List what one gave, or an organisation gave, and what one holds, the newest first."""
    query = call.query(GivenQuery)
    given = await call.ctx.mandates.given(call.who, query.principal or call.who.account_id)
    held = await call.ctx.mandates.held(call.who)
    return MandateList(
        given=[MandateView.of(each) for each in given],
        held=[MandateView.of(each) for each in held],
    )


@mandates.add("GET", "/principals", answer=PrincipalList)
async def list_principals(call: Call[Citizen]) -> PrincipalList:
    """List for whom one may act now, and how."""
    found = await call.ctx.mandates.principals(call.who)
    return PrincipalList(principals=[PrincipalView.of(each) for each in found])


@mandates.add(
    "POST",
    "/mandates/<mandate_id:uuid>/take",
    answer=MandateView,
    errors=(MandateUnknown, RealNameRequired, CapacityMissing, MandateSettled),
)
async def take_mandate(call: Call[Citizen], mandate_id: UUID) -> MandateView:
    """Take a mandate that was offered."""
    found = await call.ctx.mandates.take(call.who, mandate_id)
    return MandateView.of(await call.ctx.mandates.listed(found))


@mandates.add(
    "POST",
    "/mandates/<mandate_id:uuid>/decline",
    answer=MandateView,
    errors=(MandateUnknown, MandateSettled),
)
async def decline_mandate(call: Call[Citizen], mandate_id: UUID) -> MandateView:
    """Decline a mandate that was offered."""
    found = await call.ctx.mandates.decline(call.who, mandate_id)
    return MandateView.of(await call.ctx.mandates.listed(found))


@mandates.add(
    "DELETE",
    "/mandates/<mandate_id:uuid>",
    answer=MandateView,
    errors=(MandateUnknown, MandateSettled),
)
async def end_mandate(call: Call[Citizen], mandate_id: UUID) -> MandateView:
    """End a mandate, as who gave it or as who holds it; it ends at once."""
    found = await call.ctx.mandates.end(call.who, mandate_id)
    return MandateView.of(await call.ctx.mandates.listed(found))
