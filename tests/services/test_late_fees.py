"""A fee that nobody could compute when silence accepted: measured, told, paid, then approved."""

from typing import Any

import pytest

from models.case import Case
from models.payment import Fee
from models.rules.events import Event
from models.rules.states import State
from models.unit import run_in_transaction
from services.actors import SYSTEM
from services.events import FeeUnsettled
from tests import make
from tests.services import stages
from tests.services.backoffice import Scene, shanghai
from tests.services.flavoured import body_of, published, told
from tests.services.reviewing import refused
from tests.world import World

MEASURED = {"area_m2": 10.25, "surface_type": "水泥"}


async def _deemed(world: World) -> Scene:
    """Return a case accepted by silence whose form names a surface that has no price (沥青)."""
    body: dict[str, Any] = body_of("ITEM10")
    prices = {"水泥": 26000, "人行道": 15000}
    rule = {**body["fee"]["rules"][0], "unit_price_cent": prices}
    body["fee"] = {**body["fee"], "stage": "AFTER_ACCEPTANCE", "rules": [rule]}
    await published(world, body)
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, "key-of-the-one")
    world.clock.at = shanghai(3, 10, 0)

    async def deem() -> None:
        case = await Case.filter(id=filed.case_id).select_for_update().get()
        item = await world.ctx.items.version(case.item_version_id)
        await world.ctx.reviews.acceptance.accept(case, item, Event.DEEM_ACCEPTED, SYSTEM)

    await run_in_transaction(deem)
    machine = await make.machine(world, filed.item.agency_uscc)
    scene = Scene(world, filed, machine, str((await filed.case()).case_no))
    await scene.acknowledge()
    await scene.report(scene.started())
    return scene


async def test_the_measured_fee_is_paid_and_the_same_event_approves(world: World) -> None:
    """260 yuan a square metre of cement: 10.25 square metres are 2665.00 yuan."""
    scene = await _deemed(world)
    case_id = scene.filed.case_id
    async with refused(world, FeeUnsettled):
        await scene.report(scene.decided())
    assert not await Fee.exists(case_id=case_id)
    report = scene.decided(fee=MEASURED)
    for _ in range(2):
        with pytest.raises(FeeUnsettled):
            await scene.report(report)
    fee = await Fee.get(case_id=case_id)
    assert (fee.stage, fee.amount_fen, fee.settled_at) == ("AFTER_ACCEPTANCE", 266_500, None)
    case = await scene.filed.case()
    assert (case.state, case.payment_status) == (State.UNDER_REVIEW, "UNPAID")
    assert (case.decision, case.backoffice_seq) == (None, 1)
    # The applicant, who could not know of it, is told: once, though the event came twice.
    assert [words for words in await told(world) if "缴费" in words] == [
        "费用算好了,请缴费,缴后才能批"
    ]
    assert [name for name, _ in await world.jobs()].count("message.deliver") == 1
    payable = await world.ctx.payments.open_order(scene.filed.citizen, case_id, "key-of-the-fee")
    assert payable is not None
    await Fee.filter(id=fee.id).update(settled_at=world.clock.now())
    assert (await scene.report(report)).outcome == "applied"
    assert (await scene.filed.case()).decision == "APPROVED"
    assert await Fee.filter(case_id=case_id).count() == 1


async def test_nothing_measured_is_approved_at_once(world: World) -> None:
    scene = await _deemed(world)
    await scene.report(scene.decided(fee={"area_m2": 0, "surface_type": "水泥"}))
    assert (await scene.filed.case()).decision == "APPROVED"
    assert not [words for words in await told(world) if "缴费" in words]
