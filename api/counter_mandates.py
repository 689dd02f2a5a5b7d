"""Mandates and guardians recorded at the window, and who is 代办员."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth import STAFF, SUPERVISOR
from api.call import Call
from api.mandates import MandateView, PersonNamed
from api.routes import Routes
from models.mandate import ProxyAgent
from models.rules.mandates import Act
from services.actors import Officer
from services.cases import AgentRefused
from services.errors import OutsideUnavailable
from services.guardians import WardGrownUp
from services.identities import IdNumberRefused, NameRefused
from services.items import ItemUnknown
from services.mandate_terms import CapacityMissing, MandateRefused, Offer
from services.proxies import PrincipalNotFound, ProxyUnknown

counter = Routes("mandates", "/staff/v1", STAFF)
proxies = Routes("proxies", "/staff/v1/proxy-agents", SUPERVISOR)
ROUTES = (counter, proxies)
NAMES = (IdNumberRefused, NameRefused)


class CounterMandate(BaseModel):
    """What a person gave at the window; ``basis`` says what the officer saw."""

    model_config = ConfigDict(extra="forbid")

    principal: PersonNamed
    agent: PersonNamed
    acts: list[Act] = Field(min_length=1, max_length=8)
    item_code: str | None = Field(None, max_length=40)
    until: AwareDatetime
    basis: str = Field(min_length=2, max_length=200)


class Guardianship(BaseModel):
    model_config = ConfigDict(extra="forbid")

    guardian: PersonNamed
    ward: PersonNamed
    basis: str = Field(min_length=2, max_length=200)


class Appointment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person: PersonNamed
    unit: str = Field(min_length=2, max_length=100)


class ProxyAgentView(BaseModel):
    account_id: UUID
    unit: str
    appointed_at: str

    @classmethod
    def of(cls, row: ProxyAgent) -> "ProxyAgentView":
        return cls(
            account_id=row.account_id,
            unit=row.unit,
            appointed_at=row.appointed_at.isoformat(),
        )


@counter.add(
    "POST",
    "/mandates",
    status=201,
    body=CounterMandate,
    answer=MandateView,
    errors=(
        *NAMES,
        MandateRefused,
        PrincipalNotFound,
        ItemUnknown,
        AgentRefused,
        CapacityMissing,
        OutsideUnavailable,
    ),
)
async def give_at_counter(call: Call[Officer]) -> MandateView:
    """Record a mandate that a person gave at the window; the agent takes it on their phone."""
    body = call.body(CounterMandate)
    read = call.ctx.real_names.read_identity
    principal = read(body.principal.name, body.principal.id_number)
    agent = read(body.agent.name, body.agent.id_number)
    offer = Offer(agent, frozenset(body.acts), body.until, body.item_code)
    found = await call.ctx.counter_mandates.give(call.who, principal, offer, body.basis)
    return MandateView.of(await call.ctx.mandates.listed(found))


@counter.add(
    "POST",
    "/guardians",
    status=201,
    body=Guardianship,
    answer=MandateView,
    errors=(
        *NAMES,
        WardGrownUp,
        ProxyUnknown,
        PrincipalNotFound,
        CapacityMissing,
        OutsideUnavailable,
    ),
)
async def guard_at_counter(call: Call[Officer]) -> MandateView:
    """Record a guardian whose papers the window has seen."""
    body = call.body(Guardianship)
    read = call.ctx.real_names.read_identity
    guardian = read(body.guardian.name, body.guardian.id_number)
    ward = read(body.ward.name, body.ward.id_number)
    found = await call.ctx.counter_mandates.guard(call.who, guardian, ward, body.basis)
    return MandateView.of(await call.ctx.mandates.listed(found))


@proxies.add(
    "POST",
    "",
    status=201,
    body=Appointment,
    answer=ProxyAgentView,
    errors=(*NAMES, ProxyUnknown),
)
async def appoint(call: Call[Officer]) -> ProxyAgentView:
    """Appoint a person with a real-named account as 代办员 of a township."""
    body = call.body(Appointment)
    person = call.ctx.real_names.read_identity(body.person.name, body.person.id_number)
    return ProxyAgentView.of(await call.ctx.proxies.appoint(call.who, person, body.unit))


@proxies.add("DELETE", "/<account_id:uuid>", status=204, errors=(ProxyUnknown,))
async def dismiss(call: Call[Officer], account_id: UUID) -> None:
    """End an appointment; every mandate that rests on it ends with it."""
    await call.ctx.proxies.dismiss(call.who, account_id)
