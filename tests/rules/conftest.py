"""The official calendar of 2024 to 2026 as a value of ours."""

from datetime import date, timedelta

import chinese_calendar
import pytest

from models.rules.calendar import WorkCalendar


@pytest.fixture(scope="session")
def calendar() -> WorkCalendar:
    first = date(2024, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(2027, 1, 1) - first).days)]
    announced = {day: bool(chinese_calendar.is_workday(day)) for day in days}
    return WorkCalendar.of(announced, version="test", official_until=date(2026, 12, 31))
