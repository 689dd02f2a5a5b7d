"""Co-applicants (共同申请人) of a case, and their signatures."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN
from api.call import Call
from api.mandates import PersonNamed
from api.routes import Routes
from models.rules.identity import mask_name
from services.access import CaseUnknown
from services.actors import Citizen
from services.applicants import RealNameRequired
from services.cases import NotEditable
from services.identities import IdNumberRefused, NameRefused
from services.parties import PartyRefused

parties = Routes("parties", "/v1/cases/<case_id:uuid>", CITIZEN)
ROUTES = (parties,)


class NewParty(PersonNamed):
    role: str = Field(min_length=1, max_length=20, description="as 卖方, 共有人")


class PartyView(BaseModel):
    """A co-applicant, masked; ``signed`` tells of the application as it stands now."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    name: str
    role: str
    signed: bool
    signed_at: str | None


class PartyList(BaseModel):
    co_applicants: list[PartyView]


async def _shown(call: Call[Citizen], case_id: UUID) -> PartyList:
    found = await call.ctx.parties.show(call.who, case_id)
    return PartyList(
        co_applicants=[
            PartyView(
                id=each.row.id,
                name=mask_name(each.name),
                role=each.row.role,
                signed=each.signed,
                signed_at=each.row.signed_at.isoformat() if each.row.signed_at else None,
            )
            for each in found
        ]
    )


@parties.add("GET", "/co-applicants", answer=PartyList, errors=(CaseUnknown,))
async def list_parties(call: Call[Citizen], case_id: UUID) -> PartyList:
    """List who applies together and who has signed what stands there now."""
    return await _shown(call, case_id)


@parties.add(
    "POST",
    "/co-applicants",
    body=NewParty,
    answer=PartyList,
    errors=(
        CaseUnknown,
        NotEditable,
        PartyRefused,
        IdNumberRefused,
        NameRefused,
    ),
)
async def add_party(call: Call[Citizen], case_id: UUID) -> PartyList:
    """Name somebody who applies too; they sign on their own phone."""
    body = call.body(NewParty)
    await call.ctx.limiter.hit("mandate", str(call.who.account_id))
    person = call.ctx.accounts.read_identity(body.name, body.id_number)
    await call.ctx.parties.add(call.who, case_id, person, body.role)
    return await _shown(call, case_id)


@parties.add(
    "DELETE",
    "/co-applicants/<party_id:uuid>",
    status=204,
    errors=(CaseUnknown, NotEditable),
)
async def remove_party(call: Call[Citizen], case_id: UUID, party_id: UUID) -> None:
    """Take a co-applicant out of the application."""
    await call.ctx.parties.remove(call.who, case_id, party_id)


@parties.add(
    "POST",
    "/signature",
    answer=PartyList,
    errors=(CaseUnknown, NotEditable, RealNameRequired),
)
async def sign(call: Call[Citizen], case_id: UUID) -> PartyList:
    """Sign the application as it stands, as one of its co-applicants."""
    await call.ctx.parties.sign(call.who, case_id)
    return await _shown(call, case_id)
