"""What the back-office reports: each event once, in order, and only what the law allows."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models.case import Case, CaseEvent, ClockInstance
from models.handoff import BackofficeEvent
from models.payment import Fee
from models.rules.states import State
from services.access import CaseUnknown
from services.events import (
    Decision,
    EventIncomplete,
    EventOutOfOrder,
    EventReused,
    EventType,
    FeeUnsettled,
    OriginalsFirst,
    PackageNotAcknowledged,
    Reported,
    ShortfallOpen,
)
from services.fees import FeeUndetermined
from services.transitions import StepNotAllowed
from tests import make
from tests.services.backoffice import open_scene
from tests.services.reviewing import refused
from tests.world import World

OTHER_AGENCY = "11511499MB90000238"
MEASURED = {"area_m2": 10.25, "surface_type": "水泥"}


async def test_a_review_starts_once_the_package_is_acknowledged(world: World) -> None:
    scene = await open_scene(world, acked=False)
    for report in (scene.started(), scene.decided(seq=1)):
        async with refused(world, PackageNotAcknowledged):
            await scene.report(report)
    await scene.acknowledge()
    # What was refused left no trace, so the very same event is applied now.
    assert await scene.report(scene.started()) == Reported("applied", scene.number, "UNDER_REVIEW")
    case = await scene.filed.case()
    assert (case.state, case.backoffice_seq) == (State.UNDER_REVIEW, 1)
    event = await CaseEvent.get(case_id=case.id, row="T21")
    assert (event.actor_role, event.actor_id) == ("BACKOFFICE", scene.machine.client_id)
    row = await BackofficeEvent.get(case_id=case.id)
    assert (row.source, row.event_id, row.seq) == (scene.machine.client_id, "e-1", 1)


async def test_the_same_event_again_changes_nothing(world: World) -> None:
    """Promise 2; also when the case has gone on meanwhile."""
    scene = await open_scene(world)
    await scene.report(scene.started())
    first = scene.started()
    await scene.report(scene.rejected())
    before = await world.rows("case_events")
    assert await scene.report(first) == Reported(
        "duplicate", scene.number, (await scene.filed.case()).state.value
    )
    assert await world.rows("case_events") == before


async def test_the_same_event_at_once_is_applied_once(world: World) -> None:
    scene = await open_scene(world)
    answers = await asyncio.gather(*(scene.report(scene.started()) for _ in range(8)))
    assert sorted(answer.outcome for answer in answers) == ["applied"] + ["duplicate"] * 7
    assert await CaseEvent.filter(case_id=scene.filed.case_id, row="T21").count() == 1


async def test_an_event_id_is_good_for_one_body(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.started())
    later = world.clock.now() + timedelta(seconds=1)
    async with refused(world, EventReused):
        await scene.report(scene.started(occurred_at=later))
    async with refused(world, EventReused):
        await scene.report(scene.decided(seq=2, event_id="e-1"))


async def test_another_machine_has_event_ids_of_its_own(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.started())
    second = await make.machine(world, scene.machine.agency_uscc)
    answer = await scene.report(scene.rejected(event_id="e-1"), second)
    assert answer.outcome == "applied"


async def test_a_number_that_was_used_is_not_used_again(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.started())
    async with refused(world, EventOutOfOrder) as caught:
        await scene.report(scene.rejected(seq=1, event_id="e-other"))
    assert caught.value.facts == {"expected_seq": 2}


async def test_another_agencys_case_is_unknown(world: World) -> None:
    scene = await open_scene(world)
    other = await make.machine(world, OTHER_AGENCY)
    async with refused(world, CaseUnknown):
        await scene.report(scene.started(), other)
    async with refused(world, CaseUnknown):
        await scene.report(scene.started(case_no="11511499"))


async def test_an_approval_is_charged_by_what_was_measured(world: World) -> None:
    """ITEM10: 260 yuan a square metre of cement, and the certificate waits for the payment."""
    scene = await open_scene(world)
    await scene.report(scene.started())
    answer = await scene.report(scene.decided(fee=MEASURED))
    assert answer == Reported("applied", scene.number, "AWAIT_PAYMENT")
    case = await scene.filed.case()
    assert (case.decision, case.backoffice_seq, case.payment_status) == ("APPROVED", 2, "UNPAID")
    assert case.decided_at == world.clock.now()
    assert (await Fee.get(case_id=case.id)).amount_fen == 266_500
    event = await CaseEvent.get(case_id=case.id, row="T28")
    assert event.data["document_no"] == "示住建许〔2026〕1号"
    running = await ClockInstance.filter(case_id=case.id, stopped_at=None)
    assert not {clock.name for clock in running} & {"DECISION_PROMISED", "DECISION_STATUTORY"}


async def test_a_measurement_that_gives_no_amount_decides_nothing(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.started())
    for measured in ({"surface_type": "黄金"}, {"colour": "red"}):
        async with refused(world, FeeUndetermined):
            await scene.report(scene.decided(fee=measured))


async def test_a_rejection_tells_the_reason_and_the_remedy(world: World) -> None:
    """行政许可法38: reasons, and the right to 复议 and 诉讼."""
    scene = await open_scene(world)
    answer = await scene.report(scene.rejected(seq=1))
    case = await scene.filed.case()
    assert answer.state == case.state.value
    assert case.decision == "REJECTED"
    progress = await world.ctx.progress.of_case(scene.filed.citizen, case.id)
    [told] = [entry.text for entry in progress.timeline if "没有批准" in entry.text]
    for part in ("路段新建未满五年。", "60日内申请行政复议", "6个月内", "行政诉讼"):
        assert part in told
    assert not await Fee.exists(case_id=case.id)


async def test_a_decision_is_final(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.rejected(seq=1))
    for report in (scene.started(seq=2), scene.decided(seq=2), scene.rejected(seq=2)):
        async with refused(world, StepNotAllowed):
            await scene.report(report)


async def test_a_review_starts_once(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.started())
    async with refused(world, StepNotAllowed):
        await scene.report(scene.started(seq=2))


async def test_verify_later_is_not_approved_before_the_originals(world: World) -> None:
    """青神方案2018 附件3: checking the originals is the last step of the decision."""
    scene = await open_scene(world)
    await Case.filter(id=scene.filed.case_id).update(accept_mode="VERIFY_LATER")
    async with refused(world, OriginalsFirst):
        await scene.report(scene.decided(seq=1))


async def test_nothing_is_approved_while_a_promised_material_is_open(world: World) -> None:
    """T28's guard; a rejection (T29) does not wait for papers."""
    scene = await open_scene(world)
    await Case.filter(id=scene.filed.case_id).update(
        accept_mode="SHORTFALL", shortfall_status="OPEN"
    )
    async with scene.alarmed(ShortfallOpen):
        await scene.report(scene.decided(seq=1))
    assert (await scene.report(scene.rejected(seq=1))).outcome == "applied"


