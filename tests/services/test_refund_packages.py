"""A back-office hears of money that went back, in the order of its case, once for each refund."""

import json
from typing import Any
from uuid import uuid4

import pytest

from models.handoff import HandoffPackage
from models.payment import Refund
from services.packages import PURPOSE
from tests import make
from tests.make import Filed
from tests.services import refunding, stages
from tests.services.refunding import RefundPen
from tests.services.test_package_three import VALIDATOR
from tests.world import World


async def kinds(filed: Filed) -> list[str]:
    found = HandoffPackage.filter(case_id=filed.case_id).order_by("seq")
    return [each.kind for each in await found]


async def newest(world: World, filed: Filed) -> dict[str, Any]:
    row = await HandoffPackage.filter(case_id=filed.case_id).order_by("-seq").first()
    assert row is not None
    body: dict[str, Any] = json.loads(world.ctx.handoff.crypto.open(row.sealed, PURPOSE))
    VALIDATOR.validate(body)
    return body


@pytest.mark.requirement("严防乱收费")
async def test_a_refund_that_arrived_is_a_package_of_its_own(world: World) -> None:
    filed = await refunding.rejected(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    before = await kinds(filed)
    await refunding.send(world)
    # On its way is not back: nothing is told yet.
    assert await kinds(filed) == before
    await refunding.arrive(world)
    assert await kinds(filed) == [*before, "PAYMENT"]
    body = await newest(world, filed)
    refund = await Refund.get(case_id=filed.case_id)
    assert refund.paid_at is not None
    assert (body["kind"], body["seq"], body["materials"]) == ("PAYMENT", len(before) + 1, [])
    assert body["payment"]["status"] == "REFUNDED"
    [told] = body["payment"]["refunds"]
    assert (told["number"], told["status"]) == (refund.number, "PAID")
    assert told["amount_fen"] == refunding.REGISTRATION_FEE
    assert told["paid_at"] == refund.paid_at.isoformat()
    # What came before it is served before it.
    seqs = [(await stages.taken_over(world, machine, filed))["seq"] for _ in await waiting(filed)]
    assert seqs == sorted(seqs)
    assert seqs[-1] == len(before) + 1


async def waiting(filed: Filed) -> list[HandoffPackage]:
    return await HandoffPackage.filter(case_id=filed.case_id).exclude(status="ACKED")


async def test_what_is_said_again_is_told_once(world: World) -> None:
    filed = await refunding.rejected(world)
    await refunding.send(world)
    await refunding.arrive(world)
    told = await kinds(filed)
    refund = await Refund.get(case_id=filed.case_id).select_related("order")
    pen = RefundPen(world)
    same = {"refund_id": refund.channel_refund_id}
    for status in ("SUCCESS", "CLOSED", "ABNORMAL"):
        callback = pen.refund_callback(
            pen.refund(refund, refund.order, refund_status=status, **same)
        )
        assert await pen.deliver(callback) == 204
    assert (await Refund.get(id=refund.id)).status == "PAID"
    assert await kinds(filed) == told


async def test_a_refund_that_fails_tells_nothing(world: World) -> None:
    filed = await refunding.rejected(world)
    before = await kinds(filed)
    await refunding.send(world)
    refund = await Refund.get(case_id=filed.case_id)
    await refunding.settle(world, refund.number, "ABNORMAL")
    await refunding.arrive(world)
    assert (await Refund.get(id=refund.id)).status == "ABNORMAL"
    assert await kinds(filed) == before


async def test_a_case_that_was_never_handed_over_tells_nothing(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await stages.pay(world, payable)
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    await stages.do(world, "payment.sweep")
    await refunding.send(world)
    await refunding.arrive(world)
    assert (await Refund.get(case_id=filed.case_id)).status == "PAID"
    assert not await HandoffPackage.exists(case_id=filed.case_id)
