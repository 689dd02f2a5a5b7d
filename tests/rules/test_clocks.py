"""Clocks as values: the law's own example, pauses of every shape, lights."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.calendar import SHANGHAI, Limit, Unit, WorkCalendar, due_on, end_of
from models.rules.clocks import (
    CLOCKS,
    CaseClock,
    ClockName,
    handover_due_at,
    light,
    start,
    warn_at,
)
from models.rules.states import MonitorLight

PROMISED = ClockName.DECISION_PROMISED
STATUTORY = ClockName.DECISION_STATUTORY


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def wd(value: int) -> Limit:
    return Limit(value, Unit.WORKING_DAY)


def last(clock: CaseClock) -> date:
    return due_on(clock.due_at)


def test_the_example_of_the_rules(calendar: WorkCalendar) -> None:
    promised = start(PROMISED, at(7, 6), wd(5), calendar)
    statutory = start(STATUTORY, at(7, 6), wd(20), calendar)
    assert (last(promised), last(statutory)) == (date(2026, 7, 13), date(2026, 8, 3))
    paused = [clock.pause(at(7, 8), calendar) for clock in (promised, statutory)]
    assert [clock.remaining for clock in paused] == [4, 19]
    going = [clock.resume(at(7, 20), calendar) for clock in paused]
    assert [last(clock) for clock in going] == [date(2026, 7, 24), date(2026, 8, 14)]
    assert going[0].started_at == at(7, 6)


def test_the_disability_scenario(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 6), wd(10), calendar)
    going = clock.pause(at(7, 8), calendar).resume(at(7, 20), calendar)
    assert last(going) == date(2026, 7, 31)


def test_two_pauses_in_one_day_cost_that_day_once(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar)
    once = clock.pause(at(7, 8, 9), calendar).resume(at(7, 8, 10), calendar)
    twice = once.pause(at(7, 8, 11), calendar).resume(at(7, 8, 12), calendar)
    assert last(once) == last(twice) == date(2026, 7, 14)


def test_pausing_on_the_first_day_costs_nothing(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 6, 9), wd(5), calendar)
    going = clock.pause(at(7, 6, 10), calendar).resume(at(7, 6, 11), calendar)
    assert last(going) == date(2026, 7, 13)


def test_pausing_on_the_last_day_leaves_one(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar).pause(at(7, 13, 23, 59), calendar)
    assert clock.remaining == 1
    assert last(clock.resume(at(7, 17), calendar)) == date(2026, 7, 20)


def test_what_was_overdue_stays_overdue(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar)
    going = clock.pause(at(7, 15), calendar).resume(at(7, 20), calendar)
    assert going.due_at == clock.due_at
    assert light(going, at(7, 21), calendar) is MonitorLight.RED


def test_calendar_days_pause_too(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 6), Limit(7, Unit.CALENDAR_DAY), calendar)
    paused = clock.pause(at(7, 10), calendar)
    assert paused.remaining == 4
    assert last(paused.resume(at(7, 20), calendar)) == date(2026, 7, 24)


def test_a_same_day_clock_that_paused_has_one_working_day(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 10), Limit(0, Unit.SAME_WORKING_DAY), calendar)
    going = clock.pause(at(7, 10, 10), calendar).resume(at(7, 10, 11), calendar)
    assert last(going) == date(2026, 7, 13)


def test_repeated_steps_change_nothing(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar)
    assert clock.resume(at(7, 7), calendar) == clock
    paused = clock.pause(at(7, 8), calendar)
    assert paused.pause(at(7, 9), calendar) == paused
    stopped = clock.stop(at(7, 8))
    assert stopped.stop(at(7, 9)) == stopped
    assert stopped.pause(at(7, 9), calendar) == stopped
    assert paused.stop(at(7, 9)).resume(at(7, 10), calendar).paused_at is not None


def test_hours_do_not_pause(calendar: WorkCalendar) -> None:
    order = start(ClockName.PAY_ORDER, at(7, 6), Limit(24, Unit.HOUR), calendar)
    with pytest.raises(ValueError, match="cannot pause"):
        order.pause(at(7, 6, 10), calendar)


@given(
    limit=st.integers(1, 40),
    before=st.integers(0, 60),
    length=st.integers(0, 60),
)
def test_a_pause_costs_exactly_the_working_days_it_touches(
    calendar: WorkCalendar, limit: int, before: int, length: int
) -> None:
    began = datetime(2026, 1, 5, 9, tzinfo=SHANGHAI)
    clock = start(PROMISED, began, wd(limit), calendar)
    off, on = began + timedelta(days=before), began + timedelta(days=before + length)
    going = clock.pause(off, calendar).resume(on, calendar)
    # Walk: count each working day after the start, but for those with a pause in them.
    day, counted = began.date(), 0
    while counted < limit:
        day += timedelta(days=1)
        counted += calendar.is_workday(day) and not off.date() <= day <= on.date()
    assert last(going) == day


def test_a_deemed_acceptance_counts_from_receipt_and_may_be_overdue(
    calendar: WorkCalendar,
) -> None:
    clock = start(PROMISED, at(3, 10, 0), wd(5), calendar, counted_from=at(3, 2))
    assert clock.started_at == at(3, 10, 0)
    assert last(clock) == date(2026, 3, 9)
    assert light(clock, at(3, 10, 0), calendar) is MonitorLight.RED


def test_an_extension_counts_on_from_the_last_day(calendar: WorkCalendar) -> None:
    statutory = start(STATUTORY, at(7, 6), wd(20), calendar)
    day = datetime.combine(last(statutory), datetime.min.time(), SHANGHAI)
    extension = start(ClockName.EXTENSION, at(7, 30), wd(10), calendar, counted_from=day)
    assert last(extension) == date(2026, 8, 17)


@pytest.mark.parametrize(
    ("moment", "colour"),
    [
        (at(7, 6), MonitorLight.GREEN),
        (at(7, 9, 23, 59), MonitorLight.GREEN),
        (at(7, 10, 0), MonitorLight.YELLOW),  # Friday, one working day before Monday
        (at(7, 13, 23, 59), MonitorLight.YELLOW),
        (at(7, 14, 0), MonitorLight.RED),
    ],
)
def test_lights(calendar: WorkCalendar, moment: datetime, colour: MonitorLight) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar)
    assert light(clock, moment, calendar) is colour


def test_a_stopped_clock_keeps_its_light_and_a_paused_one_is_green(
    calendar: WorkCalendar,
) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar)
    assert light(clock.stop(at(7, 7)), at(12, 1), calendar) is MonitorLight.GREEN
    assert light(clock.stop(at(7, 14)), at(12, 1), calendar) is MonitorLight.RED
    assert light(clock.pause(at(7, 13), calendar), at(12, 1), calendar) is MonitorLight.GREEN


def test_reminders_of_a_correction(calendar: WorkCalendar) -> None:
    clock = start(ClockName.CORRECTION, at(2, 11), wd(15), calendar)
    assert clock.due_at == datetime(2026, 3, 10, 16, tzinfo=UTC)  # 03-11 00:00 in China
    before = CLOCKS[ClockName.CORRECTION].warn_before
    days = [warn_at(clock.due_at, one, calendar) for one in before]
    assert days == [at(3, 5, 0), at(3, 9, 0)]


def test_an_end_beyond_the_announced_days_is_provisional(calendar: WorkCalendar) -> None:
    assert not start(PROMISED, at(12, 24), wd(5), calendar).is_provisional
    assert start(PROMISED, at(12, 25), wd(5), calendar).is_provisional
    assert start(PROMISED, at(12, 25), wd(5), calendar).calendar_version == "test"


@pytest.mark.parametrize(
    ("accepted", "due"),
    [
        (at(7, 6, 11, 59), at(7, 6, 14, 30)),
        (at(7, 6, 12, 0), at(7, 7, 9, 30)),
        (at(7, 10, 17, 0), at(7, 13, 9, 30)),
        (at(7, 11, 9, 0), at(7, 13, 9, 30)),
    ],
)
def test_hand_over(calendar: WorkCalendar, accepted: datetime, due: datetime) -> None:
    assert handover_due_at(accepted, calendar) == due


def test_defaults_of_the_table(calendar: WorkCalendar) -> None:
    days = {name: spec.default for name, spec in CLOCKS.items()}
    assert days[ClockName.NOTIFY_5WD] == wd(5)
    assert days[ClockName.ORIGINALS_3WD] == wd(3)
    assert days[ClockName.SERVE_10WD] == wd(10)
    assert days[ClockName.PAY_CASE] == wd(15)
    assert days[ClockName.DRAFT_TTL] == Limit(30, Unit.CALENDAR_DAY)
    unset = {name for name, limit in days.items() if limit is None}
    assert unset == {ClockName.SHORTFALL, PROMISED, STATUTORY, ClockName.PAPER_HANDOVER}
    clock = start(ClockName.NOTIFY_5WD, at(4, 29, 15), wd(5), calendar)
    assert clock.due_at == end_of(date(2026, 5, 9))
