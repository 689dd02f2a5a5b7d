"""The working-day calendar in force, read from our own table (never from a library)."""

from datetime import date, datetime, timedelta

from models.calendar import WorkDay
from models.rules.calendar import WorkCalendar
from services.ports import Clock

FRESH_FOR = timedelta(minutes=1)
OFFICIAL = "OFFICIAL"


class Calendars:
    """Keeps the calendar for a minute: it changes once a year, and is asked at every step."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: tuple[datetime, WorkCalendar] | None = None

    async def current(self) -> WorkCalendar:
        now = self._clock.now()
        if self._kept is None or now - self._kept[0] > FRESH_FOR:
            self._kept = (now, await self._load())
        return self._kept[1]

    async def _load(self) -> WorkCalendar:
        days: dict[date, bool] = {}
        official_until = date.min
        version = ""
        for row in await WorkDay.all().values("date", "is_workday", "status", "version"):
            days[row["date"]] = row["is_workday"]
            version = max(version, row["version"])
            if row["status"] == OFFICIAL:
                official_until = max(official_until, row["date"])
        return WorkCalendar.of(days, version or "weekdays", official_until)
