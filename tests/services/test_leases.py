"""Leases: held longer, given back for a technical reason, limited to some items."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.handoff import HandoffLog, HandoffPackage
from models.rules.handoff import LONGEST_LEASE, ReturnCode
from models.rules.states import HandoffStatus
from services.access import CaseUnknown
from services.actors import Machine
from services.events import EventType
from services.handoff import LeasedPackage, LeaseLost, PackageUnknown
from services.handoff_lists import PackageFilter
from services.materials import MaterialUnknown
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.reviewing import ready, refused
from tests.world import World


@dataclass(frozen=True)
class Scene:
    """One accepted case, and a machine that has its package."""

    world: World
    filed: Filed
    machine: Machine
    token: str
    package: LeasedPackage

    async def row(self) -> HandoffPackage:
        return await HandoffPackage.get(id=self.package.id)

    async def extend(self, seconds: int = 600, token: str | None = None) -> Any:
        handoff = self.world.ctx.handoff
        return await handoff.extend(self.machine, self.package.id, token or self.token, seconds)

    async def give_back(
        self, code: ReturnCode = ReturnCode.SCHEMA, token: str | None = None
    ) -> None:
        await self.world.ctx.handoff.give_back(
            self.machine, self.package.id, token or self.token, code, "字段读不懂"
        )

    async def take(self) -> "Scene":
        lease = await self.world.ctx.handoff.lease(self.machine, limit=1, seconds=60)
        assert lease.token is not None
        return Scene(self.world, self.filed, self.machine, lease.token, lease.packages[0])

    async def ack(self) -> None:
        code = json.loads(self.package.body)["receipt_code"]
        digest = self.package.digest
        await self.world.ctx.handoff.acknowledge(
            self.machine, self.package.id, self.token, digest, code
        )

    async def history(self) -> list[tuple[str, str | None, str | None]]:
        found = await HandoffLog.filter(package_id=self.package.id).order_by("id")
        return [(each.act, each.by, each.code) for each in found]


@pytest.fixture
async def scene(world: World) -> Scene:
    filed = await make.accepted(world, await make.citizen(world))
    machine = await make.machine(world, filed.item.agency_uscc)
    lease = await world.ctx.handoff.lease(machine, limit=1, seconds=60)
    assert lease.token is not None
    return Scene(world, filed, machine, lease.token, lease.packages[0])


async def test_an_extended_lease_lives_on_under_its_token(scene: Scene) -> None:
    scene.world.clock.advance(timedelta(seconds=59))
    until = await scene.extend(600)
    assert until == scene.world.clock.now() + timedelta(seconds=600)
    scene.world.clock.advance(timedelta(seconds=599))
    other = await make.machine(scene.world, scene.filed.item.agency_uscc)
    assert not (await scene.world.ctx.handoff.lease(other, limit=1, seconds=60)).packages
    await scene.ack()
    me = scene.machine.client_id
    assert await scene.history() == [
        ("LEASED", me, None),
        ("EXTENDED", me, None),
        ("ACKED", me, None),
    ]


async def test_a_lease_is_never_made_shorter(scene: Scene) -> None:
    before = (await scene.row()).leased_until
    assert await scene.extend(30) == before
    assert (await scene.row()).leased_until == before
    assert [act for act, _, _ in await scene.history()] == ["LEASED"]


async def test_a_lease_lasts_four_hours_in_all(scene: Scene) -> None:
    began = scene.world.clock.now()
    last = began
    for _ in range(10):
        until = await scene.extend(3600)
        if until == last:
            break
        last = until
        scene.world.clock.at = until - timedelta(seconds=1)
    assert last == began + LONGEST_LEASE
    scene.world.clock.at = last
    async with refused(scene.world, LeaseLost):
        await scene.extend(3600)
    assert (await scene.take()).package.id == scene.package.id


@pytest.mark.parametrize("act", ["extend", "give_back"])
async def test_only_a_living_lease_of_ones_own_is_held_or_given_back(
    scene: Scene, act: str
) -> None:
    do = getattr(scene, act)
    async with refused(scene.world, LeaseLost):
        await do(token="not-the-token")
    stranger = await make.machine(scene.world, scene.filed.item.agency_uscc)
    theirs = Scene(scene.world, scene.filed, stranger, scene.token, scene.package)
    async with refused(scene.world, LeaseLost):
        await getattr(theirs, act)()
    elsewhere = await make.machine(scene.world, "11511499MB90000238")
    theirs = Scene(scene.world, scene.filed, elsewhere, scene.token, scene.package)
    async with refused(scene.world, PackageUnknown):
        await getattr(theirs, act)()
    scene.world.clock.advance(timedelta(seconds=60))
    async with refused(scene.world, LeaseLost):
        await do()


@pytest.mark.requirement("材料交接表签收")
async def test_what_is_acknowledged_is_neither_held_nor_given_back(scene: Scene) -> None:
    await scene.ack()
    for act in (scene.extend, scene.give_back):
        async with refused(scene.world, LeaseLost):
            await act()


async def test_a_returned_package_is_ready_at_once_and_counted(scene: Scene) -> None:
    await scene.give_back(ReturnCode.MATERIAL_UNREADABLE)
    row = await scene.row()
    assert (row.status, row.returns, row.return_code) == ("READY", 1, "MATERIAL_UNREADABLE")
    case = await scene.filed.case()
    assert (case.handoff_status, case.state.value) == ("READY", "ACCEPTED")
    async with refused(scene.world, LeaseLost):
        await scene.ack()
    again = await scene.take()
    assert (again.package.body, again.package.leases) == (scene.package.body, 2)
    await again.ack()
    assert (await scene.filed.case()).handoff_status == "ACKED"
    assert ("RETURNED", scene.machine.client_id, "MATERIAL_UNREADABLE") in await scene.history()


async def test_a_system_of_some_items_sees_no_others(scene: Scene) -> None:
    await scene.give_back()
    ctx, agency = scene.world.ctx, scene.filed.item.agency_uscc
    other = await make.machine(scene.world, agency, "SOME-OTHER-ITEM")
    assert not (await ctx.handoff.lease(other, limit=5, seconds=60)).packages
    assert await ctx.handoff.open_packages(other, limit=5, after=None) == ([], None)
    material = UUID(json.loads(scene.package.body)["materials"][0]["id"])
    async with refused(scene.world, MaterialUnknown):
        await ctx.materials.open_for_machine(other, scene.package.id, material)
    async with refused(scene.world, PackageUnknown):
        await ctx.handoff.body(other, scene.package.id)
    theirs = Scene(scene.world, scene.filed, other, scene.token, scene.package)
    async with refused(scene.world, PackageUnknown):
        await theirs.ack()
    async with refused(scene.world, CaseUnknown):
        await stages.report(scene.world, other, scene.filed, EventType.REVIEW_STARTED)
    mine = await make.machine(scene.world, agency, scene.filed.item.code)
    [package] = (await ctx.handoff.lease(mine, limit=5, seconds=60)).packages
    assert package.id == scene.package.id


async def test_the_list_tells_why_and_is_filtered(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 2)
    await scene.give_back(ReturnCode.UNAVAILABLE)
    held = await scene.take()
    ctx, machine = scene.world.ctx, scene.machine

    async def ids(**wanted: Any) -> list[UUID]:
        page, _ = await ctx.handoff.open_packages(
            machine, limit=10, after=None, wanted=PackageFilter(**wanted)
        )
        return [each.id for each in page]

    every = await ids()
    assert len(every) == 3
    assert await ids(status=HandoffStatus.LEASED) == [held.package.id]
    assert await ids(status=HandoffStatus.READY) == [each for each in every if each != every[0]]
    assert await ids(returned=True) == [scene.package.id]
    assert await ids(returned=False) == every[1:]
    assert await ids(case_no=held.package.case_no) == [scene.package.id]
    assert await ids(kind="SUPPLEMENT") == []
    assert await ids(late=True) == []
    # Accepted Monday 09:10: to be taken over by 14:30.
    scene.world.clock.advance(timedelta(hours=5, minutes=20))
    assert await ids(late=True) == every
    [told] = (
        await ctx.handoff.open_packages(
            machine, limit=1, after=None, wanted=PackageFilter(returned=True)
        )
    )[0]
    assert (told.returns, told.return_code, told.return_text) == (1, "UNAVAILABLE", "字段读不懂")


async def test_a_package_that_cannot_be_opened_holds_up_no_other(scene: Scene) -> None:
    await scene.give_back()
    await ready(scene.world, scene.filed, 1)
    await HandoffPackage.filter(id=scene.package.id).update(sealed=b"\x01\x01" + bytes(40))
    lease = await scene.world.ctx.handoff.lease(scene.machine, limit=5, seconds=60)
    assert [each.id == scene.package.id for each in lease.packages] == [False]
    row = await scene.row()
    assert (row.status, row.leases) == ("LEASED", 2)


async def test_the_body_is_had_while_it_is_leased_and_once_it_is_acknowledged(
    scene: Scene,
) -> None:
    handoff = scene.world.ctx.handoff
    assert (await handoff.body(scene.machine, scene.package.id)).body == scene.package.body
    second = await make.machine(scene.world, scene.filed.item.agency_uscc)
    async with refused(scene.world, LeaseLost):
        await handoff.body(second, scene.package.id)
    async with refused(scene.world, PackageUnknown):
        await handoff.body(scene.machine, uuid4())
    await scene.ack()
    scene.world.clock.advance(timedelta(days=1))
    body = (await handoff.body(scene.machine, scene.package.id)).body
    assert hashlib.sha256(body.encode()).hexdigest() == scene.package.digest


async def test_the_body_of_a_lease_that_ran_out_is_not_had(scene: Scene) -> None:
    scene.world.clock.advance(timedelta(seconds=60))
    async with refused(scene.world, LeaseLost):
        await scene.world.ctx.handoff.body(scene.machine, scene.package.id)
