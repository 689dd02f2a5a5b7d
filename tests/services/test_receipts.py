"""送达回执: signed for, handed to the department within one working day."""

from datetime import timedelta

from models.case import ClockInstance
from models.delivery import Delivery
from models.rules.calendar import due_on
from models.rules.events import Role
from services.access import CaseUnknown
from services.counter import ReceiptNotDue
from services.deliveries import Choice
from services.transitions import StepNotYours
from tests import make
from tests.make import Filed
from tests.services.counters import WINDOW, code_of, ready, window_officer
from tests.services.reviewing import refused
from tests.services.stages import drafted
from tests.services.timing import alerts
from tests.world import World


async def picked_up(world: World) -> Filed:
    filed = await ready(world, Choice(WINDOW))
    officer, code = await window_officer(world), await code_of(world, filed)
    await world.ctx.deliveries.pick_up(officer, filed.case_id, code)
    return filed


async def test_handing_it_on_ends_the_clock_that_the_signature_started(world: World) -> None:
    """Signed on Monday 2026-03-02: to the department by Tuesday."""
    filed = await picked_up(world)
    clock = await ClockInstance.get(case_id=filed.case_id, name="RECEIPT_TRANSFER")
    assert due_on(clock.due_at).isoformat() == "2026-03-03"
    assert clock.stopped_at is None
    world.clock.advance(timedelta(hours=3))
    officer = await window_officer(world)
    passed = await world.ctx.deliveries.pass_receipt(officer, filed.case_id)
    assert passed == world.clock.now()
    clock = await ClockInstance.get(id=clock.id)
    assert (clock.stopped_at, clock.next_at) == (passed, None)
    delivery = await Delivery.get(case_id=filed.case_id)
    assert (delivery.receipt_passed_at, delivery.receipt_passed_by) == (passed, officer.id)


async def test_saying_it_again_changes_nothing(world: World) -> None:
    filed = await picked_up(world)
    officer = await window_officer(world)
    first = await world.ctx.deliveries.pass_receipt(officer, filed.case_id)
    world.clock.advance(timedelta(hours=1))
    other = await window_officer(world)
    assert await world.ctx.deliveries.pass_receipt(other, filed.case_id) == first
    assert (await Delivery.get(case_id=filed.case_id)).receipt_passed_by == officer.id


async def test_what_nobody_signed_for_has_no_receipt(world: World) -> None:
    filed = await ready(world, Choice(WINDOW))
    officer = await window_officer(world)
    async with refused(world, ReceiptNotDue):
        await world.ctx.deliveries.pass_receipt(officer, filed.case_id)
    draft = await drafted(world, filed.citizen, "ITEM10")
    async with refused(world, CaseUnknown):
        await world.ctx.deliveries.pass_receipt(officer, draft.case_id)


async def test_it_is_the_windows_to_hand_on(world: World) -> None:
    filed = await picked_up(world)
    officer = await make.officer(world, (Role.DEPT,), item=filed)
    async with refused(world, StepNotYours):
        await world.ctx.deliveries.pass_receipt(officer, filed.case_id)
    [alert] = await world.rows("monitor_alerts")
    assert (alert["kind"], alert["code"]) == ("OVERREACH", "step_not_yours")


async def test_handing_it_on_late_is_told_though_no_timer_came(world: World) -> None:
    """Due by Tuesday 2026-03-03 24:00; handed on on Thursday."""
    filed = await picked_up(world)
    world.clock.advance(timedelta(days=3))
    officer = await window_officer(world)
    await world.ctx.deliveries.pass_receipt(officer, filed.case_id)
    assert ("RECEIPT_TRANSFER", "RED", True) in await alerts(filed)
