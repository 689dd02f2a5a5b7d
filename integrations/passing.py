"""What is handed on within minutes, kept in Redis and taken once."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from integrations.redis import Pause
from services.errors import Unavailable
from services.ports import Clock


class RedisPassing:
    """Strict: without Redis nothing is handed on, for it could be taken twice.

    Names are stored as digests: who reads Redis cannot use them.
    """

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._pause = Pause()

    async def put(self, kind: str, name: str, value: Mapping[str, str], *, life: timedelta) -> None:
        until = self._clock.now().timestamp() + life.total_seconds()
        kept = orjson.dumps({"until": until, "value": dict(value)})
        try:
            self._check()
            await self._redis.set(_key(kind, name), kept, px=life)
        except RedisError as error:
            raise self._lost() from error

    async def take(self, kind: str, name: str) -> Mapping[str, str] | None:
        try:
            self._check()
            kept = await self._redis.getdel(_key(kind, name))
        except RedisError as error:
            raise self._lost() from error
        if kept is None:
            return None
        found = orjson.loads(kept)
        if self._clock.now().timestamp() >= found["until"]:
            return None
        value: Mapping[str, str] = found["value"]
        return value

    def _check(self) -> None:
        if self._pause.active:
            raise Unavailable

    def _lost(self) -> Unavailable:
        self._pause.begin()
        return Unavailable()


def _key(kind: str, name: str) -> str:
    return f"zhangban:passing:{kind}:{hashlib.sha256(name.encode()).hexdigest()}"
