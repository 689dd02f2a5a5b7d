"""Sessions: a refresh token is good once, and what happens when it comes again."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from models.ids import uuid7
from services.actors import Citizen
from services.sessions import CITIZEN_AUDIENCE, SessionEnded
from tests.make import LI
from tests.services.entrance import come_in
from tests.world import World


async def refresh(world: World, token: str) -> str:
    """Return the next refresh token."""
    return (await world.ctx.accounts.refresh(token)).grant.refresh_token


async def session_row(world: World) -> dict[str, Any]:
    [row] = await world.rows("sessions")
    return row


async def test_access_tokens_name_account_and_session_for_15_minutes(world: World) -> None:
    who, signed_in = await come_in(world)
    claims = world.ctx.tokens.read(signed_in.grant.access_token, audience=CITIZEN_AUDIENCE)
    assert (claims["sub"], claims["sid"]) == (str(who.account_id), str(who.session_id))
    assert claims["exp"] - claims["iat"] == 900


async def test_each_refresh_gives_new_tokens_of_the_same_session(world: World) -> None:
    who, signed_in = await come_in(world)
    world.clock.advance(timedelta(minutes=20))
    renewed = await world.ctx.accounts.refresh(signed_in.grant.refresh_token)
    assert renewed.profile == signed_in.profile
    assert renewed.grant.refresh_token != signed_in.grant.refresh_token
    claims = world.ctx.tokens.read(renewed.grant.access_token, audience=CITIZEN_AUDIENCE)
    assert claims["sid"] == str(who.session_id)


async def test_only_the_digest_of_a_refresh_token_is_stored(world: World) -> None:
    who, signed_in = await come_in(world)
    token = signed_in.grant.refresh_token
    session_id, _, secret = token.partition(".")
    assert session_id == str(who.session_id)
    assert len(secret) == 43  # 32 bytes in base64url
    assert (await session_row(world))["refresh_digest"] == hashlib.sha256(
        token.encode()
    ).hexdigest()
    assert token not in repr(signed_in)


async def test_an_old_token_ends_the_whole_family(world: World) -> None:
    _, signed_in = await come_in(world)
    first = signed_in.grant.refresh_token
    second = await refresh(world, first)
    third = await refresh(world, second)
    with pytest.raises(SessionEnded):
        await refresh(world, first)
    assert (await session_row(world))["revoked_at"] == world.clock.now()
    for token in (third, second):
        with pytest.raises(SessionEnded):
            await refresh(world, token)


async def test_a_lost_answer_is_given_again_for_30_seconds(world: World) -> None:
    _, signed_in = await come_in(world)
    first = signed_in.grant.refresh_token
    second = await refresh(world, first)
    rotated = await session_row(world)
    world.clock.advance(timedelta(seconds=30))
    assert await refresh(world, first) == second
    assert await session_row(world) == rotated
    third = await refresh(world, second)
    assert third not in (first, second)


async def test_after_30_seconds_the_token_before_is_an_old_token(world: World) -> None:
    _, signed_in = await come_in(world)
    second = await refresh(world, signed_in.grant.refresh_token)
    world.clock.advance(timedelta(seconds=30, microseconds=1))
    with pytest.raises(SessionEnded):
        await refresh(world, signed_in.grant.refresh_token)
    with pytest.raises(SessionEnded):
        await refresh(world, second)


async def test_a_repeat_is_refused_once_the_next_token_was_used(world: World) -> None:
    _, signed_in = await come_in(world)
    second = await refresh(world, signed_in.grant.refresh_token)
    await refresh(world, second)
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(SessionEnded):
        await refresh(world, signed_in.grant.refresh_token)
    assert (await session_row(world))["revoked_at"] == world.clock.now()


async def test_twenty_copies_of_a_refresh_get_one_successor(world: World) -> None:
    _, signed_in = await come_in(world)
    token = signed_in.grant.refresh_token
    successors = await asyncio.gather(*(refresh(world, token) for _ in range(20)))
    assert len(set(successors)) == 1
    assert (await session_row(world))["revoked_at"] is None
    await refresh(world, successors[0])


async def test_a_session_lasts_30_days(world: World) -> None:
    _, signed_in = await come_in(world)
    world.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    token = await refresh(world, signed_in.grant.refresh_token)
    world.clock.advance(timedelta(seconds=1))
    before = await session_row(world)
    with pytest.raises(SessionEnded):
        await refresh(world, token)
    assert await session_row(world) == before


async def test_logging_out_ends_this_session_only(world: World) -> None:
    who, signed_in = await come_in(world)
    _, elsewhere = await come_in(world)
    await world.ctx.accounts.logout(who)
    with pytest.raises(SessionEnded):
        await refresh(world, signed_in.grant.refresh_token)
    await refresh(world, elsewhere.grant.refresh_token)
    [row] = [row for row in await world.rows("sessions") if row["id"] == who.session_id]
    world.clock.advance(timedelta(seconds=5))
    await world.ctx.accounts.logout(who)
    assert row in await world.rows("sessions")


async def test_nobody_logs_somebody_else_out(world: World) -> None:
    who, signed_in = await come_in(world)
    other, _ = await come_in(world, LI)
    await world.ctx.accounts.logout(Citizen(other.account_id, who.session_id))
    await refresh(world, signed_in.grant.refresh_token)


async def test_what_is_no_refresh_token_changes_nothing(world: World) -> None:
    who, signed_in = await come_in(world)
    secret = signed_in.grant.refresh_token.partition(".")[2]
    before = await world.rows("sessions")
    for token in (
        "",
        ".",
        "x" * 4096,
        secret,
        str(who.session_id),
        f"{who.session_id}.",
        f"{str(who.session_id).upper()}.{secret}",
        f"{who.session_id}.{secret}=",
        f"{who.session_id}.{secret}\n",
        f"{uuid7()}.{secret}",
        signed_in.grant.access_token,
    ):
        with pytest.raises(SessionEnded):
            await refresh(world, token)
    assert await world.rows("sessions") == before
    await refresh(world, signed_in.grant.refresh_token)


async def test_a_guess_at_a_known_session_ends_it(world: World) -> None:
    who, signed_in = await come_in(world)
    with pytest.raises(SessionEnded):
        await refresh(world, f"{who.session_id}.{'A' * 43}")
    with pytest.raises(SessionEnded):
        await refresh(world, signed_in.grant.refresh_token)
