"""A deadline explains itself: from which day, how many days, what did not count, until when.

One sentence that an 83-year-old can check on a wall calendar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from models.rules.calendar import (
    ONE_DAY,
    SHANGHAI,
    Limit,
    Unit,
    WorkCalendar,
    day_of,
    due_on,
)
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.clocks import CaseClock, Pause, light
from models.rules.events import Actor
from models.rules.recount import moves, recounted
from models.rules.states import MonitorLight

WEEKDAYS = "一二三四五六日"
# A reason of a few words stands in the sentence; a longer one in brackets.
SHORT = 12
MARKS = ",.;:、,。;:"


@dataclass(frozen=True)
class Explained:
    """What there is to say of a clock at a moment.

    ``day_one`` is the first day that counts. ``due_on`` and ``due_at`` are None while the clock
    is paused: nobody knows yet. ``left`` counts the limit's own days that are still there, today
    with them.
    """

    day_one: date | None
    due_on: date | None
    due_at: datetime | None
    left: int | None
    light: MonitorLight
    provisional: bool
    sentence: str


def explain(
    clock: CaseClock, pauses: Sequence[Pause], now: datetime, calendar: WorkCalendar, first: str
) -> Explained:
    """Explain a clock; ``first`` is what the day is called from which it counts."""
    waits = clock.paused_at is not None and clock.stopped_at is None
    last = due_on(clock.due_at)
    provisional = not clock.stopped_at and moves(clock) and calendar.is_provisional(last)
    return Explained(
        day_one=day_one(clock, calendar),
        due_on=None if waits else last,
        due_at=None if waits else clock.due_at,
        left=left(clock, now, calendar),
        light=light(clock, now, calendar),
        provisional=provisional,
        sentence=_Telling(clock, pauses, now, calendar, first).sentence(provisional),
    )


def day_one(clock: CaseClock, calendar: WorkCalendar) -> date | None:
    """Return the first day that counts; None for a limit in hours."""
    limit, origin = _given(clock)
    match limit.unit:
        case Unit.WORKING_DAY:
            return calendar.add_workdays(origin, min(limit.value, 1))
        case Unit.CALENDAR_DAY:
            return origin + min(limit.value, 1) * ONE_DAY
        case Unit.SAME_WORKING_DAY:
            return calendar.add_workdays(origin, 0)
        case _:
            return None


def left(clock: CaseClock, now: datetime, calendar: WorkCalendar) -> int | None:
    """Return how many days can still be used, today included; None for hours and once it ended."""
    if clock.stopped_at or clock.limit.unit in (Unit.HOUR, Unit.NONE):
        return None
    if clock.paused_at:
        return clock.remaining
    same_day = clock.limit.unit is Unit.SAME_WORKING_DAY
    first = clock.counted_from if same_day else clock.counted_from + ONE_DAY
    before = max(day_of(now), first) - ONE_DAY
    last = due_on(clock.due_at)
    if clock.limit.unit is Unit.CALENDAR_DAY:
        return max((last - before).days, 0)
    return max(calendar.workdays_between(before, last), 0)


def _given(clock: CaseClock) -> tuple[Limit, date]:
    """Return the limit as it was given and the day it was counted from."""
    return clock.total or clock.limit, clock.first_from or clock.counted_from


@dataclass(frozen=True)
class _Telling:
    clock: CaseClock
    pauses: Sequence[Pause]
    now: datetime
    calendar: WorkCalendar
    first: str

    def sentence(self, provisional: bool) -> str:
        clock = self.clock
        parts = [self._opening(), *map(self._pause, self._costly())]
        if clock.paused_at is None:
            parts.append(self._end())
        elif clock.stopped_at is None:
            parts.append(self._rest())
        if clock.stopped_at is not None:
            parts.append(self._stop(clock.stopped_at))
        elif clock.paused_at is None and self.now >= clock.due_at:
            parts.append(";这个期限已经过了")
        return "".join(parts).removeprefix(",") + "。" + self._notes(provisional)

    def _opening(self) -> str:
        limit, origin = _given(self.clock)
        begin = day_one(self.clock, self.calendar)
        if self.clock.name is ClockName.SHORTFALL:
            return "承诺书上写好了日子"
        if begin is None:
            return self._hours(limit)
        if limit.unit is Unit.SAME_WORKING_DAY or limit.value == 0:
            off = "" if begin == origin else "不上班,顺延到下一个工作日"
            return f"{self.first}{_full(origin)}{off or '当天'}就要办完"
        days = f"{limit.value}个工作日"
        if limit.unit is Unit.CALENDAR_DAY:
            days = f"{limit.value}天(周末和节假日也算)"
        return f"{self.first}{_full(origin)}不算,从{self._day(begin)}起数{days}"

    def _hours(self, limit: Limit) -> str:
        if limit.value == 0:
            return ""
        return (
            f"从{_full(day_of(self.clock.started_at))}{_time(self.clock.started_at)}起{limit.text}"
        )

    def _pause(self, pause: Pause) -> str:
        day = day_of(pause.paused_at)
        reason = pause.reason.strip().rstrip(MARKS)
        if not reason:
            why, note = "停了", ""
        elif len(reason) <= SHORT and not set(reason) & set(MARKS):
            why, note = f"因{reason}停了", ""
        else:
            why, note = "停了", f"({reason})"
        if pause.resumed_at is None:
            return f";{self._day(day)}起{why}{note}"
        back = day_of(pause.resumed_at)
        stretch = self._day(day) if back == day else f"{self._day(day)}到{self._day(back)}"
        return f";{stretch}{why}{note},不算在内"

    def _costly(self) -> Sequence[Pause]:
        """Return the pauses that cost a day; the day that does not count itself is free."""
        _, origin = _given(self.clock)
        return [
            pause
            for pause in self.pauses
            if pause.resumed_at is None or day_of(pause.resumed_at) > origin
        ]

    def _rest(self) -> str:
        clock = self.clock
        paused_at = clock.paused_at or self.now
        if clock.name is ClockName.EXTENSION and clock.counted_from >= day_of(paused_at):
            return ",原来的期限会往后移,等它到期再数"
        if not clock.remaining:
            return f",停下以前期限{_full(due_on(clock.due_at))}已经过了"
        unit = "天" if clock.limit.unit is Unit.CALENDAR_DAY else "个工作日"
        return f",还剩{clock.remaining}{unit},恢复办理的第二天起接着数"

    def _end(self) -> str:
        last = due_on(self.clock.due_at)
        link = ";所以" if self._costly() else ","
        if self.clock.limit.unit is Unit.HOUR:
            return f"{link}到{_full(day_of(self.clock.due_at))}{_time(self.clock.due_at)}为止"
        works = last.weekday() > 4 and moves(self.clock) and self.calendar.is_workday(last)
        note = f"(这天是星期{WEEKDAYS[last.weekday()]},但安排了上班)" if works else ""
        return f"{link}到{_full(last)}24点为止{note}"

    def _stop(self, at: datetime) -> str:
        late = ",超过了期限" if self.clock.paused_at is None and at >= self.clock.due_at else ""
        return f";已经在{_full(day_of(at))}结束{late}"

    def _notes(self, provisional: bool) -> str:
        clock = self.clock
        if clock.stopped_at is not None:
            return ""
        applicant = CLOCKS[clock.name].owner is Actor.APPLICANT
        notes = ""
        if provisional:
            change = "可能会往后,不会提前" if applicant else "可能会变"
            year = due_on(clock.due_at).year
            notes = f"国务院还没有公布{year}年的放假安排,这个日期{change}。"
        if applicant and recounted(clock, self.pauses, self.calendar).due_at < clock.due_at:
            notes += "按现在的放假安排会早一些,已经告诉您的日期不提前。"
        return notes

    def _day(self, day: date) -> str:
        """Write a day without its year where that is the year of the beginning."""
        _, origin = _given(self.clock)
        return f"{day.month}月{day.day}日" if day.year == origin.year else _full(day)


def _full(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%H:%M}"
