"""Back-office systems: getting a token, and their keys as an administrator keeps them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth import ADMIN, PUBLIC
from api.call import Call, validated
from api.routes import Routes
from models.rules.events import Role
from models.rules.scopes import Scope
from models.staff import BackofficeClient, MachineKey
from services.actors import Actor, Officer
from services.errors import Malformed, Unavailable
from services.machines import TOKEN_LIFE, AddressRefused, ClientRefused
from services.registrations import (
    AgencyInvalid,
    ClientIdTaken,
    ClientUnknown,
    Grants,
    KeyInvalid,
    KeysTooMany,
    KeyTaken,
    NetworkInvalid,
)

entrance = Routes("machines", "/backoffice/v1", PUBLIC)
register = Routes("machines", "/staff/v1/machines", ADMIN)
ROUTES = (entrance, register)

FORM = "application/x-www-form-urlencoded"


class ClientAssertion(BaseModel):
    """RFC 7523, 2.2, as JSON or as a form. ``client_assertion``: a JWT signed by ES256."""

    model_config = ConfigDict(extra="forbid")

    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    client_assertion: str = Field(min_length=1, max_length=4096)
    grant_type: Literal["client_credentials"] = "client_credentials"


class MachineTokenView(BaseModel):
    """``expires_in`` is in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int = int(TOKEN_LIFE.total_seconds())


@entrance.add(
    "POST",
    "/token",
    body=ClientAssertion,
    answer=MachineTokenView,
    errors=(ClientRefused, AddressRefused, Unavailable),
)
async def get_token(call: Call[None]) -> MachineTokenView:
    """Take a signed assertion for a token (private_key_jwt)."""
    await call.ctx.limiter.hit("token_address", call.address)
    body = _assertion(call)
    return MachineTokenView(
        access_token=await call.ctx.machines.token(body.client_assertion, call.address)
    )


def _assertion(call: Call[None]) -> ClientAssertion:
    if not call.request.headers.get("content-type", "").startswith(FORM):
        return call.body(ClientAssertion)
    try:
        pairs = parse_qsl(call.request.body.decode("ascii"), strict_parsing=True, max_num_fields=10)
    except ValueError as error:
        raise Malformed from error
    if len(dict(pairs)) != len(pairs):
        raise Malformed
    return validated(ClientAssertion, dict(pairs))


class GrantsBody(BaseModel):
    """``networks``: the CIDRs it calls from; none lets it call from anywhere. ``items``: the codes
    of the items that it handles; none gives it all of its agency's."""

    model_config = ConfigDict(extra="forbid")

    scopes: list[Scope] = Field(max_length=10)
    networks: list[str] = Field(max_length=50)
    items: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field([], max_length=500)

    def grants(self) -> Grants:
        return Grants(self.scopes, self.networks, self.items)


class NewMachine(GrantsBody):
    client_id: str = Field(min_length=3, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    name: str = Field(min_length=1, max_length=100)
    agency_uscc: str = Field(min_length=18, max_length=18)


class MachineBody(GrantsBody):
    active: bool = True


class KeyBody(BaseModel):
    """``jwk``: a public P-256 key; its ``kid`` or else its thumbprint (RFC 7638) names it."""

    model_config = ConfigDict(extra="forbid")

    jwk: dict[str, Any]
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None


class KeyView(BaseModel):
    kid: str
    valid_from: str
    valid_until: str | None
    revoked_at: str | None

    @classmethod
    def of(cls, key: MachineKey) -> "KeyView":
        return cls(
            kid=key.kid,
            valid_from=key.valid_from.isoformat(),
            valid_until=_text(key.valid_until),
            revoked_at=_text(key.revoked_at),
        )


class MachineView(BaseModel):
    client_id: str
    name: str
    agency_uscc: str
    scopes: list[str]
    networks: list[str]
    items: list[str]
    active: bool
    keys: list[KeyView]

    @classmethod
    def of(cls, client: BackofficeClient) -> "MachineView":
        return cls(
            client_id=client.client_id,
            name=client.name,
            agency_uscc=client.agency_uscc,
            scopes=client.scopes,
            networks=client.networks,
            items=client.items,
            active=client.active,
            keys=[KeyView.of(key) for key in client.keys],
        )


class MachineList(BaseModel):
    machines: list[MachineView]


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _admin(call: Call[Officer]) -> Actor:
    return call.who.acting_as(Role.ADMIN)


@register.add("GET", "", answer=MachineList)
async def list_machines(call: Call[Officer]) -> MachineList:
    """List the back-office systems and their keys."""
    found = await call.ctx.registrations.list()
    return MachineList(machines=list(map(MachineView.of, found)))


@register.add(
    "POST",
    "",
    status=204,
    body=NewMachine,
    errors=(ClientIdTaken, AgencyInvalid, NetworkInvalid),
)
async def add_machine(call: Call[Officer]) -> None:
    """Add a back-office system of an agency."""
    body = call.body(NewMachine)
    await call.ctx.registrations.add(
        _admin(call), body.client_id, body.name, body.agency_uscc, body.grants()
    )


@register.add(
    "PUT",
    "/<client_id:str>",
    status=204,
    body=MachineBody,
    errors=(ClientUnknown, NetworkInvalid),
)
async def change_machine(call: Call[Officer], client_id: str) -> None:
    """Change what a system may do, or close it, from its next request on."""
    body = call.body(MachineBody)
    await call.ctx.registrations.change(_admin(call), client_id, body.grants(), active=body.active)


@register.add(
    "POST",
    "/<client_id:str>/keys",
    status=201,
    body=KeyBody,
    answer=KeyView,
    errors=(ClientUnknown, KeyInvalid, KeyTaken, KeysTooMany),
)
async def add_key(call: Call[Officer], client_id: str) -> KeyView:
    """Add a public key; the older ones stay good, so that nothing stops."""
    body = call.body(KeyBody)
    return KeyView.of(
        await call.ctx.registrations.add_key(
            _admin(call), client_id, body.jwk, body.valid_from, body.valid_until
        )
    )


@register.add("DELETE", "/<client_id:str>/keys/<kid:str>", status=204, errors=(ClientUnknown,))
async def revoke_key(call: Call[Officer], client_id: str, kid: str) -> None:
    """Revoke a key: neither it nor a token that it got opens anything."""
    await call.ctx.registrations.revoke_key(_admin(call), client_id, kid)
