"""Editions of the calendar: the seeded one, an imported year, a local day; each in its order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.calendar import CalendarVersion, LocalDay, WorkDay
from models.database import rows
from models.rules.announcement import AnnouncedDay, faults_of
from models.rules.events import Role
from models.rules.holidays import IN_LIEU
from models.unit import current_unit, transaction
from services.actors import Actor
from services.audit import Audit
from services.calendar_files import CalendarRefused
from services.calendar_seeds import OFFICIAL, PROVISIONAL, Announced, Holiday, seeds
from services.calendars import Calendars
from services.ports import Clock, Jobs

RECOMPUTE = "calendar.recompute"
SEEDED = "2026.1"
# Editions come one after the other: each has the number after the newest.
EDITION_LOCK = 5_114_990_002
SOURCE_CHARACTERS = 60
REASON_CHARACTERS = 160
NAME_CHARACTERS = 64
YEARS = range(2000, 2101)
ACTS = {True: "work", False: "off", None: "as announced"}


@dataclass(frozen=True)
class Editions:
    clock: Clock
    calendars: Calendars
    jobs: Jobs
    audit: Audit

    @transaction
    async def seed(self, announced: Iterable[Announced], holidays: Iterable[Holiday]) -> None:
        """Fill in the days that are not known yet; what was imported or seeded before stays.

        The years of ``holidays`` become provisional: whole, with the days in lieu.
        """
        number = await self._next_number()
        known = set(await WorkDay.all().values_list("date", flat=True))
        new = [day for day in seeds(announced, list(holidays)) if day.date not in known]
        if not new:
            return
        version = SEEDED if number == 1 else f"{new[0].date.year}.{number}"
        source = "、".join(sorted({day.source for day in new}))
        for day in new:
            day.version = version
        await WorkDay.bulk_create(new)
        await self._bring_in(CalendarVersion(version=version, number=number, source=source))

    @transaction
    async def import_year(
        self, days: Sequence[AnnouncedDay], *, source: str, by: str
    ) -> CalendarVersion | None:
        """Make a year official; return the new edition, or None when all of it was known.

        ``source`` is the notice (国办发明电〔2026〕7号), ``by`` who imports it. Local days stay.
        Running clocks are counted anew by a job. Raises ``CalendarRefused``.
        """
        _check_words(source=(source, SOURCE_CHARACTERS), by=(by, NAME_CHARACTERS))
        number = await self._next_number()
        year = days[0].date.year if days else YEARS.start
        known, _ = await self.days(year)
        if faults := faults_of(days, _lunar(known)) or await self._gap(year):
            raise CalendarRefused(faults)
        if _same(known, days, source):
            return None
        edition = CalendarVersion(
            version=f"{year}.{number}", number=number, year=year, source=source, imported_by=by
        )
        new = [_official(day, source, edition.version) for day in days]
        await WorkDay.filter(date__in=[day.date for day in known]).delete()
        await WorkDay.bulk_create(new)
        await self._record(edition, "calendar.import", {"year": year, "source": source})
        return await self._bring_in(edition)

    @transaction
    async def override(
        self, day: date, works: bool | None, *, reason: str, by: str
    ) -> CalendarVersion | None:
        """Decide locally whether people work on a day; with ``works`` None take that back.

        Return the new edition, or None when it was so already. Running clocks are counted anew by
        a job. Raises ``CalendarRefused``.
        """
        _check_words(reason=(reason, REASON_CHARACTERS), by=(by, NAME_CHARACTERS))
        if day.year not in YEARS:
            raise CalendarRefused([f"{day} is too far away"])
        number = await self._next_number()
        known = await LocalDay.get_or_none(date=day)
        if (None if known is None else known.is_workday) is works:
            return None
        version = f"{day.year}.{number}"
        await LocalDay.filter(date=day).delete()
        if works is not None:
            await LocalDay.create(
                date=day,
                is_workday=works,
                reason=reason,
                decided_by=by,
                decided_at=self.clock.now(),
                version=version,
            )
        source = f"{day} {ACTS[works]}: {reason}"
        edition = CalendarVersion(version=version, number=number, source=source, imported_by=by)
        await self._record(edition, "calendar.override", {"day": str(day), "act": ACTS[works]})
        return await self._bring_in(edition)

    async def versions(self) -> Sequence[CalendarVersion]:
        """Return the editions, the newest first."""
        return await CalendarVersion.all().order_by("-number")

    async def days(self, year: int) -> tuple[Sequence[WorkDay], Sequence[LocalDay]]:
        """Return what is known of a year: the State Council's days, and the county's own."""
        first, last = date(year, 1, 1), date(year, 12, 31)
        return (
            await WorkDay.filter(date__gte=first, date__lte=last).order_by("date"),
            await LocalDay.filter(date__gte=first, date__lte=last).order_by("date"),
        )

    async def _gap(self, year: int) -> Sequence[str]:
        """Return why a year cannot come yet: the one before it has to be official."""
        newest = await WorkDay.filter(status=OFFICIAL).order_by("-date").first()
        if newest is None or year <= newest.date.year + 1:
            return []
        return [f"{newest.date.year + 1} has to be imported before {year}"]

    async def _next_number(self) -> int:
        """Return the number of the edition to come; no other can come before this transaction."""
        await rows("SELECT pg_advisory_xact_lock($1)", [EDITION_LOCK])
        newest = await CalendarVersion.all().order_by("-number").first()
        return 1 if newest is None else newest.number + 1

    async def _record(self, edition: CalendarVersion, act: str, data: Mapping[str, Any]) -> None:
        # No member of staff: whoever runs the command says who they are.
        actor = Actor(Role.SYSTEM, edition.imported_by, None)
        await self.audit.record(actor, act, "calendar_version", edition.version, data)

    async def _bring_in(self, edition: CalendarVersion) -> CalendarVersion:
        """Put an edition in force, in the caller's transaction; running clocks follow soon."""
        edition.imported_at = self.clock.now()
        await edition.save(force_create=True)
        current_unit().after_commit(self.calendars.forget)
        if edition.number > 1:
            payload = {"version": edition.version, "edition": None, "after": None}
            await self.jobs.enqueue(RECOMPUTE, payload, key=f"{RECOMPUTE}:{edition.version}")
        return edition


def _check_words(**given: tuple[str, int]) -> None:
    faults = [
        f"{name} has 1 to {most} characters"
        for name, (words, most) in given.items()
        if not 0 < len(words.strip()) <= most
    ]
    if faults:
        raise CalendarRefused(faults)


def _lunar(known: Sequence[WorkDay]) -> dict[date, str]:
    """Return the statutory holidays that a provisional year was made from."""
    return {
        day.date: day.note
        for day in known
        if day.status == PROVISIONAL and day.note and IN_LIEU not in day.note
    }


def _official(day: AnnouncedDay, source: str, version: str) -> WorkDay:
    return WorkDay(
        date=day.date,
        is_workday=day.is_workday,
        status=OFFICIAL,
        note=day.note,
        source=source,
        version=version,
    )


def _same(known: Sequence[WorkDay], days: Sequence[AnnouncedDay], source: str) -> bool:
    before = {(day.date, day.is_workday, day.note, day.status, day.source) for day in known}
    return before == {(day.date, day.is_workday, day.note, OFFICIAL, source) for day in days}
