"""Tills: an order belongs to its channel and scene, and a fee has one open order in all of them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from models.payment import PaymentOrder
from services.errors import CallbackForged, OutsideUnavailable
from services.idempotency import KeyReused
from services.orders import AlreadyPaid
from services.payments import Payable, Payments
from services.ports import NONTAX, WECHAT, Scene, Settlement
from services.settlements import Outcome, Report, Source
from services.tills import ChannelMissing, ChannelNotOffered, Choice, SceneNotOffered, event_id
from tests import make
from tests.make import Filed
from tests.services import drawer, stages
from tests.services.channel import Pen, money
from tests.world import World

TREASURY = Choice(NONTAX, Scene.PAGE.value)
BOTH = (WECHAT, NONTAX)


async def order(payments: Payments, filed: Filed, choice: Choice = TREASURY) -> Payable:
    return await payments.open_order(filed.citizen, filed.case_id, uuid4().hex, choice)


async def test_a_treasury_is_told_what_it_needs_and_pays_a_case(world: World) -> None:
    filed = await drawer.owing(world, NONTAX)
    payments, till = drawer.with_drawer(world)
    payable = await order(payments, filed)
    case, number = await filed.case(), payable.order.number
    asked = till.orders[number]
    assert (asked.payer_name, asked.case_no, asked.revenue_code) == (
        "王建国",
        case.case_no,
        "103044508",
    )
    assert (asked.amount_fen, asked.scene, asked.payer) == (stages.DIGGING_FEE, "PAGE", "")
    assert payable.invocation == {"code": number, "scene": "PAGE"}
    till.pay(number)
    await payments.callback(NONTAX, {"id": "EV-1"}, number.encode())
    assert (await filed.case()).payment_status == "PAID"
    [row] = await world.rows("payment_orders")
    assert (row["channel"], row["scene"], row["status"]) == ("NONTAX", "PAGE", "PAID")
    settled = await money(world)
    # The same said again, and the same found out by asking, change nothing.
    await payments.callback(NONTAX, {"id": "EV-1"}, number.encode())
    assert await money(world) == settled


async def test_wechat_pay_is_not_told_who_owes(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, _ = drawer.with_drawer(world)
    heard = drawer.Drawer(scenes=frozenset({"JSAPI"}))
    appid = world.settings.wechat_appid
    heard.appid_of = lambda scene: appid  # type: ignore[method-assign]
    payments = replace(payments, tills={WECHAT: heard})
    payable = await order(payments, filed, Choice())
    assert heard.orders[payable.order.number].payer_name == ""


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        pytest.param(TREASURY, ChannelNotOffered, id="channel-of-another-item"),
        pytest.param(Choice(WECHAT, "PAGE"), SceneNotOffered, id="scene-not-configured"),
        pytest.param(Choice("COINS", "PAGE"), ChannelNotOffered, id="no-such-channel"),
    ],
)
async def test_what_is_not_offered_opens_nothing(
    world: World, choice: Choice, error: type[Exception]
) -> None:
    filed = await stages.owing(world)
    payments, till = drawer.with_drawer(world)
    before = await money(world)
    with pytest.raises(error):
        await order(payments, filed, choice)
    assert (await money(world), till.orders) == (before, {})


async def test_an_offered_channel_that_is_not_installed_is_refused(world: World) -> None:
    filed = await drawer.owing(world, NONTAX)
    payments = world.ctx.payments
    payments = replace(payments, tills={WECHAT: payments.tills[WECHAT]})
    with pytest.raises(ChannelNotOffered):
        await order(payments, filed)
    with pytest.raises(ChannelNotOffered):
        await order(payments, filed, Choice())
    assert await world.rows("payment_orders") == []
    bill = await payments.show(filed.citizen, filed.case_id)
    assert bill.offers == []


async def test_a_bill_says_how_it_can_be_paid(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, _ = drawer.with_drawer(world)
    bill = await payments.show(filed.citizen, filed.case_id)
    assert [each.channel for each in bill.offers] == [WECHAT, NONTAX]
    assert bill.offers[1].scenes == ["PAGE"]


async def test_another_channel_closes_the_open_order_first(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, till = drawer.with_drawer(world)
    first = await order(payments, filed, Choice())
    second = await order(payments, filed)
    assert (await PaymentOrder.get(id=first.order.id)).status == "CLOSED"
    listed = (await world.phone.get("/orders")).json["items"]
    assert [each["status"] for each in listed] == ["CLOSED"]
    back = await order(payments, filed, Choice())
    assert till.states == {second.order.number: Settlement.CLOSED}
    assert back.order.number not in (first.order.number, second.order.number)
    assert [row["status"] for row in await world.rows("payment_orders")] == [
        "CLOSED",
        "CLOSED",
        "PAYING",
    ]


async def test_what_was_paid_in_the_first_channel_is_not_paid_in_a_second(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, till = drawer.with_drawer(world)
    await stages.pay(world, await order(payments, filed, Choice()))
    with pytest.raises(AlreadyPaid):
        await order(payments, filed)
    assert till.orders == {}
    [row] = await world.rows("payment_orders")
    assert (row["channel"], row["status"]) == (WECHAT, "PAID")
    assert (await filed.case()).payment_status == "PAID"


async def test_a_channel_that_does_not_answer_keeps_its_order(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, till = drawer.with_drawer(world)
    await order(payments, filed)
    before, till.down = await money(world), True
    with pytest.raises(OutsideUnavailable):
        await order(payments, filed, Choice())
    assert await money(world) == before
    till.down = False
    assert (await order(payments, filed, Choice())).order.channel == WECHAT


async def test_paid_between_the_question_and_the_close(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, till = drawer.with_drawer(world)
    first = await order(payments, filed)

    async def pay(number: str) -> None:
        till.pay(number)

    till.before_close = pay
    with pytest.raises(AlreadyPaid):
        await order(payments, filed, Choice())
    [row] = await world.rows("payment_orders")
    assert (row["number"], row["status"]) == (first.order.number, "PAID")
    assert (await filed.case()).payment_status == "PAID"
    assert [row["outcome"] for row in await world.rows("payment_events")] == ["SETTLED"]
    assert await world.rows("refunds") == []


async def test_a_key_belongs_to_one_choice(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, till = drawer.with_drawer(world)
    key = uuid4().hex
    await payments.open_order(filed.citizen, filed.case_id, key)
    before = await money(world)
    with pytest.raises(KeyReused):
        await payments.open_order(filed.citizen, filed.case_id, key, TREASURY)
    assert (await money(world), till.orders) == (before, {})


async def test_a_report_of_another_channel_is_a_mismatch(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, till = drawer.with_drawer(world)
    number = (await order(payments, filed)).order.number
    till.pay(number)
    said = till.said(number, appid=world.settings.wechat_appid)
    said = replace(said, merchant=world.settings.wxpay_mchid, payer=make.WANG)
    for told in (said, till.said(number)):
        report = Report(uuid4().hex, Source.CALLBACK, told, WECHAT)
        assert await payments.settlements.record(report) is Outcome.MISMATCH
    assert (await filed.case()).payment_status == "UNPAID"
    assert (await PaymentOrder.get(number=number)).status == "PAYING"


async def test_wechat_pay_cannot_settle_an_order_of_the_treasury(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, _ = drawer.with_drawer(world)
    found = (await order(payments, filed)).order
    pen = Pen(world)
    forged = pen.callback(pen.trade(found, payer={"openid": make.WANG}))
    await payments.callback(WECHAT, forged.headers, forged.body)
    assert [row["outcome"] for row in await world.rows("payment_events")] == ["MISMATCH"]
    assert (await filed.case()).payment_status == "UNPAID"


async def test_a_callback_of_no_channel_is_forged(world: World) -> None:
    filed = await stages.owing(world)
    await order(world.ctx.payments, filed, Choice())
    before = await money(world)
    with pytest.raises(CallbackForged):
        await world.ctx.payments.callback(NONTAX, {"id": "EV"}, b"{}")
    assert await money(world) == before


async def test_an_order_outlives_its_channel(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, _ = drawer.with_drawer(world)
    number = (await order(payments, filed)).order.number
    before = await money(world)
    without = replace(payments, tills={WECHAT: payments.tills[WECHAT]})
    with pytest.raises(ChannelMissing):
        await without.ask_order(number)
    world.clock.advance(timedelta(hours=3))
    await world.database.execute("DELETE FROM pgqueuer WHERE entrypoint = 'payment.sweep'")
    await without.sweep({"number": number, "round": 0})
    assert await money(world) == before
    assert "payment.sweep" in [name for name, _ in await world.jobs()]


async def test_many_taps_in_two_channels_leave_one_open_order(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, till = drawer.with_drawer(world)
    taps = [order(payments, filed, TREASURY if tap % 2 else Choice()) for tap in range(32)]
    found = await asyncio.gather(*taps, return_exceptions=True)
    assert any(isinstance(each, Payable) for each in found)
    rows = await world.rows("payment_orders")
    assert [row["status"] in ("CREATED", "PAYING") for row in rows].count(True) == 1
    at_wechat = {
        each["out_trade_no"]: each["status"]
        for each in (await world.phone.get("/orders")).json["items"]
    }
    states = {number: state.value for number, state in till.states.items()} | at_wechat
    # What is closed here cannot be paid there.
    closed = {row["number"] for row in rows if row["status"] == "CLOSED"}
    assert {states[number] for number in closed & states.keys()} <= {"CLOSED"}


async def test_a_bill_of_wechat_pay_says_nothing_of_the_treasury(world: World) -> None:
    filed = await drawer.owing(world, *BOTH)
    payments, till = drawer.with_drawer(world)
    number = (await order(payments, filed)).order.number
    till.pay(number)
    await payments.callback(NONTAX, {"id": "EV-1"}, number.encode())
    await PaymentOrder.filter(number=number).update(paid_at=world.clock.now())
    world.clock.advance(timedelta(days=1, hours=4))
    run = await world.parts.reckoning.reconciliation.run()
    assert (run.outcome, run.found, run.payments) == ("EMPTY", 0, 0)
    assert await world.rows("payment_differences") == []


@pytest.mark.parametrize("scene", ["JSAPI", "APP", "H5"])
async def test_only_what_was_paid_in_the_mini_program_is_shipped(world: World, scene: str) -> None:
    filed = await stages.owing(world)
    choice = Choice(WECHAT, scene, "203.0.113.7")
    found = (await order(world.ctx.payments, filed, choice)).order
    pen = Pen(world)
    appid = world.ctx.payments.tills[WECHAT].appid_of(scene)
    paid = pen.callback(pen.trade(found, appid=appid, payer={"openid": make.WANG}))
    assert await pen.deliver(paid) == 204
    assert (await filed.case()).payment_status == "PAID"
    queued = await world.parts.reckoning.shipping.sweep()
    assert queued == (1 if scene == "JSAPI" else 0)


def test_ids_of_two_channels_do_not_meet() -> None:
    assert event_id(WECHAT, "EV-1") == "EV-1"
    assert event_id(NONTAX, "EV-1") == "NONTAX:EV-1"
    long = {event_id(channel, end * 70) for channel in BOTH for end in "ab"}
    assert len(long) == 4
    assert all(len(each) <= 64 for each in long)
