"""Statistics (数据分析): what each item and agency did in a period, for their regular analysis.

A figure counts by its own moment: filed, accepted, decided, served or rated in the period. It is
asked for month by month, so that no question to the database is a long one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from models.database import rows
from models.rules.calendar import WorkCalendar
from services.calendars import Calendars
from services.periods import Period
from services.ports import Clock

FILED = """
SELECT item_id, state, count(*)::int AS filed FROM cases
WHERE submitted_at >= $1 AND submitted_at < $2 GROUP BY item_id, state"""
COUNTED = (
    # 行政许可法32(四): told within the limit; what was deemed accepted was not.
    """
SELECT item_id, count(*)::int AS accepted,
  count(*) FILTER (WHERE accept_mode <> 'DEEMED' AND NOT EXISTS (
    SELECT FROM clock_instances k WHERE k.case_id = c.id AND k.name = 'NOTIFY_5WD'
      AND k.stopped_at > k.due_at))::int AS accepted_on_time,
  count(*) FILTER (WHERE accept_mode = 'DEEMED')::int AS deemed
FROM cases c WHERE accepted_at >= $1 AND accepted_at < $2 GROUP BY item_id""",
    """
SELECT item_id, count(*)::int AS decided,
  count(*) FILTER (WHERE decision = 'REJECTED')::int AS rejected,
  count(*) FILTER (WHERE NOT EXISTS (
    SELECT FROM clock_instances k WHERE k.case_id = c.id AND k.name = 'DECISION_PROMISED'
      AND k.stopped_at > k.due_at))::int AS decided_on_time
FROM cases c WHERE decided_at >= $1 AND decided_at < $2 GROUP BY item_id""",
    # Visits are counted where they are made; who brings paper to be accepted comes, too.
    """
SELECT item_id, count(*)::int AS served,
  count(*) FILTER (WHERE visits = 0 AND NOT EXISTS (
    SELECT FROM case_events e WHERE e.case_id = c.id
      AND e.event IN ('paper_received', 'paper_defect', 'window_pickup')))::int AS online
FROM cases c WHERE served_at >= $1 AND served_at < $2 GROUP BY item_id""",
    """
SELECT c.item_id, count(*)::int AS ratings, sum(r.stars)::int AS stars,
  count(*) FILTER (WHERE r.stars <= 2)::int AS bad_ratings
FROM ratings r JOIN cases c ON c.id = r.case_id
WHERE r.at >= $1 AND r.at < $2 GROUP BY c.item_id""",
)
SPANS = """
SELECT item_id, (accepted_at AT TIME ZONE 'Asia/Shanghai')::date AS first,
  (decided_at AT TIME ZONE 'Asia/Shanghai')::date AS last, count(*)::int AS number
FROM cases WHERE decided_at >= $1 AND decided_at < $2 AND accepted_at IS NOT NULL
GROUP BY 1, 2, 3"""
ITEMS = "SELECT id, code, name, agency FROM items ORDER BY agency, code"


@dataclass
class Figures:
    """What was counted. ``working_days``: from acceptance to decision, over ``spans`` cases.

    The day of acceptance does not count; special procedures do. ``online``: served without
    anybody having come to a counter. ``states``: where the filed cases stand now.
    """

    filed: int = 0
    accepted: int = 0
    accepted_on_time: int = 0
    deemed: int = 0
    decided: int = 0
    decided_on_time: int = 0
    rejected: int = 0
    served: int = 0
    online: int = 0
    ratings: int = 0
    stars: int = 0
    bad_ratings: int = 0
    working_days: int = 0
    spans: int = 0
    states: Counter[str] = field(default_factory=Counter)

    def add(self, more: Mapping[str, Any]) -> None:
        """Add numbers by their names."""
        for name, number in more.items():
            setattr(self, name, getattr(self, name) + number)

    @property
    def average_working_days(self) -> float | None:
        return _ratio(self.working_days, self.spans)

    @property
    def accepted_on_time_share(self) -> float | None:
        return _ratio(self.accepted_on_time, self.accepted)

    @property
    def decided_on_time_share(self) -> float | None:
        return _ratio(self.decided_on_time, self.decided)

    @property
    def online_share(self) -> float | None:
        return _ratio(self.online, self.served)

    @property
    def average_stars(self) -> float | None:
        return _ratio(self.stars, self.ratings)


def _ratio(part: int, whole: int) -> float | None:
    """Return a quotient to four places; None when there is nothing to divide by."""
    return round(part / whole, 4) if whole else None


@dataclass(frozen=True)
class ItemFigures:
    code: str
    name: str
    agency: str
    figures: Figures


@dataclass(frozen=True)
class Report:
    """``items`` by agency and code, without those of which there is nothing to tell."""

    period: Period
    total: Figures
    agencies: Mapping[str, Figures]
    items: Sequence[ItemFigures]


@dataclass(frozen=True)
class Statistics:
    clock: Clock
    calendars: Calendars

    async def report(self, first: date | None, last: date | None) -> Report:
        """Count from day to day by item, agency and in all; raise ``PeriodInvalid``."""
        period = Period.of(first, last, self.clock.now())
        calendar = await self.calendars.current()
        found: dict[Any, Figures] = {}
        for month in period.months():
            await _count(month, calendar, found)
        items = [
            ItemFigures(row["code"], row["name"], row["agency"], found[row["id"]])
            for row in await rows(ITEMS)
            if row["id"] in found
        ]
        total, agencies = Figures(), dict[str, Figures]()
        for item in items:
            for sums in (total, agencies.setdefault(item.agency, Figures())):
                sums.add({each.name: getattr(item.figures, each.name) for each in fields(Figures)})
        return Report(period, total, agencies, items)


async def _count(month: Period, calendar: WorkCalendar, found: dict[Any, Figures]) -> None:
    span = [month.start, month.end]
    for row in await rows(FILED, span):
        sums = found.setdefault(row["item_id"], Figures())
        sums.add({"filed": row["filed"], "states": Counter({row["state"]: row["filed"]})})
    for query in COUNTED:
        for row in await rows(query, span):
            numbers = {name: number for name, number in row.items() if name != "item_id"}
            found.setdefault(row["item_id"], Figures()).add(numbers)
    for row in await rows(SPANS, span):
        days = calendar.workdays_between(row["first"], row["last"]) * row["number"]
        numbers = {"working_days": days, "spans": row["number"]}
        found.setdefault(row["item_id"], Figures()).add(numbers)
