"""Counting anew: by the same calendar nothing changes, by another it is as if it was known."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.calendar import SHANGHAI, Limit, Unit, WorkCalendar, due_on, start_of
from models.rules.clock_table import ClockName
from models.rules.clocks import CaseClock, Pause, start
from models.rules.recount import (
    moves,
    never_earlier,
    next_look,
    recounted,
    recounted_extension,
)

PROMISED = ClockName.DECISION_PROMISED
STATUTORY = ClockName.DECISION_STATUTORY
CORRECTION = ClockName.CORRECTION
EXTENSION = ClockName.EXTENSION
BEGAN = datetime(2026, 1, 5, 9, tzinfo=SHANGHAI)
# Gaps in hours between a pause and its end and the next pause: up to a month each.
GAPS = st.lists(st.integers(0, 700), max_size=8)
DAYS_OFF = st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20)


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def wd(value: int) -> Limit:
    return Limit(value, Unit.WORKING_DAY)


def closed(calendar: WorkCalendar, *days: date) -> WorkCalendar:
    """Return the calendar with some more days off."""
    span = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    works = {day: calendar.is_workday(day) and day not in days for day in span}
    return WorkCalendar.of(works, "another", date(2026, 12, 31))


def pauses_of(gaps: Sequence[int], began: datetime = BEGAN) -> list[Pause]:
    """Return pauses after ``began``; with an odd number of gaps the last is open."""
    moments, moment = [], began
    for gap in gaps:
        moment += timedelta(hours=gap)
        moments.append(moment)
    pairs = zip(moments[::2], [*moments[1::2], None], strict=False)
    return [Pause(off, on) for off, on in pairs]


def through(clock: CaseClock, pauses: Sequence[Pause], calendar: WorkCalendar) -> CaseClock:
    for pause in pauses:
        clock = clock.pause(pause.paused_at, calendar)
        if pause.resumed_at is not None:
            clock = clock.resume(pause.resumed_at, calendar)
    return clock


@given(
    limit=st.one_of(
        st.builds(Limit, st.integers(0, 60), st.just(Unit.WORKING_DAY)),
        st.just(Limit(0, Unit.SAME_WORKING_DAY)),
    ),
    gaps=GAPS,
)
def test_under_the_same_calendar_nothing_changes(
    calendar: WorkCalendar, limit: Limit, gaps: list[int]
) -> None:
    pauses = pauses_of(gaps)
    clock = through(start(PROMISED, BEGAN, limit, calendar), pauses, calendar)
    assert recounted(clock, pauses, calendar) == clock


@given(
    limit=st.integers(1, 60),
    gaps=GAPS,
    off=st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20),
)
def test_two_clocks_agree_after_any_pauses(
    calendar: WorkCalendar, limit: int, gaps: list[int], off: set[date]
) -> None:
    """One knew the days off from its start, the other was told at the end."""
    pauses, known = pauses_of(gaps), closed(calendar, *off)
    knew = through(start(PROMISED, BEGAN, wd(limit), known), pauses, known)
    told = through(start(PROMISED, BEGAN, wd(limit), calendar), pauses, calendar)
    assert recounted(told, pauses, known) == knew


@given(promised=st.integers(1, 30), more=st.integers(0, 30), gaps=GAPS)
def test_a_promise_and_the_law_keep_their_distance(
    calendar: WorkCalendar, promised: int, more: int, gaps: list[int]
) -> None:
    """Both run and pause together; what was over before a pause does not run on."""
    first = start(PROMISED, BEGAN, wd(promised), calendar)
    second = start(STATUTORY, BEGAN, wd(promised + more), calendar)
    for pause in pauses_of(gaps):
        if pause.paused_at >= first.due_at or pause.resumed_at is None:
            return
        first, second = (
            clock.pause(pause.paused_at, calendar).resume(pause.resumed_at, calendar)
            for clock in (first, second)
        )
        ends = due_on(first.due_at), due_on(second.due_at)
        assert calendar.workdays_between(*ends) == more


@given(limit=st.integers(0, 60), gaps=GAPS)
def test_pausing_never_shortens(calendar: WorkCalendar, limit: int, gaps: list[int]) -> None:
    plain = start(PROMISED, BEGAN, wd(limit), calendar)
    ends, clock = [plain.due_at], plain
    for pause in pauses_of(gaps):
        clock = clock.pause(pause.paused_at, calendar)
        if pause.resumed_at is not None:
            clock = clock.resume(pause.resumed_at, calendar)
            ends.append(clock.due_at)
    assert ends == sorted(ends)


@given(limit=st.integers(0, 60), off=DAYS_OFF, gaps=GAPS)
def test_a_day_off_never_shortens_and_an_applicant_never_loses_one(
    calendar: WorkCalendar, limit: int, off: set[date], gaps: list[int]
) -> None:
    fewer, pauses = closed(calendar, *off), pauses_of(gaps)
    clock = through(start(CORRECTION, BEGAN, wd(limit), calendar), pauses, calendar)
    longer = recounted(clock, pauses, fewer)
    if clock.paused_at is None:
        assert longer.due_at >= clock.due_at
    shorter = recounted(longer, pauses, calendar)
    assert shorter == clock
    assert never_earlier(longer, shorter, calendar).due_at == longer.due_at


def test_only_days_before_a_pause_change_what_is_left(calendar: WorkCalendar) -> None:
    pauses = [Pause(at(7, 9), None)]
    clock = through(start(PROMISED, at(7, 6), wd(5), calendar), pauses, calendar)
    assert clock.remaining == 3  # the 7th and the 8th are used up
    after = recounted(clock, pauses, closed(calendar, date(2026, 7, 9), date(2026, 7, 20)))
    assert after.remaining == 3
    before = recounted(clock, pauses, closed(calendar, date(2026, 7, 8)))
    assert (before.remaining, before.paused_at) == (4, at(7, 9))
    # A pause for which no row was kept counts all the same.
    assert recounted(clock, [], closed(calendar, date(2026, 7, 8))) == before


def test_what_has_ended_or_is_in_calendar_days_stays(calendar: WorkCalendar) -> None:
    flood = closed(calendar, date(2026, 7, 8))
    ended = start(PROMISED, at(7, 6), wd(5), calendar).stop(at(7, 7))
    month = start(CORRECTION, at(7, 6), Limit(30, Unit.CALENDAR_DAY), calendar)
    assert recounted(ended, [], flood) == ended
    assert recounted(month, [], flood) == month
    assert moves(ended) and not moves(month)


def extended(
    calendar: WorkCalendar, pauses: Sequence[Pause], told: datetime
) -> tuple[CaseClock, CaseClock]:
    """Return a statutory limit of 5 days from 6 July and its extension by 3, told at a time.

    Built as the steps do it: pause and resume both; an extension that had not begun to count when
    the pause came starts anew from where the statutory limit then ends.
    """
    base, longer = start(STATUTORY, at(7, 6), wd(5), calendar), None
    for pause in pauses:
        if longer is None and told <= pause.paused_at:
            longer = after(base, told, calendar)
        base = base.pause(pause.paused_at, calendar)
        begun = longer is None or start_of(longer.counted_from) < pause.paused_at
        assert pause.resumed_at is not None
        base = base.resume(pause.resumed_at, calendar)
        if longer and begun:
            longer = longer.pause(pause.paused_at, calendar).resume(pause.resumed_at, calendar)
        elif longer:
            longer = after(base, told, calendar)
    return base, longer or after(base, told, calendar)


def after(base: CaseClock, told: datetime, calendar: WorkCalendar) -> CaseClock:
    origin = start_of(due_on(base.due_at))
    return start(EXTENSION, told, wd(3), calendar, counted_from=origin)


@pytest.mark.parametrize(
    ("pauses", "last"),
    [
        # 7-10, 13 July; then 14, 15, 16 July. With the 9th off it is one day more.
        ([], date(2026, 7, 17)),
        # Paused on the 8th only: 7, 10, 13, 14, 15 July, since the 9th is off; then 16, 17, 20.
        ([Pause(at(7, 8), at(7, 8, 15))], date(2026, 7, 20)),
        # The statutory limit ended on Tuesday the 14th; the 15th is one of three, the 16th not.
        ([Pause(at(7, 16), at(7, 16, 15))], date(2026, 7, 20)),
    ],
)
def test_an_extension_goes_on_from_the_statutory_end(
    calendar: WorkCalendar, pauses: list[Pause], last: date
) -> None:
    base, longer = extended(calendar, pauses, at(7, 7))
    assert recounted_extension(longer, pauses, base, calendar) == longer
    flood = closed(calendar, date(2026, 7, 9))
    anew = recounted_extension(longer, pauses, base, flood)
    assert due_on(anew.due_at) == last
    assert anew == extended(flood, pauses, at(7, 7))[1]


def test_an_extension_that_was_told_after_a_pause(calendar: WorkCalendar) -> None:
    pauses = [Pause(at(7, 8), at(7, 8, 15))]
    base, longer = extended(calendar, pauses, at(7, 9))
    assert recounted_extension(longer, pauses, base, calendar) == longer
    # 7, 9, 10, 13, 14 July; then 15, 16, 17.
    assert due_on(longer.due_at) == date(2026, 7, 17)


FRIDAY, END = at(7, 10, 0), at(7, 14, 0)


@pytest.mark.parametrize(
    ("now", "was", "warned", "look"),
    [
        (at(7, 8), FRIDAY, False, FRIDAY),  # still green: at its warning
        (at(7, 8), None, False, FRIDAY),  # it was over, and is far away again
        (at(7, 10), FRIDAY, False, FRIDAY),  # a timer is on its way
        (at(7, 10), END, False, at(7, 10)),  # came to be near unwarned: now
        (at(7, 10), END, True, END),  # warned already: at the end
        (at(7, 15), END, True, END),  # late, and nobody has seen to it
        (at(7, 15), at(7, 20), False, END),  # came to be late: at once
        (at(7, 15), None, True, None),  # late, and seen to
    ],
)
def test_when_a_timer_looks_next(
    calendar: WorkCalendar, now: datetime, was: datetime | None, warned: bool, look: datetime
) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar)
    assert next_look(was, clock, now, calendar, warned=warned) == look


def test_an_applicant_is_not_reminded_at_once(calendar: WorkCalendar) -> None:
    clock = start(CORRECTION, at(7, 6), wd(5), calendar)
    # Reminders come three and one working days before Monday the 13th: on the 8th and the 10th.
    assert next_look(at(7, 10, 0), clock, at(7, 9), calendar, warned=False) == at(7, 10, 0)
    waiting = clock.pause(at(7, 9), calendar)
    assert next_look(at(7, 10, 0), waiting, at(7, 9), calendar, warned=False) is None
    ended = replace(clock, stopped_at=at(7, 9))
    assert next_look(None, ended, at(7, 9), calendar, warned=False) is None
