"""Extensions (行政许可法42): once, before the limit is over, approved, with reasons told."""

from datetime import timedelta

import pytest

from models.case import CaseEvent
from models.notice import Notice
from models.rules.supervision import AlertKind
from services.events import (
    EventIncomplete,
    EventType,
    ExtendedBefore,
    ExtensionNotForItem,
    ExtensionTooLate,
)
from services.transitions import StepNotAllowed
from tests.services.backoffice import Scene, open_scene, shanghai
from tests.services.reviewing import refused
from tests.world import World

EXTENDED = EventType.EXTENDED
WORDS = {"approver": "张局长", "reason": "涉及三个部门会商。"}


async def accepted(world: World, item: str = "ITEM10") -> Scene:
    """Return a case that was accepted on Monday 2026-07-06: statutory due 08-03."""
    world.clock.at = shanghai(7, 6)
    return await open_scene(world, item)


async def test_ten_days_are_added_to_the_last_statutory_day(world: World) -> None:
    """Statutory 08-03 (Mon); ten working days on from it end on Monday 08-17."""
    scene = await accepted(world)
    await scene.tell(EventType.REVIEW_STARTED)
    world.clock.at = shanghai(7, 30)
    told = await scene.tell(EXTENDED, **WORDS)
    assert told.state == "UNDER_REVIEW"
    running = await scene.last_days()
    assert running["EXTENSION"] == "2026-08-17"
    assert running["DECISION_STATUTORY"] == "2026-08-03"
    assert running["DECISION_PROMISED"] == "2026-07-13"


async def test_its_reason_and_new_day_are_told(world: World) -> None:
    scene = await accepted(world)
    told = await scene.tell(EXTENDED, **WORDS)
    assert told.state == "UNDER_REVIEW"  # also before the review has begun
    event = await CaseEvent.get(case_id=scene.filed.case_id, row="T24")
    assert (event.data["approver"], event.data["until"]) == ("张局长", "2026-08-17")
    assert (await Notice.get(case_id=scene.filed.case_id, kind="N14")).seq == event.seq
    assert "办理期限延长到2026年8月17日。理由:涉及三个部门会商。" in await scene.timeline()


async def test_a_pause_before_it_moves_it_too(world: World) -> None:
    """Statutory 08-14 after the pause of the rules' example; ten more end on 08-28."""
    scene = await accepted(world)
    world.clock.at = shanghai(7, 8)
    await scene.tell(EventType.SPECIAL_STARTED, procedure="听证", planned_days=12)
    world.clock.at = shanghai(7, 20)
    await scene.tell(EventType.SPECIAL_ENDED)
    await scene.tell(EXTENDED, **WORDS)
    assert (await scene.last_days())["EXTENSION"] == "2026-08-28"


async def test_a_pause_after_it_moves_it_as_well(world: World) -> None:
    """Extended first, paused after: the same days do not count, so the same end."""
    scene = await accepted(world)
    await scene.tell(EXTENDED, **WORDS)
    world.clock.at = shanghai(7, 8)
    await scene.tell(EventType.SPECIAL_STARTED, procedure="听证", planned_days=12)
    world.clock.at = shanghai(7, 20)
    await scene.tell(EventType.SPECIAL_ENDED)
    running = await scene.last_days()
    assert running["DECISION_STATUTORY"] == "2026-08-14"
    assert running["EXTENSION"] == "2026-08-28"


async def test_a_limit_is_extended_once(world: World) -> None:
    scene = await accepted(world)
    await scene.tell(EXTENDED, **WORDS)
    async with scene.alarmed(ExtendedBefore):
        await scene.tell(EXTENDED, **WORDS)


async def test_the_last_moment_is_the_end_of_the_last_day(world: World) -> None:
    scene = await accepted(world)
    world.clock.at = shanghai(8, 4, 0)
    async with scene.alarmed(ExtensionTooLate):
        await scene.tell(EXTENDED, **WORDS)
    world.clock.at -= timedelta(seconds=1)
    assert (await scene.tell(EXTENDED, **WORDS)).outcome == "applied"


async def test_an_item_without_the_rule_is_not_extended(world: World) -> None:
    """高龄补贴 has 30 days and no extension in its published limits."""
    scene = await accepted(world, "ITEM06")
    async with scene.alarmed(ExtensionNotForItem, AlertKind.OVERREACH):
        await scene.tell(EXTENDED, **WORDS)


async def test_nothing_is_extended_while_the_clocks_stand_or_after_the_decision(
    world: World,
) -> None:
    scene = await accepted(world)
    await scene.tell(EventType.SPECIAL_STARTED, procedure="听证", planned_days=12)
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(EXTENDED, **WORDS)
    await scene.tell(EventType.SPECIAL_ENDED)
    await scene.report(scene.rejected(seq=3))
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(EXTENDED, **WORDS)


@pytest.mark.parametrize("missing", ["approver", "reason"])
async def test_who_approved_and_why_are_named(world: World, missing: str) -> None:
    scene = await accepted(world)
    async with refused(world, EventIncomplete) as caught:
        await scene.tell(EXTENDED, **{**WORDS, missing: None})
    assert [fault.pointer for fault in caught.value.faults] == [f"/payload/{missing}"]


async def test_a_decision_ends_the_extension(world: World) -> None:
    scene = await accepted(world)
    await scene.tell(EXTENDED, **WORDS)
    await scene.report(scene.rejected())
    running = await scene.last_days()
    assert not {"EXTENSION", "DECISION_STATUTORY", "DECISION_PROMISED"} & set(running)
