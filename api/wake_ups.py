"""How a back-office system is reached: an address to wake it at, the phone of its keeper."""

from pydantic import BaseModel, ConfigDict, Field

from api.auth import ADMIN
from api.call import Call
from api.routes import Routes
from models.rules.events import Role
from services.actors import Actor, Officer
from services.registrations import ClientUnknown
from services.wake_ups import AddressUnfit

register = Routes("machines", "/staff/v1/machines", ADMIN)
ROUTES = (register,)


class WakeUpBody(BaseModel):
    """``url``: where to say that something waits, by the rules of Standard Webhooks."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=10, max_length=300)


class WakeUpView(BaseModel):
    """``secret`` signs the calls; it is shown this once."""

    secret: str


class ContactBody(BaseModel):
    """``phone`` with country code, or null to keep none."""

    model_config = ConfigDict(extra="forbid")

    phone: str | None = Field(pattern=r"^\+[1-9][0-9]{6,14}$")


def _admin(call: Call[Officer]) -> Actor:
    return call.who.acting_as(Role.ADMIN)


@register.add(
    "PUT",
    "/<client_id:str>/wake-up",
    body=WakeUpBody,
    answer=WakeUpView,
    errors=(ClientUnknown, AddressUnfit),
)
async def put_wake_up(call: Call[Officer], client_id: str) -> WakeUpView:
    """Have a system woken at an address; the answer has the secret, a new one each time."""
    url = call.body(WakeUpBody).url
    return WakeUpView(secret=await call.ctx.wake_ups.register(_admin(call), client_id, url))


@register.add("DELETE", "/<client_id:str>/wake-up", status=204, errors=(ClientUnknown,))
async def delete_wake_up(call: Call[Officer], client_id: str) -> None:
    """Wake a system no more; it goes on polling."""
    await call.ctx.wake_ups.remove(_admin(call), client_id)


@register.add(
    "PUT", "/<client_id:str>/contact", status=204, body=ContactBody, errors=(ClientUnknown,)
)
async def put_contact(call: Call[Officer], client_id: str) -> None:
    """Keep the phone that is told of packages that do not arrive."""
    phone = call.body(ContactBody).phone
    await call.ctx.wake_ups.set_contact(_admin(call), client_id, phone)
