"""Alerts and timers after an edition of the calendar: warned again, late no more, ended in time."""

from datetime import date
from uuid import UUID

import pytest

from models.case import Case, ClockInstance
from models.rules.clock_table import ClockName
from models.rules.states import MonitorLight, State
from models.supervision import MonitorAlert
from models.unit import transaction
from services import lateness
from tests import make
from tests.services.running import last_day, midnight, running, seen, shanghai, wd
from tests.services.test_recounts import import_2027, override, recount
from tests.services.timing import sweep
from tests.world import World

PROMISED = ClockName.DECISION_PROMISED
CORRECTION = ClockName.CORRECTION


@transaction
async def alerted(world: World, case: Case, clock_id: UUID, light: MonitorLight) -> None:
    item = await world.ctx.items.version(case.item_version_id)
    await case.refresh_from_db()
    await lateness.note(case, item, await seen(clock_id), light, world.clock.now())


async def test_a_warning_of_an_end_that_moved_away_is_over_and_can_come_again(
    world: World,
) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2026-07-06")
    case, clocks = await running(world, who, {PROMISED: wd(5)})
    world.clock.at = shanghai("2026-07-10")  # one working day before Monday the 13th
    await alerted(world, case, clocks[PROMISED], MonitorLight.YELLOW)
    # The timer looks again at the end.
    due_at = (await seen(clocks[PROMISED])).due_at
    await ClockInstance.filter(id=clocks[PROMISED]).update(next_at=due_at)
    await override(world, "2026-07-13", False)
    await recount(world)
    assert await last_day(clocks[PROMISED]) == date(2026, 7, 14)
    [alert] = await MonitorAlert.all()
    # One working day before Tuesday the 14th is still Friday the 10th: the warning stands.
    assert (alert.resolved_at, alert.clock_id) == (None, clocks[PROMISED])
    assert (await seen(clocks[PROMISED])).next_at == (await seen(clocks[PROMISED])).due_at
    await override(world, "2026-07-14", False)
    await override(world, "2026-07-10", False)
    await recount(world)
    # 7, 8, 9, 15 and 16 July: Wednesday the 15th is the day before.
    assert await last_day(clocks[PROMISED]) == date(2026, 7, 16)
    [alert] = await MonitorAlert.all()
    assert alert.resolved_at == world.clock.now()
    assert (await Case.get(id=case.id)).monitor_light == "GREEN"
    assert (await seen(clocks[PROMISED])).next_at == midnight("2026-07-15")
    world.clock.at = shanghai("2026-07-15")
    await alerted(world, case, clocks[PROMISED], MonitorLight.YELLOW)
    [alert] = await MonitorAlert.all()
    assert (alert.raised_at, alert.resolved_at) == (world.clock.now(), None)
    assert (alert.data, alert.resolution) == ({"due_at": "2026-07-16T16:00:00+00:00"}, "")
    assert (await Case.get(id=case.id)).monitor_light == "YELLOW"


@pytest.mark.parametrize(("mode", "light"), [("NORMAL", "GREEN"), ("DEEMED", "RED")])
async def test_who_was_late_by_a_day_that_was_off_was_not(
    world: World, mode: str, light: str
) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2026-07-06")
    case, clocks = await running(world, who, {PROMISED: wd(5)}, accept_mode=mode)
    world.clock.at = shanghai("2026-07-14")
    await alerted(world, case, clocks[PROMISED], MonitorLight.RED)
    await ClockInstance.filter(id=clocks[PROMISED]).update(next_at=None)
    for day in ("2026-07-10", "2026-07-13", "2026-07-14"):
        await override(world, day, False)
    await recount(world)
    # 7, 8, 9, 15, 16 July.
    row = await seen(clocks[PROMISED])
    assert await last_day(row.id) == date(2026, 7, 16)
    assert row.next_at == midnight("2026-07-15")
    [alert] = await MonitorAlert.all()
    assert alert.resolved_at == world.clock.now()
    assert (await Case.get(id=case.id)).monitor_light == light


async def test_who_is_late_all_the_same_stays_so(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2026-07-06")
    case, clocks = await running(world, who, {PROMISED: wd(5)})
    world.clock.at = shanghai("2026-07-20")
    await alerted(world, case, clocks[PROMISED], MonitorLight.RED)
    await ClockInstance.filter(id=clocks[PROMISED]).update(next_at=None)
    await override(world, "2026-07-10", False)
    await recount(world)
    row = await seen(clocks[PROMISED])
    assert (await last_day(row.id), row.next_at) == (date(2026, 7, 14), None)
    [alert] = await MonitorAlert.all()
    assert (alert.resolved_at, alert.clock_id) == (None, row.id)
    assert (await Case.get(id=case.id)).monitor_light == "RED"


async def test_timers_warn_again_and_then_tell_that_it_is_late(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2026-07-06")
    await running(world, who, {PROMISED: wd(5)})
    assert await sweep(world, midnight("2026-07-10")) == 1
    for day in ("2026-07-10", "2026-07-13", "2026-07-14"):
        await override(world, day, False)
    await recount(world)
    # 7, 8, 9, 15 and 16 July now: nothing to say before Wednesday the 15th.
    assert await sweep(world, shanghai("2026-07-14")) == 0
    [alert] = await MonitorAlert.all()
    assert alert.resolved_at == midnight("2026-07-10")
    assert await sweep(world, midnight("2026-07-15")) == 1
    [alert] = await MonitorAlert.all()
    assert (alert.light, alert.raised_at, alert.resolved_at) == (
        "YELLOW",
        midnight("2026-07-15"),
        None,
    )
    assert await sweep(world, midnight("2026-07-17")) == 1
    lights = {each.light: each.resolved_at is None for each in await MonitorAlert.all()}
    assert lights == {"YELLOW": False, "RED": True}


async def test_an_end_that_came_nearer_is_warned_of_at_once(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2026-07-06")
    await override(world, "2026-07-09", False)
    await running(world, who, {PROMISED: wd(5)})
    # 7, 8, 10, 13 and 14 July: Monday the 13th is the day before. Without the day off the 10th is.
    assert await sweep(world, shanghai("2026-07-10")) == 0
    await override(world, "2026-07-09", None)
    await recount(world)
    assert await sweep(world) == 1
    [alert] = await MonitorAlert.all()
    assert (alert.light, alert.raised_at) == ("YELLOW", shanghai("2026-07-10"))


async def test_a_timer_does_not_end_a_case_by_an_older_calendar(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    waiting = State.CORRECTION_REQUIRED
    case, clocks = await running(world, who, {CORRECTION: wd(2)}, state=waiting)
    # By the law alone it ended on Thursday the 11th at 24:00; by the notice the 11th was off.
    world.clock.at = midnight("2027-02-12")
    await import_2027(world)
    await sweep(world)
    assert (await Case.get(id=case.id)).state is waiting
    assert await last_day(clocks[CORRECTION]) == date(2027, 2, 12)
    assert (await seen(clocks[CORRECTION])).calendar_version == "2027.2"
    await sweep(world, midnight("2027-02-13"))
    assert (await Case.get(id=case.id)).state is State.WITHDRAWN_DEEMED
