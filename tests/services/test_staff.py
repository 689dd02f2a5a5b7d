"""Logging in as staff: a password and a code, and what guessing leads to."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from models.rules.events import Role
from services.actors import SYSTEM
from services.errors import Unauthenticated
from services.members import Post
from services.staff import STAFF_AUDIENCE, StaffAccounts, StaffRefused
from tests import make
from tests.services.enrolled import (
    FIRST,
    PASSWORD,
    cheap,
    enrolled,
    members_of,
    staff_of,
)
from tests.world import World

WRONG = "incorrect horse battery"


class Counting:
    """Passwords at the least cost, counted; ``meanwhile`` happens during a check."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
        self.done: Counter[str] = Counter()
        self._meanwhile = meanwhile
        self._passwords = cheap()

    async def hash(self, password: str) -> str:
        self.done["hash"] += 1
        return await self._passwords.hash(password)

    async def verify(self, hashed: str, password: str) -> bool:
        self.done["verify"] += 1
        if self._meanwhile is not None:
            await self._meanwhile()
        return await self._passwords.verify(hashed, password)


async def refused(
    staff: StaffAccounts,
    username: str = "chen.window",
    password: str = WRONG,
    otp: str = "",
) -> str:
    with pytest.raises(StaffRefused) as problem:
        await staff.login(username, password, otp)
    assert not problem.value.faults
    assert not problem.value.facts
    return problem.value.text


async def test_password_and_code_give_a_token_of_30_minutes(world: World) -> None:
    chen = await enrolled(world)
    staff = staff_of(world)
    grant = await staff.login(" Chen.Window ", PASSWORD, chen.code())
    assert (grant.officer, grant.name, grant.setup) == (chen.officer, "陈窗口", ())
    claims = world.ctx.tokens.read(grant.access_token, audience=STAFF_AUDIENCE)
    assert (claims["sub"], claims["unit"]) == (str(chen.officer.id), "COUNTY")
    assert claims["exp"] - claims["iat"] == 1800
    assert grant.access_token not in repr(grant)
    found = await staff.authenticate(grant.access_token)
    assert (found.officer, found.setup) == (chen.officer, False)


async def test_neither_password_nor_secret_is_readable_at_rest(world: World) -> None:
    chen = await enrolled(world)
    [row] = await world.rows("staff_members")
    assert row["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in repr(row)
    assert chen.secret.encode() not in bytes(row["totp_sealed"])
    assert not any(code in repr(row) for code in chen.recovery)


async def test_the_right_password_alone_is_not_enough(world: World) -> None:
    chen = await enrolled(world)
    staff = staff_of(world)
    answers = {
        await refused(staff, password=PASSWORD, otp=otp)
        for otp in ("", "000000", chen.code(-2), chen.code(2), "１２３４５６", chen.code() + "0")
    } | {await refused(staff)}
    assert len(answers) == 1


async def test_a_code_is_used_once(world: World) -> None:
    chen = await enrolled(world)
    staff = staff_of(world)
    await staff.login(chen.username, PASSWORD, chen.code())
    await refused(staff, password=PASSWORD, otp=chen.code())
    # Nor is one that is older than what was used.
    await refused(staff, password=PASSWORD, otp=chen.code(-1))
    world.clock.advance(timedelta(seconds=30))
    await staff.login(chen.username, PASSWORD, chen.code())


async def test_of_two_logins_with_one_code_one_gets_in(world: World) -> None:
    chen = await enrolled(world)
    tries = (staff_of(world).login(chen.username, PASSWORD, chen.code()) for _ in range(4))
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, StaffRefused) for each in found) == 3


async def test_a_recovery_code_stands_in_once(world: World) -> None:
    chen = await enrolled(world)
    staff = staff_of(world)
    assert len(set(chen.recovery)) == 10
    await staff.login(chen.username, PASSWORD, chen.recovery[0].lower())
    await refused(staff, password=PASSWORD, otp=chen.recovery[0])
    assert len((await chen.row()).recovery) == 9
    await staff.login(chen.username, PASSWORD, chen.recovery[1].replace("-", ""))
    used = [row for row in await world.rows("audit_log") if row["action"] == "staff.recovery"]
    assert len(used) == 2


async def test_five_wrong_codes_lock_as_five_wrong_passwords_do(world: World) -> None:
    chen = await enrolled(world)
    staff = staff_of(world)
    for _ in range(3):
        await refused(staff, password=PASSWORD, otp="000000")
    for _ in range(2):
        await refused(staff)
    await refused(staff, password=PASSWORD, otp=chen.code())
    world.clock.advance(timedelta(minutes=15) - timedelta(microseconds=1))
    await refused(staff, password=PASSWORD, otp=chen.code())
    world.clock.advance(timedelta(microseconds=1))
    await staff.login(chen.username, PASSWORD, chen.code())
    actions = [row["action"] for row in await world.rows("audit_log")]
    assert actions.count("staff.locked") == 1


async def test_a_stranger_costs_as_much_and_hears_the_same(world: World) -> None:
    chen = await enrolled(world)
    await enrolled(world, "gone")
    await world.database.execute("UPDATE staff_members SET active = false WHERE username = 'gone'")
    passwords = Counting()
    staff = staff_of(world, passwords)
    answers = set()
    for turn, (username, password) in enumerate(
        [("nobody", PASSWORD), (chen.username, WRONG), ("gone", PASSWORD), ("", "")], start=1
    ):
        answers.add(await refused(staff, username, password, chen.code()))
        assert passwords.done == {"hash": 1, "verify": turn}
    assert len(answers) == 1


