"""Ended sessions: a short list in Redis that every process reads once a second at most."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from integrations.redis import Pause
from services.ports import Clock

KEY = "zhangban:ended"
LOOK_SECONDS = 1.0
# Processes and machines do not agree on the time to the second.
OVERLAP = timedelta(seconds=30)


class RedisEndedSessions:
    """``life`` is how long an access token lives: after that a session need not be remembered.

    A request pays for a look at a set in memory; one request a second for a call. Without Redis
    the process knows what it ended itself, and the rest ends when its tokens expire.
    """

    def __init__(
        self, redis: Redis, clock: Clock, life: timedelta, *, look: float = LOOK_SECONDS
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._life = life
        self._look = look
        self._known: dict[str, float] = {}
        self._looked = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._pause = Pause()

    async def end(self, session_ids: Iterable[UUID]) -> None:
        now = self._clock.now().timestamp()
        ended = {str(each): now for each in session_ids}
        if not ended:
            return
        self._known |= ended
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zadd(KEY, ended)
                pipe.zremrangebyscore(KEY, "-inf", now - self._life.total_seconds())
                pipe.expire(KEY, self._life + OVERLAP)
                await pipe.execute()
        except RedisError:
            self._pause.begin()

    async def has(self, session_id: UUID) -> bool:
        loop = asyncio.get_running_loop()
        if loop.time() - self._looked >= self._look and not self._pause.active:
            await self._refresh(loop)
        return str(session_id) in self._known

    async def _refresh(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look once for all who ask meanwhile; who leaves does not take the look along."""
        if self._looking is None or self._looking.done():
            self._looking = loop.create_task(self._read(loop))
        await asyncio.shield(self._looking)

    async def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        first = self._looked == float("-inf")
        now = self._clock.now().timestamp()
        gone = now - self._life.total_seconds()
        since = gone if first else now - self._look - OVERLAP.total_seconds()
        try:
            found: Any = await self._redis.zrangebyscore(KEY, since, "+inf", withscores=True)
        except RedisError:
            self._pause.begin()
            return
        self._looked = loop.time()
        self._known.update(dict(found))
        if any(at < gone for at in self._known.values()):
            self._known = {name: at for name, at in self._known.items() if at >= gone}
