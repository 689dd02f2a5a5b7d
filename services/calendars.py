"""The working-day calendar in force, read from our own table (never from a library)."""

from datetime import date, datetime, timedelta

from models.database import rows
from models.rules.calendar import WorkCalendar
from services.ports import Clock

FRESH_FOR = timedelta(minutes=1)
UNSEEDED = "weekdays"

# One statement, so that days and edition belong together while another edition comes in.
CALENDAR = """
WITH days AS (
  SELECT coalesce(l.date, w.date) AS date, coalesce(l.is_workday, w.is_workday) AS is_workday
  FROM work_days w FULL JOIN local_days l ON l.date = w.date
)
SELECT
  (SELECT version FROM calendar_versions ORDER BY number DESC LIMIT 1) AS version,
  (SELECT max(date) FROM work_days WHERE status = 'OFFICIAL') AS official_until,
  (SELECT array_agg(date) FROM days
    WHERE is_workday <> (extract(isodow FROM date) < 6)) AS exceptions"""


class Calendars:
    """Keeps the calendar for a minute: it changes once a year, and is asked at every step."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: tuple[datetime, WorkCalendar] | None = None
        self._forgotten = 0

    async def current(self) -> WorkCalendar:
        """Return the calendar as it was within the last minute."""
        now = self._clock.now()
        if self._kept is not None and now - self._kept[0] <= FRESH_FOR:
            return self._kept[1]
        before = self._forgotten
        loaded = await self.newest()
        if before == self._forgotten:
            self._kept = (now, loaded)
        return loaded

    async def newest(self) -> WorkCalendar:
        """Return the calendar as the current transaction sees it; keep nothing."""
        [found] = await rows(CALENDAR)
        exceptions: list[date] = found["exceptions"] or []
        return WorkCalendar.of(
            {day: day.weekday() > 4 for day in exceptions},
            found["version"] or UNSEEDED,
            found["official_until"] or date.min,
        )

    async def forget(self) -> None:
        """Have the next one who asks read it anew: another edition was committed."""
        self._kept = None
        self._forgotten += 1
