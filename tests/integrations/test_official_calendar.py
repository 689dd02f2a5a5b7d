"""The days that are seeded, against a library that was not asked for them, day by day."""

import re
from datetime import date, timedelta
from functools import cache

import holidays

from integrations.official_calendar import official_days
from models.rules.calendar import WorkCalendar

FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)
MOVED = re.compile(r"由 (\d{4}-\d{2}-\d{2}) 调休")


def test_every_day_of_three_years_is_there_once() -> None:
    days = [day.date for day in official_days()]
    assert days == [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


@cache
def independent() -> dict[date, bool]:
    """Return who works when by ``holidays``: weekends, days off, and what was moved for them."""
    found = holidays.country_holidays("CN", years=range(2023, 2028), language="zh_CN")
    made_up = {date.fromisoformat(day) for name in found.values() for day in MOVED.findall(name)}
    span = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    return {day: day in made_up or (day.weekday() < 5 and day not in found) for day in span}


def test_both_libraries_agree_on_every_day() -> None:
    seeded = {day.date: day.is_workday for day in official_days()}
    assert {day for day in seeded if seeded[day] != independent()[day]} == set()
    assert sum(seeded[day] for day in seeded if day.year == 2026) == 248


def test_the_arithmetic_is_a_walk_from_every_day() -> None:
    calendar = WorkCalendar.of(
        {day.date: day.is_workday for day in official_days()}, "seeded", LAST
    )
    working = [day for day, works in independent().items() if works]
    behind = 0
    for day in independent():
        while behind < len(working) and working[behind] <= day:
            behind += 1
        for limit in (1, 3, 5, 10, 15, 20, 30, 45):
            if behind + limit <= len(working):
                assert calendar.add_workdays(day, limit) == working[behind + limit - 1]
