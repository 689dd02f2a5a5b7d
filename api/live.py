"""Live progress over a WebSocket: a token first, then the progress now and after each change.

When a material was read, ``{"material": "M02"}`` says which slot to look at again.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import structlog
from sanic import Websocket
from sanic.exceptions import SanicException

from api.auth import check_open
from api.context import Context
from models.database import DatabaseLost, is_lost
from services.access import CaseUnknown
from services.actors import Citizen
from services.errors import TooMany, Unauthenticated
from services.nudges import MATERIAL
from services.progress import Progress
from services.sessions import CITIZEN_AUDIENCE
from services.transitions import topic_of

log = structlog.get_logger("zhangban.live")

TOKEN_SECONDS = 5.0
LOOK_SECONDS = 3.0
LEFT = 1000
CRASHED = 1011
TRY_LATER = 1013
# Codes of our own: the last three digits are those of the answer that HTTP would give.
NOT_SIGNED_IN = 4401
NOT_YOURS = 4404
TOO_OFTEN = 4429


@dataclass
class Live:
    """One phone looking at one case. While it waits it holds no database connection."""

    ctx: Context
    socket: Websocket
    case_id: UUID
    text_of: Callable[[Progress], str]
    _etag: str = field(default="", init=False)

    async def serve(self) -> None:
        """Serve until the phone leaves, its token expires, or the case is not its owner's."""
        try:
            claims = await self._claims()
            await self.ctx.limiter.hit("live", str(claims["sub"]))
        except Unauthenticated:
            await self.socket.close(NOT_SIGNED_IN)
        except TooMany:
            await self.socket.close(TOO_OFTEN)
        else:
            await self.socket.close(await self._follow(claims))

    async def _claims(self) -> Mapping[str, Any]:
        first = await self.socket.recv(TOKEN_SECONDS)
        try:
            token = orjson.loads(first or b"")["access_token"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise Unauthenticated from error
        claims = self.ctx.tokens.read(str(token), audience=CITIZEN_AUDIENCE)
        await check_open(_citizen(claims), self.ctx.ended)
        return claims

    async def _follow(self, claims: Mapping[str, Any]) -> int:
        """Push until something ends it; return the code to close with."""
        left = claims["exp"] - self.ctx.cases.clock.now().timestamp()
        pushing = asyncio.create_task(self._push(_citizen(claims)))
        hearing = asyncio.create_task(self._hear())
        tasks = {pushing, hearing}
        try:
            done, _ = await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(pushing, hearing, return_exceptions=True)
        return _code(results[0]) if pushing in done else NOT_SIGNED_IN

    async def _push(self, who: Citizen) -> None:
        topic = topic_of(self.case_id)
        while True:
            async with self.ctx.broadcast.subscribe(topic) as changes:
                # Read after listening began: what happens in between is not missed.
                await self._show(who)
                async for change in changes:
                    await self._show(who)
                    if change.startswith(MATERIAL):
                        code = change.removeprefix(MATERIAL)
                        await self.socket.send(orjson.dumps({"material": code}).decode())
            # The feed is gone. Looking takes its place until it can be joined again.
            await asyncio.sleep(LOOK_SECONDS)

    async def _show(self, who: Citizen) -> None:
        await check_open(who, self.ctx.ended)
        found = await self.ctx.progress.of_case(who, self.case_id)
        if found.etag != self._etag:
            await self.socket.send(self.text_of(found))
            self._etag = found.etag

    async def _hear(self) -> None:
        """Read away what the phone says, until it leaves."""
        while True:
            await self.socket.recv()


def _citizen(claims: Mapping[str, Any]) -> Citizen:
    return Citizen(UUID(claims["sub"]), UUID(claims["sid"]))


def _code(result: object) -> int:
    if isinstance(result, CaseUnknown):
        return NOT_YOURS
    if isinstance(result, Unauthenticated):
        return NOT_SIGNED_IN
    if isinstance(result, SanicException):
        return LEFT
    if isinstance(result, DatabaseLost) or (isinstance(result, Exception) and is_lost(result)):
        return TRY_LATER
    log.error("live.crashed", error=type(result).__name__, exc_info=result)
    return CRASHED
