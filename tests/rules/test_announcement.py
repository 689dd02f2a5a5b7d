"""An announced year: what makes it whole and plausible, and each way in which it is not."""

from collections.abc import Sequence
from datetime import date

import chinese_calendar
import pytest

from models.rules.announcement import AnnouncedDay, faults_of
from tests.years import OFF_2027, WORKED_2027, announced

SPRING = {date(2027, 2, day): "春节" for day in (6, 7, 8)}


def test_a_year_as_it_could_be_announced() -> None:
    assert faults_of(announced(), SPRING) == []
    assert faults_of(announced()[::-1], SPRING) == []  # in whatever order


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_years_that_were_announced_under_the_present_law(year: int) -> None:
    days = [
        AnnouncedDay(day.date, chinese_calendar.is_workday(day.date)) for day in announced(year)
    ]
    assert faults_of(days, {}) == []


def changed(**days: bool) -> Sequence[AnnouncedDay]:
    """Return the year with some days otherwise: ``d0211=True`` for 11 February worked."""
    others = {date(2027, int(name[1:3]), int(name[3:])): works for name, works in days.items()}
    return [AnnouncedDay(day.date, others.get(day.date, day.is_workday)) for day in announced()]


@pytest.mark.parametrize(
    ("days", "faults"),
    [
        ([], ["there is no day in it"]),
        (announced()[1:], ["1 days of 2027 are missing, the first is 2027-01-01"]),
        ([*announced(), announced()[40]], ["2027-02-10 stands in it 2 times"]),
        (
            [*announced(), AnnouncedDay(date(2028, 1, 1), False)],
            ["it holds days of several years: 2027, 2028"],
        ),
        # A holiday that was worked, for which another day is off: the sum is right.
        (
            changed(d1001=True, d1008=False),
            ["2027-10-01 is a statutory holiday (国庆节), but people work"],
        ),
        (
            changed(d0208=True, d0212=False),
            ["2027-02-08 is a statutory holiday (春节), but people work"],
        ),
        (
            announced(off=OFF_2027 - {(10, 6), (10, 7)}),
            [
                "15 days off from Monday to Friday and 4 weekend days worked leave 11 days off; "
                "the law gives 13"
            ],
        ),
        # 13 days off in a row, 4 to 16 September, with weekends that are worked for it.
        (
            announced(
                off=OFF_2027 | {(9, day) for day in range(6, 17)},
                worked=WORKED_2027 | {(8, 1), (8, 7), (8, 15), (8, 21), (8, 29), (7, 4), (7, 10)},
            ),
            ["13 days off in a row from 2027-09-04"],
        ),
        (
            announced(worked=WORKED_2027 | {(7, 3), (7, 4)}, off=OFF_2027 | {(7, 12), (7, 20)}),
            ["12 days of work in a row from 2027-06-28"],
        ),
    ],
)
def test_a_year_that_cannot_be(days: Sequence[AnnouncedDay], faults: Sequence[str]) -> None:
    assert faults_of(days, SPRING) == faults
