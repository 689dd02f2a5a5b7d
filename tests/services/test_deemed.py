"""视为受理 (行政许可法32(四)): once the time to tell is over, nothing more can be demanded."""

import pytest

from models.rules.reasons import DefectReason, RefusalReason, Verdict
from models.rules.states import State
from services.deemed import AcceptedByLaw
from services.refusals import Refusal
from tests import make
from tests.make import Filed
from tests.services.flavoured import at, body_of, published
from tests.services.reviewing import judge, material, notify, refused, reviewer
from tests.world import World

INCOMPLETE = Refusal(RefusalReason.INCOMPLETE, "施工图看不清楚,没有补齐。")
BARRED = Refusal(RefusalReason.STATUTORY_BAR, "这条路五年内不得挖掘。")


async def _blurred(world: World) -> Filed:
    """Return a case of Monday 2026-03-02 whose plan cannot be read; the notice is due 03-09."""
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    return filed


@pytest.mark.requirement("补正")
async def test_until_midnight_of_the_last_day_a_notice_goes_out(world: World) -> None:
    filed = await _blurred(world)
    world.clock.at = at("2026-03-09", "23:59")
    await notify(world, filed, [material("M04")])
    assert (await filed.case()).state is State.CORRECTION_REQUIRED


@pytest.mark.requirement("补正")
async def test_after_it_nothing_more_is_demanded_and_accepting_goes_on(world: World) -> None:
    filed = await _blurred(world)
    world.clock.at = at("2026-03-10", "00:00")
    async with refused(world, AcceptedByLaw):
        await notify(world, filed, [material("M04")])
    [alert] = await world.rows("monitor_alerts")
    assert (alert["kind"], alert["code"]) == ("OUT_OF_ORDER", "accepted_by_law")
    await world.ctx.reviews.put_verdict(reviewer(filed), filed.case_id, "M04", Verdict.PASS)
    await world.ctx.reviews.accept(reviewer(filed), filed.case_id)
    assert (await filed.case()).state is State.ACCEPTED


async def test_nor_is_it_refused_as_incomplete(world: World) -> None:
    body = body_of("ITEM10")
    body["acceptance"]["incomplete_policy"] = "NOT_ACCEPT_WITH_LIST"
    await published(world, body)
    filed = await _blurred(world)
    world.clock.at = at("2026-03-10", "00:00")
    async with refused(world, AcceptedByLaw):
        await world.ctx.reviews.refuse(reviewer(filed), filed.case_id, INCOMPLETE)
    # What the law forbids stays forbidden.
    await world.ctx.reviews.refuse(reviewer(filed), filed.case_id, BARRED)
    assert (await filed.case()).state is State.NOT_ACCEPTED


async def test_in_time_such_an_item_is_refused_with_its_list(world: World) -> None:
    body = body_of("ITEM10")
    body["acceptance"]["incomplete_policy"] = "NOT_ACCEPT_WITH_LIST"
    await published(world, body)
    filed = await _blurred(world)
    world.clock.at = at("2026-03-09", "23:59")
    await world.ctx.reviews.refuse(reviewer(filed), filed.case_id, INCOMPLETE)
    [event] = [row for row in await world.rows("case_events") if row["row"] == "T08"]
    assert DefectReason.BLURRED.zh in event["data"]


async def test_an_item_without_deemed_acceptance_is_late_and_no_more(world: World) -> None:
    """Where silence is no acceptance (给付), being late is supervised, and the notice goes out."""
    body = body_of("ITEM10")
    body["acceptance"]["deemed_acceptance"] = False
    await published(world, body)
    filed = await _blurred(world)
    world.clock.at = at("2026-03-10", "00:00")
    await notify(world, filed, [material("M04")])
    assert (await filed.case()).state is State.CORRECTION_REQUIRED
