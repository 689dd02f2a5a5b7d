"""What the catalogue promises holds for a case: its limits, and its closed list."""

from datetime import UTC, datetime

import pytest

from models.case import ClockInstance
from models.rules.reasons import DefectReason
from services.corrections import MaterialNotOnList, Point
from services.verdicts import MaterialNotAsked
from tests import make
from tests.rules.items import item
from tests.services.reviewing import judge, refused, reviewer
from tests.services.stages import reviewed
from tests.world import World

PROMISED, STATUTORY = "DECISION_PROMISED", "DECISION_STATUTORY"


def midnight_after(month: int, day: int) -> datetime:
    """Return the end of a day of 2026 in Shanghai: 24:00 there is 16:00 UTC."""
    return datetime(2026, month, day, 16, tzinfo=UTC)


@pytest.mark.requirement("承诺件")
async def test_a_promised_item_runs_both_limits_from_acceptance(world: World) -> None:
    filed = await reviewed(world)
    clocks = {
        clock.name: clock.due_at for clock in await ClockInstance.filter(case_id=filed.case_id)
    }
    # Accepted on Monday 2 March: five working days end on the 9th, twenty on the 30th.
    assert clocks[PROMISED] == midnight_after(3, 9)
    assert clocks[STATUTORY] == midnight_after(3, 30)


@pytest.mark.requirement("即办件")
async def test_an_immediate_item_is_due_on_the_day_it_is_accepted(world: World) -> None:
    same_day = {"value": 0, "unit": "SAME_WORKING_DAY", "clock_start": "ON_ACCEPTED"}
    body = item(
        "item06",
        version="2026.4",
        case_type="即办件",
        limits__promised=same_day,
        tags=["马上办", "网上办"],
        flags__shortfall_allowed=False,
    )
    for material in body["materials"]:  # a day leaves no time to bring anything later
        material["shortfall_allowed"] = False
    await world.ctx.items.publish(body)
    filed = await reviewed(world, "ITEM06")
    [promised] = await ClockInstance.filter(case_id=filed.case_id, name=PROMISED)
    assert promised.due_at == midnight_after(3, 2)


@pytest.mark.requirement("清单外材料禁收")
async def test_nothing_beyond_the_list_is_asked_for(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    codes = [each["code"] for each in item("item10")["materials"]]
    assert "M07" not in codes
    async with refused(world, MaterialNotAsked):
        await world.ctx.reviews.put_verdict(
            reviewer(filed), filed.case_id, "M07", "FAIL", "MISSING"
        )
    await judge(world, filed, "M04")
    unlisted = [
        Point(code, is_field=False, reason=DefectReason.MISSING, requirement="请补交。")
        for code in ("M04", "M07")
    ]
    async with refused(world, MaterialNotOnList):
        await world.ctx.reviews.issue_correction(reviewer(filed), filed.case_id, unlisted, "")
