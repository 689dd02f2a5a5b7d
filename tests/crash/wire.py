"""Requests that are sent until they are answered, as a phone and a machine do."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

SECONDS = aiohttp.ClientTimeout(total=6)
AGAIN = (429, 500, 502, 503, 504)


class GaveUp(Exception):
    """The whole run is over; nobody waits any longer."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        try:
            return str(self.json.get("code", ""))
        except ValueError:
            return ""


@dataclass
class Client:
    """Somebody with a token; ``over`` tells when to stop trying."""

    base: str
    session: aiohttp.ClientSession
    chance: random.Random
    over: Callable[[], bool]
    token: str = ""

    async def once(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply | None:
        """Return the answer, whatever it is; None when none came."""
        sent = dict(headers or {})
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        content = body
        if body is not None and not isinstance(body, bytes):
            content = orjson.dumps(body)
            sent["Content-Type"] = "application/json"
        try:
            async with self.session.request(
                method, self.base + path, data=content, headers=sent, timeout=SECONDS
            ) as answer:
                return Reply(answer.status, await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def until(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Send the very same request until it is answered for good; raise ``GaveUp``."""
        wait = 0.05
        while not self.over():
            reply = await self.once(method, path, body, headers)
            if reply is not None and reply.status not in AGAIN:
                return reply
            await asyncio.sleep(wait * (0.5 + self.chance.random()))
            wait = min(1.0, wait * 1.6)
        raise GaveUp(f"{method} {path}")
