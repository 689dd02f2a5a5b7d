"""Payers: another scene, another person; one fee, one open order, one effect."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from models.payment import PaymentOrder
from models.rules.mandates import Act
from services.actors import Citizen
from services.errors import OutsideUnavailable
from services.orders import AlreadyPaid, OrderClosed, PayerElsewhere, PayerUnknown
from services.payments import USUAL, Payable, PaymentInQuestion, Payments
from services.ports import WECHAT, PayChannel
from services.tills import Choice
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.channel import money
from tests.services.mandating import offer, taken
from tests.world import World

APP, H5 = Choice(WECHAT, "APP"), Choice(WECHAT, "H5", "203.0.113.7")
CLOSE = "/v3/pay/transactions/out-trade-no"
LOSERS = (AlreadyPaid, OrderClosed, PayerElsewhere, OutsideUnavailable)


@dataclass
class Racing:
    """A channel at which something happens between its answer and its close."""

    till: PayChannel
    meanwhile: list[Payable]
    world: World

    def __getattr__(self, name: str) -> Any:
        return getattr(self.till, name)

    async def close(self, number: str) -> None:
        while self.meanwhile:
            await stages.pay(self.world, self.meanwhile.pop(), openid=make.LI)
        await self.till.close(number)


async def two(world: World) -> tuple[Filed, Citizen, Citizen]:
    """Return a case that owes a fee, and two who may pay it."""
    filed = await stages.owing(world)
    wang, li = filed.citizen, await make.citizen(world, make.LI)
    await taken(world, wang, li, offer(world, acts=[Act.PAY]))
    return filed, wang, li


async def opened(payments: Payments, who: Citizen, filed: Filed, choice: Choice = USUAL) -> Payable:
    return await payments.open_order(who, filed.case_id, uuid4().hex, choice)


async def states(world: World) -> dict[str, str]:
    """Return the state of each order at the channel."""
    listed = (await world.phone.get("/orders")).json["items"]
    return {each["out_trade_no"]: each["status"] for each in listed}


async def test_another_payer_takes_the_fee_over(world: World) -> None:
    filed, wang, li = await two(world)
    theirs = await opened(world.ctx.payments, li, filed)
    mine = await opened(world.ctx.payments, wang, filed)
    assert await states(world) == {theirs.order.number: "CLOSED", mine.order.number: "OPEN"}
    package = theirs.invocation["package"].removeprefix("prepay_id=")
    refused = await world.phone.post(f"/orders/{package}/pay", json={"openid": make.LI})
    assert refused.status == 409
    await stages.pay(world, mine)
    await world.ctx.payments.check(wang, filed.case_id)
    assert (await filed.case()).payment_status == "PAID"
    with pytest.raises(AlreadyPaid):
        await opened(world.ctx.payments, li, filed)


async def test_a_repeated_request_takes_nothing_back(world: World) -> None:
    filed, wang, li = await two(world)
    payments, key = world.ctx.payments, uuid4().hex
    await payments.open_order(li, filed.case_id, key)
    mine = await opened(payments, wang, filed)
    before = await money(world)
    with pytest.raises(OrderClosed):
        await payments.open_order(li, filed.case_id, key)
    assert await money(world) == before
    # Whoever means it asks anew.
    theirs = await opened(payments, li, filed)
    assert (await PaymentOrder.get(id=mine.order.id)).status == "CLOSED"
    assert theirs.order.payer == make.LI


async def test_what_the_first_payer_has_paid_is_not_taken_over(world: World) -> None:
    filed, wang, li = await two(world)
    await stages.pay(world, await opened(world.ctx.payments, li, filed), openid=make.LI)
    with pytest.raises(AlreadyPaid):
        await opened(world.ctx.payments, wang, filed)
    [row] = await world.rows("payment_orders")
    assert (row["payer"], row["status"]) == (make.LI, "PAID")


async def test_paid_after_the_question_and_before_the_close(world: World) -> None:
    filed, wang, li = await two(world)
    theirs = await opened(world.ctx.payments, li, filed)
    till = Racing(world.ctx.payments.tills[WECHAT], [theirs], world)
    payments = replace(world.ctx.payments, tills={WECHAT: cast("PayChannel", till)})
    with pytest.raises(AlreadyPaid):
        await opened(payments, wang, filed)
    assert till.meanwhile == []
    [row] = await world.rows("payment_orders")
    assert (row["number"], row["status"]) == (theirs.order.number, "PAID")
    assert [row["outcome"] for row in await world.rows("payment_events")] == ["SETTLED"]
    assert await world.rows("refunds") == []
    assert (await filed.case()).payment_status == "PAID"


async def test_a_close_that_nobody_answers_leaves_the_order(world: World) -> None:
    filed, wang, li = await two(world)
    theirs = await opened(world.ctx.payments, li, filed)
    before = await money(world)
    # The question is answered, the close and the question after it are not.
    fault = {"path_prefix": f"{CLOSE}/{theirs.order.number}/close", "status": 500, "times": 4}
    assert (await world.phone.post("/faults", json=fault)).status == 200
    with pytest.raises(OutsideUnavailable):
        await opened(world.ctx.payments, wang, filed)
    assert await money(world) == before
    await stages.pay(world, theirs, openid=make.LI)
    await world.ctx.payments.check(wang, filed.case_id)
    assert (await filed.case()).payment_status == "PAID"


async def test_a_payment_in_question_is_not_taken_over(world: World) -> None:
    filed, wang, li = await two(world)
    theirs = await opened(world.ctx.payments, li, filed)
    await stages.pay(world, theirs, openid=make.LI)
    await PaymentOrder.filter(id=theirs.order.id).update(amount_fen=1)
    with pytest.raises(PaymentInQuestion):
        await opened(world.ctx.payments, wang, filed)
    assert len(await world.rows("payment_orders")) == 1


async def test_who_cannot_pay_there_closes_nobodys_order(world: World) -> None:
    filed, wang, li = await two(world)
    await opened(world.ctx.payments, li, filed)
    await world.database.execute(
        "UPDATE wechat_identities SET appid = 'wx-another' WHERE account_id = $1", wang.account_id
    )
    before, there = await money(world), await states(world)
    with pytest.raises(PayerUnknown):
        await opened(world.ctx.payments, wang, filed)
    assert (await money(world), await states(world)) == (before, there)


async def test_32_taps_of_two_people_leave_one_open_order(world: World) -> None:
    filed, wang, li = await two(world)
    taps = [opened(world.ctx.payments, (wang, li)[tap % 2], filed) for tap in range(32)]
    found = await asyncio.gather(*taps, return_exceptions=True)
    wrong = [each for each in found if not isinstance(each, (Payable, *LOSERS))]
    assert wrong == []
    rows = await world.rows("payment_orders")
    [standing] = [row for row in rows if row["status"] in ("CREATED", "PAYING")]
    there = await states(world)
    closed = {row["number"] for row in rows if row["status"] == "CLOSED"}
    assert {there[number] for number in closed & there.keys()} <= {"CLOSED"}
    # One of them pays what stands, and it counts once.
    payer = wang if standing["payer"] == make.WANG else li
    last = await opened(world.ctx.payments, payer, filed)
    assert last.order.number == standing["number"]
    await stages.pay(world, last, openid=standing["payer"])
    for who in (wang, li):
        await world.ctx.payments.check(who, filed.case_id)
    assert [row["outcome"] for row in await world.rows("payment_events")].count("SETTLED") == 1
    assert await world.rows("refunds") == []


async def test_taps_while_the_other_pays_have_one_effect(world: World) -> None:
    filed, wang, li = await two(world)
    theirs = await opened(world.ctx.payments, li, filed)

    async def pay() -> None:
        await stages.pay(world, theirs, openid=make.LI, deliver=True)

    taps = [opened(world.ctx.payments, wang, filed) for _ in range(8)]
    found = await asyncio.gather(pay(), *taps, return_exceptions=True)
    paid = found[0] is None
    await world.ctx.payments.check(wang, filed.case_id)
    rows = await world.rows("payment_orders")
    live = [row["status"] for row in rows if row["status"] != "CLOSED"]
    # Either the payment was first, or the close: never both, and nothing is paid twice.
    assert live == (["PAID"] if paid else ["PAYING"])
    assert (await filed.case()).payment_status == ("PAID" if paid else "UNPAID")
    assert await world.rows("refunds") == []


async def test_an_app_and_a_browser_pay_without_wechat_login(world: World) -> None:
    filed = await stages.owing(world)
    await world.database.execute("DELETE FROM wechat_identities")
    first = await opened(world.ctx.payments, filed.citizen, filed, APP)
    assert first.order.payer == ""
    second = await opened(world.ctx.payments, filed.citizen, filed, H5)
    assert await states(world) == {first.order.number: "CLOSED", second.order.number: "OPEN"}
    assert second.invocation["url"].startswith(world.settings.wxpay_api_base)
    async with world.http.session.post(
        second.invocation["url"], data={"openid": make.LI}, allow_redirects=False
    ) as paid:
        assert paid.status == 200
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    rows = await world.rows("payment_orders")
    assert [(row["scene"], row["status"]) for row in rows] == [("APP", "CLOSED"), ("H5", "PAID")]


async def test_a_faded_address_is_made_anew_for_the_same_order(world: World) -> None:
    filed = await stages.owing(world)
    first = await opened(world.ctx.payments, filed.citizen, filed, H5)
    world.clock.advance(timedelta(minutes=6))
    second = await opened(world.ctx.payments, filed.citizen, filed, H5)
    assert second.order.number == first.order.number
    assert second.invocation["url"] != first.invocation["url"]
    form = {"openid": make.WANG}
    async with world.http.session.post(first.invocation["url"], data=form) as late:
        assert late.status == 409
    async with world.http.session.post(second.invocation["url"], data=form) as good:
        assert good.status == 200
    assert len(await states(world)) == 1


async def test_many_taps_in_a_browser_open_one_order(world: World) -> None:
    filed = await stages.owing(world)
    found = await asyncio.gather(
        *(opened(world.ctx.payments, filed.citizen, filed, H5) for _ in range(32))
    )
    assert len({each.order.number for each in found}) == 1
    assert len(await world.rows("payment_orders")) == 1
    assert len(await states(world)) == 1
