"""Periods as they are asked for: ``from`` and ``to``, days in China, both included."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from models.rules.calendar import end_of, start_of
from services.periods import YEARS, PeriodInvalid

DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class PeriodQuery(BaseModel):
    """Up to today when ``to`` is left out, for thirty days when ``from`` is."""

    model_config = ConfigDict(extra="forbid")

    first: str | None = Field(None, alias="from", pattern=DAY)
    last: str | None = Field(None, alias="to", pattern=DAY)

    @property
    def days(self) -> tuple[date | None, date | None]:
        """Return the days; raise ``PeriodInvalid`` for one that no calendar has."""
        return _day(self.first), _day(self.last)


def bounds(first: str | None, last: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the time from which and up to which days run; raise ``PeriodInvalid``."""
    begin, end = _day(first), _day(last)
    return start_of(begin) if begin else None, end_of(end) if end else None


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise PeriodInvalid from error
    if day is not None and day.year not in YEARS:
        raise PeriodInvalid
    return day
