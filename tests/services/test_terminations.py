"""Termination (T48): only for a reason of the closed list, and nothing is to be paid after it."""

from uuid import uuid4

import pytest

from models.case import CaseEvent, ClockInstance
from models.notice import Notice
from models.payment import Fee
from models.rules.reasons import TerminationReason
from models.rules.states import State
from models.withdrawal import Withdrawal
from services.events import EventIncomplete, EventType
from services.transitions import StepNotAllowed
from tests.services import stages
from tests.services.backoffice import open_scene
from tests.services.reviewing import refused
from tests.world import World

TERMINATED = EventType.TERMINATED
DIED = {"reason_code": TerminationReason.APPLICANT_DIED, "reason": "家属已交死亡证明。"}


async def test_a_reason_of_the_list_ends_the_case(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(EventType.REVIEW_STARTED)
    told = await scene.tell(TERMINATED, **DIED)
    assert told.state == "TERMINATED"
    case = await scene.filed.case()
    assert (case.closed_at, case.decision) == (world.clock.now(), None)
    assert await ClockInstance.filter(case_id=case.id, stopped_at=None).count() == 0
    event = await CaseEvent.get(case_id=case.id, row="T48")
    assert event.data["reason_code"] == "APPLICANT_DIED"
    assert (await Notice.get(case_id=case.id, kind="N11")).seq == event.seq
    told_text = (await scene.timeline())[-1]
    assert told_text == "这次办理已经终止。原因:申请人已经去世。家属已交死亡证明。"


async def test_a_suspended_case_ends_too(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(EventType.SPECIAL_STARTED, procedure="听证", planned_days=12)
    assert (await scene.tell(TERMINATED, **DIED)).state == "TERMINATED"


async def test_an_order_that_waits_to_be_paid_is_closed(world: World) -> None:
    """ITEM09 charges after acceptance: who is no more owes nothing."""
    scene = await open_scene(world, "ITEM09")
    who, case_id = scene.filed.citizen, scene.filed.case_id
    payable = await world.ctx.payments.open_order(who, case_id, uuid4().hex)
    await scene.tell(TERMINATED, **DIED)
    sweeps = [
        payload
        for name, payload in await world.jobs()
        if name == "payment.sweep" and payload["number"] == payable.order.number
    ]
    assert len(sweeps) == 2  # its own, and the one that the end of the case has asked for
    await stages.do(world, "payment.sweep")
    bill = await world.ctx.payments.show(who, case_id)
    assert bill.order is not None
    assert bill.order.status == "CLOSED"
    assert (await Fee.get(case_id=case_id)).settled_at is None


async def test_a_request_to_withdraw_is_answered_by_the_end(world: World) -> None:
    scene = await open_scene(world)
    await world.ctx.withdrawals.request(scene.filed.citizen, scene.filed.case_id, uuid4().hex)
    await scene.tell(TERMINATED, **DIED)
    [withdrawal] = await Withdrawal.filter(case_id=scene.filed.case_id)
    assert (withdrawal.status, withdrawal.answer) == (
        "OVERTAKEN",
        "这次办理已经结束,不用再撤回。",
    )


@pytest.mark.parametrize("missing", ["reason_code", "reason"])
async def test_it_names_a_reason_and_explains_it(world: World, missing: str) -> None:
    scene = await open_scene(world)
    async with refused(world, EventIncomplete) as caught:
        await scene.tell(TERMINATED, **{**DIED, missing: None})
    assert [fault.pointer for fault in caught.value.faults] == [f"/payload/{missing}"]


async def test_what_is_decided_or_over_is_not_terminated(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.rejected(seq=1))
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(TERMINATED, **DIED)
    assert (await scene.filed.case()).state is not State.TERMINATED
