"""Back-office systems: getting a token."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.auth import PUBLIC
from api.call import Call
from api.routes import Routes
from services.machines import TOKEN_LIFE, ClientRefused

entrance = Routes("machines", "/backoffice/v1", PUBLIC)
ROUTES = (entrance,)


class ClientCredentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: str = Field(min_length=1, max_length=64)
    client_secret: str = Field(min_length=1, max_length=256)


class MachineTokenView(BaseModel):
    """``expires_in`` is in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int = int(TOKEN_LIFE.total_seconds())


@entrance.add(
    "POST", "/token", body=ClientCredentials, answer=MachineTokenView, errors=(ClientRefused,)
)
async def get_token(call: Call[None]) -> MachineTokenView:
    """Take client credentials for a token."""
    body = call.body(ClientCredentials)
    await call.ctx.limiter.hit("token_address", call.address)
    await call.ctx.limiter.hit("token", body.client_id)
    token = await call.ctx.machines.token(body.client_id, body.client_secret)
    return MachineTokenView(access_token=token)
