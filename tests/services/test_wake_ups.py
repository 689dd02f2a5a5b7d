"""Wake-up calls: begun when something waits, tried for a day, ended by 410, never personal."""

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from models.handoff import WakeUp
from models.staff import BackofficeClient
from services.actors import SYSTEM, Machine
from services.ports.pushing import Push, Pushed
from services.wake_ups import AFTER, WAKE, AddressUnfit, WakeUps
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.reviewing import ready, refused
from tests.services.timing import at
from tests.world import World

URL = "https://oa.example.cn/wake"


@dataclass
class Line:
    """The port ``Pushes``: it takes calls as a far system would, and keeps them."""

    answers: list[Pushed] = field(default_factory=list)
    calls: list[tuple[str, bytes, Push]] = field(default_factory=list)

    def is_fit(self, url: str) -> bool:
        return url.startswith("https://")

    async def send(self, url: str, secret: bytes, push: Push) -> Pushed:
        self.calls.append((url, secret, push))
        return self.answers.pop(0) if self.answers else Pushed.DELIVERED


@dataclass(frozen=True)
class Scene:
    world: World
    filed: Filed
    machine: Machine
    line: Line
    wake_ups: WakeUps
    secret: str

    async def sweep(self) -> int:
        return await self.wake_ups.sweep()

    async def ring(self) -> int:
        """Do the waiting tries, whenever they are due; return how many there were."""
        found = await self.world.database.fetch(
            "DELETE FROM pgqueuer WHERE entrypoint = $1 RETURNING payload", WAKE
        )
        for row in found:
            await self.wake_ups.wake(json.loads(row["payload"]))
        return len(found)

    async def waits(self) -> list[float]:
        """Return in how many seconds the next try is due."""
        found = await self.world.database.fetch(
            "SELECT extract(epoch FROM execute_after - created) AS wait FROM pgqueuer"
            " WHERE entrypoint = $1",
            WAKE,
        )
        return [float(row["wait"]) for row in found]

    async def row(self) -> WakeUp:
        return await WakeUp.get()

    def bodies(self) -> list[Any]:
        return [json.loads(push.body) for _, _, push in self.line.calls]


