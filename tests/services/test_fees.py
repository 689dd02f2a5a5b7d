"""Fees: what a case owes, made once, by the published rules."""

from typing import Any

import pytest

from models.case import Case
from models.unit import run_in_transaction
from services.fees import FeeUndetermined
from services.items import PublishedItem
from tests import make
from tests.services import stages
from tests.world import World


async def assess(
    world: World, item: str, measured: dict[str, Any] | None = None, **form: Any
) -> Any:
    """Assess the fee of a fresh draft; return its case, item and fee."""
    filed = await stages.drafted(world, await make.citizen(world), item, **form)
    case = await filed.case()
    found = await world.ctx.items.version(case.item_version_id)
    fee = await again(world, case, found, measured)
    return case, found, fee


async def again(
    world: World, case: Case, item: PublishedItem, measured: dict[str, Any] | None = None
) -> Any:
    fees = world.ctx.reviews.fees
    return await run_in_transaction(lambda: fees.assess(case, item, measured=measured))


async def test_a_fee_is_made_with_its_lines(world: World) -> None:
    case, item, fee = await assess(world, "ITEM09", extra_certs=2)
    assert (fee.stage, fee.amount_fen) == ("AFTER_ACCEPTANCE", 8000 + 2 * 1000)
    assert [line["amount_fen"] for line in fee.breakdown] == [8000, 2000]
    assert fee.breakdown[1] == {
        "text": "证书工本费",
        "quantity": "2",
        "unit_price_fen": 1000,
        "amount_fen": 2000,
    }
    assert fee.basis == "发改价格规〔2016〕2559号"
    assert case.payment_status == "UNPAID"
    assert (await Case.get(id=case.id)).payment_status == "UNPAID"
    assert not await world.ctx.reviews.fees.is_settled(case, item)


async def test_a_fee_is_made_once(world: World) -> None:
    case, item, fee = await assess(world, "ITEM10")
    measured = {"area_m2": 20, "surface_type": "水泥"}
    assert (await again(world, case, item, measured)).id == fee.id
    assert len(await world.rows("fees")) == 1


async def test_what_was_measured_replaces_what_was_typed(world: World) -> None:
    _, _, fee = await assess(world, "ITEM10", {"area_m2": 2.345, "surface_type": "人行道"})
    # 2.345 square metres at 150.00 yuan: 351.75
    assert fee.amount_fen == 35_175


@pytest.mark.parametrize(
    "measured",
    [
        {"area_m2": -1},
        {"area_m2": "many"},
        {"area_m2": 1e9},
        {"surface_type": "泥土"},
        {"form.area_m2": 1},
        {"road_section": "别处"},
    ],
)
async def test_a_measurement_that_gives_no_amount_is_refused(
    world: World, measured: dict[str, Any]
) -> None:
    with pytest.raises(FeeUndetermined):
        await assess(world, "ITEM10", measured)
    assert await world.rows("fees") == []
    assert (await world.rows("cases"))[0]["payment_status"] == "NOT_REQUIRED"


async def test_nothing_measured_is_nothing_to_pay(world: World) -> None:
    case, item, fee = await assess(world, "ITEM10", {"area_m2": 0})
    assert (fee.amount_fen, fee.settled_at) == (0, world.clock.now())
    assert case.payment_status == "PAID"
    assert await world.ctx.reviews.fees.is_settled(case, item)


async def test_a_free_item_has_no_fee(world: World) -> None:
    case, item, fee = await assess(world, "ITEM05")
    assert fee is None
    assert case.payment_status == "NOT_REQUIRED"
    assert await world.ctx.reviews.fees.is_settled(case, item)
    assert await world.rows("fees") == []
