"""The unit of work: nothing half, nothing leaked, whoever goes away."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from models.account import Account
from models.database import Duplicate, rows
from models.ids import uuid7
from models.item import Item
from models.staff import Window
from models.unit import current_unit, transaction
from tests.world import World

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Broken(Exception):
    """Something goes wrong in the middle."""


@dataclass
class Acts:
    """Use-cases of a test."""

    told: list[str] = field(default_factory=list)

    @transaction
    async def make(self, *, breaks: bool = False) -> Account:
        account = await Account.create(created_at=NOW)
        current_unit().after_commit(self.tell)
        if breaks:
            raise Broken
        return account

    @transaction
    async def make_two(self, *, breaks: bool) -> None:
        await self.make()
        await self.make(breaks=breaks)

    @transaction
    async def make_slowly(self, started: asyncio.Event, seconds: float) -> None:
        await Account.create(created_at=NOW)
        started.set()
        await asyncio.sleep(seconds)

    @transaction
    async def open_window(self) -> None:
        await Window.create(
            id="W1", name="n", unit_id="COUNTY", region="511499", address="a", hours="h", phone="p"
        )

    @transaction
    async def lock_both(self, first: str, second: str, met: asyncio.Barrier) -> None:
        await Item.filter(code=first).select_for_update().get()
        if len(self.told) < 2:
            self.told.append(first)
            await met.wait()
        await Item.filter(code=second).select_for_update().get()

    async def tell(self) -> None:
        self.told.append("committed")


async def test_all_of_it_or_nothing(world: World) -> None:
    acts = Acts()
    with pytest.raises(Broken):
        await acts.make_two(breaks=True)
    assert (await Account.all().count(), acts.told) == (0, [])
    await acts.make_two(breaks=False)
    assert (await Account.all().count(), acts.told) == (2, ["committed", "committed"])


async def test_a_unit_outlives_its_caller(world: World) -> None:
    started = asyncio.Event()
    caller = asyncio.create_task(Acts().make_slowly(started, 0.05))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await asyncio.sleep(0.2)
    assert await Account.all().count() == 1


async def test_a_thousand_cancelled_callers_leak_no_connection(world: World) -> None:
    acts = Acts()
    pool = world.settings.database_pool
    for delay in range(1000):
        caller = asyncio.create_task(acts.make())
        await asyncio.sleep(delay % 5 / 1000)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
    async with asyncio.timeout(5):
        await asyncio.gather(*(acts.make() for _ in range(pool * 3)))
    idle = await world.database.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        " AND datname = current_database()"
    )
    assert idle == 0


async def test_a_unique_key_is_named(world: World) -> None:
    acts = Acts()
    await acts.open_window()
    with pytest.raises(Duplicate) as caught:
        await acts.open_window()
    assert caught.value.constraint == "windows_pkey"
    assert await Window.filter(id="W1").count() == 1


async def test_a_deadlock_is_tried_again(world: World) -> None:
    first, second = [item.code for item in await Item.all().limit(2)]
    acts, met = Acts(), asyncio.Barrier(2)
    await asyncio.gather(acts.lock_both(first, second, met), acts.lock_both(second, first, met))
    assert sorted(acts.told) == sorted([first, second])


async def test_outside_a_unit_there_is_none(world: World) -> None:
    with pytest.raises(RuntimeError):
        current_unit()
    with pytest.raises(RuntimeError):
        await world.parts.adapters.jobs.enqueue("case.tell", {})
    assert await world.jobs() == []


async def test_a_job_is_rolled_back_with_its_unit(world: World) -> None:
    jobs = world.parts.adapters.jobs

    @dataclass
    class Enqueues:
        @transaction
        async def go(self, breaks: bool) -> None:
            await jobs.enqueue("case.tell", {"case_id": str(uuid7())}, key="k")
            await jobs.enqueue("case.tell", {"case_id": str(uuid7())}, key="k")
            if breaks:
                raise Broken

    with pytest.raises(Broken):
        await Enqueues().go(True)
    assert await world.jobs() == []
    await Enqueues().go(False)
    assert len(await world.jobs()) == 1


async def test_a_broken_connection_is_replaced(world: World) -> None:
    acts = Acts()
    await acts.make()
    await world.database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await asyncio.sleep(0.1)
    await acts.make()
    assert (await rows("SELECT count(*) AS n FROM accounts"))[0]["n"] == 2


async def test_what_comes_last_is_in_the_transaction_all_the_same(world: World) -> None:
    order: list[str] = []

    @dataclass
    class Last:
        fails: bool = False

        async def act(self) -> None:
            order.append("last")
            await Account.create(created_at=NOW)
            if self.fails:
                raise Broken

        @transaction
        async def make(self) -> None:
            current_unit().before_commit(self.act)
            current_unit().after_commit(self.told)
            await Account.create(created_at=NOW)
            order.append("first")

        async def told(self) -> None:
            order.append("told")

    await Last().make()
    assert order == ["first", "last", "told"]
    assert await Account.all().count() == 2
    order.clear()
    with pytest.raises(Broken):
        await Last(fails=True).make()
    assert order == ["first", "last"]
    assert await Account.all().count() == 2
