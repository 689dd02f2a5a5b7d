"""Statistics: figures worked out by hand from three cases of March 2026 (2 March is a Monday)."""

from datetime import date
from uuid import uuid4

import pytest

from models.rules.reasons import RatingStage
from models.rules.states import DeliveryMethod
from services.deliveries import Choice
from services.events import Decision
from services.periods import Period
from services.ratings import Opinion
from tests import make
from tests.services import counters, stages
from tests.services.timing import at, sweep
from tests.world import World

MARCH = date(2026, 3, 1), date(2026, 3, 31)
ROAD, PENSION = "示例县住房和城乡建设局", "示例县民政局"


async def three_cases(world: World) -> None:
    """All are filed on Monday 2 March.

    A road permit is accepted at once and approved on Friday the 6th (4 working days), five stars.
    A second one is answered by nobody: accepted from the day of receipt once the 9th is over; its
    promise of five working days is over by then, too; refused on Thursday the 12th (8 working
    days), fetched at a window, one star. An allowance is accepted at once, approved on the 4th (2
    working days) and served electronically.
    """
    approved = await stages.reviewed(world)
    rate = world.ctx.ratings.rate
    await rate(approved.citizen, approved.case_id, Opinion(RatingStage.ACCEPT, 5))
    silent = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(silent.citizen, silent.case_id, uuid4().hex)
    allowance = await stages.reviewed(world, "ITEM06")
    world.clock.at = at(3, 4, 15)
    await world.ctx.deliveries.choose(
        allowance.citizen, allowance.case_id, Choice(DeliveryMethod.ELECTRONIC)
    )
    machine = await stages.decided(world, allowance)
    case_no = str((await allowance.case()).case_no)
    await world.ctx.results.store(machine, case_no, make.chunked(make.pdf()))
    assert (await allowance.case()).served_at == at(3, 4, 15)
    world.clock.at = at(3, 6, 17)
    await stages.decided(world, approved)
    await sweep(world, at(3, 10))
    world.clock.at = at(3, 12, 9)
    await stages.decided(world, silent, Decision.REJECTED)
    await rate(silent.citizen, silent.case_id, Opinion(RatingStage.RESULT, 1))
    await world.ctx.deliveries.pick_up(
        await counters.window_officer(world),
        silent.case_id,
        await counters.code_of(world, silent),
    )


@pytest.mark.requirement("数据分析")
async def test_every_figure_is_the_one_counted_by_hand(world: World) -> None:
    await three_cases(world)
    report = await world.ctx.statistics.report(*MARCH)
    assert {item.agency for item in report.items} == {ROAD, PENSION} == set(report.agencies)
    assert len(report.items) == 2
    road, pension = report.agencies[ROAD], report.agencies[PENSION]
    assert (road.filed, road.accepted, road.accepted_on_time, road.deemed) == (2, 2, 1, 1)
    assert (road.decided, road.decided_on_time, road.rejected) == (2, 1, 1)
    assert (road.accepted_on_time_share, road.decided_on_time_share) == (0.5, 0.5)
    assert road.average_working_days == 6.0  # (4 + 8) / 2
    assert (road.served, road.online, road.online_share) == (1, 0, 0.0)
    assert (road.ratings, road.average_stars, road.bad_ratings) == (2, 3.0, 1)
    assert road.states == {"AWAIT_PAYMENT": 1, "DELIVERED": 1}
    assert (pension.filed, pension.accepted_on_time, pension.decided_on_time) == (1, 1, 1)
    assert (pension.average_working_days, pension.online_share) == (2.0, 1.0)
    assert (pension.ratings, pension.average_stars) == (0, None)
    total = report.total
    assert (total.filed, total.accepted, total.decided, total.served) == (3, 3, 3, 2)
    assert total.average_working_days == 4.6667  # (4 + 8 + 2) / 3
    assert total.online_share == 0.5
    assert total.states == {"AWAIT_PAYMENT": 1, "DELIVERED": 2}


async def test_each_figure_counts_on_its_own_day(world: World) -> None:
    await three_cases(world)
    report = await world.ctx.statistics.report(date(2026, 3, 3), date(2026, 3, 6))
    total = report.total
    assert (total.filed, total.accepted, total.decided, total.served) == (0, 0, 2, 1)
    assert (total.average_working_days, total.ratings) == (3.0, 0)  # (4 + 2) / 2
    assert (total.accepted_on_time_share, total.average_stars) == (None, None)
    before = await world.ctx.statistics.report(date(2026, 2, 1), date(2026, 3, 1))
    assert (before.items, dict(before.agencies), before.total.filed) == ([], {}, 0)


async def test_months_add_up(world: World) -> None:
    """The same cases, asked for over the turn of a month and year by year."""
    await three_cases(world)
    year = await world.ctx.statistics.report(date(2025, 4, 1), date(2026, 3, 31))
    march = await world.ctx.statistics.report(*MARCH)
    assert (year.total, year.agencies) == (march.total, march.agencies)


def test_a_period_falls_into_months() -> None:
    period = Period(date(2025, 12, 30), date(2026, 2, 1))
    assert [(each.first, each.last) for each in period.months()] == [
        (date(2025, 12, 30), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 1)),
    ]
    one = Period(date(2026, 3, 2), date(2026, 3, 2))
    assert one.months() == [one]
    assert (one.start, one.end) == (at(3, 2), at(3, 3))
