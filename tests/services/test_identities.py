"""The real name: our own rules, the register's verdict, one identity for one account."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from integrations.sandbox.people import CITIZENS
from services.accounts import Accounts
from services.errors import OutsideUnavailable
from services.identities import IdNumberRefused, NameRefused
from services.ports import RealNameVerdict
from services.profiles import Profile
from services.real_names import AlreadyVerified, IdentityInUse, NameMismatch, NoRecord
from tests.make import LI
from tests.services.entrance import (
    LI_NAME,
    LI_NUMBER,
    WANG_NAME,
    WANG_NUMBER,
    XIAOYU,
    ZHAO,
    come_in,
    state_of,
)
from tests.world import World


class Register:
    """A register that answers what it is told to and counts the questions."""

    def __init__(self, answer: RealNameVerdict | Exception) -> None:
        self.answer = answer
        self.asked = 0

    async def check(self, name: str, id_number: str, phone: str | None = None) -> RealNameVerdict:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def asking(world: World, register: Register) -> Accounts:
    real_names = replace(world.ctx.real_names, register=register)
    return replace(world.ctx.accounts, real_names=real_names)


async def test_a_match_gives_the_account_its_person(world: World) -> None:
    who, _ = await come_in(world)
    typed = " 王 建国 ", "５１１４９９ 19880316 2013"
    shown = await world.ctx.accounts.verify_real_name(who, *typed)
    assert (shown.level, shown.name) == (1, "王*国")
    assert await world.ctx.accounts.me(who) == shown
    [person] = await world.rows("persons")
    crypto = world.ctx.accounts.crypto
    assert person["account_id"] == who.account_id
    assert person["verified_at"] == world.clock.now()
    assert crypto.open(person["name_sealed"], "person.name").decode() == WANG_NAME
    assert crypto.open(person["id_number_sealed"], "person.id_number").decode() == WANG_NUMBER


async def test_a_minor_has_a_real_name_too(world: World) -> None:
    who, _ = await come_in(world, XIAOYU)
    shown = await world.ctx.accounts.verify_real_name(who, "小宇", "511499201506203012")
    assert (shown.level, shown.name) == (1, "小*")


async def test_another_name_in_the_register_changes_nothing(world: World) -> None:
    who, _ = await come_in(world, ZHAO)
    before = await state_of(world)
    with pytest.raises(NameMismatch):
        await world.ctx.accounts.verify_real_name(who, "赵强", "51149919781120707X")
    assert await state_of(world) == before


async def test_a_number_that_the_register_does_not_have_changes_nothing(world: World) -> None:
    who, _ = await come_in(world)
    before = await state_of(world)
    # 511499 19700101 001: weighted sum 251, 251 mod 11 = 9, which stands for the check digit 3.
    with pytest.raises(NoRecord):
        await world.ctx.accounts.verify_real_name(who, WANG_NAME, "511499197001010013")
    assert await state_of(world) == before


async def test_without_a_verdict_nothing_changes(world: World) -> None:
    who, _ = await come_in(world)
    before = await state_of(world)
    with pytest.raises(OutsideUnavailable):
        await asking(world, Register(OutsideUnavailable())).verify_real_name(
            who, WANG_NAME, WANG_NUMBER
        )
    assert await state_of(world) == before


@pytest.mark.parametrize(
    "number",
    [
        "511499198803162014",  # check digit
        "511499198813162013",  # thirteenth month
        "991499198803162013"[:17],  # a digit short
        "511499202703162018",  # born after today
        "",
        "x" * 64,
    ],
)
async def test_our_own_rule_refuses_a_number_without_asking(world: World, number: str) -> None:
    who, _ = await come_in(world)
    register = Register(RealNameVerdict.MATCH)
    with pytest.raises(IdNumberRefused) as refused:
        await asking(world, register).verify_real_name(who, WANG_NAME, number)
    assert [fault.pointer for fault in refused.value.faults] == ["/id_number"]
    assert register.asked == 0
    assert (await world.ctx.accounts.me(who)).level == 0


@pytest.mark.parametrize("name", ["王", "王1", "王<b>", "", "·王", "国" * 51, "王\x00国", "👵王"])
async def test_our_own_rule_refuses_a_name_without_asking(world: World, name: str) -> None:
    who, _ = await come_in(world)
    register = Register(RealNameVerdict.MATCH)
    with pytest.raises(NameRefused) as refused:
        await asking(world, register).verify_real_name(who, name, WANG_NUMBER)
    assert [fault.pointer for fault in refused.value.faults] == ["/name"]
    assert register.asked == 0
    assert (await world.ctx.accounts.me(who)).level == 0


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("张 三", "张三"),
        ("㐂生", "㐂生"),
        ("𠮷田", "𠮷田"),
        ("JEAN-LUC  O'NEILL", "JEAN-LUC O'NEILL"),
        ("José Müller", "José Müller"),
    ],
)
async def test_names_are_kept_as_the_register_writes_them(
    world: World, typed: str, kept: str
) -> None:
    who, _ = await come_in(world)
    await asking(world, Register(RealNameVerdict.MATCH)).verify_real_name(who, typed, WANG_NUMBER)
    [person] = await world.rows("persons")
    opened = world.ctx.accounts.crypto.open(person["name_sealed"], "person.name")
    assert opened.decode() == kept


async def test_the_same_identity_again_is_the_same_answer(world: World) -> None:
    who, _ = await come_in(world)
    first = await world.ctx.accounts.verify_real_name(who, WANG_NAME, WANG_NUMBER)
    before = await state_of(world)
    register = Register(OutsideUnavailable())
    again = await asking(world, register).verify_real_name(who, WANG_NAME, WANG_NUMBER)
    assert again == first
    assert register.asked == 0
    assert await state_of(world) == before


@pytest.mark.parametrize("identity", [(LI_NAME, LI_NUMBER), (LI_NAME, WANG_NUMBER)])
async def test_a_verified_account_takes_no_other_identity(
    world: World, identity: tuple[str, str]
) -> None:
    who, _ = await come_in(world)
    await world.ctx.accounts.verify_real_name(who, WANG_NAME, WANG_NUMBER)
    before = await state_of(world)
    with pytest.raises(AlreadyVerified):
        await world.ctx.accounts.verify_real_name(who, *identity)
    assert await state_of(world) == before


async def test_name_and_number_do_not_take_over_an_account(world: World) -> None:
    owner, _ = await come_in(world)
    await world.ctx.accounts.verify_real_name(owner, WANG_NAME, WANG_NUMBER)
    thief, _ = await come_in(world, LI)
    before = await state_of(world)
    with pytest.raises(IdentityInUse):
        await world.ctx.accounts.verify_real_name(thief, WANG_NAME, WANG_NUMBER)
    assert await state_of(world) == before


async def test_two_accounts_that_claim_an_identity_at_once(world: World) -> None:
    claimants = [(await come_in(world, citizen.openid))[0] for citizen in CITIZENS[:4]]
    accounts = asking(world, Register(RealNameVerdict.MATCH))
    answers = await asyncio.gather(
        *(accounts.verify_real_name(who, WANG_NAME, WANG_NUMBER) for who in claimants),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Profile) for answer in answers) == 1
    assert sum(isinstance(answer, IdentityInUse) for answer in answers) == 3
    levels: dict[UUID, int] = {row["id"]: row["level"] for row in await world.rows("accounts")}
    [person] = await world.rows("persons")
    assert {id for id, level in levels.items() if level} == {person["account_id"]}


async def test_the_same_claim_five_times_at_once_is_one_person(world: World) -> None:
    who, _ = await come_in(world)
    accounts = asking(world, Register(RealNameVerdict.MATCH))
    answers = await asyncio.gather(
        *(accounts.verify_real_name(who, WANG_NAME, WANG_NUMBER) for _ in range(5))
    )
    assert set(answers) == {Profile(who.account_id, 1, "王*国", None, False)}
    assert len(await world.rows("persons")) == 1


async def test_two_identities_at_once_on_one_account(world: World) -> None:
    who, _ = await come_in(world)
    accounts = asking(world, Register(RealNameVerdict.MATCH))
    claims = [(WANG_NAME, WANG_NUMBER), (LI_NAME, LI_NUMBER)]
    answers = await asyncio.gather(
        *(accounts.verify_real_name(who, *claim) for claim in claims), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyVerified", "Profile"]
    assert len(await world.rows("persons")) == 1
