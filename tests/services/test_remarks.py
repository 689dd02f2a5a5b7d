"""What lasts is told in one sentence each: pauses, longer limits, requests, questions."""

from uuid import uuid4

from services.events import EventType
from services.progress import Progress
from tests.services.backoffice import Scene, open_scene, shanghai
from tests.world import World


async def look(scene: Scene) -> Progress:
    return await scene.world.ctx.progress.of_case(scene.filed.citizen, scene.filed.case_id)


async def said(scene: Scene) -> list[tuple[str, str]]:
    return [(remark.code, remark.text) for remark in (await look(scene)).remarks]


async def codes(scene: Scene) -> list[str]:
    return [action.code for action in (await look(scene)).actions]


async def test_a_pause_is_told_while_it_lasts(world: World) -> None:
    world.clock.at = shanghai(7, 8)
    scene = await open_scene(world)
    assert await said(scene) == []
    await scene.tell(EventType.SPECIAL_STARTED, procedure="专家评审", planned_days=12)
    assert await said(scene) == [
        (
            "suspended",
            "从2026年7月8日起正在做专家评审,预计2026年7月20日前后做完。这段时间不算在办理期限里。",
        )
    ]
    await scene.tell(EventType.SPECIAL_ENDED)
    assert await said(scene) == []


async def test_a_longer_limit_is_told_with_its_last_day(world: World) -> None:
    """Statutory 08-03 and ten working days more: 08-17."""
    world.clock.at = shanghai(7, 6)
    scene = await open_scene(world)
    await scene.tell(EventType.EXTENDED, approver="张局长", reason="涉及三个部门会商。")
    assert await said(scene) == [("extended", "办理期限已经延长,最晚到2026年8月17日。")]
    await scene.tell(EventType.SPECIAL_STARTED, procedure="听证", planned_days=5)
    assert ("extended", "办理期限已经延长,专门程序做完以后接着算。") in await said(scene)
    await scene.tell(EventType.SPECIAL_ENDED)
    await scene.report(scene.rejected(seq=4))
    assert await said(scene) == []


async def test_a_request_is_told_until_it_is_answered_and_its_answer_after(world: World) -> None:
    scene = await open_scene(world)
    who, case_id = scene.filed.citizen, scene.filed.case_id
    assert "request_withdrawal" in await codes(scene)
    await world.ctx.withdrawals.request(who, case_id, uuid4().hex)
    assert await said(scene) == [("withdrawal_requested", "您请求撤回申请,正在等审批部门答复。")]
    assert "keep_application" in await codes(scene)
    await scene.tell(EventType.WITHDRAWAL_ANSWERED, confirmed=False, reason="已经登簿。")
    [remark] = (await look(scene)).remarks
    assert remark.text == "审批部门没有同意撤回,继续办理。理由:已经登簿。"
    # Who has only the query code does not read what an officer wrote.
    assert remark.plain == "审批部门没有同意撤回,继续办理。"
    await world.ctx.withdrawals.request(who, case_id, uuid4().hex)
    await world.ctx.withdrawals.take_back(who, case_id)
    assert await said(scene) == []


async def test_who_asked_too_late_reads_why(world: World) -> None:
    scene = await open_scene(world)
    await world.ctx.withdrawals.request(scene.filed.citizen, scene.filed.case_id, uuid4().hex)
    await scene.report(scene.rejected(seq=1))
    assert await said(scene) == [
        ("withdrawal_overtaken", "您请求撤回申请,但是已经作出决定,不能撤回。")
    ]


async def test_open_questions_are_counted(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(EventType.INFORMATION_REQUESTED, question="怎样保证行人通行?")
    await scene.tell(EventType.INFORMATION_REQUESTED, question="为什么选这个时间?")
    assert await said(scene) == [
        ("questions", "审批部门有2个问题请您说明。不答也可以,不影响办理期限。")
    ]
    assert "answer_questions" in await codes(scene)
    who, case_id = scene.filed.citizen, scene.filed.case_id
    for question in await world.ctx.inquiries.list(who, case_id):
        await world.ctx.inquiries.answer(who, case_id, question.id, "避开雨季。", uuid4().hex)
    assert await said(scene) == []
    assert "answer_questions" not in await codes(scene)
