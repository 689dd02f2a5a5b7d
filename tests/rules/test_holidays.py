"""Days off in lieu, worked out by hand from the calendars of the years."""

from collections.abc import Iterable, Mapping
from datetime import date

from models.rules.holidays import DAYS_A_YEAR, days_off

# 2027 begins on a Friday, 2028 on a Saturday; the lunar days are those of the almanac.
LAW_2027 = [
    ("01-01", "元旦"),
    ("02-05", "除夕"),
    ("02-06", "春节"),
    ("02-07", "春节"),
    ("02-08", "春节"),
    ("04-05", "清明节"),
    ("05-01", "劳动节"),
    ("05-02", "劳动节"),
    ("06-09", "端午节"),
    ("09-15", "中秋节"),
    ("10-01", "国庆节"),
    ("10-02", "国庆节"),
    ("10-03", "国庆节"),
]


def of_year(year: int, days: Iterable[tuple[str, str]]) -> Mapping[date, str]:
    return days_off((date.fromisoformat(f"{year}-{day}"), name) for day, name in days)


def test_2027_gives_back_every_weekend_day() -> None:
    found = of_year(2027, LAW_2027)
    in_lieu = {day: name for day, name in found.items() if name.endswith("补假")}
    assert in_lieu == {
        date(2027, 2, 9): "春节补假",  # for Saturday the 6th; Monday the 8th is a holiday itself
        date(2027, 2, 10): "春节补假",
        date(2027, 5, 3): "劳动节补假",
        date(2027, 5, 4): "劳动节补假",
        date(2027, 10, 4): "国庆节补假",
        date(2027, 10, 5): "国庆节补假",
    }
    assert sum(day.weekday() < 5 for day in found) == DAYS_A_YEAR


def test_a_holiday_on_a_holiday_is_given_back() -> None:
    # In 2020 Mid-autumn was 1 October, a Thursday; off were that day, the 2nd, and in lieu of
    # Saturday the 3rd and of Mid-autumn Monday the 5th and Tuesday the 6th.
    days = [("10-01", "国庆节"), ("10-01", "中秋节"), ("10-02", "国庆节"), ("10-03", "国庆节")]
    found = of_year(2020, days)
    assert [day.day for day in found if day.weekday() < 5] == [1, 2, 5, 6]
    assert found[date(2020, 10, 1)] == "中秋节、国庆节"


def test_two_on_one_saturday_are_two_days() -> None:
    found = of_year(2027, [("10-02", "甲"), ("10-02", "乙")])
    assert [day for day in found if day.weekday() < 5] == [date(2027, 10, 4), date(2027, 10, 5)]
