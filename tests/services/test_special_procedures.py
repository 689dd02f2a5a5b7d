"""Special procedures (行政许可法45): their time is not counted, and only theirs."""

from datetime import timedelta

import pytest

from models.case import CaseEvent, ClockInstance, ClockPause
from models.notice import Notice
from models.rules.states import State
from services.events import EventFromFuture, EventIncomplete, EventType, ProcedureNotAllowed
from services.transitions import StepNotAllowed
from tests.services.backoffice import Scene, open_scene, shanghai
from tests.services.reviewing import refused
from tests.world import World

STARTED = EventType.SPECIAL_STARTED
ENDED = EventType.SPECIAL_ENDED


async def accepted(world: World, item: str = "ITEM10") -> Scene:
    """Return a case that was accepted on Monday 2026-07-06 and is under review."""
    world.clock.at = shanghai(7, 6)
    scene = await open_scene(world, item)
    await scene.tell(EventType.REVIEW_STARTED)
    return scene


@pytest.mark.requirement("承诺件")
async def test_an_expert_review_stops_both_clocks_and_they_go_on_with_what_was_left(
    world: World,
) -> None:
    """The example of the rules: promised 5 days, statutory 20, suspended 07-08 to 07-20."""
    scene = await accepted(world)
    running = await scene.last_days()
    assert running["DECISION_PROMISED"] == "2026-07-13"
    assert running["DECISION_STATUTORY"] == "2026-08-03"
    world.clock.at = shanghai(7, 8)
    told = await scene.tell(STARTED, procedure="专家评审", planned_days=12)
    assert told.state == "SUSPENDED"
    clocks = await ClockInstance.filter(case_id=scene.filed.case_id, paused_at__isnull=False)
    assert {clock.name: clock.remaining for clock in clocks} == {
        "DECISION_PROMISED": 4,
        "DECISION_STATUTORY": 19,
    }
    world.clock.at = shanghai(7, 20)
    told = await scene.tell(ENDED)
    assert told.state == "UNDER_REVIEW"
    running = await scene.last_days()
    assert running["DECISION_PROMISED"] == "2026-07-24"
    assert running["DECISION_STATUTORY"] == "2026-08-14"
    pauses = await ClockPause.filter(clock__case_id=scene.filed.case_id)
    assert {pause.reason for pause in pauses} == {"专家评审"}
    assert {(pause.paused_at, pause.resumed_at) for pause in pauses} == {
        (shanghai(7, 8), shanghai(7, 20))
    }


async def test_the_disability_assessment_of_the_stories(world: World) -> None:
    """Story 6: promised 10 days, suspended 07-08 to 07-20; statutory 30 by the same count."""
    scene = await accepted(world, "ITEM07")
    assert (await scene.last_days())["DECISION_PROMISED"] == "2026-07-20"
    world.clock.at = shanghai(7, 8, 16)
    await scene.tell(STARTED, procedure="鉴定(残疾评定)", planned_days=12)
    world.clock.at = shanghai(7, 20, 11)
    await scene.tell(ENDED)
    running = await scene.last_days()
    assert running["DECISION_PROMISED"] == "2026-07-31"
    assert running["DECISION_STATUTORY"] == "2026-08-28"


async def test_how_long_it_will_take_is_told_in_writing(world: World) -> None:
    scene = await accepted(world)
    world.clock.at = shanghai(7, 8)
    await scene.tell(STARTED, procedure="听证", planned_days=20)
    event = await CaseEvent.get(case_id=scene.filed.case_id, row="T22")
    assert event.data["planned_until"] == "2026-07-28"
    assert (event.data["procedure"], event.data["planned_days"]) == ("听证", 20)
    notice = await Notice.get(case_id=scene.filed.case_id, kind="N13")
    assert notice.seq == event.seq
    assert "需要听证,预计20天。这段时间不算在办理期限里。" in await scene.timeline()


async def test_it_may_begin_before_the_review(world: World) -> None:
    scene = await open_scene(world)
    assert (await scene.tell(STARTED, procedure="招标", planned_days=30)).state == "SUSPENDED"


async def test_two_procedures_one_after_the_other_both_cost_nothing(world: World) -> None:
    scene = await accepted(world)
    for begins, ends in ((8, 9), (13, 14)):
        world.clock.at = shanghai(7, begins)
        await scene.tell(STARTED, procedure="检测", planned_days=1)
        world.clock.at = shanghai(7, ends)
        await scene.tell(ENDED)
    # Of 07-07 to 07-17 the 8th, 9th, 13th and 14th have a pause in them: 7, 10, 15, 16, 17 count.
    assert (await scene.last_days())["DECISION_PROMISED"] == "2026-07-17"


@pytest.mark.requirement("超时限/不按流程")
@pytest.mark.parametrize("procedure", ["现场踏勘", "内部研究", "公示", "检验 检测"])
async def test_nothing_else_stops_the_clocks(world: World, procedure: str) -> None:
    """A site visit is not in the law's list, and ITEM10 publishes 联合踏勘 and 专家评审 only."""
    scene = await accepted(world)
    async with scene.alarmed(ProcedureNotAllowed):
        await scene.tell(STARTED, procedure=procedure, planned_days=5)


async def test_a_joint_site_visit_does_where_the_item_says_so(world: World) -> None:
    scene = await accepted(world)
    assert (await scene.tell(STARTED, procedure="联合踏勘", planned_days=3)).state == "SUSPENDED"


async def test_a_procedure_does_not_begin_twice(world: World) -> None:
    scene = await accepted(world)
    await scene.tell(STARTED, procedure="听证", planned_days=20)
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(STARTED, procedure="听证", planned_days=20)


async def test_what_did_not_begin_does_not_end(world: World) -> None:
    scene = await accepted(world)
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(ENDED)


async def test_nothing_is_decided_while_the_clocks_stand(world: World) -> None:
    scene = await accepted(world)
    await scene.tell(STARTED, procedure="听证", planned_days=20)
    for report in (scene.decided(seq=3), scene.rejected(seq=3), scene.started(seq=3)):
        async with scene.alarmed(StepNotAllowed):
            await scene.report(report)


async def test_a_decided_case_is_not_suspended(world: World) -> None:
    scene = await accepted(world)
    await scene.report(scene.rejected())
    state = (await scene.filed.case()).state
    assert state in (State.REJECTED, State.RESULT_READY)
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(STARTED, procedure="听证", planned_days=20)


@pytest.mark.parametrize("missing", ["procedure", "planned_days"])
async def test_a_procedure_has_a_name_and_a_length(world: World, missing: str) -> None:
    scene = await accepted(world)
    said = {"procedure": "听证", "planned_days": 20, missing: None}
    async with refused(world, EventIncomplete) as caught:
        await scene.tell(STARTED, **said)
    assert [fault.pointer for fault in caught.value.faults] == [f"/payload/{missing}"]


async def test_what_has_not_happened_yet_is_not_reported(world: World) -> None:
    scene = await accepted(world)
    early = world.clock.now() + timedelta(minutes=6)
    async with refused(world, EventFromFuture):
        await scene.tell(STARTED, procedure="听证", planned_days=20, occurred_at=early)
    near = world.clock.now() + timedelta(minutes=4)
    told = await scene.tell(STARTED, procedure="听证", planned_days=20, occurred_at=near)
    assert told.outcome == "applied"
