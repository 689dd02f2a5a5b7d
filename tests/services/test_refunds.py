"""Automatic refunds: opened once, sent under one number, followed until the money has arrived."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.payment import PaymentOrder
from models.rules.reasons import TerminationReason
from services.archive import CLOSED, READY
from services.errors import OutsideUnavailable
from services.events import Decision, EventType
from services.ports.refunds import ChannelRefund, RefundWish
from services.refunds import Refunds
from tests import make
from tests.services import refunding, stages
from tests.services.refunding import RefundPen
from tests.world import World


async def only(world: World) -> dict[str, Any]:
    [row] = await world.rows("refunds")
    return row


async def told(world: World) -> list[str]:
    await stages.do(world, "refund.tell")
    rows = await world.rows("messages")
    return [row["data"] for row in rows if row["key"].startswith("refund:")]


async def test_a_refused_case_gets_its_fee_back(world: World) -> None:
    filed = await refunding.rejected(world)
    case = await filed.case()
    assert (case.decision, case.payment_status) == ("REJECTED", "REFUNDING")
    row = await only(world)
    assert (row["track"], row["reason"], row["status"]) == ("AUTOMATIC", "REJECTED", "REQUESTED")
    assert row["amount_fen"] == refunding.REGISTRATION_FEE
    assert await refunding.send(world) == 1
    assert (await only(world))["status"] == "SENT"
    [there] = await refunding.at_channel(world)
    assert there["out_refund_no"] == row["number"]
    assert there["amount_fen"] == refunding.REGISTRATION_FEE
    await refunding.arrive(world)
    row = await only(world)
    assert (row["status"], row["channel_refund_id"]) == ("PAID", there["refund_id"])
    assert row["paid_at"] is not None
    assert (await filed.case()).payment_status == "REFUNDED"
    assert [each["status"] for each in await world.rows("refund_events")] == [
        "PROCESSING",
        "SUCCESS",
    ]
    # Nothing looks after it any more but the look that was waiting already.
    await refunding.sweep(world)
    assert [name for name, _ in await world.jobs() if name.startswith("refund.s")] == []


async def test_the_applicant_is_told_when_it_goes_and_when_it_came(world: World) -> None:
    await refunding.rejected(world)
    [first] = await told(world)
    assert "80.00元将原路退回" in first
    await refunding.send(world)
    await refunding.arrive(world)
    assert any("退费80.00元已原路退回" in each for each in await told(world))
    assert len(await told(world)) == 2


async def test_the_channels_own_callback_ends_a_refund(world: World) -> None:
    filed = await refunding.rejected(world)
    await refunding.send(world)
    row = await only(world)
    await refunding.settle(world, row["number"], "SUCCESS")

    async def status() -> str:
        return str((await only(world))["status"])

    await stages.until(status, "PAID")
    assert (await filed.case()).payment_status == "REFUNDED"


@pytest.mark.parametrize("end", ["withdrawn", "terminated"])
async def test_a_paid_case_that_ends_without_a_result_gets_its_fee_back(
    world: World, end: str
) -> None:
    filed = await refunding.registering(world)
    machine = await stages.handed_off(world, filed)
    if end == "withdrawn":
        await refunding.let_go(world, machine, filed)
    else:
        more = {"reason_code": TerminationReason("ITEM_ABOLISHED"), "reason": "政策调整"}
        await stages.report(world, machine, filed, EventType.TERMINATED, **more)
    row = await only(world)
    assert row["reason"] == {"withdrawn": "WITHDRAWN", "terminated": "TERMINATED"}[end]
    assert (await filed.case()).payment_status == "REFUNDING"


async def test_an_item_that_keeps_its_fee_by_law_gives_nothing_back(world: World) -> None:
    filed = await refunding.registering(world)
    case = await filed.case()
    item = await world.ctx.items.version(case.item_version_id)
    item.body["fee"]["refund_on"] = ["NOT_ACCEPTED"]
    await stages.decided(world, filed, Decision.REJECTED)
    assert await world.rows("refunds") == []
    assert (await filed.case()).payment_status == "PAID"


async def test_what_was_never_paid_is_not_given_back(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await stages.decided(world, filed, Decision.REJECTED)
    assert await world.rows("refunds") == []
    assert (await filed.case()).payment_status == "UNPAID"


@pytest.mark.requirement("严防乱收费")
async def test_a_late_payment_of_a_closed_order_goes_back_exactly_once(world: World) -> None:
    filed, order = await refunding.late(world)
    pen = RefundPen(world)
    [there] = (await world.phone.get("/orders")).json["items"]
    trade = pen.trade(order, transaction_id=there["transaction_id"])
    copies = [pen.callback(trade) for _ in range(8)] + [pen.callback(trade, number="EV-1")] * 8
    answers = await asyncio.gather(*(pen.deliver(copy) for copy in copies))
    assert answers == [204] * 16
    row = await only(world)
    assert (row["reason"], row["amount_fen"]) == ("SURPLUS", order.amount_fen)
    await refunding.send(world)
    await refunding.arrive(world)
    assert (await only(world))["status"] == "PAID"
    assert len(await refunding.at_channel(world)) == 1
    # The case still owes its own fee.
    case = await filed.case()
    assert (case.state, case.payment_status) == ("AWAIT_PAYMENT", "UNPAID")


async def test_a_surplus_does_not_touch_what_the_case_paid(world: World) -> None:
    filed, order = await refunding.late(world)
    await refunding.paid(world, filed)
    assert (await filed.case()).payment_status == "PAID"
    pen = RefundPen(world)
    await pen.deliver(pen.callback(pen.trade(order)))
    assert (await only(world))["order_id"] == order.id
    assert (await filed.case()).payment_status == "PAID"


async def test_a_payment_for_a_case_that_is_over_goes_back(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await stages.pay(world, payable)
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    await stages.do(world, "payment.sweep")
    row = await only(world)
    assert (row["reason"], row["amount_fen"]) == ("SURPLUS", payable.order.amount_fen)
    await refunding.send(world)
    await refunding.arrive(world)
    assert (await only(world))["status"] == "PAID"
    assert (await filed.case()).payment_status == "UNPAID"


async def test_a_second_transaction_of_a_paid_order_is_for_somebody_to_look_at(
    world: World,
) -> None:
    filed = await refunding.registering(world)
    order = await PaymentOrder.get(case_id=filed.case_id)
    pen = RefundPen(world)
    assert await pen.deliver(pen.callback(pen.trade(order))) == 204
    assert await world.rows("refunds") == []


@pytest.mark.parametrize("spoiled", [{"drop": True, "after": True}, {"status": 500, "after": True}])
async def test_an_answer_that_is_lost_makes_no_second_refund(
    world: World, spoiled: dict[str, Any]
) -> None:
    await refunding.rejected(world)
    fault = {"path_prefix": "/v3/refund", "times": 2, **spoiled}
    await world.phone.post("/faults", json=fault)
    await refunding.send(world)
    assert (await only(world))["status"] == "SENDING"
    await world.phone.delete("/faults")
    await refunding.arrive(world)
    assert (await only(world))["status"] == "PAID"
    assert len(await refunding.at_channel(world)) == 1


async def test_a_request_that_never_arrived_is_sent_again_under_its_number(world: World) -> None:
    await refunding.rejected(world)
    await world.phone.post("/faults", json={"path_prefix": "/v3/refund", "times": 2, "drop": True})
    await refunding.send(world)
    row = await only(world)
    assert row["status"] == "SENDING"
    assert await refunding.at_channel(world) == []
    await world.phone.delete("/faults")
    await refunding.sweep(world)
    [there] = await refunding.at_channel(world)
    assert there["out_refund_no"] == row["number"]
    assert (await only(world))["status"] == "SENT"


async def test_a_job_that_was_broken_off_is_done_again_and_gives_one_refund(world: World) -> None:
    await refunding.rejected(world)
    number = (await only(world))["number"]

    class Broken(Exception):
        """The process died here."""

    real = refunding.use_case(world)

    class Dying:
        """Lets the request through, then dies before anybody hears the answer."""

        async def refund(self, wish: RefundWish) -> ChannelRefund:
            await real.channels["WECHAT"].refund(wish)
            raise Broken

        async def query(self, number: str) -> ChannelRefund:
            raise OutsideUnavailable

    dying = Refunds({"WECHAT": Dying()}, real.statements)
    with pytest.raises(Broken):
        await dying.send({"number": number})
    assert (await only(world))["status"] == "SENDING"
    assert await world.rows("refund_events") == []
    for _ in range(3):
        await real.send({"number": number})
    assert len(await refunding.at_channel(world)) == 1
    await refunding.arrive(world)
    assert (await only(world))["status"] == "PAID"


async def test_a_refusal_decides_nothing_and_is_alarmed_of_after_an_hour(world: World) -> None:
    filed = await refunding.rejected(world)
    fault = {"path_prefix": "/v3/refund", "times": 100, "status": 403, "code": "NOT_ENOUGH"}
    await world.phone.post("/faults", json=fault)
    await refunding.send(world)
    for _ in range(6):
        await refunding.sweep(world)
    assert (await only(world))["status"] == "SENDING"
    assert [row for row in await world.rows("monitor_alerts") if "refund" in row["code"]] == []
    for _ in range(3):
        await refunding.sweep(world)
    [alert] = [row for row in await world.rows("monitor_alerts") if "refund" in row["code"]]
    assert (alert["code"], alert["case_id"]) == ("refund_stuck", filed.case_id)
    await world.phone.delete("/faults")
    await refunding.sweep(world)
    await refunding.arrive(world)
    assert (await only(world))["status"] == "PAID"
    [alert] = [row for row in await world.rows("monitor_alerts") if "refund" in row["code"]]
    assert alert["resolved_at"] is not None


async def test_a_refund_that_cannot_arrive_goes_to_an_operator(world: World) -> None:
    filed = await refunding.rejected(world)
    await world.phone.post(f"/citizens/{make.WANG}/frozen", json={"frozen": True})
    await refunding.send(world)
    await refunding.arrive(world)
    row = await only(world)
    assert row["status"] == "ABNORMAL"
    assert (await filed.case()).payment_status == "REFUNDING"
    [alert] = [each for each in await world.rows("monitor_alerts") if "refund" in each["code"]]
    assert (alert["code"], alert["owner_role"], alert["light"]) == (
        "refund_abnormal",
        "DEPT",
        "RED",
    )
    await refunding.settle(world, row["number"], "SUCCESS")
    await refunding.sweep(world)
    assert (await only(world))["status"] == "PAID"
    assert (await filed.case()).payment_status == "REFUNDED"


async def test_sweeps_grow_rarer_and_never_end_before_the_money_came(world: World) -> None:
    await refunding.rejected(world)
    await refunding.send(world)
    pauses = []
    for _ in range(9):
        [wait] = await world.database.fetch(
            "SELECT extract(epoch FROM execute_after - created)::int AS s FROM pgqueuer"
            " WHERE entrypoint = 'refund.sweep'"
        )
        pauses.append(wait["s"])
        await refunding.sweep(world)
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


async def test_the_archive_waits_for_the_money(world: World) -> None:
    filed = await refunding.registering(world)
    await refunding.withdrawn(world, filed)
    assert (await filed.case()).payment_status == "REFUNDING"
    assert await ready(world) == []
    await refunding.send(world)
    await refunding.arrive(world)
    assert (await filed.case()).payment_status == "REFUNDED"
    assert await ready(world) == [filed.case_id]


async def ready(world: World) -> list[UUID]:
    """Return the cases that may be archived, whatever else they usually wait for."""
    world.clock.advance(timedelta(days=60))
    values = [CLOSED, world.clock.now(), False, False, "-", 10]
    return [row["id"] for row in await world.database.fetch(READY, *values)]
