"""Staff: passwords, and what guessing leads to."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from integrations.passwords import ArgonPasswords
from models.rules.events import Role
from services.actors import Officer
from services.ports import Passwords
from services.staff import STAFF_AUDIENCE, StaffAccounts, StaffRefused, UsernameTaken
from tests.world import World

PASSWORD = "correct horse battery"
WRONG = "incorrect horse battery"


class Counting:
    """Passwords at the least cost, counted; ``meanwhile`` happens during a check."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
        self.done: Counter[str] = Counter()
        self._meanwhile = meanwhile
        self._passwords = ArgonPasswords(time_cost=1, memory_kib=8)

    async def hash(self, password: str) -> str:
        self.done["hash"] += 1
        return await self._passwords.hash(password)

    async def verify(self, hashed: str, password: str) -> bool:
        self.done["verify"] += 1
        if self._meanwhile is not None:
            await self._meanwhile()
        return await self._passwords.verify(hashed, password)


def staff_of(world: World, passwords: Passwords | None = None) -> StaffAccounts:
    return StaffAccounts(world.clock, world.ctx.tokens, passwords or Counting(), world.parts.audit)


async def add(staff: StaffAccounts, username: str = "chen.window") -> Officer:
    return await staff.create(
        username=username,
        password=PASSWORD,
        name="陈窗口",
        roles={Role.WINDOW, Role.DEPT},
        unit="青禾县政务服务中心",
    )


async def refused(
    staff: StaffAccounts, username: str = "chen.window", password: str = WRONG
) -> str:
    with pytest.raises(StaffRefused) as problem:
        await staff.login(username, password)
    assert not problem.value.faults
    assert not problem.value.facts
    return problem.value.text


async def test_the_right_password_gives_a_token_of_30_minutes(world: World) -> None:
    staff = staff_of(world)
    officer = await add(staff)
    grant = await staff.login(" Chen.Window ", PASSWORD)
    assert (grant.officer, grant.name) == (officer, "陈窗口")
    assert officer.roles == {Role.WINDOW, Role.DEPT}
    claims = world.ctx.tokens.read(grant.access_token, audience=STAFF_AUDIENCE)
    assert claims["sub"] == str(officer.id)
    assert claims["roles"] == ["DEPT", "WINDOW"]
    assert (claims["unit"], claims["name"]) == ("青禾县政务服务中心", "陈窗口")
    assert claims["exp"] - claims["iat"] == 1800
    assert grant.access_token not in repr(grant)


async def test_a_password_is_kept_as_argon2_only(world: World) -> None:
    await add(world.ctx.staff)
    [row] = await world.rows("staff_members")
    assert row["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in repr(row)


async def test_a_username_is_given_once(world: World) -> None:
    staff = staff_of(world)
    await add(staff)
    before = await world.rows("staff_members")
    with pytest.raises(UsernameTaken):
        await add(staff, "CHEN.window")
    assert await world.rows("staff_members") == before


async def test_a_stranger_costs_as_much_and_hears_the_same(world: World) -> None:
    passwords = Counting()
    staff = staff_of(world, passwords)
    await add(staff)
    await add(staff, "gone")
    await world.database.execute("UPDATE staff_members SET active = false WHERE username = 'gone'")
    passwords.done.clear()
    answers = set()
    for turn, (username, password) in enumerate(
        [("nobody", PASSWORD), ("chen.window", WRONG), ("gone", PASSWORD), ("", "")], start=1
    ):
        answers.add(await refused(staff, username, password))
        assert passwords.done == {"hash": 1, "verify": turn}
    assert len(answers) == 1


async def test_five_failures_lock_for_15_minutes(world: World) -> None:
    staff = staff_of(world)
    await add(staff)
    sentences = {await refused(staff) for _ in range(5)}
    sentences.add(await refused(staff, password=PASSWORD))
    assert len(sentences) == 1
    world.clock.advance(timedelta(minutes=15) - timedelta(microseconds=1))
    await refused(staff, password=PASSWORD)
    world.clock.advance(timedelta(microseconds=1))
    await staff.login("chen.window", PASSWORD)


async def test_failures_during_the_lock_do_not_make_it_longer(world: World) -> None:
    staff = staff_of(world)
    await add(staff)
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
    await staff.login("chen.window", PASSWORD)


async def test_success_forgets_the_failures_before(world: World) -> None:
    staff = staff_of(world)
    await add(staff)
    for _ in range(2):
        for _ in range(4):
            await refused(staff)
        await staff.login("chen.window", PASSWORD)
    [row] = await world.rows("staff_members")
    assert (row["failures"], row["locked_until"]) == (0, None)


async def test_a_lock_is_one_persons(world: World) -> None:
    staff = staff_of(world)
    await add(staff)
    await add(staff, "li.window")
    for _ in range(5):
        await refused(staff)
    await staff.login("li.window", PASSWORD)


async def test_guesses_at_once_count_each(world: World) -> None:
    staff = staff_of(world)
    await add(staff)
    await asyncio.gather(*(refused(staff) for _ in range(12)))
    [row] = await world.rows("staff_members")
    assert row["locked_until"] == world.clock.now() + timedelta(minutes=15)
    await refused(staff, password=PASSWORD)


@pytest.mark.parametrize(
    "change", ["locked_until = 'infinity'", "active = false", "password_hash = 'another'"]
)
async def test_what_changed_during_the_check_counts(world: World, change: str) -> None:
    await add(staff_of(world))
    passwords = Counting(lambda: world.database.execute(f"UPDATE staff_members SET {change}"))
    await refused(staff_of(world, passwords), password=PASSWORD)
