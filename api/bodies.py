"""Bodies that are refused before they were read: the answer must still reach who is sending."""

import asyncio
import math
from contextlib import suppress
from typing import Any

from sanic import Request
from sanic.exceptions import SanicException
from sanic.response import HTTPResponse

from api.errors import answer_error

LINGER_SECONDS = 15.0


async def refused_early(request: Request, error: Exception) -> bool:
    """Answer an error while the client is still sending; False when the framework can do it.

    Closing a connection with unread bytes resets it, and a phone then reports a broken network
    instead of what is wrong with the photo.
    """
    if not _is_long(request):
        return False
    await _answer_and_linger(request, answer_error(request, error))
    return True


def _is_long(request: Request) -> bool:
    """Tell whether a body that was not read to its end is longer than the framework reads away."""
    stream: Any = request.stream
    if stream is None or not stream.request_body:
        return False
    size: int = stream.request_bytes
    return stream.request_body == "chunked" or size > request.app.config.REQUEST_MAX_SIZE


async def _answer_and_linger(request: Request, response: HTTPResponse) -> None:
    """Answer now with ``Connection: close``, then read the rest away for at most 15 s."""
    stream: Any = request.stream
    stream.keep_alive = False
    # Who asks before sending (Expect: 100-continue) is told no, and need not send.
    stream.expecting_continue = False
    # What is only read away has no limit but the time.
    stream.request_max_size = math.inf
    sent = await request.respond(response)
    await sent.send(b"", True)
    with suppress(TimeoutError, SanicException):
        async with asyncio.timeout(LINGER_SECONDS):
            while stream.request_body:
                await stream.read()
    # Nobody may take what is left for a request.
    stream.request_body = None
