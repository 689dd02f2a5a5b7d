"""A refund that its channel closed goes out anew: once, proven, and under another number."""

import asyncio
from dataclasses import dataclass

import pytest

from models.payment import PaymentOrder, Refund
from models.rules.events import Role
from models.rules.refunds import RefundState
from services.actors import Officer
from services.errors import ChannelRefundUnknown, OutsideUnavailable
from services.ports.refunds import ChannelRefund, RefundWish
from services.refund_desk import RefundDecided, RefundMissing
from services.refunds import Refunds
from services.reissues import RefundNotClosed, Reissues
from services.transitions import StepNotYours
from tests import make
from tests.make import Filed
from tests.services import refunding
from tests.services.refunding import RefundPen
from tests.world import World


async def failed(world: World, how: str = "CLOSED") -> tuple[Filed, Refund]:
    """Return a case that was refused after its fee was paid, and its refund, which failed."""
    filed = await refunding.rejected(world)
    await refunding.send(world)
    refund = await Refund.get(case_id=filed.case_id)
    await refunding.settle(world, refund.number, how)
    await refunding.arrive(world)
    refund = await Refund.get(id=refund.id)
    assert refund.status == "ABNORMAL"
    return filed, refund


async def issued(world: World) -> list[object]:
    """Return what issuing anew changes; the channel itself may still tell of the old one."""
    return [await world.rows(table) for table in ("refunds", "cases", "audit_log")]


async def unit(world: World, filed: Filed) -> Officer:
    return await make.officer(world, (Role.DEPT,), item=filed)


@dataclass(frozen=True)
class Silent:
    """The port ``RefundChannel`` of a channel that knows nothing, or cannot be reached."""

    problem: type[OutsideUnavailable]

    async def refund(self, wish: RefundWish) -> ChannelRefund:
        raise self.problem

    async def query(self, number: str) -> ChannelRefund:
        raise self.problem


async def test_a_closed_refund_goes_out_under_a_new_number(world: World) -> None:
    filed, old = await failed(world)
    officer = await unit(world, filed)
    shown = await world.ctx.reissues.reissue(officer, old.id)
    assert (shown.status, shown.track, shown.reason) == ("FINANCE_APPROVED", "REISSUED", "REJECTED")
    assert shown.amount_fen == refunding.REGISTRATION_FEE
    assert shown.number != old.number
    assert (await Refund.get(id=old.id)).status == "CLOSED"
    assert (await filed.case()).payment_status == "REFUNDING"
    assert await refunding.send(world) == 1
    await refunding.arrive(world)
    new = await Refund.get(id=shown.id)
    assert (new.status, (await filed.case()).payment_status) == ("PAID", "REFUNDED")
    ends = {each["out_refund_no"] for each in await refunding.at_channel(world)}
    assert ends == {old.number, new.number}
    acts = {
        (row["action"], row["object_id"])
        for row in await world.rows("audit_log")
        if row["action"].startswith("refund.reissue")
    }
    assert acts == {("refund.reissue", str(old.id)), ("refund.reissued", str(new.id))}
    open_alerts = [row for row in await world.rows("monitor_alerts") if row["resolved_at"] is None]
    assert not [row for row in open_alerts if row["code"] == "refund_abnormal"]


async def test_of_two_at_once_one_is_made(world: World) -> None:
    filed, old = await failed(world)
    officer = await unit(world, filed)
    calls = [world.ctx.reissues.reissue(officer, old.id) for _ in range(2)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(each).__name__ for each in answers) == ["Listed", "RefundDecided"]
    assert await Refund.filter(case_id=filed.case_id).count() == 2
    before = await issued(world)
    with pytest.raises(RefundDecided):
        await world.ctx.reissues.reissue(officer, old.id)
    assert await issued(world) == before


async def test_an_abnormal_one_has_no_second_number(world: World) -> None:
    filed, old = await failed(world, "ABNORMAL")
    officer = await unit(world, filed)
    before = await issued(world)
    with pytest.raises(RefundNotClosed):
        await world.ctx.reissues.reissue(officer, old.id)
    assert await issued(world) == before


async def test_closed_and_then_abnormal_is_not_proven(world: World) -> None:
    filed, old = await failed(world)
    pen = RefundPen(world)
    order = await PaymentOrder.get(id=old.order_id)
    said = pen.refund(old, order, refund_status="ABNORMAL", refund_id=old.channel_refund_id)
    assert await pen.deliver(pen.refund_callback(said)) == 204
    before = await issued(world)
    with pytest.raises(RefundNotClosed):
        await world.ctx.reissues.reissue(await unit(world, filed), old.id)
    assert await issued(world) == before


@pytest.mark.parametrize(
    ("problem", "raised"),
    [(OutsideUnavailable, OutsideUnavailable), (ChannelRefundUnknown, RefundNotClosed)],
    ids=["silent", "unknown"],
)
async def test_what_nobody_proves_now_is_not_issued_anew(
    world: World, problem: type[OutsideUnavailable], raised: type[Exception]
) -> None:
    filed, old = await failed(world)
    real: Reissues = world.ctx.reissues
    lost = Refunds({"WECHAT": Silent(problem)}, real.refunds.statements)
    officer, before = await unit(world, filed), await issued(world)
    with pytest.raises(raised):
        await Reissues(real.desk, lost).reissue(officer, old.id)
    assert await issued(world) == before


async def test_only_its_unit_or_finance_issues_anew(world: World) -> None:
    _, old = await failed(world)
    stranger = await make.officer(world, (Role.DEPT,), unit="示例县卫生健康局")
    window = await make.officer(world, (Role.WINDOW,))
    before = await world.rows("refunds")
    with pytest.raises(RefundMissing):
        await world.ctx.reissues.reissue(stranger, old.id)
    with pytest.raises(StepNotYours):
        await world.ctx.reissues.reissue(window, old.id)
    assert await world.rows("refunds") == before
    finance = await make.officer(world, (Role.DEPT,), unit="示例县财政局")
    assert (await world.ctx.reissues.reissue(finance, old.id)).track == "REISSUED"


async def test_the_old_one_stays_over_unless_its_money_comes_after_all(world: World) -> None:
    filed, old = await failed(world)
    await world.ctx.reissues.reissue(await unit(world, filed), old.id)
    pen = RefundPen(world)
    order = await PaymentOrder.get(id=old.order_id)
    for said in (RefundState.CLOSED, RefundState.SUCCESS):
        text = pen.refund(old, order, refund_status=said.value, refund_id=old.channel_refund_id)
        assert await pen.deliver(pen.refund_callback(text)) == 204
        if said is RefundState.CLOSED:
            assert (await Refund.get(id=old.id)).status == "CLOSED"
    assert (await Refund.get(id=old.id)).status == "PAID"
    codes = [row["code"] for row in await world.rows("monitor_alerts")]
    assert "refund_mismatch" in codes
