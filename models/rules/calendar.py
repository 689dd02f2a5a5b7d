"""Working days: what counts, and when a limit ends.

行政许可法82: limits are in working days without statutory holidays. 民法典201/203: the first day
does not count, the last day ends at 24:00. Days are those of Asia/Shanghai.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import accumulate
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
ONE_DAY = timedelta(days=1)


class Unit(StrEnum):
    """What a limit is counted in. HOUR serves payment orders only, never a legal limit."""

    WORKING_DAY = "WORKING_DAY"
    CALENDAR_DAY = "CALENDAR_DAY"
    SAME_WORKING_DAY = "SAME_WORKING_DAY"
    HOUR = "HOUR"
    NONE = "NONE"

    @property
    def asks_who_works(self) -> bool:
        """Whether an end moves with the calendar; days that are all alike, and hours, do not."""
        return self in (Unit.WORKING_DAY, Unit.SAME_WORKING_DAY)


@dataclass(frozen=True)
class Limit:
    """A length of time as the law writes it; with ``Unit.NONE`` there is no limit."""

    value: int
    unit: Unit = Unit.WORKING_DAY

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError("a limit is not negative")

    @classmethod
    def of(cls, data: Mapping[str, object]) -> "Limit":
        """Read ``{value, unit}`` of an item; raise ``ValueError`` for anything else."""
        value = data.get("value")
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("a limit has a whole number")
        return cls(value, Unit(str(data.get("unit"))))

    @property
    def exists(self) -> bool:
        """Whether there is anything to count."""
        return self.unit is not Unit.NONE

    @property
    def text(self) -> str:
        """The limit as a citizen reads it."""
        words = {
            Unit.WORKING_DAY: f"{self.value}个工作日",
            Unit.CALENDAR_DAY: f"{self.value}天",
            Unit.SAME_WORKING_DAY: "当天办结",
            Unit.HOUR: f"{self.value}小时",
            Unit.NONE: "没有规定期限",
        }
        return words[self.unit]


def _weekdays_until(day: int) -> int:
    """Count Mondays to Fridays among the ordinals 1 (a Monday) to ``day``."""
    weeks, rest = divmod(day, 7)
    return weeks * 5 + min(rest, 5)


@dataclass(frozen=True)
class WorkCalendar:
    """The working days: Monday to Friday, but for the days that were announced otherwise.

    Only the exceptions are kept, sorted, with the running difference they make; so any count is
    two divisions and one bisection, and there is no horizon at which it breaks.
    """

    version: str
    official_until: date
    exceptions: tuple[int, ...] = ()
    differences: tuple[int, ...] = (0,)

    @classmethod
    def of(cls, days: Mapping[date, bool], version: str, official_until: date) -> "WorkCalendar":
        """Build from announced days (True: people work); days left out follow the weekday."""
        changed = sorted(day for day, works in days.items() if works != (day.weekday() < 5))
        steps = (1 if days[day] else -1 for day in changed)
        return cls(
            version=version,
            official_until=official_until,
            exceptions=tuple(day.toordinal() for day in changed),
            differences=tuple(accumulate(steps, initial=0)),
        )

    def _until(self, day: int) -> int:
        return _weekdays_until(day) + self.differences[bisect_right(self.exceptions, day)]

    def is_workday(self, day: date) -> bool:
        """Whether people work on this day; beyond the announced days the weekday decides."""
        ordinal = day.toordinal()
        return self._until(ordinal) > self._until(ordinal - 1)

    def is_provisional(self, day: date) -> bool:
        """Whether the State Council's notice for this day is not in the calendar yet."""
        return day > self.official_until

    def workdays_between(self, start: date, end: date) -> int:
        """Count working days after ``start`` up to and with ``end``; negative when it is before."""
        return self._until(end.toordinal()) - self._until(start.toordinal())

    def add_workdays(self, start: date, days: int) -> date:
        """Return the ``days``-th working day after ``start``, which itself never counts.

        Zero gives ``start`` or, when nobody works on it, the next working day; a negative number
        goes back. Raise ``ValueError`` beyond the years that a date can hold.
        """
        if days == 0 and not self.is_workday(start):
            days = 1
        elif days == 0:
            return start
        first = start.toordinal()
        reach = (abs(days) + len(self.exceptions)) * 2 + 7  # even if every exception were a holiday
        around = range(max(first - reach, 1), first + reach)
        goal = self._until(first) + days
        found = bisect_left(around, goal, key=self._until)
        return date.fromordinal(around[found])


def day_of(moment: datetime) -> date:
    """Return the day on the wall in China; raise ``ValueError`` for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """Return 00:00 of the day in China as aware UTC."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def end_of(day: date) -> datetime:
    """Return 24:00 of the day in China as aware UTC."""
    return start_of(day + ONE_DAY)


def due_on(due: datetime) -> date:
    """Return the last day of a limit that ends at ``due``; 24:00 belongs to the day it ends."""
    return day_of(due - timedelta(microseconds=1))


def last_day(start: date, limit: Limit, calendar: WorkCalendar) -> date:
    """Return the day on which a limit in days ends; raise ``ValueError`` for NONE and HOUR."""
    match limit.unit:
        case Unit.WORKING_DAY:
            return calendar.add_workdays(start, limit.value)
        case Unit.CALENDAR_DAY:
            return start + limit.value * ONE_DAY
        case Unit.SAME_WORKING_DAY:
            return calendar.add_workdays(start, 0)
        case _:
            raise ValueError(f"{limit.unit.value} ends on no day")


def due_at(start: datetime, limit: Limit, calendar: WorkCalendar) -> datetime:
    """Return when a limit that starts at ``start`` has run out, as aware UTC.

    That is 24:00 in China of its last day. What arrives on a Saturday night arrived on that
    Saturday (电子签名法11); day one is the next working day. Raise ``ValueError`` for a naive
    time and for a limit that does not exist.
    """
    day = day_of(start)
    if limit.unit is Unit.HOUR:
        return start.astimezone(UTC) + timedelta(hours=limit.value)
    return end_of(last_day(day, limit, calendar))
