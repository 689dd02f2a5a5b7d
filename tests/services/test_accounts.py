"""Accounts: who comes in, and what is known of them afterwards."""

import asyncio

import pytest

from models.ids import uuid7
from services.actors import Citizen
from services.errors import LoginCodeInvalid, Unauthenticated
from services.profiles import Profile, SignedIn
from tests.make import LI, WANG
from tests.services.entrance import come_in, state_of, take_code
from tests.world import World


async def test_the_first_login_makes_the_account_and_the_next_finds_it(world: World) -> None:
    first, signed_in = await come_in(world)
    again, _ = await come_in(world)
    other, _ = await come_in(world, LI)
    assert signed_in.profile == Profile(first.account_id, 0, None, None, False)
    assert again.account_id == first.account_id != other.account_id
    assert again.session_id != first.session_id
    owners = {row["openid"]: row["account_id"] for row in await world.rows("wechat_identities")}
    assert owners == {WANG: first.account_id, LI: other.account_id}
    assert {row["appid"] for row in await world.rows("wechat_identities")} == {
        world.settings.wechat_appid
    }


async def test_a_code_opens_one_session_however_often_it_comes(world: World) -> None:
    code = await take_code(world)
    answers = await asyncio.gather(
        *(world.ctx.accounts.login_wechat(code) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
    assert sum(isinstance(answer, LoginCodeInvalid) for answer in answers) == 19
    for table in ("accounts", "wechat_identities", "sessions"):
        assert len(await world.rows(table)) == 1


async def test_a_person_who_comes_in_twice_at_once_gets_one_account(world: World) -> None:
    codes = [await take_code(world) for _ in range(12)]
    answers = await asyncio.gather(*map(world.ctx.accounts.login_wechat, codes))
    assert len({answer.profile.id for answer in answers}) == 1
    assert len(await world.rows("accounts")) == len(await world.rows("wechat_identities")) == 1
    assert len(await world.rows("sessions")) == 12


async def test_a_wrong_code_makes_nothing(world: World) -> None:
    phone_code = await take_code(world, kind="phone")
    for code in ("wxsandbox000000000000000000000000", phone_code, WANG, "' OR 1=1 --"):
        with pytest.raises(LoginCodeInvalid):
            await world.ctx.accounts.login_wechat(code)
    assert await state_of(world) == [[], [], [], []]


async def test_an_account_that_is_gone_is_nobody(world: World) -> None:
    with pytest.raises(Unauthenticated):
        await world.ctx.accounts.me(Citizen(uuid7(), uuid7()))


async def test_the_phone_number_is_whose_code_it_was(world: World) -> None:
    who, _ = await come_in(world)
    shown = await world.ctx.accounts.set_phone(who, await take_code(world, kind="phone"))
    assert shown.phone == "138****0001"
    assert await world.ctx.accounts.me(who) == shown
    [row] = await world.rows("accounts")
    crypto = world.ctx.accounts.crypto
    assert crypto.open(row["phone_sealed"], "account.phone") == b"+8613800000001"
    assert row["phone_index"] == crypto.index("+8613800000001", "account.phone").hex()


async def test_a_wrong_phone_code_changes_nothing(world: World) -> None:
    who, _ = await come_in(world)
    before = await state_of(world)
    for code in (await take_code(world), "wxsandbox000000000000000000000000"):
        with pytest.raises(LoginCodeInvalid):
            await world.ctx.accounts.set_phone(who, code)
    assert await state_of(world) == before


async def test_elder_mode_is_the_accounts(world: World) -> None:
    who, _ = await come_in(world)
    other, _ = await come_in(world, LI)
    assert (await world.ctx.accounts.set_elder_mode(who, True)).elder_mode
    assert (await world.ctx.accounts.me(who)).elder_mode
    assert not (await world.ctx.accounts.me(other)).elder_mode
    assert not (await world.ctx.accounts.set_elder_mode(who, False)).elder_mode
