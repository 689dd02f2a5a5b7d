"""Reconciliation of a day: what differs is found once, what asking mends is mended."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from models.case import Case
from models.item import ItemVersion
from models.payment import PaymentOrder, Refund
from models.reconciliation import PaymentDifference, ReconciliationRun
from services.actors import SYSTEM
from services.day_books import read_books
from services.differences import DifferenceClosed, DifferenceUnknown, ReasonMissing
from services.errors import OutsideUnavailable
from services.reconciliation import Asking, DayNotOver, Reconciliation
from tests.services import stages
from tests.services.channel import money
from tests.services.reckoned import FEE, Day
from tests.world import World

MONDAY = date(2026, 3, 2)
TRADES, FLOW = "/v3/bill/tradebill", "/v3/bill/fundflowbill"


def reconciliation(world: World) -> Reconciliation:
    return world.parts.reckoning.reconciliation


async def fault(world: World, path: str, **how: Any) -> None:
    answer = await world.phone.post("/faults", json={"path_prefix": path, **how})
    assert answer.status == 200, answer.body


async def differences(world: World) -> dict[str, str]:
    return {row["key"]: row["status"] for row in await world.rows("payment_differences")}


async def alerts(world: World) -> list[str]:
    rows = await world.rows("monitor_alerts")
    return sorted(
        row["code"] for row in rows if row["resolved_at"] is None and "payment" in row["code"]
    )


async def planted(world: World, day: Day) -> tuple[dict[str, str], PaymentOrder]:
    """Plant each kind of difference once among 200 orders; return what is to become of each."""
    expected: dict[str, str] = {}
    # The callback was lost; the channel is asked and the case goes on.
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, "k" * 32)
    await stages.pay(world, payable)
    expected[f"PAID_THERE_OPEN:{payable.order.number}"] = "MENDED"
    # The order was closed, and paid a moment before; another one settled the fee.
    _, fee = await day.case()
    await day.order(fee)
    closed = await day.order(fee, status="CLOSED")
    expected[f"PAID_THERE_CLOSED:{closed.number}"] = "MENDED"
    stranger = await day.paid()
    day.channel.paid("20260302stranger0000", 1, day.at)
    expected["PAID_THERE_UNKNOWN:20260302stranger0000"] = "OPEN"
    day.channel.forget(stranger.number)
    expected[f"PAID_HERE_ONLY:{stranger.number}"] = "OPEN"
    other = await day.paid()
    day.channel.change(other.number, amount_fen=FEE + 1)
    expected[f"AMOUNT_DIFFERS:{other.number}"] = "OPEN"
    other = await day.paid()
    day.channel.change(other.number, transaction_id="wxsandboxother")
    expected[f"TRANSACTION_DIFFERS:{other.number}"] = "OPEN"
    await _plant_refunds(day, expected)
    await _plant_cases(day, expected)
    return expected, payable.order


async def _plant_refunds(day: Day, expected: dict[str, str]) -> None:
    refund = await day.refund(await day.paid(), status="SENT", paid_at=None)
    expected[f"REFUND_THERE_ONLY:{refund.number}"] = "MENDED"
    order = await day.paid()
    day.channel.refunded("Rstranger", order.number, 1, day.at)
    expected["REFUND_THERE_UNKNOWN:Rstranger"] = "OPEN"
    refund = await day.refund(await day.paid(), there=False)
    expected[f"REFUND_HERE_ONLY:{refund.number}"] = "OPEN"
    refund = await day.refund(await day.paid(), there=False)
    day.channel.refunded(refund.number, (await refund.order).number, FEE - 1, day.at)
    expected[f"REFUND_AMOUNT_DIFFERS:{refund.number}"] = "OPEN"
    refund = await day.refund(await day.paid(), there=False)
    day.channel.refunded(refund.number, (await refund.order).number, FEE, day.at, "ABNORMAL")
    expected[f"REFUND_FAILED_THERE:{refund.number}"] = "OPEN"
    order = await day.paid()
    await day.refund(order)
    await day.refund(order, amount_fen=1, status="REQUESTED", there=False, sent_at=None)
    expected[f"REFUNDED_TOO_MUCH:{order.number}"] = "OPEN"
    # These are as they should be.
    await day.refund(await day.paid(payment_status="REFUNDED"))
    await day.refund(await day.paid(), status="ABNORMAL", there=False, amount_fen=1, sent_at=None)


async def _plant_cases(day: Day, expected: dict[str, str]) -> None:
    _, fee = await day.case()
    await day.order(fee)
    second = await day.order(fee, status="CLOSED")
    await day.surplus(second)
    expected[f"FEE_PAID_TWICE:{fee.id}"] = "OPEN"
    order = await day.paid(state="WITHDRAWN", closed_at=day.at)
    expected[f"ENDED_CASE_PAID:{order.number}"] = "OPEN"
    order = await day.paid(payment_status="UNPAID", settled=False)
    expected[f"MONEY_UNUSED:{order.number}"] = "OPEN"
    case, fee = await day.case(settled=False)
    await day.refund(await day.order(fee))
    expected[f"CASE_PAID_FEE_OPEN:{case.id}"] = "OPEN"
    order = await day.paid(payment_status="UNPAID")
    expected[f"FEE_SETTLED_CASE_OPEN:{order.case_id}"] = "OPEN"
    # A case that was delivered keeps its fee, and one whose money went back keeps nothing.
    await day.paid(state="DELIVERED", closed_at=day.at)
    returned = await day.paid(state="WITHDRAWN", closed_at=day.at, payment_status="REFUNDED")
    await day.refund(returned)


@pytest.mark.requirement("足额缴费审查")
async def test_each_planted_difference_is_found_and_the_safe_ones_are_mended(
    world: World,
) -> None:
    day = await Day.begin(world)
    expected, missed = await planted(world, day)
    while await PaymentOrder.all().count() < 200:
        await day.paid()
    day.end()

    async def ask_refund(number: str) -> None:
        # As the use-case of refunds does when the channel confirms one.
        await Refund.filter(number=number, status="SENT").update(status="PAID", paid_at=day.at)

    ours = reconciliation(world)
    ours = replace(ours, asking=Asking(ours.asking.order, ask_refund))
    run = await ours.run()
    assert await differences(world) == expected
    assert (run.day, run.outcome) == (MONDAY, "DONE")
    counted = Counter(expected.values())
    assert (run.found, run.mended, run.left_open) == (
        len(expected),
        counted["MENDED"],
        counted["OPEN"],
    )
    settled = await PaymentOrder.get(id=missed.id)
    case = await settled.case
    assert (settled.status, case.payment_status, case.state) == ("PAID", "PAID", "RESULT_READY")
    assert len(await alerts(world)) == counted["OPEN"]

    before = await money(world)
    again = await ours.run()
    assert await differences(world) == expected
    assert (again.found, again.mended, again.left_open) == (0, 0, counted["OPEN"])
    assert len(await alerts(world)) == counted["OPEN"]
    assert await money(world) == before


async def test_books_that_agree_make_no_difference(world: World) -> None:
    day = await Day.begin(world)
    for _ in range(3):
        await day.paid()
    day.end()
    run = await reconciliation(world).run()
    assert (run.outcome, run.payments, run.paid_fen) == ("DONE", 3, 3 * FEE)
    assert (run.found, run.left_open) == (0, 0)
    assert len(run.trade_digest) == len(run.flow_digest) == 40
    assert await differences(world) == {}


async def test_totals_of_the_funds_are_compared_with_the_trades(world: World) -> None:
    day = await Day.begin(world)
    order = await day.paid()
    day.end()
    ours = reconciliation(world)
    trades = await ours.bills.trades(MONDAY)
    day.channel.paid("20260302late00000000", 5, day.at)

    class Earlier:
        """The bills, with a trade bill that was made before the last payment."""

        async def trades(self, day: date) -> Any:
            return trades

        async def flow(self, day: date) -> Any:
            return await ours.bills.flow(day)

    run = await replace(ours, bills=Earlier()).run()
    assert await differences(world) == {"FLOW_PAYMENTS_DIFFER:WECHAT:2026-03-02": "OPEN"}
    [found] = await PaymentDifference.all()
    assert found.facts == {"bill_fen": FEE, "flow_fen": FEE + 5}
    assert (run.found, found.light) == (1, "YELLOW")
    assert (await PaymentOrder.get(id=order.id)).status == "PAID"


@pytest.mark.parametrize("path", [TRADES, FLOW])
async def test_a_wrong_digest_changes_nothing(world: World, path: str) -> None:
    day = await Day.begin(world)
    order = await day.order((await day.case(settled=False, payment_status="UNPAID"))[1])
    await PaymentOrder.filter(id=order.id).update(status="PAYING", paid_at=None)
    day.end()
    before = await money(world)
    if path == FLOW:
        # The first of the two is right, so that only the second is spoiled.
        bills = reconciliation(world).bills
        trades = await bills.trades(MONDAY)

        class Half:
            async def trades(self, day: date) -> Any:
                return trades

            async def flow(self, day: date) -> Any:
                return await bills.flow(day)

        ours = replace(reconciliation(world), bills=Half())
    else:
        ours = reconciliation(world)
    assert (await world.phone.post("/bills/spoil", json={"times": 1})).status == 200
    run = await ours.run()
    assert (run.outcome, run.found) == ("DAMAGED", 0)
    assert await differences(world) == {}
    assert await money(world) == before
    assert await alerts(world) == []
    assert (await ours.run()).outcome == "DONE"
    assert list(await differences(world)) != []


async def test_a_bill_that_is_late_is_waited_for_and_missed_in_the_evening(world: World) -> None:
    day = await Day.begin(world)
    await day.paid()
    ours = reconciliation(world)
    world.clock.at = datetime.fromisoformat("2026-03-03T09:30:00+08:00")
    assert (await ours.run()).outcome == "WAITING"
    await fault(world, TRADES, status=400, code="STATEMENT_CREATING", times=2)
    for hour in (10, 22):
        world.clock.at = datetime.fromisoformat(f"2026-03-03T{hour}:30:00+08:00")
        assert await missing(world) == []
        await ours.tick()
    assert await missing(world) == [False]
    await ours.tick()
    assert await missing(world) == [True]
    outcomes = [run.outcome for run in await ReconciliationRun.all().order_by("id")]
    assert outcomes == ["WAITING", "WAITING", "WAITING", "DONE"]


async def missing(world: World) -> list[bool]:
    """Return the alerts of bills that did not come, and whether each is over."""
    rows = await world.rows("monitor_alerts")
    return [row["resolved_at"] is not None for row in rows if row["code"] == "bill_missing"]


async def test_that_nothing_happened_is_believed_only_of_an_idle_day(world: World) -> None:
    day = await Day.begin(world)
    order = await day.order((await day.case())[1], there=False)
    day.end()
    ours = reconciliation(world)
    assert (await ours.run()).outcome == "WAITING"
    assert await differences(world) == {}
    sunday = await ours.run(MONDAY - timedelta(days=1))
    assert (sunday.outcome, sunday.found) == ("EMPTY", 0)
    assert (await PaymentOrder.get(id=order.id)).status == "PAID"


async def test_a_channel_that_does_not_answer_is_asked_again(world: World) -> None:
    day = await Day.begin(world)
    await day.paid()
    day.end()
    await fault(world, TRADES, drop=True, times=100)
    assert (await reconciliation(world).run()).outcome == "UNREACHABLE"
    await world.phone.delete("/faults")
    assert (await reconciliation(world).run()).outcome == "DONE"


async def test_days_that_were_missed_are_caught_up_with(world: World) -> None:
    day = await Day.begin(world)
    await day.paid()
    ours = reconciliation(world)
    world.clock.at = datetime.fromisoformat("2026-03-06T10:30:00+08:00")
    await ours.tick()
    runs = {run.day.isoformat(): run.outcome for run in await ReconciliationRun.all()}
    assert runs == {
        "2026-03-02": "DONE",
        **{f"2026-03-0{number}": "EMPTY" for number in (3, 4, 5)},
    }
    await ours.tick()
    assert await ReconciliationRun.all().count() == 4


async def test_open_differences_are_looked_at_again_once_a_day(world: World) -> None:
    day = await Day.begin(world)
    order = await day.paid()
    stranger = await day.paid()
    day.channel.forget(stranger.number)
    day.end()
    ours = reconciliation(world)
    await ours.tick()
    key = f"PAID_HERE_ONLY:{stranger.number}"
    assert await differences(world) == {key: "OPEN"}
    day.channel.paid(stranger.number, FEE, day.at)
    await ours.tick()
    assert await differences(world) == {key: "OPEN"}
    world.clock.at += timedelta(days=1)
    await ours.tick()
    assert await differences(world) == {key: "MENDED"}
    assert await alerts(world) == []
    day.channel.forget(stranger.number)
    await ours.run(MONDAY)
    assert await differences(world) == {key: "OPEN"}, "what is there again is found again"
    assert await alerts(world) == ["payment_difference"]
    assert (await PaymentOrder.get(id=order.id)).status == "PAID"


async def test_an_operator_resolves_with_a_reason(world: World) -> None:
    day = await Day.begin(world)
    day.channel.paid("20260302stranger0000", 1, day.at)
    await day.paid()
    day.end()
    ours, desk = reconciliation(world), world.ctx.order_desk
    await ours.run()
    key = "PAID_THERE_UNKNOWN:20260302stranger0000"
    for wrong in ("", "  ", "长" * 301):
        with pytest.raises(ReasonMissing):
            await desk.resolve(SYSTEM, key, wrong)
    with pytest.raises(DifferenceUnknown):
        await desk.resolve(SYSTEM, f"{key}x", "理由")
    assert await differences(world) == {key: "OPEN"}
    resolved = await desk.resolve(SYSTEM, key, "测试收款,已在商户平台退回。")
    assert (resolved.status, resolved.reason) == ("RESOLVED", "测试收款,已在商户平台退回。")
    assert await alerts(world) == []
    with pytest.raises(DifferenceClosed):
        await desk.resolve(SYSTEM, key, "再写一次")
    run = await ours.run()
    assert (run.found, run.left_open) == (0, 0)
    assert await differences(world) == {key: "RESOLVED"}
    entries = [row for row in await world.rows("audit_log") if "difference" in row["action"]]
    assert [(row["action"], row["object_id"]) for row in entries] == [
        ("difference.resolve", str(resolved.id))
    ]


async def test_only_days_that_are_over_have_a_bill(world: World) -> None:
    ours = reconciliation(world)
    for day in (MONDAY, MONDAY + timedelta(days=1), MONDAY - timedelta(days=91)):
        with pytest.raises(DayNotOver):
            await ours.run(day)
    assert await world.rows("reconciliation_runs") == []


async def test_an_installation_without_orders_asks_nobody(world: World) -> None:
    await reconciliation(world).tick()
    assert await world.rows("reconciliation_runs") == []


async def test_orders_of_another_channel_are_no_part_of_the_bill(world: World) -> None:
    day = await Day.begin(world)
    await day.paid()
    order = await day.order((await day.case())[1], there=False, channel="NONTAX", payer="")
    day.end()
    run = await reconciliation(world).run()
    assert (run.outcome, run.found) == ("DONE", 0)
    books = await read_books("WECHAT", MONDAY, await reconciliation(world).bills.trades(MONDAY))
    assert order.number in books.order


async def test_the_channel_dying_halfway_leaves_the_rest_for_the_next_run(world: World) -> None:
    day = await Day.begin(world)
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, "k" * 32)
    await stages.pay(world, payable)
    day.end()
    ours = reconciliation(world)

    async def dead(number: str) -> None:
        raise OutsideUnavailable

    run = await replace(ours, asking=Asking(dead)).run()
    assert (run.outcome, run.found, run.mended, run.left_open) == ("DONE", 1, 0, 1)
    assert (await filed.case()).payment_status == "UNPAID"
    run = await ours.run()
    assert (run.found, run.mended, run.left_open) == (0, 1, 0)
    assert (await filed.case()).payment_status == "PAID"


@pytest.mark.parametrize(
    ("columns", "refund_on", "differs"),
    [
        ({"state": "WITHDRAWN"}, None, True),
        ({"state": "WITHDRAWN"}, ["REJECTED"], False),
        ({"state": "DELIVERED", "decision": "REJECTED"}, None, True),
        ({"state": "DELIVERED", "decision": "REJECTED"}, ["WITHDRAWN"], False),
        ({"state": "DELIVERED", "decision": "APPROVED"}, None, False),
        ({"state": "TERMINATED", "decision": "APPROVED"}, None, True),
    ],
)
async def test_what_goes_back_at_an_end_is_what_the_item_says(
    world: World, columns: dict[str, Any], refund_on: list[str] | None, differs: bool
) -> None:
    day = await Day.begin(world)
    order = await day.paid(closed_at=day.at, **columns)
    if refund_on is not None:
        case = await Case.get(id=order.case_id).select_related("item_version")
        body = case.item_version.body
        said = {**body, "fee": {**body["fee"], "refund_on": refund_on}}
        await ItemVersion.filter(id=case.item_version_id).update(body=said)
    day.end()
    await reconciliation(world).run()
    assert (f"ENDED_CASE_PAID:{order.number}" in await differences(world)) is differs


async def test_a_refund_at_midnight_is_in_the_bill_of_either_day(world: World) -> None:
    day = await Day.begin(world)
    orders = [await day.paid() for _ in range(2)]
    night = datetime.fromisoformat("2026-03-02T23:59:59+08:00")
    late = await day.refund(orders[0], there=False, sent_at=night)
    day.channel.refunded(late.number, orders[0].number, FEE, night + timedelta(seconds=2))
    early = await day.refund(orders[1], there=False, sent_at=night - timedelta(minutes=10))
    world.clock.at = datetime.fromisoformat("2026-03-04T10:30:00+08:00")
    await reconciliation(world).tick()
    assert await differences(world) == {f"REFUND_HERE_ONLY:{early.number}": "OPEN"}