async def test_failures_during_the_lock_do_not_make_it_longer(world: World) -> None:
    chen = await enrolled(world)
    staff = staff_of(world)
    for _ in range(5):
        await refused(staff)
    before = await world.rows("staff_members")
    world.clock.advance(timedelta(minutes=10))
    await refused(staff)
    assert await world.rows("staff_members") == before
    world.clock.advance(timedelta(minutes=5))
    # The count begins again after the lock.
    for _ in range(4):
        await refused(staff)
    await staff.login(chen.username, PASSWORD, chen.code())
    row = await chen.row()
    assert (row.failures, row.locked_until) == (0, None)


async def test_a_lock_is_one_persons(world: World) -> None:
    await enrolled(world)
    li = await enrolled(world, "li.window")
    for _ in range(5):
        await refused(staff_of(world))
    await staff_of(world).login("li.window", PASSWORD, li.code())


async def test_guesses_at_once_count_each(world: World) -> None:
    chen = await enrolled(world)
    staff = staff_of(world)
    await asyncio.gather(*(refused(staff) for _ in range(12)))
    assert (await chen.row()).locked_until == world.clock.now() + timedelta(minutes=15)
    await refused(staff, password=PASSWORD, otp=chen.code())


@pytest.mark.parametrize(
    "change", ["locked_until = 'infinity'", "active = false", "password_hash = 'another'"]
)
async def test_what_changed_during_the_check_counts(world: World, change: str) -> None:
    chen = await enrolled(world)
    passwords = Counting(lambda: world.database.execute(f"UPDATE staff_members SET {change}"))
    await refused(staff_of(world, passwords), password=PASSWORD, otp=chen.code())


async def test_a_first_password_that_nobody_used_ends_after_three_days(world: World) -> None:
    post = Post(frozenset({Role.WINDOW}), "COUNTY")
    await members_of(world).create(SYSTEM, "late", "陈窗口", post, FIRST)
    world.clock.advance(timedelta(hours=72) - timedelta(microseconds=1))
    assert (await staff_of(world).login("late", FIRST)).setup == ("password", "totp")
    world.clock.advance(timedelta(microseconds=1))
    await refused(staff_of(world), "late", FIRST)


async def test_a_logout_ends_the_token_at_once(world: World) -> None:
    chen = await enrolled(world)
    staff = staff_of(world)
    first = (await staff.login(chen.username, PASSWORD, chen.code())).access_token
    world.clock.advance(timedelta(seconds=30))
    second = (await staff.login(chen.username, PASSWORD, chen.code())).access_token
    await staff.logout(await staff.authenticate(first))
    with pytest.raises(Unauthenticated):
        await staff.authenticate(first)
    assert (await staff.authenticate(second)).officer == chen.officer


async def test_a_session_ends_with_its_half_hour_and_is_forgotten(world: World) -> None:
    chen = await enrolled(world)
    staff = staff_of(world)
    token = (await staff.login(chen.username, PASSWORD, chen.code())).access_token
    world.clock.advance(timedelta(minutes=30))
    with pytest.raises(Unauthenticated):
        await staff.authenticate(token)
    world.clock.advance(timedelta(hours=1))
    await staff.login(chen.username, PASSWORD, chen.code())
    assert len(await world.rows("staff_sessions")) == 1


@pytest.mark.parametrize("sid", [None, "no-uuid", 7, ["x"], str(UUID(int=0))])
async def test_a_token_of_no_session_opens_nothing(world: World, sid: object) -> None:
    """Not even one that we signed: of a member without a session, or of another's."""
    officer = await make.officer(world)
    claims = {"sub": str(officer.id), "roles": ["ADMIN"]} | ({} if sid is None else {"sid": sid})
    token = world.ctx.tokens.issue(claims, audience=STAFF_AUDIENCE, ttl=timedelta(minutes=5))
    with pytest.raises(Unauthenticated):
        await world.ctx.staff.authenticate(token)


async def test_a_session_is_its_members_alone(world: World) -> None:
    first, second = await make.officer(world), await make.officer(world)
    claims = {"sub": str(second.id), "sid": str(first.id)}
    token = world.ctx.tokens.issue(claims, audience=STAFF_AUDIENCE, ttl=timedelta(minutes=5))
    with pytest.raises(Unauthenticated):
        await world.ctx.staff.authenticate(token)


async def test_roles_are_read_where_they_are_kept_not_in_the_token(world: World) -> None:
    officer = await make.officer(world)
    claims = {"sub": str(officer.id), "sid": str(officer.id), "roles": ["ADMIN", "SUPERVISOR"]}
    token = world.ctx.tokens.issue(claims, audience=STAFF_AUDIENCE, ttl=timedelta(minutes=5))
    found = await world.ctx.staff.authenticate(token)
    assert found.officer.roles == {Role.WINDOW}


async def test_authenticating_costs_one_statement(world: World) -> None:
    officer = await make.officer(world)
    claims = {"sub": str(officer.id), "sid": str(officer.id)}
    token = world.ctx.tokens.issue(claims, audience=STAFF_AUDIENCE, ttl=timedelta(minutes=5))
    with world.statements() as sent:
        await world.ctx.staff.authenticate(token)
    assert len(sent) == 1


async def test_an_unknown_member_cannot_be_told_by_the_session(world: World) -> None:
    claims = {"sub": str(uuid4()), "sid": str(uuid4())}
    token = world.ctx.tokens.issue(claims, audience=STAFF_AUDIENCE, ttl=timedelta(minutes=5))
    with pytest.raises(Unauthenticated):
        await world.ctx.staff.authenticate(token)
