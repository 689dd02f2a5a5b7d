"""What is told again of a settled fee is kept by one statement; what differs is looked at."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from models.payment import PaymentOrder
from tests.services import stages
from tests.services.channel import Pen, money
from tests.world import World

WAITS = """
SELECT EXISTS (SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock')"""
AS_ANOTHER_TELLS = """
INSERT INTO payment_events (id, order_id, source, event_id, settlement, outcome, at)
VALUES (gen_random_uuid(), $1, 'QUERY', 'EV-2', 'PAID', 'REPEATED', now())"""

Settled = tuple[Pen, PaymentOrder, dict[str, Any]]


async def settled(world: World) -> Settled:
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    pen = Pen(world)
    trade = pen.trade(payable.order)
    assert await pen.deliver(pen.callback(trade, number="EV-1")) == 204
    return pen, payable.order, trade


async def told(world: World) -> list[tuple[str, str]]:
    found = await world.rows("payment_events")
    return sorted((row["event_id"], row["outcome"]) for row in found)


async def test_it_is_kept_by_one_statement(world: World) -> None:
    pen, order, trade = await settled(world)
    with world.statements() as seen:
        assert await pen.deliver(pen.callback(trade, number="EV-2")) == 204
    assert len(seen) == 1
    assert await told(world) == [("EV-1", "SETTLED"), ("EV-2", "REPEATED")]
    [kept] = [row for row in await world.rows("payment_events") if row["event_id"] == "EV-2"]
    assert (kept["order_id"], kept["source"], kept["settlement"]) == (order.id, "CALLBACK", "PAID")
    assert (kept["transaction_id"], kept["amount_fen"]) == (
        trade["transaction_id"],
        order.amount_fen,
    )


async def test_the_same_thing_told_again_is_one_event(world: World) -> None:
    pen, _, trade = await settled(world)
    before = await money(world)
    copies = [pen.callback(trade, number="EV-1") for _ in range(8)]
    assert set(await asyncio.gather(*map(pen.deliver, copies))) == {204}
    assert await money(world) == before


async def test_many_copies_at_once_are_one_event(world: World) -> None:
    pen, _, trade = await settled(world)
    copies = [pen.callback(trade, number="EV-2") for _ in range(32)]
    assert set(await asyncio.gather(*map(pen.deliver, copies))) == {204}
    assert await told(world) == [("EV-1", "SETTLED"), ("EV-2", "REPEATED")]


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"amount": {"total": 1, "currency": "CNY"}}, "MISMATCH"),
        ({"amount": {"total": stages.DIGGING_FEE, "currency": "USD"}}, "MISMATCH"),
        ({"payer": {"openid": "wxsandbox-somebody-else"}}, "MISMATCH"),
        ({"appid": "wxsandboxanother"}, "MISMATCH"),
        ({"mchid": "wxsandbox0000000000"}, "MISMATCH"),
        ({"transaction_id": "4200000000000000000000000001"}, "SURPLUS"),
    ],
)
async def test_what_differs_in_anything_is_looked_at(
    world: World, changes: dict[str, Any], outcome: str
) -> None:
    pen, _, trade = await settled(world)
    assert await pen.deliver(pen.callback({**trade, **changes}, number="EV-2")) == 204
    assert await told(world) == [("EV-1", "SETTLED"), ("EV-2", outcome)]


async def test_it_waits_for_who_holds_the_order_before_it_writes(world: World) -> None:
    """Written first, it would hold its event's name while it waits for the order's row."""
    pen, order, trade = await settled(world)
    other = await asyncpg.connect(world.settings.database_url.get_secret_value())
    try:
        async with other.transaction():
            await other.execute("SELECT FROM payment_orders WHERE id = $1 FOR UPDATE", order.id)
            telling = asyncio.create_task(pen.deliver(pen.callback(trade, number="EV-2")))
            async with asyncio.timeout(10):
                while not await other.fetchval(WAITS):  # noqa: ASYNC110 - rows tell
                    await asyncio.sleep(0.01)
            await other.execute(AS_ANOTHER_TELLS, order.id)
    finally:
        await other.close()
    assert await telling == 204
    assert await told(world) == [("EV-1", "SETTLED"), ("EV-2", "REPEATED")]
