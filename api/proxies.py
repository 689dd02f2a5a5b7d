"""代办员: they start what somebody without a phone has signed; a window looks at the signature."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool
from sanic.response import HTTPResponse

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.files import send_file
from api.mandates import MandateView, PersonNamed
from api.materials import KINDS
from api.routes import Binary, Routes
from models.rules.mandates import Act
from services.actors import Citizen, Officer
from services.applicants import RealNameRequired
from services.errors import (
    Malformed,
    MaterialInfected,
    MaterialTypeRefused,
    MaterialUnreadable,
    OutsideUnavailable,
    TooLarge,
)
from services.identities import IdNumberRefused, NameRefused
from services.items import ItemUnknown
from services.mandate_terms import MandateRefused, MandateSettled, MandateUnknown
from services.proxies import Errand, NotProxyAgent, PrincipalNotFound, ProofMissing
from services.quarantine import KEPT_IN

errands = Routes("proxies", "/v1", CITIZEN)
desk = Routes("proxies", "/staff/v1", STAFF)
ROUTES = (errands, desk)


class NewErrand(BaseModel):
    """What a person without a phone has signed: one item, some acts, until a day."""

    model_config = ConfigDict(extra="forbid")

    principal: PersonNamed
    acts: list[Act] = Field(min_length=1, max_length=6)
    item_code: str = Field(min_length=1, max_length=40)
    until: AwareDatetime


class Judgement(BaseModel):
    """``in_person``: the principal was at the window; else the scan was looked at."""

    model_config = ConfigDict(extra="forbid")

    seen: StrictBool
    in_person: StrictBool = False
    basis: str = Field(min_length=2, max_length=200)


class WaitingView(BaseModel):
    """What waits for a window: the names are whole, for they are compared with the paper."""

    id: UUID
    principal: str
    agent: str
    acts: list[str]
    item_name: str | None
    valid_until: str | None
    has_scan: bool


class WaitingList(BaseModel):
    mandates: list[WaitingView]


@errands.add(
    "POST",
    "/errands",
    status=201,
    body=NewErrand,
    answer=MandateView,
    errors=(
        NotProxyAgent,
        RealNameRequired,
        IdNumberRefused,
        NameRefused,
        MandateRefused,
        ItemUnknown,
        PrincipalNotFound,
        OutsideUnavailable,
    ),
)
async def start_errand(call: Call[Citizen]) -> MandateView:
    """Begin to act, as 代办员, for somebody without a phone; a window has to see the signature."""
    body = call.body(NewErrand)
    person = call.ctx.real_names.read_identity(body.principal.name, body.principal.id_number)
    await call.ctx.limiter.hit("errand", str(call.who.account_id))
    errand = Errand(person, frozenset(body.acts), body.item_code, body.until)
    found = await call.ctx.proxies.start(call.who, errand)
    return MandateView.of(await call.ctx.mandates.listed(found))


@errands.add(
    "PUT",
    "/mandates/<mandate_id:uuid>/proof",
    body=Binary(("application/octet-stream", *KINDS)),
    answer=MandateView,
    errors=(
        MandateUnknown,
        MandateSettled,
        Malformed,
        TooLarge,
        MaterialTypeRefused,
        MaterialUnreadable,
        MaterialInfected,
    ),
    stream=True,
)
async def put_proof(call: Call[Citizen], mandate_id: UUID) -> MandateView:
    """Upload the scan of the signed letter of authority (授权委托书)."""
    await call.ctx.limiter.hit("upload", str(call.who.account_id))
    found = await call.ctx.proxies.put_proof(call.who, mandate_id, call.chunks())
    return MandateView.of(await call.ctx.mandates.listed(found))


@desk.add("GET", "/mandates/unproven", answer=WaitingList)
async def list_unproven(call: Call[Officer]) -> WaitingList:
    """List what 代办员 have brought and nobody has looked at, the oldest first."""
    found = [await call.ctx.mandates.listed(each) for each in await call.ctx.proxies.waiting()]
    return WaitingList(
        mandates=[
            WaitingView(
                id=each.mandate.id,
                principal=each.principal,
                agent=each.agent,
                acts=[Act(code).zh for code in each.mandate.acts],
                item_name=each.item_name,
                valid_until=each.mandate.valid_until.isoformat()
                if each.mandate.valid_until
                else None,
                has_scan=each.mandate.proof is not None,
            )
            for each in found
        ]
    )


@desk.add(
    "GET",
    "/mandates/<mandate_id:uuid>/proof",
    answer=Binary(KINDS, partial=True),
    errors=(MandateUnknown, *KEPT_IN),
)
async def get_proof(call: Call[Officer], mandate_id: UUID) -> HTTPResponse:
    """Download the scan of a letter of authority; who looked is recorded."""
    file = await call.ctx.proxies.open_proof(call.who, mandate_id)
    return await send_file(call.request, call.ctx.materials.files, file)


@desk.add(
    "POST",
    "/mandates/<mandate_id:uuid>/judge",
    body=Judgement,
    answer=MandateView,
    errors=(MandateUnknown, MandateSettled, ProofMissing),
)
async def judge_mandate(call: Call[Officer], mandate_id: UUID) -> MandateView:
    """Say whether the principal's own signature was seen."""
    body = call.body(Judgement)
    found = await call.ctx.proxies.judge(
        call.who, mandate_id, seen=body.seen, basis=body.basis, in_person=body.in_person
    )
    return MandateView.of(await call.ctx.mandates.listed(found))
