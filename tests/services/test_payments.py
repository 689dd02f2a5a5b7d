"""Payments: one open order per fee, and a payment that counts although nobody called back."""

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.account import WechatIdentity
from models.payment import PaymentOrder
from services.access import CaseUnknown
from services.errors import OutsideUnavailable
from services.events import Decision, EventType
from services.idempotency import KeyReused
from services.orders import AlreadyPaid, NothingToPay, PayerUnknown
from services.payments import Payable, PaymentInQuestion
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.channel import money
from tests.world import World

HOUR = timedelta(hours=1)
PREPAY, ORDERS = "/v3/pay/transactions/jsapi", "/v3/pay/transactions/out-trade-no"


async def order(world: World, filed: Filed, key: str | None = None) -> Payable:
    return await world.ctx.payments.open_order(filed.citizen, filed.case_id, key or uuid4().hex)


async def fault(world: World, path: str, **how: Any) -> None:
    answer = await world.phone.post("/faults", json={"path_prefix": path, **how})
    assert answer.status == 200, answer.body


async def channel_orders(world: World) -> list[dict[str, Any]]:
    """Return the channel's orders by number; it lists one entry per prepay id."""
    listed = (await world.phone.get("/orders")).json["items"]
    return list({each["out_trade_no"]: each for each in listed}.values())


async def steps(world: World, filed: Filed) -> list[str]:
    rows = await world.rows("case_events")
    return [row["row"] for row in rows if row["case_id"] == filed.case_id]


async def test_the_fee_of_a_decision_is_paid_and_the_result_goes_on(world: World) -> None:
    filed = await stages.owing(world)
    payable = await order(world, filed)
    assert re.fullmatch(r"20260302[0-9A-Za-z]{24}", payable.order.number)
    assert payable.order.amount_fen == stages.DIGGING_FEE
    assert payable.order.payer == make.WANG
    assert payable.order.expires_at == world.clock.now() + timedelta(hours=2)
    await stages.pay(world, payable)
    assert (await filed.case()).state == "AWAIT_PAYMENT", "the phone's word is no proof"
    bill = await world.ctx.payments.check(filed.citizen, filed.case_id)
    assert bill.fee is not None and bill.fee.settled_at == world.clock.now()
    assert bill.order is not None and bill.order.paid_at is not None
    assert (bill.status, bill.order.status) == ("PAID", "PAID")
    assert (await filed.case()).state == "RESULT_READY"
    assert (await steps(world, filed))[-3:] == ["T30", "T31", "T34"]


