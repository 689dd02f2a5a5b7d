"""Callbacks of outside systems: anybody can call these, so what they say has to prove itself."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from pydantic import BaseModel

from api.auth import PUBLIC
from api.call import Call
from api.routes import Binary, Routes
from services.errors import CallbackForged, TooLarge
from services.ports import NONTAX, WECHAT

callbacks = Routes("callbacks", "/callbacks", PUBLIC)
ROUTES = (callbacks,)

MAX_PAYMENT_BYTES = 64 * 1024
MAX_COURIER_BYTES = 1024 * 1024
MOST_FIELDS = 16


class PushAnswer(BaseModel):
    """What the courier platform wants to read; anything else is pushed again."""

    result: bool
    returnCode: str  # noqa: N815 - the platform's own names
    message: str


@callbacks.add(
    "POST",
    "/wechatpay",
    status=204,
    body=Binary(("application/json",)),
    errors=(CallbackForged, TooLarge),
)
async def wechatpay(call: Call[None]) -> None:
    """Take a payment callback; one that changes nothing is 204 too, or it comes again."""
    await _money(call, WECHAT)


@callbacks.add(
    "POST",
    "/nontax",
    status=204,
    body=Binary(("application/json",)),
    errors=(CallbackForged, TooLarge),
)
async def nontax(call: Call[None]) -> None:
    """Take a callback of the treasury's platform; where there is none, every one is forged."""
    await _money(call, NONTAX)


@callbacks.add(
    "POST",
    "/courier",
    body=Binary(("application/x-www-form-urlencoded",)),
    answer=PushAnswer,
    errors=(CallbackForged, TooLarge),
)
async def courier(call: Call[None]) -> PushAnswer:
    """Take where a parcel is."""
    await call.ctx.deliveries.receive_push(_form(call.request.body))
    return PushAnswer(result=True, returnCode="200", message="成功")


async def _money(call: Call[None], channel: str) -> None:
    body = call.request.body
    if len(body) > MAX_PAYMENT_BYTES:
        raise TooLarge
    headers = _combined(call.request.headers.items())
    await call.ctx.payments.callback(channel, headers, body)


def _combined(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return header fields by name; what comes twice is one list of both (RFC 9110, 5.3).

    A list is no signature and no serial, so that nobody can prove one value and mean another.
    """
    given = list(fields)
    said = dict(given)
    if len(said) == len(given):
        return said
    said = {}
    for name, value in given:
        said[name] = f"{said[name]}, {value}" if name in said else value
    return said


def _form(body: bytes) -> dict[str, str]:
    if len(body) > MAX_COURIER_BYTES:
        raise TooLarge
    try:
        pairs = parse_qsl(body.decode(), errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise CallbackForged from error
    return dict(pairs)
