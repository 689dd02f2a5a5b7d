"""Enterprises (法人和其他组织): bound by their legal representative."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from services.actors import Citizen
from services.applicants import RealNameRequired
from services.enterprises import CreditCodeRefused, NotRepresentative
from services.errors import OutsideUnavailable
from services.mandate_terms import CapacityMissing

enterprises = Routes("enterprises", "/v1", CITIZEN)
ROUTES = (enterprises,)


class Binding(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=2, max_length=100)
    uscc: str = Field(min_length=18, max_length=40)


class EnterpriseView(BaseModel):
    """An organisation; ``id`` is what ``applicant`` and ``principal`` take."""

    id: UUID
    name: str
    uscc: str
    type: str


@enterprises.add(
    "POST",
    "/enterprises",
    body=Binding,
    answer=EnterpriseView,
    errors=(
        RealNameRequired,
        CapacityMissing,
        CreditCodeRefused,
        NotRepresentative,
        OutsideUnavailable,
    ),
)
async def bind_enterprise(call: Call[Citizen]) -> EnterpriseView:
    """Act for an organisation as its legal representative, as the register knows it."""
    body = call.body(Binding)
    await call.ctx.limiter.hit("register", str(call.who.account_id))
    found = await call.ctx.enterprises.bind(call.who, body.name, body.uscc)
    return EnterpriseView(
        id=found.account_id, name=found.name, uscc=found.uscc, type=found.org_type
    )
