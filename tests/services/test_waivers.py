"""Waivers: on published grounds only, decided by the unit that charges, with one effect."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.case import CaseEvent, ClockInstance
from models.handoff import HandoffPackage
from models.notice import Notice
from models.payment import Fee, PaymentOrder, Refund, Waiver
from models.rules.events import Role
from services.access import CaseUnknown
from services.errors import Problem
from services.fees import WaiverNotPublished
from services.orders import NothingToPay
from services.packages import PURPOSE
from services.payments import PaymentInQuestion
from services.refund_requests import NothingToRefund
from services.transitions import StepNotYours
from services.waiver_desk import WaiverDecided
from services.waiver_rows import NothingToWaive
from services.waivers import WaiverMissing, WaiverUnderWay
from tests import make
from tests.make import Filed
from tests.services import refunding, stages, waiving
from tests.services.channel import Pen
from tests.services.flavoured import told
from tests.services.waiving import CARD_FEE, GROUND, ask, granted, state, unit
from tests.world import World


async def card(world: World) -> Filed:
    """Return a case that is accepted when its 10.00 yuan are paid or waived (ITEM11)."""
    return await stages.reviewed(world, "ITEM11")


async def opened(world: World, filed: Filed) -> Any:
    return await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)


async def last_package(world: World, filed: Filed) -> dict[str, Any]:
    package = await HandoffPackage.filter(case_id=filed.case_id).order_by("-seq").first()
    assert package is not None
    body: dict[str, Any] = json.loads(world.ctx.materials.crypto.open(package.sealed, PURPOSE))
    return body


async def timeline(world: World, filed: Filed) -> list[str]:
    shown = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    return [each.text for each in shown.timeline]


async def unpaid(world: World, filed: Filed) -> list[str]:
    """Return the kinds of the notices that are issued: none says that money arrived (N10)."""
    await stages.do(world, "notice.issue")
    notices = Notice.filter(case_id=filed.case_id)
    kinds = [each.kind for each in await notices]
    assert "N10" not in kinds
    assert not await notices.filter(digest=None).exists()
    return kinds


async def unchanged(world: World, problem: type[Problem], act: Awaitable[object]) -> None:
    before = await state(world)
    with pytest.raises(problem):
        await act
    assert await state(world) == before


async def test_a_granted_waiver_accepts_as_a_payment_does(world: World) -> None:
    filed = await card(world)
    waiver = await ask(world, filed)
    assert (await filed.case()).state == "AWAIT_PREPAYMENT"
    world.clock.advance(timedelta(minutes=1))
    officer = await unit(world, filed)
    shown = await world.ctx.waiver_desk.grant(officer, waiver.id)
    assert (shown.status, shown.amount_fen, shown.ground) == ("GRANTED", 0, GROUND)
    case = await filed.case()
    assert (case.state, case.payment_status) == ("ACCEPTED", "WAIVED")
    fee = await Fee.get(case_id=case.id)
    assert (fee.amount_fen, fee.waived_by, fee.settled_at) == (0, GROUND, world.clock.now())
    assert [line["amount_fen"] for line in fee.breakdown] == [CARD_FEE]
    assert not await ClockInstance.exists(case_id=case.id, name="PAY_CASE", stopped_at=None)
    step = await CaseEvent.get(case_id=case.id, event="payment_confirmed")
    assert (step.row, step.at, step.data["waiver"]) == ("T19", world.clock.now(), GROUND)
    assert step.data["signer"] == {"id": str(officer.id), "unit": officer.unit}
    package = await last_package(world, filed)
    assert package["kind"] == "ACCEPTED"
    assert (package["payment"]["waived"], package["payment"]["amount_fen"]) == (True, 0)
    assert "费用已经减免,不用缴费" in await told(world)
    assert "N04" in await unpaid(world, filed)
    assert (await timeline(world, filed))[-2:] == [
        "已经申请减免费用(残疾人),等收费的部门核对。",
        "费用已经减免(残疾人),不用缴费。",
    ]


async def test_after_acceptance_the_back_office_is_told_and_may_approve(world: World) -> None:
    await waiving.waivable(world, "AFTER_ACCEPTANCE")
    filed = await stages.reviewed(world)
    assert (await filed.case()).payment_status == "UNPAID"
    await granted(world, filed)
    case = await filed.case()
    assert (case.state, case.payment_status) == ("ACCEPTED", "WAIVED")
    package = await last_package(world, filed)
    assert (package["kind"], package["payment"]["waived"]) == ("PAYMENT", True)
    assert [fee["amount_fen"] for fee in package["payment"]["fees"]] == [0]
    # No step was taken, and the citizen reads it all the same.
    assert (await timeline(world, filed))[-1] == "费用已经减免(残疾人),不用缴费。"
    # A measurement told with the decision does not make it a debt again.
    await stages.decided(world, filed, fee={"area_m2": 99, "surface_type": "沥青"})
    assert (await filed.case()).decision == "APPROVED"
    assert (await Fee.get(case_id=case.id)).amount_fen == 0


async def test_after_the_decision_the_result_goes_its_way(world: World) -> None:
    await waiving.waivable(world, "AFTER_DECISION")
    filed = await stages.owing(world)
    assert (await filed.case()).state == "AWAIT_PAYMENT"
    await granted(world, filed)
    case = await filed.case()
    assert (case.state, case.payment_status) == ("RESULT_READY", "WAIVED")
    await unpaid(world, filed)


async def test_an_open_order_is_closed_at_its_channel(world: World) -> None:
    filed = await card(world)
    await opened(world, filed)
    await granted(world, filed)
    await stages.do(world, "payment.sweep")
    assert (await PaymentOrder.get(case_id=filed.case_id)).status == "CLOSED"
    [there] = (await world.phone.get("/orders")).json["items"]
    assert there["status"] == "CLOSED"
    await unchanged(world, NothingToPay, opened(world, filed))


async def test_what_was_paid_meanwhile_goes_back_by_itself(world: World) -> None:
    """Paid on the phone while the waiver was decided, heard of when the order is to be closed."""
    filed = await card(world)
    payable = await opened(world, filed)
    waiver = await ask(world, filed)
    await stages.pay(world, payable)
    await world.ctx.waiver_desk.grant(await unit(world, filed), waiver.id)
    await stages.do(world, "payment.sweep")
    assert [row["outcome"] for row in await world.rows("payment_events")] == ["SURPLUS"]
    [refund] = await Refund.all()
    assert (refund.reason, refund.track, refund.amount_fen) == ("SURPLUS", "AUTOMATIC", CARD_FEE)
    await refunding.send(world)
    await refunding.arrive(world)
    assert (await Refund.get(id=refund.id)).status == "PAID"
    case = await filed.case()
    assert (case.state, case.payment_status) == ("ACCEPTED", "WAIVED")
    again = world.ctx.refund_requests.request(filed.citizen, case.id, "还要退", uuid4().hex)
    await unchanged(world, NothingToRefund, again)


async def test_a_surplus_sent_once_more_leaves_the_case_waived(world: World) -> None:
    filed = await card(world)
    payable = await opened(world, filed)
    await stages.pay(world, payable)
    await granted(world, filed)
    await stages.do(world, "payment.sweep")
    [refund] = await Refund.all()
    await Refund.filter(id=refund.id).update(status="ABNORMAL")
    await world.ctx.refund_desk.retry(await unit(world, filed), refund.id)
    assert (await filed.case()).payment_status == "WAIVED"


async def test_grants_and_payments_at_once_have_one_effect(world: World) -> None:
    filed = await card(world)
    payable = await opened(world, filed)
    waiver = await ask(world, filed)
    pen, officer = Pen(world), await unit(world, filed)
    paid = pen.callback(pen.trade(payable.order))
    acts: list[Awaitable[object]] = []
    for _ in range(16):
        acts += [world.ctx.waiver_desk.grant(officer, waiver.id), pen.deliver(paid)]
    answers = await asyncio.gather(*acts, return_exceptions=True)
    failed = [each for each in answers if isinstance(each, BaseException)]
    assert {type(each) for each in failed} <= {WaiverDecided}
    case, fee = await filed.case(), await Fee.get(case_id=filed.case_id)
    assert case.state == "ACCEPTED"
    assert await CaseEvent.filter(case_id=case.id, event="payment_confirmed").count() == 1
    assert await HandoffPackage.filter(case_id=case.id).count() == 1
    [outcome] = [row["outcome"] for row in await world.rows("payment_events")]
    ended = (await Waiver.get(id=waiver.id)).status
    if outcome == "SETTLED":
        assert (case.payment_status, fee.amount_fen, fee.waived_by) == ("PAID", CARD_FEE, None)
        assert (ended, len(failed), await Refund.all().count()) == ("OVERTAKEN", 16, 0)
    else:
        assert (outcome, case.payment_status, fee.amount_fen) == ("SURPLUS", "WAIVED", 0)
        assert (ended, len(failed), await Refund.all().count()) == ("GRANTED", 15, 1)


async def test_requests_at_once_are_one(world: World) -> None:
    filed = await card(world)
    acts = [ask(world, filed) for _ in range(32)]
    answers = await asyncio.gather(*acts, return_exceptions=True)
    assert sum(isinstance(each, Waiver) for each in answers) == 1
    assert sum(isinstance(each, WaiverUnderWay) for each in answers) == 31
    assert len(await world.rows("fee_waivers")) == 1


async def test_a_repeated_request_is_one(world: World) -> None:
    filed = await card(world)
    first, again = [await ask(world, filed, key="k" * 16) for _ in range(2)]
    assert first.id == again.id
    assert len(await world.rows("fee_waivers")) == 1
    await unchanged(world, WaiverUnderWay, ask(world, filed))


async def test_a_refusal_is_told_and_the_fee_stays(world: World) -> None:
    filed = await card(world)
    waiver, officer = await ask(world, filed), await unit(world, filed)
    money = ("cases", "case_events", "fees", "clock_instances", "handoff_packages")
    before = [await world.rows(table) for table in money]
    shown = await world.ctx.waiver_desk.refuse(officer, waiver.id, "残疾人证已经过期。")
    assert (shown.status, shown.refusal) == ("REFUSED", "残疾人证已经过期。")
    assert [await world.rows(table) for table in money] == before
    assert "减免没有批准,请看理由" in await told(world)
    said = "减免没有批准(残疾人)。理由:残疾人证已经过期。"
    assert (await timeline(world, filed))[-1] == said
    row = await Waiver.get(id=waiver.id)
    assert (row.decided_by, row.decided_at) == (str(officer.id), world.clock.now())
    for act in (
        world.ctx.waiver_desk.grant(officer, waiver.id),
        world.ctx.waiver_desk.refuse(officer, waiver.id, "再看一次"),
    ):
        await unchanged(world, WaiverDecided, act)
    # Another ground may still hold.
    assert (await ask(world, filed, waiving.OTHER)).status == "OPEN"


async def test_what_is_taken_back_is_not_decided(world: World) -> None:
    filed = await card(world)
    waiver, officer = await ask(world, filed), await unit(world, filed)
    await world.ctx.waivers.take_back(filed.citizen, filed.case_id)
    assert (await Waiver.get(id=waiver.id)).status == "TAKEN_BACK"
    assert (await world.ctx.waiver_desk.list(officer)).waivers == []
    await unchanged(world, WaiverDecided, world.ctx.waiver_desk.grant(officer, waiver.id))
    back = world.ctx.waivers.take_back(filed.citizen, filed.case_id)
    await unchanged(world, WaiverMissing, back)


async def test_a_payment_overtakes_what_was_asked(world: World) -> None:
    filed = await card(world)
    waiver, officer = await ask(world, filed), await unit(world, filed)
    await refunding.paid(world, filed)
    assert (await Waiver.get(id=waiver.id)).status == "OVERTAKEN"
    assert (await filed.case()).payment_status == "PAID"
    await unchanged(world, WaiverDecided, world.ctx.waiver_desk.grant(officer, waiver.id))
    await unchanged(world, NothingToWaive, ask(world, filed))


@pytest.mark.requirement("严防乱收费")
async def test_no_other_ground_and_nobody_else(world: World) -> None:
    filed = await card(world)
    await unchanged(world, WaiverNotPublished, ask(world, filed, "熟人"))
    other = Filed(await make.citizen(world, make.LI), filed.case_id, filed.item)
    await unchanged(world, CaseUnknown, ask(world, other))
    waiver = await ask(world, filed)
    await unchanged(world, CaseUnknown, world.ctx.waivers.take_back(other.citizen, filed.case_id))
    stranger = await make.officer(world, (Role.DEPT,), item="ITEM01")
    assert (await world.ctx.waiver_desk.list(stranger)).waivers == []
    with pytest.raises(WaiverMissing):
        await world.ctx.waiver_desk.grant(stranger, waiver.id)
    window = await make.officer(world, (Role.WINDOW,))
    await unchanged(world, StepNotYours, world.ctx.waiver_desk.grant(window, waiver.id))
    [waiting] = (await world.ctx.waiver_desk.list(await unit(world, filed))).waivers
    assert (waiting.id, waiting.amount_fen) == (waiver.id, CARD_FEE)
    assert (await filed.case()).payment_status == "UNPAID"


async def test_a_case_that_owes_nothing_has_nothing_to_waive(world: World) -> None:
    accepted = await make.accepted(world, await make.citizen(world))
    await unchanged(world, NothingToWaive, ask(world, accepted))


async def test_money_in_question_comes_first(world: World) -> None:
    filed = await card(world)
    payable, pen = await opened(world, filed), Pen(world)
    odd = {"total": CARD_FEE - 1, "currency": "CNY"}
    await pen.deliver(pen.callback(pen.trade(payable.order, amount=odd)))
    await unchanged(world, PaymentInQuestion, ask(world, filed))


async def test_a_case_that_ended_leaves_nothing_to_decide(world: World) -> None:
    filed = await card(world)
    waiver, officer = await ask(world, filed), await unit(world, filed)
    clock = await ClockInstance.get(case_id=filed.case_id, name="PAY_CASE", stopped_at=None)
    world.clock.at = clock.due_at + timedelta(minutes=1)
    await world.parts.schedules["timers"][1]()
    assert (await filed.case()).state == "WITHDRAWN_DEEMED"
    assert (await world.ctx.waiver_desk.list(officer)).waivers == []
    await unchanged(world, NothingToWaive, world.ctx.waiver_desk.grant(officer, waiver.id))
    bill = await world.ctx.payments.show(filed.citizen, filed.case_id)
    assert bill.waiver is not None
    assert bill.waiver.status == "OVERTAKEN"
