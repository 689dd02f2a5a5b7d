"""Fees paid into the treasury: the case, late money, money twice, and what anybody may post."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.payment import PaymentOrder
from services.errors import OutsideUnavailable
from services.orders import AlreadyPaid
from services.tills import Choice
from tests import make
from tests.services import flavoured, refunding, stages, treasury
from tests.services.treasury import TreasuryPen, at_treasury, state
from tests.world import World

NOTICES = "/nontax/v1/notices"


@pytest.mark.requirement("统一公共支付平台 非税")
async def test_a_fee_is_paid_at_the_cashier_and_called_back(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    payable = await treasury.opened(world, filed)
    case = await filed.case()
    notice = payable.invocation["notice"]
    assert payable.invocation["url"].endswith(f"/nontax/cashier/{notice}")
    [there] = await at_treasury(world, "notices")
    assert (there["notice_code"], there["amount_fen"]) == (notice, treasury.FEE)
    assert (there["payer_name"], there["item_name"]) == ("王建国", "不动产登记费")
    assert there["revenue_code"] == flavoured.body_of("ITEM09")["fee"]["revenue_code"]
    flow = await treasury.cash(world, payable, deliver=True)

    async def status() -> str:
        return str((await filed.case()).payment_status)

    await stages.until(status, "PAID")
    [row] = await world.rows("payment_orders")
    assert (row["channel"], row["scene"], row["status"]) == ("NONTAX", "PAGE", "PAID")
    assert (row["transaction_id"], row["prepay_id"], row["payer"]) == (flow, notice, "")
    assert (await filed.case()).state == case.state


async def test_the_bill_offers_both_ways(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    bill = await world.ctx.payments.show(filed.citizen, filed.case_id)
    assert [each.channel for each in bill.offers] == ["WECHAT", "NONTAX"]
    assert bill.offers[1].scenes == ["PAGE"]


async def test_a_payment_that_nobody_calls_back_is_found_by_asking(world: World) -> None:
    filed, _ = await treasury.registering(world)
    assert (await filed.case()).payment_status == "PAID"
    [event] = await world.rows("payment_events")
    assert (event["source"], event["outcome"]) == ("QUERY", "SETTLED")
    with pytest.raises(AlreadyPaid):
        await treasury.opened(world, filed)


async def test_an_unknown_outcome_of_the_notice_is_the_same_notice_later(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    await world.phone.post(
        "/faults", json={"path_prefix": NOTICES, "drop": True, "after": True, "times": 1}
    )
    with pytest.raises(OutsideUnavailable):
        await treasury.opened(world, filed)
    [row] = await world.rows("payment_orders")
    assert (row["status"], row["prepay_id"]) == ("CREATED", None)
    [there] = await at_treasury(world, "notices")
    payable = await treasury.opened(world, filed)
    assert payable.invocation["notice"] == there["notice_code"]
    assert len(await world.rows("payment_orders")) == 1
    assert len(await at_treasury(world, "notices")) == 1


async def test_a_notice_that_never_arrived_is_closed_and_another_made(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    await world.phone.post("/faults", json={"path_prefix": NOTICES, "drop": True, "times": 1})
    with pytest.raises(OutsideUnavailable):
        await treasury.opened(world, filed)
    world.clock.advance(timedelta(hours=2))
    payable = await treasury.opened(world, filed)
    old, new = await world.rows("payment_orders")
    assert (old["status"], new["status"]) == ("CLOSED", "PAYING")
    assert [each["order_no"] for each in await at_treasury(world, "notices")] == [
        payable.order.number
    ]


async def test_choosing_wechat_pay_cancels_the_notice_first(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    await treasury.opened(world, filed)
    await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex, Choice())
    [there] = await at_treasury(world, "notices")
    assert there["state"] == "CANCELLED"
    rows = await world.rows("payment_orders")
    assert [(row["channel"], row["status"]) for row in rows] == [
        ("NONTAX", "CLOSED"),
        ("WECHAT", "PAYING"),
    ]


async def test_a_notice_paid_meanwhile_is_honoured_instead(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    payable = await treasury.opened(world, filed)
    await treasury.cash(world, payable)
    with pytest.raises(AlreadyPaid):
        await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex, Choice())
    [row] = await world.rows("payment_orders")
    assert (row["channel"], row["status"]) == ("NONTAX", "PAID")


async def test_money_after_the_closing_goes_back_and_has_no_bill(world: World) -> None:
    """A bank began the payment before the notice was cancelled: it arrives all the same."""
    filed = await stages.reviewed(world, "ITEM09")
    payable = await treasury.opened(world, filed)
    await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex, Choice())
    await treasury.cash(world, payable, late=True)
    await world.ctx.payments.ask_order(payable.order.number)
    [refund] = await world.rows("refunds")
    assert (refund["reason"], refund["amount_fen"]) == ("SURPLUS", treasury.FEE)
    assert (await filed.case()).payment_status == "UNPAID"
    await refunding.send(world)
    await refunding.arrive(world)
    [there] = await at_treasury(world, "treasury-refunds")
    assert (there["refund_no"], there["amount_fen"]) == (refund["number"], treasury.FEE)
    [refund] = await world.rows("refunds")
    assert (refund["status"], refund["channel_refund_id"]) == ("PAID", there["refund_id"])
    await treasury.bill(world)
    assert await world.rows("fiscal_bills") == []
    assert await at_treasury(world, "fiscal-bills") == []


async def test_a_callback_that_comes_often_settles_once(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    order, pen = (await treasury.opened(world, filed)).order, TreasuryPen(world)
    order = await PaymentOrder.get(id=order.id)
    notice = pen.notice(order)
    assert [await pen.deliver(pen.paid(notice, number="told-1")) for _ in range(3)] == [204] * 3
    settled = await state(world)
    assert len(await world.rows("payment_events")) == 1
    assert (await filed.case()).payment_status == "PAID"
    # The same payment told of anew is a second event, and no second effect.
    assert await pen.deliver(pen.paid(notice, number="told-2")) == 204
    assert [row["outcome"] for row in await world.rows("payment_events")] == [
        "SETTLED",
        "REPEATED",
    ]
    assert (await state(world))[0] == settled[0]


async def test_one_callback_sent_twice_as_it_is_is_refused_the_second_time(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    order, pen = (await treasury.opened(world, filed)).order, TreasuryPen(world)
    callback = pen.paid(pen.notice(await PaymentOrder.get(id=order.id)))
    assert await pen.deliver(callback) == 204
    settled = await state(world)
    assert await pen.deliver(callback) == 401
    assert await state(world) == settled


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": treasury.FEE - 1},
        {"amount_fen": treasury.FEE + 1},
        {"currency": "USD"},
    ],
    ids=["a-fen-less", "a-fen-more", "dollars"],
)
async def test_another_payment_than_the_ordered_one_settles_nothing(
    world: World, changes: dict[str, Any]
) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    order, pen = (await treasury.opened(world, filed)).order, TreasuryPen(world)
    order = await PaymentOrder.get(id=order.id)
    assert await pen.deliver(pen.paid(pen.notice(order, **changes))) == 204
    [event] = await world.rows("payment_events")
    assert event["outcome"] == "MISMATCH"
    assert (await filed.case()).payment_status == "UNPAID"
    assert (await PaymentOrder.get(id=order.id)).status == "PAYING"
    assert await world.rows("refunds") == []


async def test_the_treasury_says_nothing_of_orders_at_wechat_pay(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    pen = TreasuryPen(world)
    notice = pen.notice(payable.order, notice_code="51149926000000000001")
    assert await pen.deliver(pen.paid(notice)) == 204
    [event] = await world.rows("payment_events")
    assert event["outcome"] == "MISMATCH"
    assert (await filed.case()).payment_status == "UNPAID"


SOUPS: dict[str, dict[str, str]] = {
    "unit": {"X-Unit-Code": "511499002"},
    "stamp": {"X-Timestamp": "9" * 300},
    "old": {"X-Timestamp": "1000000000"},
    "nonce": {"X-Nonce": "n" * 1500},
    "signature": {"X-Signature": "0" * 64},
    "words": {"X-Signature": "签名".encode().decode("latin-1")},
    "wechats": {"X-Signature": "", "Wechatpay-Signature": "AAAA", "Wechatpay-Serial": "x"},
}


@pytest.mark.parametrize("soup", SOUPS.values(), ids=SOUPS.keys())
async def test_a_stranger_is_turned_away_at_once(world: World, soup: dict[str, str]) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    order, pen = (await treasury.opened(world, filed)).order, TreasuryPen(world)
    before, jobs = await state(world), await world.jobs()
    body = pen.paid(pen.notice(await PaymentOrder.get(id=order.id))).body
    for sent in (body, b"", b"{}", b"[" * 20_000, b"\xff" * 100):
        assert await pen.deliver(pen.signed(sent, **soup)) == 401
    assert await state(world) == before
    assert await world.jobs() == jobs
    # Nobody was asked anything: the order's own notice is all that the platform heard of.
    [there] = await at_treasury(world, "notices")
    assert there["state"] == "UNPAID"


async def test_a_callback_of_64_kilobytes_is_too_large(world: World) -> None:
    before = await state(world)
    answer = await world.http.post(treasury.PATH, data=b"x" * (64 * 1024 + 1))
    assert (answer.status, answer.json["code"]) == (413, "too_large")
    assert await state(world) == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\x00\xff", b"[" * 10_000, b'{"id": 1}'], ids=range(5)
)
async def test_no_odd_body_is_our_fault_even_when_it_is_signed(world: World, body: bytes) -> None:
    pen = TreasuryPen(world)
    assert await pen.deliver(pen.signed(body)) == 401
    assert await world.rows("payment_events") == []


async def test_the_phone_pays_over_http(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/payment"
    answer = await world.http.post(
        path, token=token, key=uuid4().hex, json={"channel": "NONTAX", "scene": "PAGE"}
    )
    assert answer.status == 200, answer.body
    assert answer.json["order"]["channel"] == "NONTAX"
    notice = answer.json["invocation"]["notice"]
    assert answer.json["invocation"]["url"].endswith(notice)
    await world.phone.post(f"/notices/{notice}/pay", json={"deliver": False})
    assert (await world.http.post(f"{path}/check", token=token)).json["status"] == "PAID"
    await treasury.bill(world)
    shown = (await world.http.get(path, token=token)).json
    [there] = await at_treasury(world, "fiscal-bills")
    [bill] = shown["bills"]
    assert (bill["code"], bill["number"], bill["check_code"]) == (
        there["bill_code"],
        there["bill_number"],
        there["check_code"],
    )
    assert (bill["kind"], bill["amount_fen"]) == ("BLUE", treasury.FEE)
    assert bill["issued_at"].startswith("2026-03-02T01:")
    async with world.http.session.get(bill["url"]) as page:
        assert page.status == 200
        assert bill["number"] in await page.text()
