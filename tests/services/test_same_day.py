"""即办件: decided on the working day of acceptance; the clock ends with that day."""

from datetime import datetime

import pytest

from models.rules.states import MonitorLight
from services.events import Decision
from services.items import PublishedItem
from tests import make
from tests.services import stages
from tests.services.backoffice import open_scene, shanghai
from tests.world import World


async def at_once(world: World) -> None:
    """Make 高龄补贴 an item that is decided on the spot (an electronic result, no fee)."""
    item: PublishedItem = await world.ctx.items.current(await make.item_code("ITEM06"))
    limits = {
        "promised": {"value": 0, "unit": "SAME_WORKING_DAY", "clock_start": "ON_ACCEPTED"},
        "statutory": {"value": 0, "unit": "NONE"},
    }
    # A day leaves no time to bring a material later, so nothing is let off for now.
    flags = {**item.body["flags"], "shortfall_allowed": False}
    materials = [{**each, "shortfall_allowed": False} for each in item.materials]
    body = {**item.body, "version": "2026.4", "case_type": "即办件", "limits": limits}
    assert await world.ctx.items.publish({**body, "flags": flags, "materials": materials})


@pytest.mark.requirement("即办件")
@pytest.mark.parametrize(
    ("accepted", "last"),
    [
        (shanghai(7, 6, 9), "2026-07-06"),
        (shanghai(7, 6, 23, 50), "2026-07-06"),
        (shanghai(7, 11, 10), "2026-07-13"),  # a Saturday: the working day is Monday
    ],
)
async def test_the_limit_is_the_same_working_day(
    world: World, accepted: datetime, last: str
) -> None:
    await at_once(world)
    world.clock.at = accepted
    scene = await open_scene(world, "ITEM06")
    days = await scene.last_days()
    assert days["DECISION_PROMISED"] == last
    assert "DECISION_STATUTORY" not in days


async def test_accepted_and_decided_on_one_day(world: World) -> None:
    """T09 and T28, no review reported between them."""
    await at_once(world)
    scene = await open_scene(world, "ITEM06")
    told = await scene.report(scene.decided(seq=1, decision=Decision.APPROVED))
    assert told.state == "APPROVED"
    case = await scene.filed.case()
    assert case.accepted_at == case.decided_at == world.clock.now()
    assert case.monitor_light == MonitorLight.GREEN.value
    assert "DECISION_PROMISED" not in await scene.last_days()
    steps = [row["row"] for row in await world.rows("case_events")]
    assert steps == ["T01", "T03", "T09", "T28"]


async def test_an_open_case_keeps_the_limit_it_was_filed_under(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM06")
    await at_once(world)
    case = await filed.case()
    item = await world.ctx.items.version(case.item_version_id)
    assert item.version == "2026.3"
