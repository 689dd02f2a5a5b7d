"""Periods (统计时段): from one day in China to another, both included."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.rules.calendar import ONE_DAY, day_of, end_of, start_of
from services.errors import Invalid

LONGEST = timedelta(days=366)
USUAL = timedelta(days=29)
YEARS = range(2000, 2100)


class PeriodInvalid(Invalid):
    """A period that ends before it begins, or is longer than a year."""

    code = "period_invalid"
    sentence = "时段不正确:结束日期不能早于开始日期,最长一年。"


@dataclass(frozen=True)
class Period:
    """Days ``first`` to ``last``; as times, from ``start`` up to and without ``end``."""

    first: date
    last: date

    def __post_init__(self) -> None:
        years = self.first.year in YEARS and self.last.year in YEARS
        if not years or not timedelta(0) <= self.last - self.first < LONGEST:
            raise PeriodInvalid

    @classmethod
    def of(cls, first: date | None, last: date | None, now: datetime) -> "Period":
        """Return the period that was asked for: without an end up to today, else thirty days."""
        last = last or day_of(now)
        return cls(first or last - USUAL, last)

    @property
    def start(self) -> datetime:
        return start_of(self.first)

    @property
    def end(self) -> datetime:
        return end_of(self.last)

    def months(self) -> "list[Period]":
        """Return the period in pieces that end with a month, so that no question is too long."""
        pieces, first = [], self.first
        while first <= self.last:
            next_month = (first.replace(day=1) + 32 * ONE_DAY).replace(day=1)
            last = min(next_month - ONE_DAY, self.last)
            pieces.append(Period(first, last))
            first = last + ONE_DAY
        return pieces
