"""发货信息: told once of each paid order, once more for a parcel, and never of money going back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from models.delivery import Delivery
from models.payment import PaymentOrder
from reckoning import compose_reckoning
from services.shipping import SHIP, Shipping
from tests.services import stages
from tests.services.reckoned import Day
from tests.world import World

PATH = "/wxa/sec/order/upload_shipping_info"


def shipping(world: World) -> Shipping:
    return world.parts.reckoning.shipping


async def told(world: World) -> dict[str, tuple[int, int]]:
    """Return what the platform heard: logistics type and number of uploads by transaction."""
    items = (await world.phone.get("/shipments")).json["items"]
    return {each["transaction_id"]: (each["told"][0], each["uploads"]) for each in items}


async def sweep(world: World) -> int:
    """Queue and do what is due; return how many orders were queued."""
    queued = await shipping(world).sweep()
    assert await stages.do(world, SHIP) == queued
    return queued


async def delivery(world: World, order: PaymentOrder, method: str, **columns: Any) -> None:
    await Delivery.update_or_create(
        defaults={"method": method, "updated_at": world.clock.now(), **columns},
        case_id=order.case_id,
    )


async def seen(order: PaymentOrder) -> PaymentOrder:
    return await PaymentOrder.get(id=order.id)


async def test_a_result_that_is_not_posted_is_told_at_once(world: World) -> None:
    day = await Day.begin(world)
    electronic, window = await day.paid(), await day.paid()
    await delivery(world, electronic, "ELECTRONIC")
    await delivery(world, window, "WINDOW")
    assert await sweep(world) == 2
    assert await told(world) == {
        electronic.transaction_id: (3, 1),
        window.transaction_id: (4, 1),
    }
    assert (await seen(electronic)).shipped_as == "VIRTUAL"
    assert (await seen(window)).shipped_at == world.clock.now()
    assert await sweep(world) == 0


async def test_a_parcel_is_waited_for_and_told_with_its_waybill(world: World) -> None:
    day = await Day.begin(world)
    order = await day.paid()
    await delivery(world, order, "POST", waybill="1151499000012", status="ORDERED")
    assert await sweep(world) == 1
    assert await told(world) == {}
    await delivery(world, order, "POST", posted_at=world.clock.now())
    await sweep(world)
    assert await told(world) == {order.transaction_id: (1, 1)}
    assert await sweep(world) == 0


async def test_a_parcel_that_comes_late_is_the_one_correction(world: World) -> None:
    day = await Day.begin(world)
    order = await day.paid()
    await delivery(world, order, "POST")
    world.clock.advance(timedelta(days=8))
    await sweep(world)
    assert await told(world) == {order.transaction_id: (3, 1)}
    assert await sweep(world) == 0
    world.clock.advance(timedelta(days=1))
    await delivery(world, order, "POST", waybill="1151499000012", posted_at=world.clock.now())
    assert await sweep(world) == 1
    assert await told(world) == {order.transaction_id: (1, 2)}
    kept = await seen(order)
    assert (kept.shipped_as, kept.reshipped_at) == ("EXPRESS", world.clock.now())
    assert await sweep(world) == 0


async def test_what_fails_is_told_by_a_later_sweep(world: World) -> None:
    day = await Day.begin(world)
    order = await day.paid()
    await delivery(world, order, "ELECTRONIC")
    fault = {"path_prefix": PATH, "drop": True, "after": True}
    assert (await world.phone.post("/faults", json=fault)).status == 200
    await sweep(world)
    assert (await seen(order)).shipped_at is None
    await sweep(world)
    assert (await seen(order)).shipped_at == world.clock.now()
    assert await told(world) == {order.transaction_id: (3, 1)}


async def test_a_refusal_is_an_alert_and_not_repeated(world: World) -> None:
    day = await Day.begin(world)
    order = await day.paid()
    await delivery(world, order, "ELECTRONIC")
    fault = {"path_prefix": PATH, "code": 10060004}
    assert (await world.phone.post("/faults", json=fault)).status == 200
    await sweep(world)
    kept = await seen(order)
    assert (kept.shipped_at, kept.unshippable) == (None, "10060004")
    alerts = [row for row in await world.rows("monitor_alerts") if row["case_id"] == order.case_id]
    assert [(row["code"], row["light"]) for row in alerts] == [("shipment_refused", "YELLOW")]
    assert await sweep(world) == 0
    assert await told(world) == {}


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "CLOSED"},
        {"channel": "NONTAX"},
        {"scene": "H5"},
        {"transaction_id": None},
        {"paid_at": None},
    ],
)
async def test_only_what_was_paid_in_the_mini_program_is_told(
    world: World, columns: dict[str, Any]
) -> None:
    day = await Day.begin(world)
    order = await day.paid()
    await delivery(world, order, "ELECTRONIC")
    await PaymentOrder.filter(id=order.id).update(**columns)
    assert await sweep(world) == 0
    assert await told(world) == {}


async def test_money_on_its_way_back_is_not_told(world: World) -> None:
    day = await Day.begin(world)
    back, part = await day.paid(), await day.paid()
    for order in (back, part):
        await delivery(world, order, "ELECTRONIC")
    await day.refund(back, there=False, status="SENT", paid_at=None)
    await day.refund(part, there=False, amount_fen=1)
    await sweep(world)
    assert await told(world) == {part.transaction_id: (3, 1)}


async def test_two_sweeps_queue_one_job(world: World) -> None:
    day = await Day.begin(world)
    await delivery(world, await day.paid(), "ELECTRONIC")
    await shipping(world).sweep()
    await shipping(world).sweep()
    assert len([job for job in await world.jobs() if job[0] == SHIP]) == 1


async def test_it_runs_only_where_the_category_needs_it(world: World) -> None:
    assert "shipping" not in world.parts.schedules
    needed = world.settings.model_copy(update={"wechat_shipping": True})
    desk, made = world.ctx.order_desk, world.parts.adapters
    found = compose_reckoning(needed, made, desk.payments, world.ctx.items, desk.audit)
    assert found.schedules["shipping"][0] == "*/10 * * * *"
    assert replace(found, ships=False).schedules.keys() == {"reconciliation"}
