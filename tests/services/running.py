"""Cases that are rows only, with clocks that run: what a recount is about, and no more."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from models.case import Case, ClockInstance, ClockPause
from models.ids import uuid7
from models.item import Item, ItemVersion
from models.rules.calendar import Limit, Unit, WorkCalendar
from models.rules.clock_table import ClockName
from models.rules.clocks import Pause, start
from models.rules.states import State
from services.actors import Citizen
from services.clocks import columns_of
from tests import make
from tests.world import World


def shanghai(day: str, hour: int = 9) -> datetime:
    """Return an hour of a day (``2027-02-03``) in China as aware UTC."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return midnight.replace(hour=hour - 8)


def midnight(day: str) -> datetime:
    """Return 00:00 of a day in China as aware UTC."""
    return shanghai(day, 8) - timedelta(hours=8)


def wd(value: int) -> Limit:
    return Limit(value, Unit.WORKING_DAY)


async def current(world: World) -> WorkCalendar:
    return await world.ctx.deadlines.calendars.newest()


async def case_of(world: World, who: Citizen, **columns: Any) -> Case:
    """Return a case of a citizen: a row in some state, without form or materials."""
    item = await Item.get(code=await make.item_code("ITEM10"))
    version = await ItemVersion.filter(item_id=item.id).first()
    assert version is not None
    now = world.clock.now()
    return await Case.create(
        account_id=who.account_id,
        item_id=item.id,
        item_version_id=version.id,
        applicant_type="NATURAL_PERSON",
        created_at=now,
        updated_at=now,
        **{"state": State.UNDER_REVIEW, "case_no": uuid7().hex, "accepted_at": now, **columns},
    )


async def clock_of(
    world: World,
    case: Case,
    name: ClockName,
    limit: Limit,
    pauses: Sequence[Pause] = (),
) -> UUID:
    """Start a clock now by the calendar as it stands, through some pauses; return its id."""
    calendar, now = await current(world), world.clock.now()
    clock = start(name, now, limit, calendar)
    for pause in pauses:
        clock = clock.pause(pause.paused_at, calendar)
        if pause.resumed_at is not None:
            clock = clock.resume(pause.resumed_at, calendar)
    row = await ClockInstance.create(case_id=case.id, **columns_of(clock, now, calendar))
    for pause in pauses:
        await ClockPause.create(clock_id=row.id, **vars(pause))
    return row.id


async def running(
    world: World, who: Citizen, limits: Mapping[ClockName, Limit], **columns: Any
) -> tuple[Case, dict[ClockName, UUID]]:
    """Return a case with clocks that start now, and their ids."""
    case = await case_of(world, who, **columns)
    return case, {name: await clock_of(world, case, name, limit) for name, limit in limits.items()}


async def seen(clock_id: UUID) -> ClockInstance:
    return await ClockInstance.get(id=clock_id)


async def last_day(clock_id: UUID) -> date:
    """Return the last day of a clock's limit: the day before its end at 24:00."""
    due = (await seen(clock_id)).due_at
    assert (due.hour, due.minute) == (16, 0), "24:00 in China"
    return due.date()
