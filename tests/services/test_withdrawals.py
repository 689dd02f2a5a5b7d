"""Withdrawal after acceptance: a request, in order with what the back-office reports."""

import asyncio
import json
from uuid import uuid4

import pytest

from models.case import Case, ClockInstance
from models.handoff import HandoffPackage
from models.notice import Notice
from models.rules.states import State
from models.rules.supervision import AlertKind
from models.withdrawal import Withdrawal
from services.access import CaseUnknown
from services.events import (
    EventIncomplete,
    EventType,
    WithdrawalNotRequested,
    WithdrawalTakenBack,
)
from services.transitions import StepNotAllowed
from services.withdrawals import (
    NoWithdrawalOpen,
    Requested,
    WithdrawalsUsedUp,
    WithdrawalTooLate,
)
from tests import make
from tests.services import stages
from tests.services.backoffice import Scene, open_scene
from tests.services.reviewing import refused
from tests.world import World

ANSWERED = EventType.WITHDRAWAL_ANSWERED


async def request(scene: Scene, key: str | None = None) -> Requested:
    who = scene.filed.citizen
    key = key or uuid4().hex
    return await scene.world.ctx.withdrawals.request(who, scene.filed.case_id, key)


async def take_back(scene: Scene) -> Requested:
    return await scene.world.ctx.withdrawals.take_back(scene.filed.citizen, scene.filed.case_id)


async def kinds(scene: Scene) -> list[str]:
    found = await HandoffPackage.filter(case_id=scene.filed.case_id).order_by("seq")
    return [package.kind for package in found]


async def statuses(scene: Scene) -> list[str]:
    found = await Withdrawal.filter(case_id=scene.filed.case_id).order_by("requested_at", "id")
    return [withdrawal.status for withdrawal in found]


async def test_a_request_is_handed_over_and_confirmed(world: World) -> None:
    """T47."""
    scene = await open_scene(world)
    await scene.tell(EventType.REVIEW_STARTED)
    requested = await request(scene)
    assert (requested.case_no, requested.status) == (scene.number, "OPEN")
    case = await scene.filed.case()
    assert (case.state, case.withdraw_requested_at) == (State.UNDER_REVIEW, world.clock.now())
    body = await scene.acknowledge()
    assert (body["kind"], body["seq"], body["schema"]) == ("WITHDRAW_REQUEST", 2, "3")
    assert body["withdrawal"]["status"] == "OPEN"
    assert (body["materials"], body["answers"]) == ([], [])
    told = await scene.tell(ANSWERED, confirmed=True)
    assert told.state == "WITHDRAWN"
    case = await scene.filed.case()
    assert (case.withdraw_requested_at, case.closed_at) == (None, world.clock.now())
    assert await statuses(scene) == ["CONFIRMED"]
    assert await ClockInstance.filter(case_id=case.id, stopped_at=None).count() == 0
    assert await Notice.filter(case_id=case.id, kind="N21").count() == 1


async def test_the_same_request_again_is_one(world: World) -> None:
    """Promise 2: by its key, by another tap, and at once."""
    scene = await open_scene(world)
    first = await request(scene, "key-of-the-first")
    assert await request(scene, "key-of-the-first") == first
    assert await request(scene) == first
    assert await asyncio.gather(*(request(scene) for _ in range(6))) == [first] * 6
    assert await kinds(scene) == ["ACCEPTED", "WITHDRAW_REQUEST"]
    assert await statuses(scene) == ["OPEN"]


async def test_a_request_waits_for_the_first_package_to_be_taken(world: World) -> None:
    """In order: the back-office reads the application before the wish to end it."""
    scene = await open_scene(world, acked=False)
    await request(scene)
    assert (await scene.acknowledge())["kind"] == "ACCEPTED"
    assert (await scene.acknowledge())["kind"] == "WITHDRAW_REQUEST"
    # What follows the first package takes nothing back: events are still heard.
    assert (await scene.filed.case()).handoff_status == "ACKED"


async def test_a_request_that_is_declined_lets_the_case_go_on(world: World) -> None:
    """不动产条例15: nothing is withdrawn once it stands in the register."""
    scene = await open_scene(world)
    await request(scene)
    before = await world.rows("case_events")
    told = await scene.tell(ANSWERED, confirmed=False, reason="已经登簿。")
    assert told.state == "ACCEPTED"
    case = await scene.filed.case()
    assert (case.withdraw_requested_at, case.backoffice_seq) == (None, 1)
    assert await world.rows("case_events") == before
    [withdrawal] = await Withdrawal.filter(case_id=case.id)
    assert (withdrawal.status, withdrawal.answer) == ("DECLINED", "已经登簿。")
    [message] = await world.rows("messages")
    assert "没有同意撤回" in message["data"]
    # It may be asked again, and the back-office goes on counting its events.
    await request(scene)
    assert (await scene.tell(ANSWERED, confirmed=True)).state == "WITHDRAWN"
    assert await statuses(scene) == ["DECLINED", "CONFIRMED"]


async def test_the_decline_reaches_the_applicant_once(world: World) -> None:
    scene = await open_scene(world)
    await request(scene)
    await scene.tell(ANSWERED, confirmed=False, reason="已经登簿。")
    await world.work(later=True)
    await world.work(later=True)
    texts = [row["data"] for row in await world.rows("messages")]
    assert sum("没有同意撤回" in text for text in texts) == 1


