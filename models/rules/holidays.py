"""Statutory holidays of all citizens and the days off in lieu (全国年节及纪念日放假办法, 2024).

Thirteen days a year since 2025. What the State Council moves about weekends (调休) is not in the
law; its notice tells that, late in the year before.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from models.rules.calendar import ONE_DAY

DAYS_A_YEAR = 13
IN_LIEU = "补假"


def days_off(statutory: Iterable[tuple[date, str]]) -> Mapping[date, str]:
    """Return the days off with their names: the statutory ones and those in lieu (补假).

    A statutory day on a Saturday or Sunday is given back on the next working day (第六条). So is
    one that falls on another: in 2020 Mid-autumn met the National Day and cost nobody a day.
    """
    named: dict[date, str] = {}
    owed: Counter[date] = Counter()
    names: dict[date, list[str]] = {}
    for day, name in sorted(statutory):
        names.setdefault(day, []).append(name)
        if day in named or day.weekday() > 4:
            owed[day] += 1
        named[day] = "、".join(names[day])
    for day in sorted(owed):
        # A pair on one weekend day owes the day itself as well as its double.
        for name in names[day][-owed[day] :]:
            free = day + ONE_DAY
            while free in named or free.weekday() > 4:
                free += ONE_DAY
            named[free] = f"{name}{IN_LIEU}"
    return dict(sorted(named.items()))
