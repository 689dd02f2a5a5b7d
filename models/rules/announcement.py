"""A year of working days as the State Council announced it (国办通知), and its faults.

A slip of a typist moves thousands of deadlines, so a year has to be whole and to look like one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from models.rules.calendar import ONE_DAY
from models.rules.holidays import DAYS_A_YEAR

# 全国年节及纪念日放假办法 2024, the days that are no matter of the moon.
FIXED = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}
# Since 2004 nobody had more than 10 days off in a row (2020) or worked more than 10 (2004); now
# six are the rule (放假办法第七条). The law's 13 days were exceeded by at most two.
LONGEST_OFF = 12
LONGEST_WORK = 8
MOST_DAYS_OFF = 20


@dataclass(frozen=True)
class AnnouncedDay:
    """A day of the announcement; ``note`` names its holiday, if it is one."""

    date: date
    is_workday: bool
    note: str = ""


def faults_of(days: Sequence[AnnouncedDay], lunar: Mapping[date, str]) -> Sequence[str]:
    """Return what is wrong with an announced year, in sentences; nothing when it can be used.

    ``lunar`` names the statutory holidays of that year whose date the moon decides.
    """
    shape = [*_shape(days)]
    return shape or [*_content(sorted(days, key=lambda day: day.date), lunar)]


def _shape(days: Sequence[AnnouncedDay]) -> Iterator[str]:
    if not days:
        yield "there is no day in it"
        return
    years = sorted({day.date.year for day in days})
    if len(years) > 1:
        yield f"it holds days of several years: {', '.join(map(str, years))}"
        return
    times = Counter(day.date for day in days)
    for day in sorted(day for day, number in times.items() if number > 1):
        yield f"{day} stands in it {times[day]} times"
    missing = [day for day in _year(years[0]) if day not in times]
    if missing:
        yield f"{len(missing)} days of {years[0]} are missing, the first is {missing[0]}"


def _year(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += ONE_DAY


def _content(days: Sequence[AnnouncedDay], lunar: Mapping[date, str]) -> Iterator[str]:
    fixed = {date(days[0].date.year, *day): name for day, name in FIXED.items()}
    statutory = {**lunar, **fixed}
    for day in days:
        if day.is_workday and day.date in statutory:
            yield f"{day.date} is a statutory holiday ({statutory[day.date]}), but people work"
    off = sum(not day.is_workday and day.date.weekday() < 5 for day in days)
    made_up = sum(day.is_workday and day.date.weekday() > 4 for day in days)
    if not DAYS_A_YEAR <= off - made_up <= MOST_DAYS_OFF:
        yield (
            f"{off} days off from Monday to Friday and {made_up} weekend days worked leave "
            f"{off - made_up} days off; the law gives {DAYS_A_YEAR}"
        )
    for works, group in groupby(days, key=lambda day: day.is_workday):
        run = list(group)
        if len(run) > (LONGEST_WORK if works else LONGEST_OFF):
            yield f"{len(run)} days {'of work' if works else 'off'} in a row from {run[0].date}"
