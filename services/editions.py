"""Editions of the calendar: the seeded one, an imported year, a local day; each in its order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from models.calendar import CalendarVersion, WorkDay
from models.database import rows
from models.rules.calendar import ONE_DAY
from models.rules.holidays import days_off
from models.unit import current_unit, transaction
from services.calendars import Calendars
from services.ports import Clock, Jobs

RECOMPUTE = "calendar.recompute"
SEEDED = "2026.1"
OFFICIAL = "OFFICIAL"
PROVISIONAL = "PROVISIONAL"
# Editions come one after the other: each has the number after the newest.
EDITION_LOCK = 5_114_990_002


class Announced(Protocol):
    """A day as the State Council announced it, and where that was read."""

    @property
    def date(self) -> date: ...

    @property
    def is_workday(self) -> bool: ...

    @property
    def source(self) -> str: ...


class Holiday(Protocol):
    """A statutory holiday of all citizens."""

    @property
    def date(self) -> date: ...

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...


@dataclass(frozen=True)
class Editions:
    clock: Clock
    calendars: Calendars
    jobs: Jobs

    @transaction
    async def seed(self, announced: Iterable[Announced], holidays: Iterable[Holiday]) -> None:
        """Fill in the days that are not known yet; what was imported or seeded before stays.

        The years of ``holidays`` become provisional: whole, with the days in lieu.
        """
        await self._take_turns()
        known = set(await WorkDay.all().values_list("date", flat=True))
        days = [*_official(announced), *_provisional(list(holidays))]
        new = [day for day in days if day.date not in known]
        if not new:
            return
        number = await self._next_number()
        edition = CalendarVersion(
            version=SEEDED if number == 1 else f"{new[0].date.year}.{number}",
            number=number,
            source="、".join(sorted({day.source for day in new})),
            imported_at=self.clock.now(),
        )
        for day in new:
            day.version = edition.version
        await WorkDay.bulk_create(new)
        await self._bring_in(edition)

    async def _take_turns(self) -> None:
        await rows("SELECT pg_advisory_xact_lock($1)", [EDITION_LOCK])

    async def _next_number(self) -> int:
        newest = await CalendarVersion.all().order_by("-number").first()
        return 1 if newest is None else newest.number + 1

    async def _bring_in(self, edition: CalendarVersion) -> None:
        """Put an edition in force, in the caller's transaction; running clocks follow soon."""
        await edition.save(force_create=True)
        current_unit().after_commit(self.calendars.forget)
        if edition.number > 1:
            payload = {"version": edition.version, "after": None}
            await self.jobs.enqueue(RECOMPUTE, payload, key=f"{RECOMPUTE}:{edition.version}")


def _official(days: Iterable[Announced]) -> Iterator[WorkDay]:
    for day in days:
        yield WorkDay(date=day.date, is_workday=day.is_workday, status=OFFICIAL, source=day.source)


def _provisional(holidays: list[Holiday]) -> Iterator[WorkDay]:
    free = days_off((day.date, day.name) for day in holidays)
    source = {day.date.year: day.source for day in holidays}
    for year in sorted(source):
        day = date(year, 1, 1)
        while day.year == year:
            yield WorkDay(
                date=day,
                is_workday=day.weekday() < 5 and day not in free,
                status=PROVISIONAL,
                note=free.get(day, ""),
                source=source[year],
            )
            day += ONE_DAY
