"""Hand-off (promise 3): at least once, the same package each time, counted once."""

import asyncio
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from models.case import Case
from models.handoff import HandoffPackage
from models.unit import run_in_transaction
from services.actors import Machine
from services.errors import Problem
from services.handoff import (
    Acknowledgement,
    DigestMismatch,
    LeasedPackage,
    LeaseLost,
    PackageUnknown,
    ReceiptCodeWrong,
)
from tests import make
from tests.make import Filed
from tests.services.reviewing import ready, refused
from tests.world import World

OTHER_AGENCY = "11511499MB90000238"


@dataclass(frozen=True)
class Taken:
    """A package under a lease, with everything that its acknowledgement needs."""

    token: str
    package: LeasedPackage

    @property
    def receipt_code(self) -> str:
        return str(json.loads(self.package.body)["receipt_code"])


@dataclass(frozen=True)
class Scene:
    """One accepted case and its agency's machine."""

    world: World
    filed: Filed
    machine: Machine

    async def take(self, seconds: int = 60, machine: Machine | None = None) -> Taken:
        lease = await self.world.ctx.handoff.lease(
            machine or self.machine, limit=1, seconds=seconds
        )
        assert lease.token is not None
        return Taken(lease.token, lease.packages[0])

    async def ack(
        self,
        taken: Taken,
        *,
        token: str | None = None,
        digest: str | None = None,
        code: str | None = None,
        machine: Machine | None = None,
    ) -> Acknowledgement:
        return await self.world.ctx.handoff.acknowledge(
            machine or self.machine,
            taken.package.id,
            token or taken.token,
            digest or taken.package.digest,
            code or taken.receipt_code,
        )

    async def status(self) -> tuple[str, str]:
        """Return what the package and the case say of the hand-off."""
        package = await HandoffPackage.get(case_id=self.filed.case_id)
        return package.status, (await self.filed.case()).handoff_status


@pytest.fixture
async def scene(world: World) -> Scene:
    filed = await make.accepted(world, await make.citizen(world))
    return Scene(world, filed, await make.machine(world, filed.item.agency_uscc))


async def test_a_lease_shows_the_body_that_its_digest_is_of(scene: Scene) -> None:
    lease = await scene.world.ctx.handoff.lease(scene.machine, limit=10, seconds=60)
    [package] = lease.packages
    assert hashlib.sha256(package.body.encode()).hexdigest() == package.digest
    assert package.case_no == (await scene.filed.case()).case_no
    assert lease.until == scene.world.clock.now() + timedelta(seconds=60)
    assert await scene.status() == ("LEASED", "LEASED")
    row = await HandoffPackage.get(case_id=scene.filed.case_id)
    assert (row.leases, row.leased_by) == (1, scene.machine.client_id)
    # Who reads the database cannot use the lease.
    assert lease.token is not None
    assert lease.token not in str(await scene.world.rows("handoff_packages"))


async def test_what_is_leased_is_not_leased_again(scene: Scene) -> None:
    await scene.take()
    second = await scene.world.ctx.handoff.lease(scene.machine, limit=10, seconds=60)
    assert (second.token, second.until, list(second.packages)) == (None, None, [])


async def test_another_agency_gets_and_acknowledges_nothing(scene: Scene) -> None:
    other = await make.machine(scene.world, OTHER_AGENCY)
    assert not (await scene.world.ctx.handoff.lease(other, limit=50, seconds=60)).packages
    assert await scene.world.ctx.handoff.open_packages(other, limit=9, after=None) == ([], None)
    taken = await scene.take()
    async with refused(scene.world, PackageUnknown):
        await scene.ack(taken, machine=other)


async def test_leases_at_once_are_disjoint_and_complete(scene: Scene) -> None:
    """16 machines of one agency at the same moment: each package goes to one of them."""
    await ready(scene.world, scene.filed, 47)
    every = set(await HandoffPackage.all().values_list("id", flat=True))
    assert len(every) == 48
    leases = await asyncio.gather(
        *(scene.world.ctx.handoff.lease(scene.machine, limit=5, seconds=60) for _ in range(16))
    )
    taken = [package.id for lease in leases for package in lease.packages]
    assert len(taken) == len(set(taken))
    assert set(taken) == every
    assert max(len(lease.packages) for lease in leases) <= 5
    assert await HandoffPackage.filter(leases=1).count() == 48


async def test_a_limit_takes_the_oldest(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 5)
    oldest = await HandoffPackage.all().order_by("id").limit(3).values_list("id", flat=True)
    lease = await scene.world.ctx.handoff.lease(scene.machine, limit=3, seconds=60)
    assert [package.id for package in lease.packages] == list(oldest)


async def test_a_busy_case_does_not_hold_up_the_others(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 1)
    held, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        await Case.filter(id=scene.filed.case_id).select_for_update().get()
        held.set()
        await done.wait()

    holding = asyncio.create_task(run_in_transaction(hold))
    await held.wait()
    lease = await scene.world.ctx.handoff.lease(scene.machine, limit=10, seconds=60)
    done.set()
    await holding
    assert len(lease.packages) == 1
    assert await scene.status() == ("READY", "READY")


async def test_a_lease_that_ran_out_is_served_again_byte_for_byte(scene: Scene) -> None:
    first = await scene.take(seconds=60)
    scene.world.clock.advance(timedelta(seconds=59))
    assert not (await scene.world.ctx.handoff.lease(scene.machine, limit=1, seconds=60)).packages
    scene.world.clock.advance(timedelta(seconds=1))
    second = await scene.take()
    assert replace(second.package, leases=1) == first.package
    assert second.token != first.token
    assert (await HandoffPackage.get(case_id=scene.filed.case_id)).leases == 2