async def test_a_decision_that_comes_first_answers_the_request(world: World) -> None:
    scene = await open_scene(world)
    await request(scene)
    await scene.report(scene.rejected(seq=1))
    case = await scene.filed.case()
    assert (case.decision, case.withdraw_requested_at) == ("REJECTED", None)
    [withdrawal] = await Withdrawal.filter(case_id=case.id)
    assert (withdrawal.status, withdrawal.answer) == ("OVERTAKEN", "已经作出决定,不能撤回。")
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(ANSWERED, confirmed=True)
    async with refused(world, WithdrawalTooLate):
        await request(scene)


async def test_a_confirmation_that_comes_first_leaves_nothing_to_decide(world: World) -> None:
    scene = await open_scene(world)
    await request(scene)
    await scene.tell(ANSWERED, confirmed=True)
    for report in (scene.decided(seq=2), scene.rejected(seq=2), scene.started(seq=2)):
        async with scene.alarmed(StepNotAllowed):
            await scene.report(report)
    async with refused(world, StepNotAllowed):
        await request(scene)


async def test_a_request_and_a_decision_at_once_end_in_one_order(world: World) -> None:
    """Whoever comes second gets an explicit answer; nothing is left open."""
    scene = await open_scene(world)
    ends = await asyncio.gather(
        request(scene), scene.report(scene.rejected(seq=1)), return_exceptions=True
    )
    assert not isinstance(ends[1], BaseException)
    if isinstance(ends[0], BaseException):
        assert isinstance(ends[0], WithdrawalTooLate)
        assert await statuses(scene) == []
    else:
        assert await statuses(scene) == ["OVERTAKEN"]
    assert (await scene.filed.case()).withdraw_requested_at is None


@pytest.mark.requirement("超权限/超时限/逆程序")
async def test_nobody_withdraws_for_the_applicant(world: World) -> None:
    scene = await open_scene(world)
    for confirmed, reason in ((True, None), (False, "已经登簿。")):
        async with scene.alarmed(WithdrawalNotRequested, AlertKind.OVERREACH):
            await scene.tell(ANSWERED, confirmed=confirmed, reason=reason)


async def test_a_request_may_be_taken_back(world: World) -> None:
    scene = await open_scene(world)
    await request(scene)
    taken = await take_back(scene)
    assert taken.status == "TAKEN_BACK"
    assert await take_back(scene) == taken
    assert (await scene.filed.case()).withdraw_requested_at is None
    assert await kinds(scene) == ["ACCEPTED", "WITHDRAW_REQUEST", "WITHDRAW_TAKEN_BACK"]
    # The back-office may have been about to confirm: no fault of its own, so no alert.
    async with refused(world, WithdrawalTakenBack):
        await scene.tell(ANSWERED, confirmed=True)
    assert await world.rows("monitor_alerts") == []
    assert (await scene.acknowledge())["withdrawal"]["status"] == "OPEN"
    assert (await scene.acknowledge())["withdrawal"]["status"] == "TAKEN_BACK"
    await request(scene)
    assert (await scene.tell(ANSWERED, confirmed=True)).state == "WITHDRAWN"


async def test_what_was_answered_or_never_asked_is_not_taken_back(world: World) -> None:
    scene = await open_scene(world)
    async with refused(world, NoWithdrawalOpen):
        await take_back(scene)
    await request(scene)
    await scene.tell(ANSWERED, confirmed=False, reason="已经登簿。")
    async with refused(world, NoWithdrawalOpen):
        await take_back(scene)


@pytest.mark.parametrize("state", ["SUSPENDED", "ORIGINALS_CHECK", "ORIGINALS_SUPPLEMENT"])
async def test_it_is_possible_until_the_decision(world: World, state: str) -> None:
    scene = await open_scene(world)
    await Case.filter(id=scene.filed.case_id).update(state=State[state])
    await request(scene)
    assert (await scene.tell(ANSWERED, confirmed=True)).state == "WITHDRAWN"


async def test_before_acceptance_nothing_is_requested(world: World) -> None:
    """T46 withdraws at once then."""
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM10")
    for _ in range(2):
        async with refused(world, StepNotAllowed):
            await world.ctx.withdrawals.request(who, filed.case_id, uuid4().hex)
        if (await filed.case()).state is State.DRAFT:
            await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)


async def test_somebody_elses_case_is_unknown(world: World) -> None:
    scene = await open_scene(world)
    other = await make.citizen(world, make.LI)
    async with refused(world, CaseUnknown):
        await world.ctx.withdrawals.request(other, scene.filed.case_id, uuid4().hex)
    await request(scene)
    async with refused(world, CaseUnknown):
        await world.ctx.withdrawals.take_back(other, scene.filed.case_id)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({}, "/payload/confirmed"),
        ({"confirmed": False}, "/payload/reason"),
        ({"confirmed": True, "reason": "已经登簿。"}, "/payload/reason"),
    ],
)
async def test_an_answer_says_yes_or_why_not(
    world: World, said: dict[str, object], pointer: str
) -> None:
    scene = await open_scene(world)
    await request(scene)
    async with refused(world, EventIncomplete) as caught:
        await scene.tell(ANSWERED, **said)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


async def test_the_request_at_rest_and_in_the_package_names_no_reason(world: World) -> None:
    """Nobody has to say why: the package holds when it was asked, and nothing else of it."""
    scene = await open_scene(world)
    await request(scene)
    body = await scene.acknowledge()
    assert set(body["withdrawal"]) == {"status", "requested_at"}
    assert "applicant" not in json.dumps(body)


async def test_the_fourth_request_is_refused(world: World) -> None:
    scene = await open_scene(world)
    for _ in range(3):
        await request(scene)
        await take_back(scene)
    async with refused(world, WithdrawalsUsedUp) as caught:
        await request(scene)
    assert "三次" in caught.value.text
    assert await statuses(scene) == ["TAKEN_BACK"] * 3
    assert (await scene.filed.case()).withdraw_requested_at is None
