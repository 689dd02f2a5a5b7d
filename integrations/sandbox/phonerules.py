"""What the phone's JSON API accepts, and how it says no."""

from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from .answers import answer, load_object
from .loopback import is_loopback_host


class PhoneRefused(Exception):
    """The phone cannot do this; the text is a sentence for the person."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_body(request: web.Request) -> dict[str, Any]:
    """Return the JSON object, an empty one for no body; raise ``PhoneRefused``."""
    body = await request.read()
    try:
        return load_object(body) if body else {}
    except ValueError as error:
        raise PhoneRefused(400, "请求体不是合法的 JSON 对象") from error


def whole(body: dict[str, Any], name: str, default: int, *, least: int, most: int) -> int:
    value = body.get(name, default)
    if type(value) is not int or not least <= value <= most:
        raise PhoneRefused(400, f"{name} 应为 {least} 到 {most} 的整数")
    return value


def flag(body: dict[str, Any], name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise PhoneRefused(400, f"{name} 应为 true 或 false")
    return value


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals of the phone into answers."""
    try:
        return await handler(request)
    except PhoneRefused as refused:
        return answer({"error": str(refused)}, refused.status)


@web.middleware
async def this_machine_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a web page of another site that points a name of its own at this machine."""
    host = (request.url.host or "").strip("[]")
    if not is_loopback_host(host):
        return answer({"error": "只能从本机访问"}, 403)
    return await handler(request)
