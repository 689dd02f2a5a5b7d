"""Working days: against the official calendar, a walk day by day, and dates known by hand."""

from datetime import UTC, date, datetime, timedelta, timezone

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.calendar import (
    SHANGHAI,
    Limit,
    Unit,
    WorkCalendar,
    day_of,
    due_at,
    due_on,
    end_of,
)

DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def wd(value: int) -> Limit:
    return Limit(value, Unit.WORKING_DAY)


def at(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def test_every_day_agrees_with_the_official_calendar(calendar: WorkCalendar) -> None:
    day = date(2024, 1, 1)
    while day.year < 2027:
        assert calendar.is_workday(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_2026_as_announced(calendar: WorkCalendar) -> None:
    assert calendar.workdays_between(date(2025, 12, 31), date(2026, 12, 31)) == 248
    made_up = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
    assert all(calendar.is_workday(date(2026, month, day)) for month, day in made_up)
    assert not calendar.is_workday(date(2026, 10, 1))


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-03-02", 5, "2026-03-09"),
        ("2026-03-03", 5, "2026-03-10"),
        ("2026-03-03", 20, "2026-03-31"),
        ("2026-04-29", 5, "2026-05-09"),  # ends on a Saturday on which people work
        ("2026-04-30", 3, "2026-05-08"),
        ("2026-05-11", 3, "2026-05-14"),
        ("2026-02-09", 1, "2026-02-10"),
        ("2026-02-11", 15, "2026-03-10"),  # Spring Festival between
        ("2026-07-06", 5, "2026-07-13"),
        ("2026-07-06", 20, "2026-08-03"),
        ("2026-11-19", 30, "2026-12-31"),
        ("2026-12-03", 20, "2026-12-31"),
        ("2026-12-17", 10, "2026-12-31"),
        ("2026-12-24", 5, "2026-12-31"),
        ("2026-03-10", -1, "2026-03-09"),
        ("2026-03-10", -3, "2026-03-05"),
        ("2026-03-07", 0, "2026-03-09"),
        ("2026-03-09", 0, "2026-03-09"),
    ],
)
def test_known_dates(calendar: WorkCalendar, start: str, days: int, end: str) -> None:
    assert calendar.add_workdays(date.fromisoformat(start), days) == date.fromisoformat(end)


def test_beyond_the_announced_days_the_weekday_decides(calendar: WorkCalendar) -> None:
    assert calendar.add_workdays(date(2026, 12, 28), 10) == date(2027, 1, 11)
    assert calendar.is_workday(date(2027, 1, 1)) and not calendar.is_workday(date(2027, 1, 2))
    assert calendar.is_provisional(date(2027, 1, 1))
    assert not calendar.is_provisional(date(2026, 12, 31))


@given(start=DAYS, days=st.integers(1, 90))
def test_adding_is_walking(calendar: WorkCalendar, start: date, days: int) -> None:
    day, left = start, days
    while left:
        day += timedelta(days=1)
        left -= calendar.is_workday(day)
    assert calendar.add_workdays(start, days) == day
    assert calendar.workdays_between(start, day) == days


@given(start=DAYS, later=st.integers(0, 60), days=st.integers(0, 90), more=st.integers(0, 30))
def test_adding_is_monotonic(
    calendar: WorkCalendar, start: date, later: int, days: int, more: int
) -> None:
    end = calendar.add_workdays(start, days)
    assert calendar.add_workdays(start + timedelta(days=later), days) >= end
    assert calendar.add_workdays(start, days + more) >= end
    assert calendar.is_workday(end)


@given(start=DAYS, days=st.integers(1, 90))
def test_going_back_undoes_adding(calendar: WorkCalendar, start: date, days: int) -> None:
    first = calendar.add_workdays(start, 0)
    assert calendar.add_workdays(calendar.add_workdays(first, days), -days) == first


