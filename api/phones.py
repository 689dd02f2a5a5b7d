"""Coming in by a phone number: ask for a code, read it back."""

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from api.accounts import SignedInView
from api.auth import CITIZEN, PUBLIC
from api.call import Call, Who
from api.routes import Routes
from api.ways import WayList
from models.rules.devices import device_name
from services.actors import Citizen
from services.entrances import PhoneStale
from services.errors import OutsideUnavailable, TooMany, Unavailable
from services.phone_codes import (
    Channel,
    CodeSent,
    CodeWrong,
    Origin,
    PhoneRefused,
    Purpose,
    VoiceTooEarly,
)

entrance = Routes("accounts", "/v1/login/phone", PUBLIC)
own = Routes("accounts", "/v1/me/ways/phone", CITIZEN)
ROUTES = (entrance, own)
SENDING = (PhoneRefused, VoiceTooEarly, TooMany, OutsideUnavailable, Unavailable)


class CodeWish(BaseModel):
    """``device_id`` is a random name that the app gave itself: it has its own limit."""

    model_config = ConfigDict(extra="forbid")

    phone: str = Field(min_length=1, max_length=32)
    channel: Channel = Channel.TEXT
    device_id: str = Field("", max_length=64)


class CodeSentView(BaseModel):
    """Times in seconds; a call may be asked for after ``voice_after`` text messages.

    The same for every number, whether anybody has an account with it or not.
    """

    resend_after: int
    expires_in: int
    voice_after: int

    @classmethod
    def of(cls, sent: CodeSent) -> "CodeSentView":
        return cls(**vars(sent))


class PhoneCode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    phone: str = Field(min_length=1, max_length=32)
    code: str = Field(pattern=r"^[0-9]{6}$")


class PhoneLogin(PhoneCode):
    """``new_holder``: the number was given out anew, and its former account is not the asker's."""

    device: str = Field("", max_length=60)
    new_holder: StrictBool = False


@entrance.add("POST", "/code", status=202, body=CodeWish, answer=CodeSentView, errors=SENDING)
async def send_code(call: Call[None]) -> CodeSentView:
    """Send a code to log in with, by text message or call."""
    body = call.body(CodeWish)
    sent = await call.ctx.phone_codes.send(
        body.phone, Purpose.LOGIN, body.channel, _origin(call, body)
    )
    return CodeSentView.of(sent)


@entrance.add(
    "POST",
    "",
    body=PhoneLogin,
    answer=SignedInView,
    errors=(PhoneRefused, CodeWrong, PhoneStale, TooMany, Unavailable),
)
async def login_phone(call: Call[None]) -> SignedInView:
    """Log in with the code that was sent; the first time makes the account."""
    body = call.body(PhoneLogin)
    await call.ctx.limiter.hit("login", call.address)
    caller = await call.ctx.phone_codes.redeem(body.phone, Purpose.LOGIN, body.code)
    device = device_name(call.user_agent, body.device)
    entrances = call.ctx.accounts.entrances
    return SignedInView.of(await entrances.enter(caller, device, new_holder=body.new_holder))


@own.add("POST", "/code", status=202, body=CodeWish, answer=CodeSentView, errors=SENDING)
async def send_link_code(call: Call[Citizen]) -> CodeSentView:
    """Send a code to add a number as a way in."""
    body = call.body(CodeWish)
    sent = await call.ctx.phone_codes.send(
        body.phone, Purpose.LINK, body.channel, _origin(call, body)
    )
    return CodeSentView.of(sent)


@own.add(
    "POST",
    "",
    body=PhoneCode,
    answer=WayList,
    errors=(PhoneRefused, CodeWrong, TooMany, Unavailable),
)
async def add_phone(call: Call[Citizen]) -> WayList:
    """Add the number to whose phone the code was sent; a former owner loses it."""
    body = call.body(PhoneCode)
    caller = await call.ctx.phone_codes.redeem(body.phone, Purpose.LINK, body.code)
    return WayList.of(list(await call.ctx.ways.attach(call.who, caller)))


def _origin(call: Call[Who], body: CodeWish) -> Origin:
    return Origin(call.address, body.device_id or f"{call.address} {call.user_agent}")
