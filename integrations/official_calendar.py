"""The State Council's working days, as the library chinese-calendar knows them.

It raises beyond its last year, so it is read once, when the calendar table is seeded.
"""

import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar

FIRST = date(2024, 1, 1)
LAST = date(2026, 12, 31)


@dataclass(frozen=True)
class OfficialDay:
    """One announced day and where the announcement was read."""

    date: date
    is_workday: bool
    source: str


def official_days() -> Iterator[OfficialDay]:
    """Yield every announced day of 2024 to 2026."""
    source = f"chinese-calendar {importlib.metadata.version('chinese-calendar')}"
    day = FIRST
    while day <= LAST:
        yield OfficialDay(day, bool(chinese_calendar.is_workday(day)), source)
        day += timedelta(days=1)