@given(start=DAYS, end=DAYS)
def test_between_is_antisymmetric(calendar: WorkCalendar, start: date, end: date) -> None:
    counted = calendar.workdays_between(start, end)
    assert counted == -calendar.workdays_between(end, start)


def test_a_very_long_limit_needs_no_walk() -> None:
    plain = WorkCalendar.of({}, "weekdays", date(2000, 1, 1))
    assert plain.add_workdays(date(2026, 1, 5), 5 * 52 * 100) == date(2026, 1, 5) + timedelta(
        weeks=5200
    )


def test_a_whole_run_of_holidays_is_jumped() -> None:
    closed = {date(2026, 3, 2) + timedelta(days=n): False for n in range(60)}
    calendar = WorkCalendar.of(closed, "flood", date(2026, 12, 31))
    assert calendar.add_workdays(date(2026, 2, 27), 1) == date(2026, 5, 1)


def test_due_is_midnight_in_china_as_utc(calendar: WorkCalendar) -> None:
    due = due_at(at(2026, 3, 2), wd(5), calendar)
    assert due == datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
    assert due.tzinfo is UTC
    assert due_on(due) == date(2026, 3, 9)


def test_the_day_is_chinas_whatever_zone_was_used(calendar: WorkCalendar) -> None:
    evening_utc = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)  # 00:30 on Monday in China
    assert day_of(evening_utc) == date(2026, 3, 2)
    new_york = evening_utc.astimezone(timezone(timedelta(hours=-5)))
    assert due_at(new_york, wd(5), calendar) == end_of(date(2026, 3, 9))


def test_saturday_night_is_received_on_saturday(calendar: WorkCalendar) -> None:
    saturday = due_at(at(2026, 3, 7, 23, 50), wd(1), calendar)
    assert saturday == end_of(date(2026, 3, 9))
    sunday = due_at(at(2026, 3, 8, 0, 10), wd(1), calendar)
    assert sunday == saturday


@pytest.mark.parametrize(
    ("start", "limit", "last"),
    [
        (at(2026, 9, 28), Limit(15, Unit.CALENDAR_DAY), date(2026, 10, 13)),
        (at(2026, 3, 6), Limit(0, Unit.SAME_WORKING_DAY), date(2026, 3, 6)),
        (at(2026, 3, 7), Limit(0, Unit.SAME_WORKING_DAY), date(2026, 3, 9)),
        (at(2026, 10, 1), Limit(0, Unit.SAME_WORKING_DAY), date(2026, 10, 8)),
        (at(2026, 3, 6), wd(0), date(2026, 3, 6)),
    ],
)
def test_other_units(calendar: WorkCalendar, start: datetime, limit: Limit, last: date) -> None:
    assert due_at(start, limit, calendar) == end_of(last)


def test_an_order_lives_exact_hours(calendar: WorkCalendar) -> None:
    due = due_at(at(2026, 3, 6, 10, 30), Limit(24, Unit.HOUR), calendar)
    assert due == datetime(2026, 3, 7, 2, 30, tzinfo=UTC)


def test_what_has_no_end_or_no_zone_is_refused(calendar: WorkCalendar) -> None:
    with pytest.raises(ValueError, match="ends on no day"):
        due_at(at(2026, 3, 6), Limit(0, Unit.NONE), calendar)
    with pytest.raises(ValueError, match="zone"):
        due_at(datetime(2026, 3, 6), wd(1), calendar)  # noqa: DTZ001


def test_limits_are_read_from_the_items() -> None:
    assert Limit.of({"value": 5, "unit": "WORKING_DAY", "basis": "x"}) == wd(5)
    assert wd(5).text == "5个工作日"
    assert not Limit.of({"value": 0, "unit": "NONE"}).exists
    for wrong in ({"value": "5", "unit": "WORKING_DAY"}, {"value": 5, "unit": "WEEK"}, {}):
        with pytest.raises(ValueError):
            Limit.of(wrong)
    with pytest.raises(ValueError, match="negative"):
        wd(-1)