@pytest.fixture
async def scene(world: World) -> Scene:
    filed = await stages.reviewed(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    line = Line()
    wake_ups = replace(world.ctx.wake_ups, pushes=line)
    secret = await wake_ups.register(SYSTEM, machine.client_id, URL)
    world.clock.advance(timedelta(minutes=1))
    return Scene(world, filed, machine, line, wake_ups, secret)


@pytest.mark.requirement("实时流转电子材料")
async def test_what_comes_is_told_once_and_without_names(scene: Scene) -> None:
    # What was there before it was registered is not news.
    assert (await scene.sweep(), await scene.ring()) == (0, 0)
    await ready(scene.world, scene.filed, 3)
    assert (await scene.sweep(), await scene.ring()) == (1, 1)
    [(url, secret, push)] = scene.line.calls
    assert (url, base64.b64encode(secret).decode()) == (URL, scene.secret.removeprefix("whsec_"))
    assert json.loads(push.body) == {
        "type": "handoff.waiting",
        "timestamp": scene.world.clock.now().isoformat(),
        "data": {
            "agency": scene.machine.agency_uscc,
            "client_id": scene.machine.client_id,
            "count": 4,
        },
    }
    scene.world.clock.advance(timedelta(minutes=1))
    assert (await scene.sweep(), await scene.ring()) == (0, 0)
    assert (await scene.row()).last_outcome == "DELIVERED"


async def test_a_call_that_fails_is_tried_for_a_day_and_given_up(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 1)
    scene.line.answers = [Pushed.UNREACHABLE] * len(AFTER)
    assert await scene.sweep() == 1
    for seconds in (*AFTER[1:], None):
        assert await scene.ring() == 1
        waits = await scene.waits()
        if seconds is None:
            assert waits == []
        else:
            assert seconds <= waits[0] + 1
            assert waits[0] <= seconds * 1.1 + 1
    assert AFTER == (0, 5, 300, 1800, 7200, 18000, 36000)
    ids = {push.id for _, _, push in scene.line.calls}
    assert (len(scene.line.calls), len(ids)) == (7, 1)
    scene.world.clock.advance(timedelta(days=1))
    assert await scene.sweep() == 0
    # The next package begins anew.
    await ready_again(scene)
    assert (await scene.sweep(), await scene.ring()) == (1, 1)
    assert len({push.id for _, _, push in scene.line.calls}) == 2


async def ready_again(scene: Scene) -> None:
    await scene.world.ctx.withdrawals.request(scene.filed.citizen, scene.filed.case_id, "a-wish")
    scene.world.clock.advance(timedelta(seconds=1))


async def test_an_address_that_is_gone_is_called_no_more(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 1)
    scene.line.answers = [Pushed.GONE]
    assert (await scene.sweep(), await scene.ring()) == (1, 1)
    row = await scene.row()
    assert (row.disabled_at, row.due_at) == (scene.world.clock.now(), None)
    await ready_again(scene)
    assert (await scene.sweep(), await scene.ring()) == (0, 0)


async def test_a_job_that_comes_twice_or_late_calls_nobody(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 1)
    await scene.sweep()
    [(_, payload)] = [job for job in await scene.world.jobs() if job[0] == WAKE]
    await scene.ring()
    await scene.wake_ups.wake(payload)
    await scene.wake_ups.wake({**payload, "attempt": 1})
    assert len(scene.line.calls) == 1


async def test_a_job_that_was_lost_is_made_again(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 1)
    await scene.sweep()
    await scene.world.database.execute("DELETE FROM pgqueuer")
    assert await scene.sweep() == 0
    scene.world.clock.advance(timedelta(minutes=2))
    assert (await scene.sweep(), await scene.ring()) == (1, 1)
    assert len(scene.line.calls) == 1


async def test_nobody_is_called_for_what_was_taken_meanwhile(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 1)
    await scene.sweep()
    lease = await scene.world.ctx.handoff.lease(scene.machine, limit=50, seconds=600)
    assert len(lease.packages) == 2
    await scene.ring()
    assert scene.line.calls == []


async def watch(scene: Scene) -> int:
    _, look = scene.world.parts.schedules["handoff.watch"]
    taken = await look()
    assert isinstance(taken, int)
    return taken


async def test_what_nobody_pulled_by_its_hour_is_called_for_once_more(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 1)
    assert (await scene.sweep(), await scene.ring()) == (1, 1)
    scene.world.clock.at = at(3, 2, 14, 29)
    assert (await watch(scene), await scene.sweep()) == (0, 0)
    scene.world.clock.at = at(3, 2, 14, 30)
    assert (await watch(scene), await scene.sweep(), await scene.ring()) == (2, 1, 1)
    assert [body["data"]["count"] for body in scene.bodies()] == [2, 2]
    assert len({push.id for _, _, push in scene.line.calls}) == 2
    # Half an hour later supervision hears of it; the system is not called a third time.
    scene.world.clock.at = at(3, 2, 15)
    assert await watch(scene) == 2
    for _ in range(3):
        scene.world.clock.advance(timedelta(hours=1))
        assert (await watch(scene), await scene.sweep(), await scene.ring()) == (0, 0, 0)


async def test_what_was_pulled_or_is_being_called_for_is_not_called_for_anew(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 1)
    scene.line.answers = [Pushed.UNREACHABLE]
    assert (await scene.sweep(), await scene.ring()) == (1, 1)
    before = (await scene.row()).message_id
    lease = await scene.world.ctx.handoff.lease(scene.machine, limit=1, seconds=60)
    assert len(lease.packages) == 1
    scene.world.clock.at = at(3, 2, 14, 30)
    assert await watch(scene) == 2
    row = await scene.row()
    assert (row.message_id, row.attempt, row.told_until) == (before, 1, None)
    await scene.ring()
    told = (await scene.row()).told_until
    assert told == scene.world.clock.now()
    assert len({push.id for _, _, push in scene.line.calls}) == 1
    assert await scene.sweep() == 0


async def test_a_late_package_wakes_only_who_may_pull_it(scene: Scene) -> None:
    await BackofficeClient.filter(client_id=scene.machine.client_id).update(items=["OTHER-ITEM"])
    await ready(scene.world, scene.filed, 1)
    scene.world.clock.at = at(3, 2, 14, 30)
    assert (await watch(scene), await scene.sweep()) == (2, 0)
    assert (await scene.row()).told_until is None


async def test_other_items_and_closed_systems_are_not_woken(scene: Scene) -> None:
    await ready(scene.world, scene.filed, 1)
    mine = BackofficeClient.filter(client_id=scene.machine.client_id)
    await mine.update(items=["OTHER-ITEM"])
    assert await scene.sweep() == 0
    await mine.update(items=[scene.filed.item.code], active=False)
    assert await scene.sweep() == 0
    await mine.update(active=True)
    assert await scene.sweep() == 1
    await scene.ring()
    assert scene.bodies()[0]["data"]["count"] == 2


async def test_a_secret_lies_sealed_and_an_unfit_address_is_refused(scene: Scene) -> None:
    raw = base64.b64decode(scene.secret.removeprefix("whsec_"))
    assert raw not in bytes((await scene.row()).secret_sealed)
    async with refused(scene.world, AddressUnfit):
        await scene.wake_ups.register(SYSTEM, scene.machine.client_id, "http://10.0.0.1/")
    assert (await scene.row()).url == URL
    await scene.wake_ups.remove(SYSTEM, scene.machine.client_id)
    assert await WakeUp.all().count() == 0
