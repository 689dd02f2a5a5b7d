"""What the tests of time share: days in China, a sweep of the timers, steps taken directly."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from models.case import Case, ClockInstance
from models.rules.calendar import SHANGHAI
from models.rules.clock_table import ClockName
from models.rules.events import Event, Role
from models.rules.states import State
from models.supervision import MonitorAlert
from models.unit import run_in_transaction
from services.actors import Actor
from tests.make import Filed
from tests.world import World


def at(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026) -> datetime:
    """Return a time of day in China."""
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


async def sweep(world: World, moment: datetime | None = None) -> int:
    """Fire what is due, at a moment if one is given; return how many clocks were."""
    if moment is not None:
        world.clock.at = moment
    _, timers = world.parts.schedules["timers"]
    fired = await timers()
    assert isinstance(fired, int)
    return fired


async def step(
    world: World,
    filed: Filed,
    event: Event,
    role: Role,
    *,
    before: State | None = None,
    dues: Mapping[ClockName, date] | None = None,
    data: Mapping[str, Any] | None = None,
) -> Case:
    """Take a row of the table whose guard another test is about; ``before`` puts the case there."""
    if before is not None:
        await Case.filter(id=filed.case_id).update(state=before)

    async def take() -> Case:
        case = await Case.filter(id=filed.case_id).select_for_update().get()
        item = await world.ctx.items.version(case.item_version_id)
        actor = Actor(role, None, None)
        transitions = world.ctx.cases.transitions
        await transitions.apply(case, item, event, actor, dues=dues, data=data)
        return case

    return await run_in_transaction(take)


async def running(filed: Filed) -> dict[str, ClockInstance]:
    """Return the clocks of a case that have not stopped, by name."""
    found = await ClockInstance.filter(case_id=filed.case_id, stopped_at=None)
    return {clock.name: clock for clock in found}


async def alerts(filed: Filed) -> list[tuple[str, str, bool]]:
    """Return the alerts of a case as (clock or code, light, whether it is still open)."""
    found = await MonitorAlert.filter(case_id=filed.case_id).order_by("raised_at", "id")
    return [(alert.code, alert.light, alert.resolved_at is None) for alert in found]
