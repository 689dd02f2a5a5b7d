"""Staff: logging in and out, and making a login one's own."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.auth import MEMBER, PUBLIC
from api.call import Call
from api.routes import Routes
from services.enrolment import OtpWrong, PasswordWeak, PasswordWrong, TotpEnrolled
from services.staff import TOKEN_LIFE, Present, StaffGrant, StaffRefused, read_username

entrance = Routes("staff", "/staff/v1", PUBLIC)
own = Routes("staff", "/staff/v1", MEMBER)
ROUTES = (entrance, own)


class StaffLogin(BaseModel):
    """``otp``: the six digits of the moment, or a recovery code; empty before the first set-up."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256)
    otp: str = Field("", max_length=16)


class StaffTokenView(BaseModel):
    """``expires_in`` is in seconds; afterwards the password is asked again.

    ``setup`` names what is to be done first (``password``, ``totp``): until then the token only
    opens ``/staff/v1/me``; afterwards log in again.
    """

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int = int(TOKEN_LIFE.total_seconds())
    name: str
    roles: list[str]
    unit: str
    setup: list[str]

    @classmethod
    def of(cls, grant: StaffGrant) -> "StaffTokenView":
        return cls(
            access_token=grant.access_token,
            name=grant.name,
            roles=sorted(role.value for role in grant.officer.roles),
            unit=grant.officer.unit,
            setup=list(grant.setup),
        )


@entrance.add("POST", "/login", body=StaffLogin, answer=StaffTokenView, errors=(StaffRefused,))
async def login(call: Call[None]) -> StaffTokenView:
    """Log in with username, password and one-time code."""
    body = call.body(StaffLogin)
    await call.ctx.limiter.hit("staff_login_address", call.address)
    await call.ctx.limiter.hit("staff_login", read_username(body.username))
    return StaffTokenView.of(await call.ctx.staff.login(body.username, body.password, body.otp))


@own.add("POST", "/logout", status=204)
async def logout(call: Call[Present]) -> None:
    """End this session at once."""
    await call.ctx.staff.logout(call.who)


class PasswordBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    current: str = Field(min_length=1, max_length=256)
    password: str = Field(min_length=1, max_length=256)


@own.add("PUT", "/me/password", status=204, body=PasswordBody, errors=(PasswordWrong, PasswordWeak))
async def change_password(call: Call[Present]) -> None:
    """Change one's password; one's other sessions end."""
    body = call.body(PasswordBody)
    await call.ctx.limiter.hit("staff_secret", str(call.who.officer.id))
    await call.ctx.enrolment.change_password(call.who, body.current, body.password)


class SecretView(BaseModel):
    """To be put into an authenticator app, by hand or as a QR code of ``uri``."""

    secret: str
    uri: str


@own.add("POST", "/me/totp", answer=SecretView, errors=(TotpEnrolled,))
async def begin_totp(call: Call[Present]) -> SecretView:
    """Get a secret for one-time codes; an unconfirmed one before it is worthless then."""
    return SecretView(**vars(await call.ctx.enrolment.begin_totp(call.who)))


class OtpBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    otp: str = Field(min_length=6, max_length=6)


class RecoveryView(BaseModel):
    """Each code stands in for a one-time code once; they are never shown again."""

    recovery_codes: list[str]


@own.add(
    "POST",
    "/me/totp/confirm",
    body=OtpBody,
    answer=RecoveryView,
    errors=(TotpEnrolled, OtpWrong),
)
async def confirm_totp(call: Call[Present]) -> RecoveryView:
    """Confirm the secret by its first code: from now on a login needs one."""
    body = call.body(OtpBody)
    await call.ctx.limiter.hit("staff_secret", str(call.who.officer.id))
    return RecoveryView(
        recovery_codes=list(await call.ctx.enrolment.confirm_totp(call.who, body.otp))
    )
