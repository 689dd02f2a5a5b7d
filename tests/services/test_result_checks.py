"""结果交接核对: whom the decision names is who applied, or it is corrected within a working day."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from models.case import CaseEvent, ClockInstance
from models.rules.calendar import due_on
from services.events import EventIncomplete, EventType, ResultMismatch
from tests import make
from tests.services.backoffice import Scene, open_scene
from tests.services.reviewing import refused
from tests.world import World

WRONG_ID = hashlib.sha256(b"511499194311051028").hexdigest()


async def holder(world: World) -> dict[str, Any]:
    person = await make.person(world)
    digest = hashlib.sha256(person["id_number"].encode()).hexdigest()
    return {"holder_name": person["name"], "holder_id_sha256": digest}


async def corrections(scene: Scene) -> list[ClockInstance]:
    return await ClockInstance.filter(
        case_id=scene.filed.case_id, name="RESULT_TRANSFER_FIX"
    ).order_by("started_at")


async def test_the_right_person_passes(world: World) -> None:
    scene = await open_scene(world)
    said = await holder(world)
    spaced = {**said, "holder_name": f" {said['holder_name'][0]} {said['holder_name'][1:]}"}
    told = await scene.report(scene.rejected(seq=1, **spaced))
    assert told.outcome == "applied"
    assert await corrections(scene) == []


@pytest.mark.parametrize(
    ("wrong", "pointers"),
    [
        ({"holder_name": "李秀英"}, ["/payload/holder_name"]),
        ({"holder_id_sha256": WRONG_ID}, ["/payload/holder_id_sha256"]),
        (
            {"holder_name": "李秀英", "holder_id_sha256": WRONG_ID},
            ["/payload/holder_name", "/payload/holder_id_sha256"],
        ),
    ],
)
async def test_a_wrong_person_is_refused_and_has_a_day(
    world: World, wrong: dict[str, Any], pointers: list[str]
) -> None:
    """Reported on Monday 2026-03-02: to be corrected by Tuesday; the right one ends the wait."""
    scene = await open_scene(world)
    said = await holder(world)
    before = [await world.rows(name) for name in ("cases", "case_events", "backoffice_events")]
    with pytest.raises(ResultMismatch) as caught:
        await scene.report(scene.rejected(seq=1, **{**said, **wrong}))
    assert [fault.pointer for fault in caught.value.faults] == pointers
    after = [await world.rows(name) for name in ("cases", "case_events", "backoffice_events")]
    assert after == before
    [clock] = await corrections(scene)
    assert due_on(clock.due_at).isoformat() == "2026-03-03"
    world.clock.advance(timedelta(hours=2))
    await scene.report(scene.rejected(seq=1, **said))
    [clock] = await corrections(scene)
    assert clock.stopped_at == world.clock.now()
    assert await CaseEvent.filter(case_id=scene.filed.case_id, row="T29").count() == 1


async def test_another_wrong_one_wins_no_time(world: World) -> None:
    scene = await open_scene(world)
    with pytest.raises(ResultMismatch):
        await scene.report(scene.rejected(seq=1, holder_name="李秀英"))
    first = await corrections(scene)
    world.clock.advance(timedelta(days=1))
    with pytest.raises(ResultMismatch):
        await scene.report(scene.rejected(seq=1, holder_name="张三"))
    assert [clock.id for clock in await corrections(scene)] == [clock.id for clock in first]


async def test_nobody_has_to_name_the_holder(world: World) -> None:
    scene = await open_scene(world)
    assert (await scene.report(scene.rejected(seq=1))).outcome == "applied"


async def test_only_a_decision_names_one(world: World) -> None:
    scene = await open_scene(world)
    async with refused(world, EventIncomplete):
        await scene.tell(EventType.REVIEW_STARTED, holder_name="王建国")