async def test_a_fee_after_acceptance_is_settled_before_the_approval(world: World) -> None:
    """T28's guard; a rejection (T29) does not wait for money."""
    scene = await open_scene(world, "ITEM09")
    await scene.report(scene.started())
    async with refused(world, FeeUnsettled):
        await scene.report(scene.decided())
    await Fee.filter(case_id=scene.filed.case_id).update(settled_at=world.clock.now())
    answer = await scene.report(scene.decided())
    assert answer.outcome == "applied"
    assert (await scene.filed.case()).decision == "APPROVED"


@pytest.mark.parametrize(
    ("change", "state"),
    [("withdrawn", State.WITHDRAWN), ("suspended", State.SUSPENDED)],
    ids=["withdrawn", "suspended"],
)
async def test_no_fee_is_waited_for_where_no_decision_can_be(
    world: World, change: str, state: State
) -> None:
    """Told to have the fee paid first, an office would wait for what nobody owes any more."""
    scene = await open_scene(world, "ITEM09")
    if change == "withdrawn":
        await world.ctx.withdrawals.request(scene.filed.citizen, scene.filed.case_id, "a-wish")
        await scene.tell(EventType.WITHDRAWAL_ANSWERED, confirmed=True)
    else:
        await scene.tell(EventType.SPECIAL_STARTED, procedure="专家评审", planned_days=5)
    async with scene.alarmed(StepNotAllowed):
        await scene.report(scene.decided())
    case = await scene.filed.case()
    assert (case.state, case.decision, case.backoffice_seq) == (state, None, 1)


async def test_a_rejection_does_not_wait_for_the_fee(world: World) -> None:
    scene = await open_scene(world, "ITEM09")
    assert (await scene.report(scene.rejected(seq=1))).outcome == "applied"


async def test_a_measurement_changes_no_fee_that_was_made(world: World) -> None:
    """Told 80 yuan for a dwelling at the acceptance, nobody is asked for 550 at the decision."""
    scene = await open_scene(world, "ITEM09")
    async with refused(world, EventIncomplete):
        await scene.report(scene.decided(seq=1, fee={"usage": "非住宅"}))
    async with refused(world, FeeUnsettled):
        await scene.report(scene.decided(seq=1, fee={"usage": "住宅"}))


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"decision": None}, ["/payload/decision"]),
        ({"document_no": None}, ["/payload/document_no"]),
        ({"decision": Decision.REJECTED}, ["/payload/reason"]),
        (
            {"decision": Decision.REJECTED, "fee": MEASURED},
            ["/payload/reason", "/payload/fee"],
        ),
        ({"type": EventType.REVIEW_STARTED}, ["/payload/decision", "/payload/document_no"]),
    ],
)
async def test_an_event_says_what_its_type_needs_and_no_more(
    world: World, change: dict[str, Any], pointers: list[str]
) -> None:
    scene = await open_scene(world)
    async with refused(world, EventIncomplete) as caught:
        await scene.report(scene.decided(seq=1, **change))
    assert [fault.pointer for fault in caught.value.faults] == pointers
