"""A citizen's own account: coming in, going out, phone number, real name, elder mode."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from api.auth import CITIZEN, PUBLIC
from api.call import Call
from api.routes import Routes
from models.rules.devices import device_name
from services.actors import Citizen
from services.errors import LoginCodeInvalid, OutsideUnavailable
from services.profiles import Profile, SignedIn
from services.sessions import ACCESS_LIFE, SessionEnded

entrance = Routes("accounts", "/v1", PUBLIC)
accounts = Routes("accounts", "/v1", CITIZEN)
ROUTES = (entrance, accounts)


class Code(BaseModel):
    """A code of ``wx.login`` or getPhoneNumber; who it stands for is WeChat's to say."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=256)


class LoginCode(Code):
    """``device`` is what its owner calls the phone, for the list of devices."""

    device: str = Field("", max_length=60)


class RefreshToken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    refresh_token: str = Field(min_length=1, max_length=256)


class ElderMode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: StrictBool


class AccountView(BaseModel):
    """账号: name and phone are masked."""

    id: UUID
    level: int
    name: str | None
    phone: str | None
    elder_mode: bool

    @classmethod
    def of(cls, profile: Profile) -> "AccountView":
        return cls(**vars(profile))


class SignedInView(BaseModel):
    """``expires_in`` is in seconds and of the access token; a refresh token is good once."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int = int(ACCESS_LIFE.total_seconds())
    refresh_token: str
    account: AccountView

    @classmethod
    def of(cls, signed_in: SignedIn) -> "SignedInView":
        return cls(
            access_token=signed_in.grant.access_token,
            refresh_token=signed_in.grant.refresh_token,
            account=AccountView.of(signed_in.profile),
        )


@entrance.add(
    "POST",
    "/login/wechat",
    body=LoginCode,
    answer=SignedInView,
    errors=(LoginCodeInvalid, OutsideUnavailable),
)
async def login_wechat(call: Call[None]) -> SignedInView:
    """Log in with a wx.login code; the first time makes the account."""
    body = call.body(LoginCode)
    await call.ctx.limiter.hit("login", call.address)
    device = device_name(call.user_agent, body.device)
    return SignedInView.of(await call.ctx.accounts.login_wechat(body.code, device))


@entrance.add(
    "POST", "/login/refresh", body=RefreshToken, answer=SignedInView, errors=(SessionEnded,)
)
async def refresh(call: Call[None]) -> SignedInView:
    """Take the refresh token for new tokens."""
    body = call.body(RefreshToken)
    await call.ctx.limiter.hit("refresh", call.address)
    return SignedInView.of(await call.ctx.accounts.refresh(body.refresh_token))


@accounts.add("POST", "/logout", status=204)
async def logout(call: Call[Citizen]) -> None:
    """End this session."""
    await call.ctx.accounts.logout(call.who)


@accounts.add("GET", "/me", answer=AccountView)
async def me(call: Call[Citizen]) -> AccountView:
    """Show one's own account, masked."""
    return AccountView.of(await call.ctx.accounts.me(call.who))


@accounts.add(
    "POST",
    "/me/phone",
    body=Code,
    answer=AccountView,
    errors=(LoginCodeInvalid, OutsideUnavailable),
)
async def set_phone(call: Call[Citizen]) -> AccountView:
    """Keep the phone number that a getPhoneNumber code stands for."""
    body = call.body(Code)
    await call.ctx.limiter.hit("phone", str(call.who.account_id))
    return AccountView.of(await call.ctx.accounts.set_phone(call.who, body.code))


@accounts.add("PUT", "/me/elder-mode", body=ElderMode, answer=AccountView)
async def set_elder_mode(call: Call[Citizen]) -> AccountView:
    """Switch elder mode (长辈版) for every phone of the account."""
    body = call.body(ElderMode)
    return AccountView.of(await call.ctx.accounts.set_elder_mode(call.who, body.on))
