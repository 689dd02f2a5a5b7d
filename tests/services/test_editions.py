"""Editions of the calendar: what seeding, an import and a local day change, and what they leave."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from integrations.official_calendar import official_days
from integrations.provisional_calendar import statutory_days
from models.calendar import CalendarVersion, WorkDay
from models.rules.announcement import AnnouncedDay
from models.rules.calendar import WorkCalendar
from models.staff import Window
from services.calendar_files import CalendarRefused
from services.calendars import Calendars
from services.editions import Editions
from tests import make
from tests.services import stages
from tests.world import World
from tests.years import announced

NOTICE = "国办发明电〔2026〕7号"
CLERK = "张三"
TABLES = ("work_days", "local_days", "calendar_versions", "audit_log", "pgqueuer")


def editions(world: World) -> Editions:
    return world.parts.seeding.editions


async def tables(world: World) -> dict[str, list[dict[str, Any]]]:
    return {name: await world.rows(name) for name in TABLES}


async def calendar(world: World) -> WorkCalendar:
    """Return the calendar as the use-cases of this process have it."""
    return await editions(world).calendars.current()


async def import_2027(
    world: World, days: Sequence[AnnouncedDay] | None = None, source: str = NOTICE
) -> CalendarVersion | None:
    return await editions(world).import_year(days or announced(), source=source, by=CLERK)


async def test_a_new_installation_knows_three_official_and_four_provisional_years(
    world: World,
) -> None:
    found = await calendar(world)
    assert (found.version, found.official_until) == ("2026.1", date(2026, 12, 31))
    # Spring Festival 2027 by the law: Friday the 5th to Monday the 8th, in lieu the 9th and 10th.
    february = [day for day in range(1, 15) if not found.is_workday(date(2027, 2, day))]
    assert february == [5, 6, 7, 8, 9, 10, 13, 14]
    assert found.is_provisional(date(2027, 2, 1))
    # Beyond what is known the weekday decides: 1 January 2031 is a Wednesday.
    assert found.is_workday(date(2031, 1, 1))
    assert found.add_workdays(date(2031, 1, 1), 3) == date(2031, 1, 6)
    assert await WorkDay.filter(status="PROVISIONAL").count() == 365 * 4 + 1  # 2028 has 366
    [edition] = await editions(world).versions()
    assert (edition.version, edition.number, edition.moved) == ("2026.1", 1, 0)


async def test_seeding_again_changes_nothing(world: World) -> None:
    await import_2027(world)
    await editions(world).override(date(2026, 7, 9), False, reason="洪水停工", by=CLERK)
    before = await tables(world)
    await world.parts.seeding.seed(official_days(), statutory_days())
    assert await tables(world) == before


async def test_seeding_more_days_is_an_edition_that_clocks_follow(world: World) -> None:
    await WorkDay.filter(date__gte=date(2030, 1, 1)).delete()
    await world.parts.seeding.seed(official_days(), statutory_days())
    newest, _ = await editions(world).versions()
    assert (newest.version, newest.number, newest.imported_by) == ("2030.2", 2, None)
    assert await world.jobs() == [
        ("calendar.recompute", {"version": "2030.2", "edition": None, "after": None})
    ]


async def test_an_imported_year_is_official_and_seen_at_once(world: World) -> None:
    before = await calendar(world)
    assert before.is_workday(date(2027, 2, 11)) and not before.is_workday(date(2027, 2, 13))
    elsewhere = Calendars(world.clock)
    await elsewhere.current()
    edition = await import_2027(world)
    assert edition is not None
    assert (edition.version, edition.number, edition.year) == ("2027.2", 2, 2027)
    assert (edition.source, edition.imported_by) == (NOTICE, CLERK)
    assert edition.imported_at == world.clock.now()
    here = await calendar(world)
    assert (here.version, here.official_until) == ("2027.2", date(2027, 12, 31))
    assert not here.is_workday(date(2027, 2, 11)) and here.is_workday(date(2027, 2, 13))
    # Another process keeps its calendar for a minute.
    assert (await elsewhere.current()).version == "2026.1"
    world.clock.advance(timedelta(seconds=61))
    assert (await elsewhere.current()).version == "2027.2"
    rows = await WorkDay.filter(date__gte=date(2027, 1, 1), date__lte=date(2027, 12, 31))
    assert {(row.status, row.source, row.version) for row in rows} == {
        ("OFFICIAL", NOTICE, "2027.2")
    }
    assert len(rows) == 365


async def test_the_same_import_twice_is_one(world: World) -> None:
    await import_2027(world)
    before = await tables(world)
    assert await import_2027(world) is None
    assert await tables(world) == before


async def test_the_same_import_at_the_same_moment_is_one(world: World) -> None:
    found = await asyncio.gather(*(import_2027(world) for _ in range(4)))
    assert len([each for each in found if each is not None]) == 1
    assert len(await editions(world).versions()) == 2


async def test_a_year_can_be_corrected_by_a_later_notice(world: World) -> None:
    await import_2027(world)
    # In 2020 Spring Festival was made longer when it had begun already.
    longer = [
        AnnouncedDay(day.date, day.is_workday and day.date != date(2027, 2, 12))
        for day in announced()
    ]
    edition = await import_2027(world, longer, "国办发明电〔2027〕1号")
    assert edition is not None and edition.version == "2027.3"
    assert not (await calendar(world)).is_workday(date(2027, 2, 12))


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        ([], "there is no day in it"),
        (announced()[:-1], "1 days of 2027 are missing, the first is 2027-12-31"),
        # The moon's holidays are known from the provisional year.
        (
            announced(worked={(2, 6), (4, 25), (9, 26), (10, 9)}, off={(10, 6), (10, 7)}),
            "2027-02-06 is a statutory holiday (春节), but people work",
        ),
    ],
)
async def test_what_cannot_be_a_year_is_refused_and_changes_nothing(
    world: World, days: Sequence[AnnouncedDay], fault: str
) -> None:
    before = await tables(world)
    with pytest.raises(CalendarRefused) as refused:
        await editions(world).import_year(days, source=NOTICE, by=CLERK)
    assert fault in refused.value.faults
    assert await tables(world) == before


async def test_no_year_is_left_out(world: World) -> None:
    off = {(1, 3), (4, 4), (5, 1), (5, 2), (5, 29), (10, 2), (10, 3), (10, 4), (10, 5)}
    days = announced(2028, off={*off, *[(1, day) for day in range(25, 29)]}, worked=())
    before = await tables(world)
    with pytest.raises(CalendarRefused, match="2027 has to be imported before 2028"):
        await editions(world).import_year(days, source=NOTICE, by=CLERK)
    assert await tables(world) == before
    await import_2027(world)
    assert await editions(world).import_year(days, source=NOTICE, by=CLERK) is not None


@pytest.mark.parametrize("words", [{"source": ""}, {"source": "长" * 61}, {"by": " "}])
async def test_who_and_by_which_notice_have_to_be_told(world: World, words: dict[str, str]) -> None:
    before = await tables(world)
    with pytest.raises(CalendarRefused, match="characters"):
        await editions(world).import_year(announced(), **{"source": NOTICE, "by": CLERK, **words})
    assert await tables(world) == before


async def test_a_local_day_stands_above_the_nation_and_survives_an_import(world: World) -> None:
    flood = date(2027, 7, 8)  # a Thursday
    make_up = date(2027, 7, 10)
    await editions(world).override(flood, False, reason="洪水停工", by=CLERK)
    await editions(world).override(make_up, True, reason="补洪水停工", by=CLERK)
    await import_2027(world)
    found = await calendar(world)
    assert not found.is_workday(flood) and found.is_workday(make_up)
    # What the county decides makes nothing official.
    assert found.official_until == date(2027, 12, 31)
    cleared = await editions(world).override(flood, None, reason="撤销", by=CLERK)
    assert cleared is not None and cleared.source == "2027-07-08 as announced: 撤销"
    assert (await calendar(world)).is_workday(flood)
    assert [row["date"] for row in await world.rows("local_days")] == [make_up]


async def test_a_local_day_is_recorded_once(world: World) -> None:
    await editions(world).override(date(2026, 7, 9), False, reason="洪水停工", by=CLERK)
    before = await tables(world)
    again = await editions(world).override(date(2026, 7, 9), False, reason="洪水", by="李四")
    never = await editions(world).override(date(2026, 7, 10), None, reason="撤销", by=CLERK)
    assert (again, never) == (None, None)
    assert await tables(world) == before
    [row] = before["local_days"]
    assert (row["is_workday"], row["reason"], row["decided_by"]) == (False, "洪水停工", CLERK)
    newest, _ = await editions(world).versions()
    assert (newest.source, newest.imported_by) == ("2026-07-09 off: 洪水停工", CLERK)


async def test_who_changed_the_calendar_is_in_the_audit(world: World) -> None:
    await import_2027(world)
    await editions(world).override(date(2027, 7, 8), False, reason="洪水停工", by="李四")
    acts = [
        (row["actor_role"], row["actor_id"], row["action"], row["object_id"], row["data"])
        for row in await world.rows("audit_log")
    ]
    assert [(*act[:4], json.loads(act[4])) for act in acts] == [
        ("SYSTEM", CLERK, "calendar.import", "2027.2", {"year": 2027, "source": NOTICE}),
        ("SYSTEM", "李四", "calendar.override", "2027.3", {"day": "2027-07-08", "act": "off"}),
    ]


async def test_editions_are_ordered_by_their_coming_not_by_their_names(world: World) -> None:
    for number in range(2, 12):
        works = number % 2 == 0
        await editions(world).override(date(2026, 7, 9), works, reason="演练", by=CLERK)
    names = [each.version for each in await editions(world).versions()]
    # As words "2026.9" would be the newest.
    assert names == [f"2026.{number}" for number in range(11, 0, -1)]
    assert (await calendar(world)).version == "2026.11"


@pytest.mark.requirement("5+X / 节假日")
async def test_opening_hours_never_change_what_counts(world: World) -> None:
    await Window.all().update(hours="周一至周日 9:00-21:00, 节假日不休")
    await editions(world).calendars.forget()
    world.clock.at = datetime(2026, 3, 6, 1, tzinfo=UTC)  # a Friday
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, "key-of-a-friday")
    found = await world.ctx.deadlines.of_case(filed.citizen, filed.case_id)
    # Five working days after Friday: 9, 10, 11, 12, 13 March. Nobody counts the open Saturday.
    assert [each.explained.due_on for each in found.deadlines] == [date(2026, 3, 13)]
