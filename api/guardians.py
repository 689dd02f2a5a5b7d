"""Guardians (监护人): parents act for their children."""

from api.auth import CITIZEN
from api.call import Call
from api.mandates import MandateView, PersonNamed
from api.routes import Routes
from services.actors import Citizen
from services.applicants import RealNameRequired
from services.errors import OutsideUnavailable
from services.guardians import NotGuardian, WardGrownUp
from services.identities import IdNumberRefused, NameRefused
from services.mandate_terms import CapacityMissing

guardians = Routes("guardians", "/v1", CITIZEN)
ROUTES = (guardians,)


@guardians.add(
    "POST",
    "/wards",
    body=PersonNamed,
    answer=MandateView,
    errors=(
        RealNameRequired,
        CapacityMissing,
        IdNumberRefused,
        NameRefused,
        WardGrownUp,
        NotGuardian,
        OutsideUnavailable,
    ),
)
async def bind_ward(call: Call[Citizen]) -> MandateView:
    """Act for a child as its guardian, as the household register knows it."""
    body = call.body(PersonNamed)
    ward = call.ctx.real_names.read_identity(body.name, body.id_number)
    await call.ctx.limiter.hit("register", str(call.who.account_id))
    found = await call.ctx.guardians.bind(call.who, ward)
    return MandateView.of(await call.ctx.mandates.listed(found))
