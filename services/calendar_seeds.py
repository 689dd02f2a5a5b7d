"""The days that a calendar begins with: announced ones, and those worked out from the law."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Protocol

from models.calendar import WorkDay
from models.rules.calendar import ONE_DAY
from models.rules.holidays import days_off

OFFICIAL = "OFFICIAL"
PROVISIONAL = "PROVISIONAL"


class Announced(Protocol):
    """A day as the State Council announced it, and where that was read."""

    @property
    def date(self) -> date: ...

    @property
    def is_workday(self) -> bool: ...

    @property
    def source(self) -> str: ...


class Holiday(Protocol):
    """A statutory holiday of all citizens, and where it was read."""

    @property
    def date(self) -> date: ...

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...


def seeds(announced: Iterable[Announced], holidays: Sequence[Holiday]) -> Iterator[WorkDay]:
    """Yield the announced days, then the whole provisional years of the holidays."""
    for day in announced:
        yield WorkDay(date=day.date, is_workday=day.is_workday, status=OFFICIAL, source=day.source)
    free = days_off((day.date, day.name) for day in holidays)
    sources = {day.date.year: day.source for day in holidays}
    for year in sorted(sources):
        yield from _provisional(year, free, sources[year])


def _provisional(year: int, free: Mapping[date, str], source: str) -> Iterator[WorkDay]:
    day = date(year, 1, 1)
    while day.year == year:
        yield WorkDay(
            date=day,
            is_workday=day.weekday() < 5 and day not in free,
            status=PROVISIONAL,
            note=free.get(day, ""),
            source=source,
        )
        day += ONE_DAY
