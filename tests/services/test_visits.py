"""跑动次数: what a person had to come for is counted, once a day, against the item's promise."""

from datetime import date, timedelta

import pytest

from models.case import Case
from models.rules.reasons import DefectReason
from services.corrections import Point
from services.deliveries import Choice
from services.visits import visited, warning_of
from tests import make
from tests.services import stages
from tests.services.counters import WINDOW, code_of, ready, window_officer
from tests.services.reviewing import reviewer
from tests.world import World


@pytest.mark.requirement("最多跑一次")
async def test_papers_brought_to_the_window_are_a_visit(world: World) -> None:
    """ITEM09: pre-review on the phone, then the originals at the window."""
    filed = await stages.reviewed(world, "ITEM09")
    case = await filed.case()
    assert (case.visits, case.visited_on) == (1, date(2026, 3, 2))


async def test_a_defect_found_at_the_window_was_a_visit_too(world: World) -> None:
    """T16: who has to come again for it has come twice."""
    filed = await make.judged(world, await make.citizen(world), "ITEM09")
    officer = reviewer(filed)
    await world.ctx.reviews.accept(officer, filed.case_id)
    point = Point(filed.codes[0], False, DefectReason.EXPIRED, "请带有效的原件来。")
    await world.ctx.reviews.paper_defect(officer, filed.case_id, [point], "看了原件才发现。")
    case = await filed.case()
    assert (case.visits, case.visited_on) == (1, date(2026, 3, 2))


async def test_what_is_done_on_the_phone_is_none(world: World) -> None:
    filed = await stages.reviewed(world)
    assert (await filed.case()).visits == 0


async def test_fetching_the_result_is_a_visit_and_too_many_are_told(world: World) -> None:
    filed = await ready(world, Choice(WINDOW))
    officer, code = await window_officer(world), await code_of(world, filed)
    handed = await world.ctx.deliveries.pick_up(officer, filed.case_id, code)
    item = await world.ctx.items.version(handed.case.item_version_id)
    assert (handed.case.visits, item.body["flags"]["max_visits"]) == (1, 1)
    assert handed.warning is None


async def test_papers_and_result_on_one_day_are_one_visit(world: World) -> None:
    """And on another day they are two, one more than ITEM09 promises."""
    filed = await stages.reviewed(world, "ITEM09")
    case = await filed.case()
    assert visited(case, world.clock.now()) == {"visits": 1, "visited_on": date(2026, 3, 2)}
    world.clock.advance(timedelta(days=1))
    tuesday = date(2026, 3, 3)
    assert visited(case, world.clock.now()) == {"visits": 2, "visited_on": tuesday}


async def test_the_officer_sees_the_visits_of_a_case(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    item = await world.ctx.items.version((await filed.case()).item_version_id)
    most = item.body["flags"]["max_visits"]
    assert warning_of(await filed.case(), item) is None
    await Case.filter(id=filed.case_id).update(visits=most + 1)
    told = warning_of(await filed.case(), item)
    assert told is not None
    assert f"已经跑了{most + 1}次" in told
