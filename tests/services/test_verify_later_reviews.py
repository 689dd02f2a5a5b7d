"""先办后验: the review ends with a wait for the originals (T33), not with a decision."""

import pytest

from models.case import Case, ClockInstance
from models.material import ResultDocument
from models.notice import Notice
from models.rules.states import State
from services.events import EventIncomplete, EventType, OriginalsFirst, OriginalsNotDue
from services.transitions import StepNotAllowed
from tests.services.backoffice import Scene, open_scene, shanghai
from tests.services.reviewing import refused
from tests.world import World

COMPLETED = EventType.REVIEW_COMPLETED


async def accepted(world: World) -> Scene:
    """Story 2: 木材采伐, accepted on Thursday 2026-04-30; promised due 05-08 in the story."""
    world.clock.at = shanghai(4, 30)
    scene = await open_scene(world, "ITEM05")
    await Case.filter(id=scene.filed.case_id).update(
        accept_mode="VERIFY_LATER", verify_later_mark=True
    )
    return scene


@pytest.mark.requirement("核验为最终决定程序")
async def test_the_review_ends_and_the_clocks_wait_for_the_applicant(world: World) -> None:
    scene = await accepted(world)
    assert (await scene.last_days())["DECISION_PROMISED"] == "2026-05-08"
    await scene.tell(EventType.REVIEW_STARTED)
    world.clock.at = shanghai(5, 7)
    told = await scene.tell(COMPLETED)
    assert told.state == "ORIGINALS_CHECK"
    running = await ClockInstance.filter(case_id=scene.filed.case_id, stopped_at=None)
    paused = {clock.name for clock in running if clock.paused_at is not None}
    assert paused == {"DECISION_PROMISED", "DECISION_STATUTORY"}
    # 60 calendar days from 05-07: 24 left of May, 30 of June, 6 of July.
    assert (await scene.last_days())["ORIGINALS_PRESENT"] == "2026-07-06"
    case = await scene.filed.case()
    assert (case.decision, case.decided_at) == (None, None)
    assert not await ResultDocument.exists(case_id=case.id)
    assert not await Notice.filter(case_id=case.id, kind__in=["N15", "N16"]).exists()
    assert await Notice.filter(case_id=case.id, kind="N17").count() == 1


async def test_it_is_not_approved_instead(world: World) -> None:
    scene = await accepted(world)
    async with scene.alarmed(OriginalsFirst):
        await scene.report(scene.decided(seq=1))


async def test_any_other_case_is_decided_at_once(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(EventType.REVIEW_STARTED)
    async with scene.alarmed(OriginalsNotDue):
        await scene.tell(COMPLETED)


async def test_a_review_is_completed_once_and_not_while_suspended(world: World) -> None:
    scene = await accepted(world)
    await scene.tell(EventType.SPECIAL_STARTED, procedure="现场查验", planned_days=3)
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(COMPLETED)
    await scene.tell(EventType.SPECIAL_ENDED)
    await scene.tell(COMPLETED)
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(COMPLETED)
    # The back-office has said its last word: the department checks the originals here.
    for report, problem in (
        (scene.decided(seq=4), OriginalsFirst),
        (scene.rejected(seq=4), StepNotAllowed),
    ):
        async with scene.alarmed(problem):
            await scene.report(report)
    assert (await scene.filed.case()).state is State.ORIGINALS_CHECK


async def test_it_carries_no_decision(world: World) -> None:
    scene = await accepted(world)
    async with refused(world, EventIncomplete):
        await scene.tell(COMPLETED, document_no="示林许〔2026〕1号")
