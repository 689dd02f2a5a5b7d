"""Deadline arithmetic, against walking day by day and asking a library who works."""

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import product
from statistics import median

import chinese_calendar

from benchmarks.report import Line
from integrations.official_calendar import official_days
from models.rules.calendar import Limit, WorkCalendar, due_at, end_of, start_of

ROUNDS = 5
GOAL = 20
# The limits that the law and the catalogue know, in working days; from a day in every week.
LIMITS = (1, 3, 5, 10, 15, 20, 30, 45)
STARTS = [start_of(date(2024, 1, 3) + timedelta(days=8 * n)) for n in range(110)]

Ask = tuple[datetime, int]


class EndsDiffer(Exception):
    """The two sides do not come to the same ends: the ratio would mean nothing."""


def deadlines() -> Line:
    """Ask both for the same ends, in turn; compare how many each gives in a second."""
    calendar = WorkCalendar.of(
        {day.date: day.is_workday for day in official_days()}, "bench", date(2026, 12, 31)
    )
    asked = list(product(STARTS, LIMITS))

    def count(ask: Ask) -> datetime:
        return due_at(ask[0], Limit(ask[1]), calendar)

    if [count(ask) for ask in asked] != [_walk(ask) for ask in asked]:
        raise EndsDiffer
    rounds = [(_rate(count, asked), _rate(_walk, asked)) for _ in range(ROUNDS)]
    ours, walked = (median(side) for side in zip(*rounds, strict=True))
    return Line(
        "deadlines, against walking days",
        f"{ours:.0f}/s",
        f">= {GOAL}",
        ours / walked >= GOAL,
        bare=f"{walked:.0f}/s",
        ratio=f"{ours / walked:.1f}",
    )


def _walk(ask: Ask) -> datetime:
    """Return the end as one would find it without a calendar of one's own."""
    start, left = ask
    day = (start + timedelta(hours=8)).date()
    while left:
        day += timedelta(days=1)
        left -= chinese_calendar.is_workday(day)
    return end_of(day)


def _rate(end_of_limit: Callable[[Ask], datetime], asked: Sequence[Ask]) -> float:
    began = time.perf_counter()
    for ask in asked:
        end_of_limit(ask)
    return len(asked) / (time.perf_counter() - began)
