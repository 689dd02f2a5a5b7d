"""Counts (监察统计): alerts by kind, light and owner; running cases of units and their lateness."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.database import rows
from models.rules.calendar import WorkCalendar, day_of, end_of
from models.rules.clock_table import CLOCKS
from models.rules.events import Actor, Role
from models.rules.states import MonitorLight, Phase, State
from models.rules.supervision import AlertKind
from services.periods import Period

ALERTS = """
SELECT kind, light, owner_role, owner_unit, sum(open)::int AS open, sum(raised)::int AS raised,
  sum(settled)::int AS settled
FROM (
  SELECT kind, light, owner_role, owner_unit, 1 AS open, 0 AS raised, 0 AS settled
  FROM monitor_alerts WHERE resolved_at IS NULL
  UNION ALL
  SELECT kind, light, owner_role, owner_unit, 0, 1, (resolved_at IS NOT NULL)::int
  FROM monitor_alerts WHERE raised_at >= $1 AND raised_at < $2
) counted
GROUP BY kind, light, owner_role, owner_unit ORDER BY kind, light, owner_role, owner_unit"""
CASES = """
WITH urgent AS (
  SELECT case_id, min(due_at) AS due_at FROM clock_instances
  WHERE stopped_at IS NULL AND paused_at IS NULL AND due_at <= $2 AND name = ANY($3::text[])
  GROUP BY case_id
)
SELECT i.agency AS unit, count(*)::int AS running,
  count(*) FILTER (WHERE u.due_at <= $1)::int AS overdue,
  count(*) FILTER (WHERE u.due_at > $1)::int AS near_due
FROM cases c JOIN items i ON i.id = c.item_id LEFT JOIN urgent u ON u.case_id = c.id
WHERE c.state = ANY($4::text[])
GROUP BY i.agency ORDER BY i.agency"""
OPEN_ALERTS = """
SELECT kind, light, count(*)::int AS number FROM monitor_alerts
WHERE resolved_at IS NULL GROUP BY kind, light"""

RUNNING = [
    state.value for state in State if state.phase in (Phase.INTAKE, Phase.HANDLING, Phase.RESULT)
]
# Limits that offices keep; what an applicant lets pass is no lateness of theirs.
OFFICES = [
    name.value for name, spec in CLOCKS.items() if spec.owner not in (Actor.APPLICANT, Actor.SYSTEM)
]


@dataclass(frozen=True)
class AlertCount:
    """Alerts of one kind, light and owner: open now; raised in the period, ``settled`` of these."""

    kind: AlertKind
    light: MonitorLight
    owner_role: Role
    owner_unit: str
    open: int
    raised: int
    settled: int


@dataclass(frozen=True)
class UnitCount:
    """Cases under way of an agency: all, those with a limit over, those with one about to be.

    ``near_due``: an office's limit ends with the next working day at the latest. A paused clock
    is neither.
    """

    unit: str
    running: int
    overdue: int
    near_due: int


@dataclass(frozen=True)
class Counts:
    period: Period
    alerts: Sequence[AlertCount]
    units: Sequence[UnitCount]


async def read(period: Period, now: datetime, calendar: WorkCalendar) -> Counts:
    """Return the counts as they stand now, and what was raised in a period."""
    near = end_of(calendar.add_workdays(day_of(now), 1))
    alerts = await rows(ALERTS, [period.start, period.end])
    units = await rows(CASES, [now, near, OFFICES, RUNNING])
    return Counts(
        period=period,
        alerts=[
            AlertCount(
                **{
                    **row,
                    "kind": AlertKind(row["kind"]),
                    "light": MonitorLight(row["light"]),
                    "owner_role": Role(row["owner_role"]),
                }
            )
            for row in alerts
        ],
        units=[UnitCount(**row) for row in units],
    )


async def open_alerts() -> dict[tuple[str, str], int]:
    """Return how many alerts are open, by kind and light; nought is told too."""
    counted = {(kind.value, light.value): 0 for kind in AlertKind for light in _LIGHTS}
    for row in await rows(OPEN_ALERTS):
        counted[row["kind"], row["light"]] = row["number"]
    return counted


_LIGHTS = (MonitorLight.YELLOW, MonitorLight.RED)
