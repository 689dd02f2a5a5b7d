"""Years of working days as a notice might announce them, and a way to write them as a file."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from models.rules.announcement import AnnouncedDay

# 2027, made up in the manner of the State Council, with the thirteen days of the law: New Year's
# Day; Spring Festival 5-11 February for Saturday the 13th; 5 April; 1-5 May for Sunday 25 April;
# 9 June; 15 September; 1-7 October for Sunday 26 September and Saturday 9 October.
OFF_2027 = {
    *[(1, 1), (4, 5), (6, 9), (9, 15)],
    *[(2, day) for day in range(5, 12)],
    *[(5, day) for day in range(1, 6)],
    *[(10, day) for day in range(1, 8)],
}
WORKED_2027 = {(2, 13), (4, 25), (9, 26), (10, 9)}


def announced(
    year: int = 2027,
    off: Collection[tuple[int, int]] = frozenset(OFF_2027),
    worked: Collection[tuple[int, int]] = frozenset(WORKED_2027),
) -> Sequence[AnnouncedDay]:
    """Return a whole year: Monday to Friday, but for the days named."""
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    return [
        AnnouncedDay(
            day,
            (day.weekday() < 5 or (day.month, day.day) in worked)
            and (day.month, day.day) not in off,
        )
        for day in days
    ]


def as_csv(days: Sequence[AnnouncedDay]) -> str:
    rows = [f"{day.date},{int(day.is_workday)},{day.note}" for day in days]
    return "\n".join(["date,is_workday,note", *rows])
