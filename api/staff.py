"""Staff at the window and in the departments: logging in."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.auth import PUBLIC
from api.call import Call
from api.routes import Routes
from services.staff import TOKEN_LIFE, StaffGrant, StaffRefused, read_username

entrance = Routes("staff", "/staff/v1", PUBLIC)
ROUTES = (entrance,)


class StaffLogin(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256)


class StaffTokenView(BaseModel):
    """``expires_in`` is in seconds; afterwards the password is asked again."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int = int(TOKEN_LIFE.total_seconds())
    name: str
    roles: list[str]
    unit: str

    @classmethod
    def of(cls, grant: StaffGrant) -> "StaffTokenView":
        return cls(
            access_token=grant.access_token,
            name=grant.name,
            roles=sorted(role.value for role in grant.officer.roles),
            unit=grant.officer.unit,
        )


@entrance.add("POST", "/login", body=StaffLogin, answer=StaffTokenView, errors=(StaffRefused,))
async def login(call: Call[None]) -> StaffTokenView:
    """Log in with username and password."""
    body = call.body(StaffLogin)
    await call.ctx.limiter.hit("staff_login_address", call.address)
    await call.ctx.limiter.hit("staff_login", read_username(body.username))
    return StaffTokenView.of(await call.ctx.staff.login(body.username, body.password))
