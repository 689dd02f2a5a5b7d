"""Visits (跑动次数): on how many days the applicant had to come, and whether that is too often."""

from datetime import datetime
from typing import Any

from models.case import Case
from models.rules.calendar import day_of
from services.items import PublishedItem


def visited(case: Case, now: datetime, *, came: bool = True) -> dict[str, Any]:
    """Return the case's columns after an act at the counter; what is done on one day is one visit.

    ``came`` False: the papers came without the person.
    """
    today = day_of(now)
    if not came or case.visited_on == today:
        return {"visits": case.visits, "visited_on": case.visited_on}
    return {"visits": case.visits + 1, "visited_on": today}


def warning_of(case: Case, item: PublishedItem) -> str | None:
    """Return what to tell the officer when more visits were needed than the item promises."""
    most = item.body["flags"]["max_visits"]
    if case.visits <= most:
        return None
    return f"申请人已经跑了{case.visits}次,超过这个事项承诺的最多{most}次(max_visits)。"
