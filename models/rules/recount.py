"""Counting a clock anew by another calendar: from what it began with, through all its pauses.

What the pauses left of a limit stands in the clock, but a day before a pause may have changed
too; so everything is counted again, and under an unchanged calendar nothing changes.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from models.rules.calendar import Limit, WorkCalendar, due_on, start_of
from models.rules.clock_table import CLOCKS
from models.rules.clocks import CaseClock, Pause, light, start
from models.rules.events import Actor
from models.rules.states import MonitorLight
from models.rules.timeouts import next_moment, reminds


def moves(clock: CaseClock) -> bool:
    """Whether the clock's end depends on who works when."""
    return _total(clock).unit.asks_who_works


def recounted(clock: CaseClock, pauses: Sequence[Pause], calendar: WorkCalendar) -> CaseClock:
    """Return the clock as it would be had this calendar been known from its start.

    ``pauses`` are its own, in order; the last is open when the clock is paused. A clock that has
    ended, or that no calendar moves, stays as it is.
    """
    if clock.stopped_at or not moves(clock):
        return clock
    return _through(_anew(clock, calendar), _held(clock, pauses), calendar)


def recounted_extension(
    clock: CaseClock,
    pauses: Sequence[Pause],
    statutory: CaseClock,
    calendar: WorkCalendar,
) -> CaseClock:
    """Return an extension counted anew: it goes on from the last statutory day (行政许可法42).

    ``pauses`` are the statutory limit's, in order. A pause that came before the extension had
    begun to count moves its beginning along with the statutory limit's end.
    """
    if clock.stopped_at or not moves(clock):
        return clock
    base, extension = _anew(statutory, calendar), None
    for pause in _held(statutory, pauses):
        if extension is None and pause.paused_at >= clock.started_at:
            extension = _after(clock, base, calendar)
        base = base.pause(pause.paused_at, calendar)
        extension = extension and extension.pause(pause.paused_at, calendar)
        if pause.resumed_at is None:
            continue
        base = base.resume(pause.resumed_at, calendar)
        if extension and start_of(extension.counted_from) >= pause.paused_at:
            extension = _after(clock, base, calendar)
        extension = extension and extension.resume(pause.resumed_at, calendar)
    return extension or _after(clock, base, calendar)


def never_earlier(old: CaseClock, new: CaseClock, calendar: WorkCalendar) -> CaseClock:
    """Return the new count; but what an applicant was told is never taken back.

    Authorities' limits follow the calendar exactly, applicants' only ever go later.
    """
    if CLOCKS[old.name].owner is not Actor.APPLICANT or new.due_at >= old.due_at:
        return new
    provisional = moves(old) and calendar.is_provisional(due_on(old.due_at))
    return replace(old, calendar_version=calendar.version, is_provisional=provisional)


def _total(clock: CaseClock) -> Limit:
    return clock.total or clock.limit


def _anew(clock: CaseClock, calendar: WorkCalendar) -> CaseClock:
    origin = start_of(clock.first_from or clock.counted_from)
    return start(clock.name, clock.started_at, _total(clock), calendar, counted_from=origin)


def _after(clock: CaseClock, statutory: CaseClock, calendar: WorkCalendar) -> CaseClock:
    origin = start_of(due_on(statutory.due_at))
    return start(clock.name, clock.started_at, _total(clock), calendar, counted_from=origin)


def _held(clock: CaseClock, pauses: Sequence[Pause]) -> Sequence[Pause]:
    """Return the pauses, with the one that is open now even if no reason was kept for it."""
    if clock.paused_at is None or any(pause.resumed_at is None for pause in pauses):
        return pauses
    return [*pauses, Pause(clock.paused_at, None)]


def _through(clock: CaseClock, pauses: Sequence[Pause], calendar: WorkCalendar) -> CaseClock:
    for pause in pauses:
        clock = clock.pause(pause.paused_at, calendar)
        if pause.resumed_at is not None:
            clock = clock.resume(pause.resumed_at, calendar)
    return clock


def next_look(
    was: datetime | None,
    clock: CaseClock,
    now: datetime,
    calendar: WorkCalendar,
    *,
    warned: bool,
) -> datetime | None:
    """Return when a timer has to look at a clock that was counted anew.

    ``was`` is when it was to be looked at before, None when its end was seen to; ``warned`` tells
    that supervision was warned of it already. A clock that came to be late by its new count is
    looked at at once; one whose end was seen to, and still is past, never again.
    """
    if clock.paused_at or clock.stopped_at:
        return None
    seen = light(clock, now, calendar)
    if seen is MonitorLight.RED:
        return None if was is None else clock.due_at
    if seen is MonitorLight.YELLOW:
        if was is not None and was <= now:
            return was  # a timer is on its way
        if not warned and not reminds(clock.name):
            return now
    return next_moment(clock, now, calendar)