async def test_an_acknowledgement_settles_the_package_for_good(scene: Scene) -> None:
    given = await scene.ack(await scene.take())
    assert given.acked_at == scene.world.clock.now()
    assert await scene.status() == ("ACKED", "ACKED")
    row = await HandoffPackage.get(case_id=scene.filed.case_id)
    assert (row.acked_by, row.acked_at) == (scene.machine.client_id, given.acked_at)
    scene.world.clock.advance(timedelta(days=30))
    assert not (await scene.world.ctx.handoff.lease(scene.machine, limit=1, seconds=60)).packages


async def test_the_same_acknowledgement_again_is_the_same_answer(scene: Scene) -> None:
    """Promise 2, and its lease may have run out meanwhile."""
    taken = await scene.take()
    first = await scene.ack(taken)
    scene.world.clock.advance(timedelta(hours=2))
    before = await scene.world.rows("handoff_packages")
    assert await scene.ack(taken) == first
    assert await scene.ack(taken, digest=taken.package.digest.upper()) == first
    assert await scene.world.rows("handoff_packages") == before


async def test_acknowledgements_at_once_count_once(scene: Scene) -> None:
    taken = await scene.take()
    answers = await asyncio.gather(*(scene.ack(taken) for _ in range(8)))
    assert set(answers) == {answers[0]}


@pytest.mark.parametrize("acked", [False, True], ids=["leased", "acknowledged before"])
@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"digest": "0" * 64}, DigestMismatch),
        ({"code": "0" * 32}, ReceiptCodeWrong),
        ({"token": "not-a-token"}, LeaseLost),
    ],
    ids=["digest", "receipt code", "token"],
)
async def test_a_wrong_proof_changes_nothing(
    scene: Scene, wrong: dict[str, Any], problem: type[Problem], acked: bool
) -> None:
    """Also when the package is delivered anyway: a wrong code never looks like success."""
    taken = await scene.take()
    if acked:
        await scene.ack(taken)
    async with refused(scene.world, problem):
        await scene.ack(taken, **wrong)
    assert await scene.status() == (("ACKED", "ACKED") if acked else ("LEASED", "LEASED"))


async def test_an_expired_lease_acknowledges_nothing(scene: Scene) -> None:
    taken = await scene.take(seconds=60)
    scene.world.clock.advance(timedelta(seconds=60))
    async with refused(scene.world, LeaseLost):
        await scene.ack(taken)


async def test_a_stale_lease_acknowledges_nothing_after_the_next_one(scene: Scene) -> None:
    stale = await scene.take(seconds=60)
    scene.world.clock.advance(timedelta(seconds=61))
    second = await make.machine(scene.world, scene.filed.item.agency_uscc)
    fresh = await scene.take(machine=second)
    async with refused(scene.world, LeaseLost):
        await scene.ack(stale)
    await scene.ack(fresh, machine=second)
    async with refused(scene.world, LeaseLost):
        await scene.ack(stale)


async def test_a_token_is_good_for_its_machine_only(scene: Scene) -> None:
    taken = await scene.take()
    second = await make.machine(scene.world, scene.filed.item.agency_uscc)
    async with refused(scene.world, LeaseLost):
        await scene.ack(taken, machine=second)


async def test_a_package_that_was_never_leased_is_not_acknowledged(scene: Scene) -> None:
    row = await HandoffPackage.get(case_id=scene.filed.case_id)
    packages = scene.world.ctx.handoff
    body = packages.crypto.open(row.sealed, "handoff.package").decode()
    code = json.loads(body)["receipt_code"]
    async with refused(scene.world, LeaseLost):
        await packages.acknowledge(scene.machine, row.id, "", row.digest, code)


async def test_a_later_package_of_a_case_waits_for_the_earlier(scene: Scene) -> None:
    case = await scene.filed.case()
    item = await scene.world.ctx.items.version(case.item_version_id)
    packages = scene.world.ctx.reviews.acceptance.packages
    later = await run_in_transaction(lambda: packages.create(case, item))
    assert later.seq == 2
    lease = await scene.world.ctx.handoff.lease(scene.machine, limit=10, seconds=60)
    assert [package.seq for package in lease.packages] == [1]
    assert lease.token is not None
    await scene.ack(Taken(lease.token, lease.packages[0]))
    assert (await scene.take()).package.id == later.id


async def test_what_is_open_is_listed_until_it_is_acknowledged(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 2)
    listing = scene.world.ctx.handoff.open_packages
    taken = await scene.take(seconds=60)
    page, cursor = await listing(scene.machine, limit=2, after=None)
    assert [(entry.status, entry.leases) for entry in page] == [("LEASED", 1), ("READY", 0)]
    rest, end = await listing(scene.machine, limit=2, after=cursor)
    assert (len(rest), end) == (1, None)
    scene.world.clock.advance(timedelta(seconds=60))
    page, _ = await listing(scene.machine, limit=1, after=None)
    assert (page[0].status, page[0].leased_until) == ("READY", None)
    again = await scene.take()
    assert again.package.id == taken.package.id
    await scene.ack(again)
    page, _ = await listing(scene.machine, limit=10, after=None)
    assert taken.package.id not in {entry.id for entry in page}
    assert len(page) == 2
