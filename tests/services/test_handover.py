"""纸质材料交接: accepted in the morning, handed over by 14:30; later, by 9:30 of the next day."""

from datetime import datetime

import pytest

from models.case import Case, ClockInstance
from models.rules.events import Event
from models.unit import run_in_transaction
from services.actors import SYSTEM
from tests import make
from tests.services import stages
from tests.services.backoffice import Scene, open_scene, shanghai
from tests.services.timing import alerts, sweep
from tests.world import World


async def handover(scene: Scene) -> ClockInstance:
    return await ClockInstance.get(case_id=scene.filed.case_id, name="PAPER_HANDOVER")


@pytest.mark.parametrize(
    ("accepted", "due"),
    [
        (shanghai(7, 6, 9), shanghai(7, 6, 14, 30)),
        (shanghai(7, 6, 11, 59), shanghai(7, 6, 14, 30)),
        (shanghai(7, 6, 12), shanghai(7, 7, 9, 30)),
        (shanghai(7, 10, 16), shanghai(7, 13, 9, 30)),  # Friday afternoon: Monday
        (shanghai(9, 20, 9), shanghai(9, 20, 14, 30)),  # a Sunday that is worked
        (shanghai(9, 30, 15), shanghai(10, 8, 9, 30)),  # the National Day is a week
    ],
)
async def test_the_morning_and_the_afternoon_have_their_hours(
    world: World, accepted: datetime, due: datetime
) -> None:
    world.clock.at = accepted
    clock = await handover(await open_scene(world, acked=False))
    assert (clock.due_at, clock.next_at, clock.stopped_at) == (due, due, None)


async def test_taking_over_ends_it(world: World) -> None:
    scene = await open_scene(world, acked=False)
    world.clock.at = shanghai(3, 2, 14)
    await scene.acknowledge()
    clock = await handover(scene)
    assert (clock.stopped_at, clock.next_at) == (world.clock.now(), None)
    assert await alerts(scene.filed) == []


async def test_what_follows_has_no_such_hour(world: World) -> None:
    scene = await open_scene(world)
    await world.ctx.withdrawals.request(scene.filed.citizen, scene.filed.case_id, "key-of-one")
    assert (await handover(scene)).stopped_at is not None
    await scene.acknowledge()
    assert await ClockInstance.filter(name="PAPER_HANDOVER").count() == 1


async def test_a_deemed_acceptance_is_handed_over_from_now_on(world: World) -> None:
    """Submitted Monday 2026-03-02, nobody told by 03-09: accepted as of the receipt, handed over
    from the moment on which the silence became acceptance, 03-10 00:00."""
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, "key-of-the-one")
    world.clock.at = shanghai(3, 10, 0)

    async def deem() -> None:
        case = await Case.filter(id=filed.case_id).select_for_update().get()
        item = await world.ctx.items.version(case.item_version_id)
        await world.ctx.reviews.acceptance.accept(case, item, Event.DEEM_ACCEPTED, SYSTEM)

    await run_in_transaction(deem)
    case = await filed.case()
    assert case.accepted_at == shanghai(3, 2, 9, 10)
    clock = await ClockInstance.get(case_id=case.id, name="PAPER_HANDOVER")
    assert clock.due_at == shanghai(3, 10, 14, 30)


async def test_an_end_before_it_was_taken_ends_it_too(world: World) -> None:
    scene = await open_scene(world, acked=False)

    async def lapse() -> None:
        case = await Case.filter(id=scene.filed.case_id).select_for_update().get()
        item = await world.ctx.items.version(case.item_version_id)
        await world.ctx.cases.transitions.apply(case, item, Event.SHORTFALL_TIMEOUT, SYSTEM)

    await run_in_transaction(lapse)
    assert (await handover(scene)).stopped_at == world.clock.now()


async def test_taking_over_late_is_told_though_no_timer_came(world: World) -> None:
    """The worker was down past 14:30; what was late stays known as late."""
    scene = await open_scene(world, acked=False)
    world.clock.at = shanghai(3, 2, 16)
    await scene.acknowledge()
    assert await alerts(scene.filed) == [("PAPER_HANDOVER", "RED", True)]
    assert (await scene.filed.case()).monitor_light == "RED"
    assert await sweep(world) == 0
