"""The statutory holidays of years to come, against the law's own list and the almanac."""

from collections import Counter
from datetime import date

import pytest

from integrations.provisional_calendar import FIRST_YEAR, LAST_YEAR, statutory_days

# 农历除夕, 端午, 中秋 as the almanac has them; 清明 is the 4th or 5th of April.
LUNAR = {
    2027: [(2, 5), (4, 5), (6, 9), (9, 15)],
    2028: [(1, 25), (4, 4), (5, 28), (10, 3)],
    2029: [(2, 12), (4, 4), (6, 16), (9, 22)],
    2030: [(2, 2), (4, 5), (6, 5), (9, 12)],
}


def test_every_year_has_the_thirteen_days_of_the_law() -> None:
    found = Counter(day.date.year for day in statutory_days())
    assert dict(found) == dict.fromkeys(LUNAR, 13)
    assert (min(LUNAR), max(LUNAR)) == (FIRST_YEAR, LAST_YEAR)


@pytest.mark.parametrize("year", LUNAR)
def test_they_are_the_days_of_the_law(year: int) -> None:
    eve, tomb, boat, moon = (date(year, *day) for day in LUNAR[year])
    spring = [date.fromordinal(eve.toordinal() + n) for n in range(4)]
    fixed = [date(year, *day) for day in [(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)]]
    found = Counter(day.date for day in statutory_days(year, year))
    assert found == Counter([*fixed, *spring, tomb, boat, moon])
