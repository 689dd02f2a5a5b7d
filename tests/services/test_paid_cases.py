"""A case that somebody paid for is never expired, voided or archived while its money is open."""

from datetime import timedelta
from uuid import uuid4

import pytest

from models.case import Case, ClockInstance
from models.payment import Fee, PaymentEvent, PaymentOrder, Refund
from models.reconciliation import PaymentDifference
from models.rules.calendar import day_of
from models.rules.states import State
from services.actors import SYSTEM
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.test_archive import archive_of, withdrawn
from tests.world import World


async def waiting(world: World) -> Filed:
    """Return a case that is accepted when it is paid (ITEM11), past the end of its limit."""
    filed = await stages.reviewed(world, "ITEM11")
    clock = await ClockInstance.get(case_id=filed.case_id, name="PAY_CASE", stopped_at=None)
    world.clock.at = clock.due_at + timedelta(minutes=1)
    return filed


async def order(world: World, filed: Filed, status: str) -> PaymentOrder:
    fee = await Fee.get(case_id=filed.case_id)
    return await PaymentOrder.create(
        fee_id=fee.id,
        case_id=filed.case_id,
        number=uuid4().hex,
        amount_fen=fee.amount_fen,
        payer=make.WANG,
        status=status,
        expires_at=world.clock.now() - timedelta(days=1),
        created_at=world.clock.now() - timedelta(days=2),
        paid_at=world.clock.now() if status == "PAID" else None,
    )


async def heard(world: World, of: PaymentOrder, outcome: str) -> None:
    await PaymentEvent.create(
        order_id=of.id,
        source="CALLBACK",
        event_id=uuid4().hex,
        settlement="PAID",
        outcome=outcome,
        at=world.clock.now(),
    )


async def sweep(world: World) -> None:
    act = world.parts.schedules["timers"][1]
    await act()


async def test_without_money_the_limit_ends_the_case(world: World) -> None:
    filed = await waiting(world)
    await order(world, filed, "CLOSED")
    await sweep(world)
    assert (await filed.case()).state is State.WITHDRAWN_DEEMED


@pytest.mark.parametrize(
    ("status", "outcome"), [("PAID", None), ("CLOSED", "SURPLUS"), ("CLOSED", "MISMATCH")]
)
async def test_money_keeps_a_case_from_expiring_until_it_goes_back(
    world: World, status: str, outcome: str | None
) -> None:
    filed = await waiting(world)
    paid = await order(world, filed, status)
    if outcome is not None:
        await heard(world, paid, outcome)
    await sweep(world)
    assert (await filed.case()).state is State.AWAIT_PREPAYMENT
    refund = await Refund.create(
        order_id=paid.id,
        case_id=filed.case_id,
        number=uuid4().hex,
        track="AUTOMATIC",
        reason="LATE",
        amount_fen=paid.amount_fen,
        status="REFUSED",
        requested_by="SYSTEM",
        created_at=world.clock.now(),
    )
    await sweep(world)
    assert (await filed.case()).state is State.AWAIT_PREPAYMENT
    await Refund.filter(id=refund.id).update(status="SENT", amount_fen=paid.amount_fen - 1)
    await sweep(world)
    assert (await filed.case()).state is State.AWAIT_PREPAYMENT
    await Refund.filter(id=refund.id).update(amount_fen=paid.amount_fen)
    await sweep(world)
    assert (await filed.case()).state is State.WITHDRAWN_DEEMED


async def test_a_payment_in_question_keeps_a_case_from_expiring(world: World) -> None:
    """The channel says another amount: nobody is timed out before somebody has looked."""
    filed = await stages.reviewed(world, "ITEM11")
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await stages.pay(world, payable)
    await PaymentOrder.filter(id=payable.order.id).update(amount_fen=payable.order.amount_fen + 1)
    clock = await ClockInstance.get(case_id=filed.case_id, name="PAY_CASE", stopped_at=None)
    world.clock.at = clock.due_at + timedelta(minutes=1)
    await sweep(world)
    assert (await filed.case()).state is State.AWAIT_PREPAYMENT
    assert (await PaymentOrder.get(id=payable.order.id)).status == "PAYING"


async def test_a_draft_with_money_in_it_is_not_voided(world: World) -> None:
    who = await make.citizen(world)
    opened = (
        await world.ctx.cases.open_draft(who, await make.item_code("ITEM11"), another=False)
    ).opened
    case = opened.case
    fee = await Fee.create(
        case_id=case.id,
        stage="BEFORE_ACCEPTANCE",
        name="工本费",
        basis="示例",
        amount_fen=1,
        breakdown=[],
        created_at=world.clock.now(),
    )
    await PaymentOrder.create(
        fee_id=fee.id,
        case_id=case.id,
        number=uuid4().hex,
        amount_fen=1,
        payer=make.WANG,
        status="PAID",
        expires_at=world.clock.now(),
        created_at=world.clock.now(),
    )
    world.clock.advance(timedelta(days=40))
    await sweep(world)
    assert (await Case.get(id=case.id)).state is State.DRAFT
    await PaymentOrder.filter(case_id=case.id).update(status="CLOSED")
    await sweep(world)
    assert (await Case.get(id=case.id)).state is State.VOIDED


async def test_a_case_whose_money_is_in_question_is_not_archived(world: World) -> None:
    filed = await withdrawn(world)
    case = await filed.case()
    key = f"ENDED_CASE_PAID:{uuid4().hex}"
    await PaymentDifference.create(
        key=key,
        channel="WECHAT",
        day=day_of(world.clock.now()),
        code="ENDED_CASE_PAID",
        light="YELLOW",
        case_id=case.id,
        found_at=world.clock.now(),
    )
    archive = archive_of(world, rated=False)
    world.clock.advance(timedelta(days=400))
    assert await archive.sweep() == 0
    assert (await filed.case()).state is State.WITHDRAWN
    await world.ctx.order_desk.resolve(SYSTEM, key, "已线下退款。")
    await archive.sweep()
    assert (await filed.case()).state is State.ARCHIVED
