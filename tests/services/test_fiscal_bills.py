"""财政电子票据: one blue bill for a fee, one red bill for each refund, whatever goes wrong."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from models.payment import PaymentOrder, Refund
from services.access import CaseUnknown
from services.copies import of_account
from services.events import Decision
from services.fiscal_bills import STUCK_AFTER, FiscalBilling
from services.ports.fiscal import IssuedBill, RedWish
from tests import make
from tests.make import Filed
from tests.services import refunding, stages, treasury
from tests.services.test_refund_desk import approved, ask
from tests.services.treasury import at_treasury, billing
from tests.world import World

BILLS = "/nontax/v1/bills"


async def bills(world: World) -> list[dict[str, Any]]:
    rows = await world.rows("fiscal_bills")
    return sorted(rows, key=lambda row: row["number"])


async def given_back(world: World, filed: Filed, amount: int) -> Refund:
    """Let a part of a fee go back by the three steps, and arrive."""
    refund = await ask(world, filed, amount)
    await approved(world, filed, refund)
    await refunding.send(world)
    await refunding.arrive(world)
    return await Refund.get(id=refund.id)


@pytest.mark.requirement("统一公共支付平台 非税")
async def test_a_paid_fee_gets_its_bill(world: World) -> None:
    filed, order = await treasury.registering(world)
    assert await treasury.bill(world) == 1
    [bill], [there] = await bills(world), await at_treasury(world, "fiscal-bills")
    assert (bill["kind"], bill["order_id"], bill["refund_id"]) == ("BLUE", order.id, None)
    assert (bill["code"], bill["number"], bill["check_code"]) == (
        there["bill_code"],
        there["bill_number"],
        there["check_code"],
    )
    assert bill["amount_fen"] == treasury.FEE
    # The look after it finds nothing missing, and is the last.
    await treasury.bill(world)
    assert await treasury.bill(world) == 0
    progress = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    [said] = [each.text for each in progress.timeline if "电子票据" in each.text]
    assert all(each in said for each in ("80.00元", bill["code"], bill["number"]))


async def test_the_progress_changes_when_the_bill_is_there(world: World) -> None:
    filed, _ = await treasury.registering(world)
    before = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    await treasury.bill(world)
    after = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert before.etag != after.etag


async def test_a_fee_paid_by_wechat_pay_has_no_bill_of_the_treasury(world: World) -> None:
    await refunding.registering(world)
    assert await treasury.bill(world) == 0
    assert await bills(world) == []


async def test_a_refunded_fee_is_reversed_once_though_the_job_runs_often(world: World) -> None:
    filed, order = await treasury.registering(world)
    await treasury.bill(world)
    await stages.decided(world, filed, Decision.REJECTED)
    await refunding.send(world)
    await refunding.arrive(world)
    [refund] = await Refund.all()
    assert refund.status == "PAID"
    payload = {"number": order.number, "cause": refund.number, "round": 0}
    await asyncio.gather(*(billing(world).issue(payload) for _ in range(4)))
    await treasury.bill(world)
    blue, red = await bills(world)
    assert (blue["kind"], red["kind"]) == ("BLUE", "RED")
    assert (red["refund_id"], red["amount_fen"]) == (refund.id, treasury.FEE)
    red_there, blue_there = await at_treasury(world, "fiscal-bills")
    assert (red_there["kind"], blue_there["kind"]) == ("RED", "BLUE")
    assert red_there["refund_no"] == refund.number
    progress = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert [each.text[:2] for each in progress.timeline if "电子票据" in each.text] == [
        "财政",
        "退费",
    ]


async def test_parts_that_go_back_are_reversed_by_their_amounts(world: World) -> None:
    filed, _ = await treasury.registering(world)
    await treasury.bill(world)
    first = await given_back(world, filed, 3000)
    await treasury.bill(world)
    second = await given_back(world, filed, 1000)
    await treasury.bill(world)
    _, *reds = await bills(world)
    assert [(red["refund_id"], red["amount_fen"]) for red in reds] == [
        (first.id, 3000),
        (second.id, 1000),
    ]
    assert (await filed.case()).payment_status == "PAID"


async def test_nothing_is_reversed_before_the_money_has_arrived(world: World) -> None:
    filed, _ = await treasury.registering(world)
    await treasury.bill(world)
    refund = await ask(world, filed, 3000)
    await approved(world, filed, refund)
    await refunding.send(world)
    assert (await Refund.get(id=refund.id)).status == "SENT"
    while await treasury.bill(world):
        pass
    assert [bill["kind"] for bill in await bills(world)] == ["BLUE"]


async def test_a_treasury_that_is_away_is_asked_until_it_is_back(world: World) -> None:
    filed, order = await treasury.registering(world)
    await world.phone.post("/faults", json={"path_prefix": BILLS, "drop": True, "times": 1000})
    for _ in range(STUCK_AFTER):
        assert await treasury.bill(world) == 1
    assert await bills(world) == []
    assert await alerts(world) == []
    # The fee was paid and the case goes its way, bill or no bill.
    assert (await filed.case()).payment_status == "PAID"
    for _ in range(2):
        await treasury.bill(world)
    [alert] = await alerts(world)
    assert (alert["case_id"], alert["resolved_at"]) == (filed.case_id, None)
    assert alert["owner_role"] == "DEPT"
    await world.phone.delete("/faults")
    await treasury.bill(world)
    [bill] = await bills(world)
    assert bill["order_id"] == order.id
    await treasury.bill(world)
    [alert] = await alerts(world)
    assert alert["resolved_at"] is not None
    assert await treasury.bill(world) == 0


async def alerts(world: World) -> list[dict[str, Any]]:
    rows = await world.rows("monitor_alerts")
    return [row for row in rows if row["code"] == "fiscal_bill_stuck"]


async def test_looks_come_at_longer_and_longer_pauses(world: World) -> None:
    await treasury.registering(world)
    await world.phone.post("/faults", json={"path_prefix": BILLS, "drop": True, "times": 1000})
    waits = []
    for _ in range(8):
        await treasury.bill(world)
        [row] = await world.database.fetch(
            "SELECT execute_after - now() AS wait FROM pgqueuer WHERE entrypoint = 'payment.bill'"
        )
        waits.append(round(row["wait"] / timedelta(minutes=1)))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_bills_stay_due_while_the_treasury_is_not_in_the_settings(world: World) -> None:
    _, order = await treasury.registering(world)
    await world.database.execute("DELETE FROM pgqueuer WHERE entrypoint = 'payment.bill'")
    real = billing(world)
    without = FiscalBilling({}, real.items, real.transitions)
    await without.issue({"number": order.number, "cause": "paid", "round": 0})
    assert await bills(world) == await at_treasury(world, "fiscal-bills") == []
    assert await treasury.bill(world) == 1
    assert len(await bills(world)) == 1


async def test_an_answer_that_was_lost_is_the_same_bill_later(world: World) -> None:
    await treasury.registering(world)
    await world.phone.post(
        "/faults", json={"path_prefix": BILLS, "drop": True, "after": True, "times": 1}
    )
    await treasury.bill(world)
    assert await bills(world) == []
    [there] = await at_treasury(world, "fiscal-bills")
    await treasury.bill(world)
    [bill] = await bills(world)
    assert bill["number"] == there["bill_number"]
    assert len(await at_treasury(world, "fiscal-bills")) == 1


async def test_money_that_went_back_before_its_bill_has_both(world: World) -> None:
    filed, _ = await treasury.registering(world)
    await world.phone.post("/faults", json={"path_prefix": BILLS, "drop": True, "times": 1000})
    await treasury.bill(world)
    await stages.decided(world, filed, Decision.REJECTED)
    await refunding.send(world)
    await refunding.arrive(world)
    await treasury.bill(world)
    assert await bills(world) == []
    await world.phone.delete("/faults")
    await treasury.bill(world)
    assert [bill["kind"] for bill in await bills(world)] == ["BLUE", "RED"]


async def test_a_job_that_died_after_the_answer_is_done_again_and_gives_one_bill(
    world: World,
) -> None:
    _, order = await treasury.registering(world)

    class Broken(Exception):
        """The process died here."""

    real = billing(world)

    class Dying:
        """Lets the request through, then dies before anybody hears the answer."""

        async def issue(self, order_number: str, amount_fen: int) -> IssuedBill:
            await real.issuers["NONTAX"].issue(order_number, amount_fen)
            raise Broken

        async def reverse(self, wish: RedWish) -> IssuedBill:
            raise Broken

        async def query(self, code: str, number: str) -> IssuedBill:
            raise Broken

    dying = FiscalBilling({"NONTAX": Dying()}, real.items, real.transitions)
    payload = {"number": order.number, "cause": "paid", "round": 0}
    with pytest.raises(Broken):
        await dying.issue(payload)
    assert await bills(world) == []
    await real.issue(payload)
    assert len(await bills(world)) == len(await at_treasury(world, "fiscal-bills")) == 1


async def test_a_bill_number_of_another_case_is_kept_nowhere(world: World) -> None:
    """An issuer that numbers twice: the second bill waits for somebody to look."""
    filed, order = await treasury.registering(world)
    await treasury.bill(world)
    [bill] = await bills(world)
    at = world.clock.now()
    await refunding.asked_for(filed)  # an order of the same case, made of rows only
    [other] = await PaymentOrder.exclude(id=order.id)
    await PaymentOrder.filter(id=other.id).update(status="PAID", channel="NONTAX")

    class Twice:
        """Gives every order the number of the first."""

        async def issue(self, order_number: str, amount_fen: int) -> IssuedBill:
            return IssuedBill(
                kind=(await real.issuers["NONTAX"].query(bill["code"], bill["number"])).kind,
                order_number=order_number,
                code=bill["code"],
                number=bill["number"],
                check_code="abc123",
                amount_fen=amount_fen,
                issued_at=at,
                url=bill["url"],
            )

        async def reverse(self, wish: RedWish) -> IssuedBill:
            raise NotImplementedError

        async def query(self, code: str, number: str) -> IssuedBill:
            raise NotImplementedError

    real = billing(world)
    twice = FiscalBilling({"NONTAX": Twice()}, real.items, real.transitions)
    await twice.issue({"number": other.number, "cause": "paid", "round": 0})
    assert await bills(world) == [bill]


async def test_the_database_keeps_a_second_blue_bill_out(world: World) -> None:
    _, order = await treasury.registering(world)
    await treasury.bill(world)
    with pytest.raises(Exception, match="uq_fiscal_bills_one_blue"):
        await world.database.execute(
            "INSERT INTO fiscal_bills (id, order_id, case_id, kind, code, number, check_code,"
            " amount_fen, url, issued_at, created_at) SELECT gen_random_uuid(), order_id, case_id,"
            " kind, code, '9999999999', check_code, amount_fen, url, issued_at, created_at"
            " FROM fiscal_bills WHERE order_id = $1",
            order.id,
        )
    assert len(await bills(world)) == 1


async def test_a_copy_of_somebodys_data_holds_their_bills(world: World) -> None:
    filed, _ = await treasury.registering(world)
    await treasury.bill(world)
    copy = json.loads(
        await of_account(
            world.ctx.payments.acceptance.fees.applicants.crypto, filed.citizen.account_id
        )
    )
    [bill], [kept] = copy["fiscal_bills"], await bills(world)
    assert (bill["number"], bill["check_code"]) == (kept["number"], kept["check_code"])


async def test_nobody_else_sees_a_bill(world: World) -> None:
    filed, _ = await treasury.registering(world)
    await treasury.bill(world)
    other = await make.citizen(world, make.LI)
    with pytest.raises(CaseUnknown):
        await world.ctx.payments.show(other, filed.case_id)
    shown = await world.ctx.payments.show(filed.citizen, filed.case_id)
    assert [bill.kind for bill in shown.bills] == ["BLUE"]