async def test_the_fee_before_acceptance_is_paid_and_the_case_is_accepted(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    assert (await filed.case()).state == "AWAIT_PREPAYMENT"
    assert await world.rows("handoff_packages") == []
    await stages.pay(world, await order(world, filed))
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    case = await filed.case()
    assert (case.state, case.accept_mode, case.payment_status) == ("ACCEPTED", "NORMAL", "PAID")
    assert case.accepted_at == world.clock.now()
    assert len(await world.rows("handoff_packages")) == 1
    assert (await steps(world, filed))[-2:] == ["T18", "T19"]


async def test_the_fee_after_acceptance_is_paid_while_the_case_goes_its_way(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    machine = await stages.handed_off(world, filed)
    before = await steps(world, filed)
    await stages.pay(world, await order(world, filed))
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    case = await filed.case()
    assert (case.state, case.payment_status) == ("UNDER_REVIEW", "PAID")
    assert await steps(world, filed) == before
    await stages.report(
        world, machine, filed, EventType.DECIDED, decision=Decision.APPROVED, document_no="1号"
    )
    assert (await filed.case()).state == "RESULT_READY"


async def test_many_taps_open_one_order(world: World) -> None:
    filed = await stages.owing(world)
    found = await asyncio.gather(*(order(world, filed) for _ in range(32)))
    assert len({payable.order.number for payable in found}) == 1
    [row] = await world.rows("payment_orders")
    assert row["status"] == "PAYING"
    assert {payable.order.prepay_id for payable in found} == {row["prepay_id"]}
    assert len(await channel_orders(world)) == 1


async def test_an_open_order_is_given_again_with_a_fresh_signature(world: World) -> None:
    filed = await stages.owing(world)
    first, key = await order(world, filed), uuid4().hex
    second = await order(world, filed, key)
    assert second.order.number == (await order(world, filed, key)).order.number
    assert second.order.number == first.order.number
    assert second.invocation["package"] == first.invocation["package"]
    assert second.invocation["nonceStr"] != first.invocation["nonceStr"]
    await stages.pay(world, second)


async def test_a_key_belongs_to_one_case(world: World) -> None:
    filed, other = await stages.owing(world), await stages.owing(world)
    key = uuid4().hex
    await order(world, filed, key)
    with pytest.raises(KeyReused):
        await order(world, other, key)
    assert [row["case_id"] for row in await world.rows("payment_orders")] == [filed.case_id]


async def test_a_lost_prepay_answer_is_asked_for_again(world: World) -> None:
    filed = await stages.owing(world)
    await fault(world, PREPAY, drop=True, after=True, times=2)
    with pytest.raises(OutsideUnavailable):
        await order(world, filed)
    [row] = await world.rows("payment_orders")
    assert (row["status"], row["prepay_id"]) == ("CREATED", None)
    payable = await order(world, filed)
    assert payable.order.number == row["number"]
    assert len(await channel_orders(world)) == 1
    await stages.pay(world, payable)


async def test_a_payment_is_heard_before_the_answer_to_the_prepay(world: World) -> None:
    filed = await stages.owing(world)
    await fault(world, PREPAY, drop=True, after=True, times=2)
    with pytest.raises(OutsideUnavailable):
        await order(world, filed)
    [listed] = await channel_orders(world)
    paid = {"openid": make.WANG, "deliver": False}
    await world.phone.post(f"/orders/{listed['prepay_id']}/pay", json=paid)
    bill = await world.ctx.payments.check(filed.citizen, filed.case_id)
    assert bill.status == "PAID"
    with pytest.raises(AlreadyPaid):
        await order(world, filed)
    assert len(await world.rows("payment_orders")) == 1


async def test_the_sweep_hears_what_no_callback_told(world: World) -> None:
    filed = await stages.owing(world)
    payable = await order(world, filed)
    await stages.pay(world, payable)
    [(name, payload)] = [job for job in await world.jobs() if job[0] == "payment.sweep"]
    assert payload == {"number": payable.order.number, "round": 0}
    assert await stages.do(world, name) == 1
    case = await filed.case()
    assert (case.state, case.payment_status) == ("RESULT_READY", "PAID")
    settled = await money(world)
    # The turn that was queued meanwhile finds everything done, and the last one follows.
    assert await stages.do(world, name) == 1
    assert await stages.do(world, name) == 0
    assert await money(world) == settled


async def test_the_sweep_goes_on_while_the_channel_is_down(world: World) -> None:
    filed = await stages.owing(world)
    await stages.pay(world, await order(world, filed))
    before = await money(world)
    await fault(world, ORDERS, status=500, times=3)
    for _ in range(3):
        assert await stages.do(world, "payment.sweep") == 1
    assert await money(world) == before
    assert await stages.do(world, "payment.sweep") == 1
    assert (await filed.case()).payment_status == "PAID"


async def test_the_worker_keeps_the_next_sweep_of_a_running_one(world: World) -> None:
    filed = await stages.owing(world)
    payable = await order(world, filed)
    await world.database.execute("DELETE FROM pgqueuer WHERE entrypoint <> 'payment.sweep'")
    await world.database.execute("UPDATE pgqueuer SET execute_after = now()")
    worker = world.parts.worker()
    running = asyncio.create_task(worker.run())
    wanted = [("payment.sweep", {"number": payable.order.number, "round": 1})]
    await stages.until(world.jobs, wanted)
    worker.stop()
    await running


async def test_an_order_that_nobody_paid_is_closed_at_its_end(world: World) -> None:
    filed = await stages.owing(world)
    first = await order(world, filed)
    world.clock.advance(2 * HOUR)
    await stages.do(world, "payment.sweep")
    assert (await PaymentOrder.get(id=first.order.id)).status == "CLOSED"
    assert [each["status"] for each in await channel_orders(world)] == ["CLOSED"]
    assert await stages.do(world, "payment.sweep") == 1
    assert await stages.do(world, "payment.sweep") == 0
    second = await order(world, filed)
    assert second.order.number != first.order.number
    await stages.pay(world, second)
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    assert (await filed.case()).payment_status == "PAID"


async def test_an_old_order_is_closed_before_a_new_one_is_opened(world: World) -> None:
    filed = await stages.owing(world)
    first = await order(world, filed)
    world.clock.advance(2 * HOUR)
    second = await order(world, filed)
    found = {each["out_trade_no"]: each["status"] for each in await channel_orders(world)}
    assert found == {first.order.number: "CLOSED", second.order.number: "OPEN"}
    statuses = {row["number"]: row["status"] for row in await world.rows("payment_orders")}
    assert statuses == {first.order.number: "CLOSED", second.order.number: "PAYING"}


async def test_a_late_success_is_honoured(world: World) -> None:
    filed = await stages.owing(world)
    await stages.pay(world, await order(world, filed))
    world.clock.advance(2 * HOUR)
    with pytest.raises(AlreadyPaid):
        await order(world, filed)
    assert len(await world.rows("payment_orders")) == 1
    assert (await filed.case()).state == "RESULT_READY"


async def test_an_old_order_stays_open_while_the_channel_says_nothing(world: World) -> None:
    filed = await stages.owing(world)
    first = await order(world, filed)
    world.clock.advance(2 * HOUR)
    await fault(world, f"{ORDERS}/{first.order.number}/close", status=500)
    with pytest.raises(OutsideUnavailable):
        await order(world, filed)
    assert (await PaymentOrder.get(id=first.order.id)).status == "PAYING"
    assert len(await world.rows("payment_orders")) == 1


async def test_an_order_that_never_reached_the_channel_is_given_up(world: World) -> None:
    filed = await stages.owing(world)
    await fault(world, PREPAY, drop=True, times=2)
    with pytest.raises(OutsideUnavailable):
        await order(world, filed)
    bill = await world.ctx.payments.check(filed.citizen, filed.case_id)
    assert bill.order is not None and bill.order.status == "CREATED"
    world.clock.advance(2 * HOUR)
    second = await order(world, filed)
    statuses = [row["status"] for row in await world.rows("payment_orders")]
    assert sorted(statuses) == ["CLOSED", "PAYING"]
    await stages.pay(world, second)


async def test_an_order_that_the_channel_opened_is_not_believed_unknown(world: World) -> None:
    filed = await stages.owing(world)
    first = await order(world, filed)
    world.clock.advance(2 * HOUR)
    await fault(world, ORDERS, status=404, code="ORDER_NOT_EXIST")
    with pytest.raises(OutsideUnavailable):
        await order(world, filed)
    assert (await PaymentOrder.get(id=first.order.id)).status == "PAYING"


async def test_an_order_in_question_waits_for_people(world: World) -> None:
    filed = await stages.owing(world)
    payable = await order(world, filed)
    await stages.pay(world, payable)
    await PaymentOrder.filter(id=payable.order.id).update(amount_fen=stages.DIGGING_FEE - 1)
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    world.clock.advance(2 * HOUR)
    before = await money(world)
    with pytest.raises(PaymentInQuestion):
        await order(world, filed)
    assert await stages.do(world, "payment.sweep") == 1
    assert await money(world) == before
    [event] = await world.rows("payment_events")
    assert event["outcome"] == "MISMATCH"
    assert (await filed.case()).state == "AWAIT_PAYMENT"


async def test_a_withdrawn_case_owes_nothing_and_its_order_is_closed(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    await order(world, filed)
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    with pytest.raises(NothingToPay):
        await order(world, filed)
    await stages.do(world, "payment.sweep")
    assert [row["status"] for row in await world.rows("payment_orders")] == ["CLOSED"]
    assert [each["status"] for each in await channel_orders(world)] == ["CLOSED"]


async def test_a_rejected_case_owes_nothing(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    await stages.decided(world, filed, Decision.REJECTED)
    with pytest.raises(NothingToPay):
        await order(world, filed)
    assert await world.rows("payment_orders") == []


async def test_a_case_without_a_fee_opens_no_order(world: World) -> None:
    filed = await stages.reviewed(world)
    with pytest.raises(NothingToPay):
        await order(world, filed)
    bill = await world.ctx.payments.show(filed.citizen, filed.case_id)
    assert (bill.status, bill.fee, bill.order) == ("NOT_REQUIRED", None, None)
    assert await world.rows("payment_orders") == []


async def test_a_paid_fee_opens_no_order(world: World) -> None:
    filed = await stages.owing(world)
    await stages.pay(world, await order(world, filed))
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    before = await money(world)
    with pytest.raises(AlreadyPaid):
        await order(world, filed)
    assert await money(world) == before


async def test_somebody_elses_case_is_unknown(world: World) -> None:
    filed = await stages.owing(world)
    other = await make.citizen(world, make.LI)
    for act in (
        world.ctx.payments.open_order(other, filed.case_id, uuid4().hex),
        world.ctx.payments.show(other, filed.case_id),
        world.ctx.payments.check(other, filed.case_id),
    ):
        with pytest.raises(CaseUnknown):
            await act
    assert await world.rows("payment_orders") == []


async def test_who_never_came_through_wechat_cannot_pay_there(world: World) -> None:
    filed = await stages.owing(world)
    await WechatIdentity.all().update(appid="wx-another-mini-program")
    with pytest.raises(PayerUnknown):
        await order(world, filed)
    assert await world.rows("payment_orders") == []
