"""Settlements: what the channel says counts once, if it is the channel's and fits the order."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from models.payment import PaymentOrder
from services.errors import CallbackForged
from services.tills import Choice
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.channel import Callback, Pen, money
from tests.world import World


async def ordered(world: World) -> tuple[Filed, PaymentOrder, Pen]:
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    return filed, payable.order, Pen(world)


async def take(world: World, callback: Callback) -> None:
    await world.ctx.payments.callback("WECHAT", callback.headers, callback.body)


async def outcomes(world: World) -> list[str]:
    return [row["outcome"] for row in await world.rows("payment_events")]


async def steps(world: World, row: str) -> int:
    return [each["row"] for each in await world.rows("case_events")].count(row)


async def test_a_callback_settles(world: World) -> None:
    filed, order, pen = await ordered(world)
    trade = pen.trade(order)
    assert await pen.deliver(pen.callback(trade, number="EV-1")) == 204
    case = await filed.case()
    assert (case.state, case.payment_status) == ("RESULT_READY", "PAID")
    [row] = await world.rows("payment_orders")
    assert (row["status"], row["transaction_id"]) == ("PAID", trade["transaction_id"])
    [event] = await world.rows("payment_events")
    assert event["order_id"] == order.id
    assert (event["event_id"], event["source"]) == ("EV-1", "CALLBACK")
    assert (event["settlement"], event["outcome"]) == ("PAID", "SETTLED")
    assert (event["transaction_id"], event["amount_fen"]) == (
        trade["transaction_id"],
        stages.DIGGING_FEE,
    )


async def test_the_channels_own_callback_settles(world: World) -> None:
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await stages.pay(world, payable, deliver=True)
    await stages.until(lambda: outcomes(world), ["SETTLED"])
    assert (await filed.case()).state == "RESULT_READY"


async def test_copies_of_a_callback_at_once_count_once(world: World) -> None:
    _, order, pen = await ordered(world)
    callback = pen.callback(pen.trade(order))
    answers = await asyncio.gather(*(pen.deliver(callback) for _ in range(32)))
    assert answers == [204] * 32
    assert await outcomes(world) == ["SETTLED"]
    assert [await steps(world, row) for row in ("T31", "T34")] == [1, 1]


async def test_a_callback_again_changes_nothing(world: World) -> None:
    _, order, pen = await ordered(world)
    trade = pen.trade(order)
    for _ in range(2):
        await take(world, pen.callback(trade, number="EV-1"))
    before = await money(world)
    world.clock.advance(timedelta(days=1))
    for _ in range(12):
        await take(world, pen.callback(trade, number="EV-1"))
    assert await money(world) == before


async def test_the_same_payment_in_another_notice_is_a_repetition(world: World) -> None:
    filed, order, pen = await ordered(world)
    trade = pen.trade(order)
    await take(world, pen.callback(trade))
    await take(world, pen.callback(trade))
    assert sorted(await outcomes(world)) == ["REPEATED", "SETTLED"]
    assert await steps(world, "T31") == 1
    bill = await world.ctx.payments.check(filed.citizen, filed.case_id)
    assert bill.status == "PAID"


async def test_a_callback_and_the_sweep_at_once_count_once(world: World) -> None:
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    paid = await stages.pay(world, payable)
    pen = Pen(world)
    trade = pen.trade(payable.order, transaction_id=paid["transaction_id"])
    await asyncio.gather(
        take(world, pen.callback(trade)),
        stages.do(world, "payment.sweep"),
        world.ctx.payments.check(filed.citizen, filed.case_id),
    )
    assert (await outcomes(world)).count("SETTLED") == 1
    assert "SURPLUS" not in await outcomes(world)
    assert await steps(world, "T31") == 1


def _wrong_signature(callback: Callback) -> Callback:
    signature = bytearray(base64.b64decode(callback.headers["Wechatpay-Signature"]))
    signature[7] ^= 1
    wrong = base64.b64encode(bytes(signature)).decode()
    return replace(callback, headers={**callback.headers, "Wechatpay-Signature": wrong})


def _header(name: str, value: str) -> Any:
    return lambda callback: replace(callback, headers={**callback.headers, name: value})


FORGERIES = {
    "signature": _wrong_signature,
    "probe": _header("Wechatpay-Signature", "WECHATPAY/SIGNTEST/AAAA"),
    "serial": _header("Wechatpay-Serial", "PUB_KEY_ID_0000000000000000000000000001"),
    "timestamp": _header("Wechatpay-Timestamp", "1772413801"),
    "nonce": _header("Wechatpay-Nonce", "0" * 32),
    "body": lambda callback: replace(callback, body=callback.body + b" "),
    "empty": lambda callback: replace(callback, body=b""),
    "bare": lambda callback: replace(callback, headers={}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_callback_changes_nothing(world: World, forgery: str) -> None:
    _, order, pen = await ordered(world)
    before = await money(world)
    callback = FORGERIES[forgery](pen.callback(pen.trade(order)))
    assert await pen.deliver(callback) == 401
    with pytest.raises(CallbackForged):
        await take(world, callback)
    assert await money(world) == before


@pytest.mark.parametrize("age", [301, 86_400, -301])
async def test_a_stale_callback_changes_nothing(world: World, age: float) -> None:
    _, order, pen = await ordered(world)
    before = await money(world)
    assert await pen.deliver(pen.callback(pen.trade(order), age=age)) == 401
    assert await money(world) == before


async def test_a_callback_of_five_minutes_is_fresh(world: World) -> None:
    _, order, pen = await ordered(world)
    assert await pen.deliver(pen.callback(pen.trade(order), age=300)) == 204
    assert await outcomes(world) == ["SETTLED"]


MISMATCHES: dict[str, dict[str, Any]] = {
    "a fen less": {"amount": {"total": stages.DIGGING_FEE - 1, "currency": "CNY"}},
    "a fen more": {"amount": {"total": stages.DIGGING_FEE + 1, "currency": "CNY"}},
    "currency": {"amount": {"total": stages.DIGGING_FEE, "currency": "JPY"}},
    "merchant": {"mchid": "1900000109"},
    "appid": {"appid": "wx8888888888888888"},
    "payer": {"payer": {"openid": make.LI}},
    "no payer": {"payer": {}},
}


@pytest.mark.parametrize("field", MISMATCHES)
async def test_a_payment_that_does_not_fit_is_quarantined(world: World, field: str) -> None:
    filed, order, pen = await ordered(world)
    *before, events = await money(world)
    callback = pen.callback(pen.trade(order, **MISMATCHES[field]))
    with capture_logs() as logs:
        assert await pen.deliver(callback) == 204
        assert await pen.deliver(callback) == 204
    *after, _ = await money(world)
    assert after == before
    assert events == []
    [event] = await world.rows("payment_events")
    assert (event["outcome"], event["order_id"]) == ("MISMATCH", order.id)
    alarms = [log for log in logs if log["event"] == "payment.quarantined"]
    assert [(log["log_level"], log["order"]) for log in alarms] == [("error", order.number)]
    assert (await filed.case()).state == "AWAIT_PAYMENT"


async def test_where_anybody_may_pay_the_payer_is_no_matter_and_the_program_is(
    world: World,
) -> None:
    filed = await stages.owing(world)
    choice = Choice("WECHAT", "APP")
    found = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex, choice)
    pen, settings = Pen(world), world.settings
    assert found.order.payer == ""
    for appid in (settings.wechat_appid, settings.wxpay_h5_appid):
        await take(world, pen.callback(pen.trade(found.order, appid=appid)))
    assert await outcomes(world) == ["MISMATCH", "MISMATCH"]
    assert (await filed.case()).payment_status == "UNPAID"
    paid = pen.trade(found.order, appid=settings.wxpay_app_appid, payer={"openid": make.LI})
    await take(world, pen.callback(paid))
    assert await outcomes(world) == ["MISMATCH", "MISMATCH", "SETTLED"]
    assert (await filed.case()).payment_status == "PAID"


async def test_another_orders_transaction_does_not_fit(world: World) -> None:
    _, first, pen = await ordered(world)
    paid = pen.trade(first)
    await take(world, pen.callback(paid))
    second, other, _ = await ordered(world)
    await take(world, pen.callback(pen.trade(other, transaction_id=paid["transaction_id"])))
    assert await outcomes(world) == ["SETTLED", "MISMATCH"]
    assert (await second.case()).state == "AWAIT_PAYMENT"


async def test_a_payment_of_no_order_of_ours_is_kept(world: World) -> None:
    _, order, pen = await ordered(world)
    *before, _ = await money(world)
    trade = pen.trade(order, out_trade_no="ZB20991231unknown")
    copies = [pen.callback(trade, number="EV-9") for _ in range(8)]
    assert await asyncio.gather(*(pen.deliver(copy) for copy in copies)) == [204] * 8
    *after, _ = await money(world)
    assert after == before
    [event] = await world.rows("payment_events")
    assert (event["order_id"], event["outcome"]) == (None, "UNKNOWN_ORDER")
    assert event["transaction_id"] == trade["transaction_id"]


async def test_a_payment_of_a_closed_order_is_surplus(world: World) -> None:
    filed, old, pen = await ordered(world)
    world.clock.advance(timedelta(hours=2))
    payments = world.ctx.payments
    new = (await payments.open_order(filed.citizen, filed.case_id, uuid4().hex)).order
    late = pen.trade(old)
    await take(world, pen.callback(late))
    assert (await filed.case()).state == "AWAIT_PAYMENT"
    await take(world, pen.callback(pen.trade(new)))
    assert (await filed.case()).state == "RESULT_READY"
    before = await money(world)
    await take(world, pen.callback(late))
    *rows, _ = await money(world)
    assert rows == before[:-1]
    assert sorted(await outcomes(world)) == ["SETTLED", "SURPLUS", "SURPLUS"]
    surplus = [row for row in await world.rows("payment_events") if row["outcome"] == "SURPLUS"]
    assert {row["transaction_id"] for row in surplus} == {late["transaction_id"]}
    assert {row["amount_fen"] for row in surplus} == {stages.DIGGING_FEE}
    assert await steps(world, "T31") == 1
    statuses = {row["number"]: row["status"] for row in await world.rows("payment_orders")}
    assert statuses == {old.number: "CLOSED", new.number: "PAID"}


@pytest.mark.parametrize("state", ["NOTPAY", "CLOSED", "REFUND", "PAYERROR"])
async def test_no_later_report_undoes_a_payment(world: World, state: str) -> None:
    _, order, pen = await ordered(world)
    await take(world, pen.callback(pen.trade(order)))
    *before, _ = await money(world)
    await take(world, pen.callback(pen.trade(order, trade_state=state)))
    *after, _ = await money(world)
    assert after == before
    assert (await outcomes(world))[-1] == "NOTED"


async def test_a_payment_for_a_case_that_ended_is_kept_but_revives_nothing(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    payments, pen = world.ctx.payments, Pen(world)
    order = (await payments.open_order(filed.citizen, filed.case_id, uuid4().hex)).order
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    await take(world, pen.callback(pen.trade(order)))
    case = await filed.case()
    assert (case.state, case.payment_status) == ("WITHDRAWN", "UNPAID")
    assert await world.rows("handoff_packages") == []


async def test_a_callback_of_64_kilobytes_is_too_large(world: World) -> None:
    before = await money(world)
    answer = await world.http.post("/callbacks/wechatpay", data=b"x" * (64 * 1024 + 1))
    assert (answer.status, answer.json["code"]) == (413, "too_large")
    assert await money(world) == before


@pytest.mark.parametrize("body", [b"", b"{", b"\x00\xff", b"[" * 10_000, b'{"id": 1}'])
async def test_no_odd_body_is_our_fault(world: World, body: bytes) -> None:
    pen = Pen(world)
    answer = await world.http.post("/callbacks/wechatpay", data=body)
    assert (answer.status, answer.json["code"]) == (401, "callback_forged")
    signed = pen.signed(body)
    assert await pen.deliver(signed) == 401
