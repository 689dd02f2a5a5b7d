"""Disorder: whatever the channel says of money, in any order and any number, one end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.payment import PaymentOrder, Refund
from models.rules.refunds import RefundState, RefundStatus, reduce
from services.ports.refunds import ChannelRefund
from services.refund_statements import RefundOutcome, RefundSource, Statement
from tests.services import refunding, stages
from tests.services.refunding import RefundPen
from tests.world import World


def said(refund: Refund, order: PaymentOrder, state: str, **changes: Any) -> ChannelRefund:
    """Return what the channel would answer of a refund."""
    answer = ChannelRefund(
        number=refund.number,
        order_number=order.number,
        state=RefundState[state],
        amount_fen=refund.amount_fen,
        total_fen=order.amount_fen,
        channel_id="50300000000202603020000000001",
        transaction_id=order.transaction_id or "4200000000202603020000000001",
        settled_at=order.created_at if state == "SUCCESS" else None,
    )
    return replace(answer, **changes)


async def opened(world: World) -> tuple[Refund, PaymentOrder]:
    filed = await refunding.rejected(world)
    refund = await Refund.get(case_id=filed.case_id)
    return refund, await PaymentOrder.get(id=refund.order_id)


@given(st.lists(st.sampled_from(RefundState), max_size=6), st.randoms())
@settings(max_examples=200, deadline=None)
def test_copies_and_order_change_nothing(said_of_it: list[RefundState], random: Any) -> None:
    shuffled = said_of_it * 3
    random.shuffle(shuffled)
    assert reduce(shuffled) is reduce(said_of_it)
    if RefundState.SUCCESS in shuffled:
        assert reduce(shuffled) is RefundStatus.PAID


ORDERS = list(permutations(["answer", "query", "abnormal", "success"]))


@pytest.mark.parametrize("order_of", ORDERS, ids="-".join)
async def test_every_order_of_statements_ends_the_same(
    world: World, order_of: tuple[str, ...]
) -> None:
    refund, order = await opened(world)
    statements = refunding.use_case(world).statements
    heard = {
        "answer": Statement.asked(RefundSource.ANSWER, said(refund, order, "PROCESSING"), "WECHAT"),
        "query": Statement.asked(RefundSource.QUERY, said(refund, order, "SUCCESS"), "WECHAT"),
        "abnormal": Statement(
            "EV-A", RefundSource.CALLBACK, said(refund, order, "ABNORMAL"), "WECHAT"
        ),
        "success": Statement(
            "EV-S", RefundSource.CALLBACK, said(refund, order, "SUCCESS"), "WECHAT"
        ),
    }
    for name in (*order_of, *order_of):
        assert await statements.record(heard[name]) is RefundOutcome.COUNTED
    row = await Refund.get(id=refund.id)
    assert (row.status, row.paid_at) == ("PAID", order.created_at)
    assert row.channel_refund_id == "50300000000202603020000000001"
    [case] = await world.rows("cases")
    assert case["payment_status"] == "REFUNDED"
    assert len(await world.rows("refund_events")) == 4
    # Whoever heard of the trouble hears of its end, and nobody is told twice that money came.
    told = [payload for name, payload in await world.jobs() if name == "refund.tell"]
    assert [each["status"] for each in told].count("PAID") == 1
    open_alerts = [row for row in await world.rows("monitor_alerts") if row["resolved_at"] is None]
    assert open_alerts == []


async def test_32_copies_of_a_callback_at_once_have_one_effect(world: World) -> None:
    refund, order = await opened(world)
    pen = RefundPen(world)
    callback = pen.refund_callback(pen.refund(refund, order), number="EV-1")
    answers = await asyncio.gather(*(pen.deliver(callback) for _ in range(32)))
    assert answers == [204] * 32
    [event] = await world.rows("refund_events")
    assert (event["event_id"], event["source"], event["outcome"]) == ("EV-1", "CALLBACK", "COUNTED")
    assert (await Refund.get(id=refund.id)).status == "PAID"
    told = [payload for name, payload in await world.jobs() if name == "refund.tell"]
    assert [each["status"] for each in told].count("PAID") == 1


async def test_success_told_again_with_another_hour_moves_nothing(world: World) -> None:
    refund, order = await opened(world)
    statements = refunding.use_case(world).statements
    later = order.created_at + timedelta(days=1)
    for number, hour in (("EV-1", order.created_at), ("EV-2", later)):
        word = said(refund, order, "SUCCESS")
        told = Statement(number, RefundSource.CALLBACK, word, "WECHAT")
        told = replace(told, refund=replace(told.refund, settled_at=hour))
        assert await statements.record(told) is RefundOutcome.COUNTED
    assert (await Refund.get(id=refund.id)).paid_at == order.created_at


async def test_32_copies_of_an_unknown_refund_are_one_row(world: World) -> None:
    refund, order = await opened(world)
    pen = RefundPen(world)
    strange = pen.refund(refund, order, out_refund_no="made-by-hand-0001")
    before = await refunding.state(world)
    callback = pen.refund_callback(strange, number="EV-1")
    answers = await asyncio.gather(*(pen.deliver(callback) for _ in range(32)))
    assert answers == [204] * 32
    [event] = await world.rows("refund_events")
    assert (event["refund_id"], event["outcome"]) == (None, "UNKNOWN_REFUND")
    after = await refunding.state(world)
    assert after[:6] == before[:6]


WRONG: dict[str, dict[str, Any]] = {
    "merchant": {"mchid": "1900000001"},
    "order": {"out_trade_no": "20260302anothersorder"},
    "transaction": {"transaction_id": "4200000000202603029999999999"},
    "amount": {"amount": {"total": 8000, "refund": 7999}},
    "total": {"amount": {"total": 8001, "refund": 8000}},
}


@pytest.mark.parametrize("field", WRONG)
async def test_a_statement_that_does_not_fit_counts_nothing(world: World, field: str) -> None:
    refund, order = await opened(world)
    pen = RefundPen(world)
    before = await refunding.state(world)
    callback = pen.refund_callback(pen.refund(refund, order, **WRONG[field]))
    assert await pen.deliver(callback) == 204
    [event] = await world.rows("refund_events")
    assert event["outcome"] == "MISMATCH"
    [alert] = [row for row in await world.rows("monitor_alerts") if row["resolved_at"] is None]
    assert (alert["code"], alert["case_id"]) == ("refund_mismatch", refund.case_id)
    after = await refunding.state(world)
    assert after[:6] == before[:6]


async def test_two_refunds_never_share_one_of_the_channel(world: World) -> None:
    refund, order = await opened(world)
    statements = refunding.use_case(world).statements
    first = said(refund, order, "PROCESSING")
    await statements.record(Statement("EV-1", RefundSource.CALLBACK, first, "WECHAT"))
    other = replace(first, channel_id="50300000000202603020000000002")
    outcome = await statements.record(Statement("EV-2", RefundSource.CALLBACK, other, "WECHAT"))
    assert outcome is RefundOutcome.MISMATCH


BEFORE = list(permutations(["paid", "paid again", "close", "query"]))


@pytest.mark.parametrize("order_of", BEFORE, ids="-".join)
async def test_a_payment_that_meets_the_end_of_its_case_goes_back_once(
    world: World, order_of: tuple[str, ...]
) -> None:
    """The citizen has paid and withdraws before we hear of it: whatever is heard when."""
    filed = await stages.reviewed(world, "ITEM11")
    payments = world.ctx.payments
    payable = await payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    paid = await stages.pay(world, payable)
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    pen = RefundPen(world)
    trade = pen.trade(payable.order, transaction_id=paid["transaction_id"])

    async def hear(number: str, state: str = "SUCCESS") -> None:
        callback = pen.callback({**trade, "trade_state": state}, number=number)
        await payments.callback("WECHAT", callback.headers, callback.body)

    acts: dict[str, Callable[[], Awaitable[object]]] = {
        "paid": lambda: hear("EV-1"),
        "paid again": lambda: hear("EV-2"),
        "close": lambda: payments.orders.close(payable.order),
        "query": lambda: payments.ask(filed.case_id, close=True),
    }
    for name in order_of:
        await acts[name]()
    await refunding.send(world)
    await refunding.arrive(world)
    [refund] = await world.rows("refunds")
    assert (refund["status"], refund["reason"]) == ("PAID", "SURPLUS")
    [there] = await refunding.at_channel(world)
    assert (there["amount_fen"], there["status"]) == (payable.order.amount_fen, "SUCCESS")
    assert (await filed.case()).payment_status == "UNPAID"
    # What comes later changes nothing any more.
    before = [await world.rows(table) for table in ("cases", "refunds", "payment_orders")]
    for number in ("EV-1", "EV-2", "EV-3"):
        await hear(number)
        await hear(f"{number}-R", "REFUND")
    await refunding.send(world)
    await payments.ask(filed.case_id, close=True)
    assert [await world.rows(table) for table in ("cases", "refunds", "payment_orders")] == before
    assert len(await refunding.at_channel(world)) == 1
