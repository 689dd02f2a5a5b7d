"""Questions after acceptance (说明): voluntary, without effect on a clock, never a 补正."""

import json
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from models.inquiry import Inquiry
from models.rules.inquiries import demands_materials
from services.access import CaseUnknown
from services.events import (
    CorrectionAfterAcceptance,
    EventIncomplete,
    EventType,
    SupplementsWaiting,
)
from services.inquiries import InquiryAnswered, InquiryOver, InquiryUnknown, Question
from services.packages import SCHEMAS
from services.transitions import StepNotAllowed
from tests import make
from tests.services.backoffice import Scene, open_scene, shanghai
from tests.services.reviewing import refused
from tests.world import World

ASKED = EventType.INFORMATION_REQUESTED
QUESTION = "施工期间怎样保证行人通行?"
VALIDATOR = Draft202012Validator(
    json.loads(SCHEMAS["3"]), format_checker=Draft202012Validator.FORMAT_CHECKER
)


async def questions(scene: Scene) -> list[Question]:
    return list(await scene.world.ctx.inquiries.list(scene.filed.citizen, scene.filed.case_id))


async def answer(scene: Scene, question: Question, text: str, key: str | None = None) -> Question:
    who, case_id = scene.filed.citizen, scene.filed.case_id
    return await scene.world.ctx.inquiries.answer(
        who, case_id, question.id, text, key or uuid4().hex
    )


async def test_a_question_changes_no_state_and_no_clock(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(EventType.REVIEW_STARTED)
    clocks, steps = await world.rows("clock_instances"), await world.rows("case_events")
    told = await scene.tell(ASKED, question=QUESTION)
    assert told.state == "UNDER_REVIEW"
    assert await world.rows("clock_instances") == clocks
    assert await world.rows("case_events") == steps
    assert (await scene.filed.case()).backoffice_seq == 2
    [question] = await questions(scene)
    assert (question.question, question.answer, question.open) == (QUESTION, None, True)
    [message] = await world.rows("messages")
    assert "审批部门有问题请您说明" in message["data"]


async def test_the_answer_goes_to_the_back_office(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(ASKED, question=QUESTION)
    [question] = await questions(scene)
    answered = await answer(scene, question, "留出一米五宽的通道。")
    assert (answered.answer, answered.open) == ("留出一米五宽的通道。", False)
    body = await scene.acknowledge()
    VALIDATOR.validate(body)
    assert (body["kind"], body["seq"], body["materials"]) == ("SUPPLEMENT", 2, [])
    [given] = body["answers"]
    assert (given["seq"], given["question"], given["answer"]) == (
        1,
        QUESTION,
        "留出一米五宽的通道。",
    )
    assert await questions(scene) == [answered]


async def test_an_answer_at_rest_is_sealed(world: World) -> None:
    """Promise 7."""
    scene = await open_scene(world)
    await scene.tell(ASKED, question=QUESTION)
    [question] = await questions(scene)
    await answer(scene, question, "留出一米五宽的通道。")
    sealed = (await Inquiry.get(id=question.id)).answer_sealed
    assert sealed is not None
    assert "通道".encode() not in bytes(sealed)


async def test_nobody_has_to_answer(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(ASKED, question=QUESTION)
    told = await scene.report(scene.rejected())
    assert told.outcome == "applied"
    [question] = await questions(scene)
    assert not question.open
    async with refused(world, InquiryOver):
        await answer(scene, question, "来晚了。")


async def test_an_answer_is_read_before_the_decision(world: World) -> None:
    """What nobody has taken over nobody has read."""
    scene = await open_scene(world)
    await scene.tell(ASKED, question=QUESTION)
    [question] = await questions(scene)
    await answer(scene, question, "留出一米五宽的通道。")
    for report in (scene.decided(), scene.rejected()):
        async with scene.alarmed(SupplementsWaiting):
            await scene.report(report)
    await scene.acknowledge()
    assert (await scene.report(scene.rejected())).outcome == "applied"


async def test_a_question_is_answered_once(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(ASKED, question=QUESTION)
    [question] = await questions(scene)
    first = await answer(scene, question, "留出通道。", "key-of-the-first")
    assert await answer(scene, question, "留出通道。", "key-of-the-first") == first
    async with refused(world, InquiryAnswered):
        await answer(scene, question, "改主意了。")
    assert len(await world.rows("handoff_packages")) == 2


async def test_questions_are_answered_one_by_one_in_any_order(world: World) -> None:
    scene = await open_scene(world)
    for text in ("为什么选这个时间?", QUESTION):
        await scene.tell(ASKED, question=text)
    first, second = await questions(scene)
    await answer(scene, second, "留出通道。")
    await answer(scene, first, "避开雨季。")
    assert [(await scene.acknowledge())["answers"][0]["seq"] for _ in range(2)] == [2, 1]


async def test_only_the_owner_answers(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(ASKED, question=QUESTION)
    [question] = await questions(scene)
    other = await make.citizen(world, make.LI)
    async with refused(world, CaseUnknown):
        await world.ctx.inquiries.answer(
            other, scene.filed.case_id, question.id, "不是我的。", uuid4().hex
        )
    async with refused(world, InquiryUnknown):
        await world.ctx.inquiries.answer(
            scene.filed.citizen, scene.filed.case_id, uuid4(), "哪个?", uuid4().hex
        )


@pytest.mark.requirement("清单外材料禁收")
@pytest.mark.parametrize(
    "demand",
    ["请补正施工方案。", "请补 交身份证复印件。", "请另行提供规划意见。", "请重新上传平面图。"],
)
async def test_a_demand_for_materials_is_no_question(world: World, demand: str) -> None:
    """After acceptance the back-office must not send 补正, in whatever words."""
    scene = await open_scene(world)
    async with scene.alarmed(CorrectionAfterAcceptance):
        await scene.tell(ASKED, question=demand)


@pytest.mark.requirement("超时限/不按流程")
async def test_a_correction_after_acceptance_is_always_refused(world: World) -> None:
    scene = await open_scene(world)
    async with scene.alarmed(CorrectionAfterAcceptance):
        await scene.tell(EventType.CORRECTION_REQUESTED)
    await scene.tell(EventType.REVIEW_STARTED)
    async with scene.alarmed(CorrectionAfterAcceptance):
        await scene.tell(EventType.CORRECTION_REQUESTED, reason="缺平面图。")


def test_a_question_about_materials_is_one() -> None:
    assert not demands_materials("您交的平面图上,B2是指地下二层吗?")
    assert not demands_materials("材料里的面积是12.5平方米,对吗?")
    assert demands_materials("请补充材料")


async def test_a_question_has_words(world: World) -> None:
    scene = await open_scene(world)
    async with refused(world, EventIncomplete):
        await scene.tell(ASKED)


async def test_nothing_is_asked_after_the_decision(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.rejected(seq=1))
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(ASKED, question=QUESTION)


async def test_a_question_during_a_special_procedure_does_not_end_it(world: World) -> None:
    world.clock.at = shanghai(7, 6)
    scene = await open_scene(world)
    await scene.tell(EventType.SPECIAL_STARTED, procedure="听证", planned_days=12)
    assert (await scene.tell(ASKED, question=QUESTION)).state == "SUSPENDED"
