"""Lists of alerts, newest first, page by page."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from models.database import rows
from models.rules.events import Role
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.rules.units import UnitKind
from services.actors import Officer
from services.items import CursorInvalid
from services.lateness import EVERY_WINDOW

QUERY = """
SELECT a.id, a.kind, a.light, a.code, a.case_id, c.case_no, i.name AS item_name, a.owner_role,
  a.owner_unit, a.actor_role, a.actor_id, a.data::jsonb ->> 'due_at' AS due_at, a.raised_at,
  a.resolved_at, a.resolved_by, a.resolution
FROM monitor_alerts a LEFT JOIN cases c ON c.id = a.case_id LEFT JOIN items i ON i.id = c.item_id
WHERE {conditions} ORDER BY a.raised_at DESC, a.id DESC LIMIT {limit}"""


@dataclass(frozen=True)
class AlertFilter:
    """What a list is about; None asks for any. ``since`` up to and without ``until``."""

    kind: AlertKind | None = None
    light: MonitorLight | None = None
    is_open: bool | None = None
    unit: str | None = None
    role: Role | None = None
    case_no: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Alert:
    """An alert as supervision sees it; ``due_at`` is the end of the limit, for 超时限."""

    id: UUID
    kind: AlertKind
    light: MonitorLight
    code: str
    case_id: UUID | None
    case_no: str | None
    item_name: str | None
    owner_role: Role
    owner_unit: str
    actor_role: str | None
    actor_id: str | None
    due_at: datetime | None
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str


@dataclass(frozen=True)
class AlertPage:
    alerts: Sequence[Alert]
    next_cursor: str | None


async def read(
    wanted: AlertFilter, *, limit: int, cursor: str | None, owner: Officer | None = None
) -> AlertPage:
    """Return a page of alerts; with ``owner`` only those that this officer answers for.

    Raises ``CursorInvalid`` for a cursor that is not ours.
    """
    places = _Places()
    conditions = [*_conditions(wanted, places), *_owned(owner, places), *_after(cursor, places)]
    query = QUERY.format(
        conditions=" AND ".join(conditions) or "true", limit=places.next(limit + 1)
    )
    found = await rows(query, places.values)
    page = [_alert(row) for row in found[:limit]]
    return AlertPage(page, _encode(page[-1]) if len(found) > limit else None)


class _Places:
    """The values of a statement and the place of each."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def next(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


def _conditions(wanted: AlertFilter, places: _Places) -> list[str]:
    columns = {
        "a.kind = {}": wanted.kind and wanted.kind.value,
        "a.light = {}": wanted.light and wanted.light.value,
        "a.owner_unit = {}": wanted.unit,
        "a.owner_role = {}": wanted.role and wanted.role.value,
        "a.case_id = (SELECT id FROM cases WHERE case_no = {})": wanted.case_no,
        "a.raised_at >= {}": wanted.since,
        "a.raised_at < {}": wanted.until,
    }
    found = [text.format(places.next(value)) for text, value in columns.items() if value]
    if wanted.is_open is not None:
        found.append(f"a.resolved_at IS {'NULL' if wanted.is_open else 'NOT NULL'}")
    return found


def _owned(owner: Officer | None, places: _Places) -> list[str]:
    """Return what narrows a list to the alerts that one officer's role and unit answer for."""
    if owner is None:
        return []
    roles, units = set(owner.roles), {owner.unit}
    if Role.DEPT in roles:
        # The approval system of a department has no eyes of its own.
        roles.add(Role.BACKOFFICE)
    if Role.WINDOW in roles and owner.office.kind is UnitKind.COUNTY_CENTER:
        units.add(EVERY_WINDOW)
    return [
        f"a.owner_role = ANY({places.next([role.value for role in roles])}::text[])",
        f"a.owner_unit = ANY({places.next(list(units))}::text[])",
    ]


def _after(cursor: str | None, places: _Places) -> list[str]:
    if cursor is None:
        return []
    raised_at, id_ = _decode(cursor)
    place = f"({places.next(raised_at)}::timestamptz, {places.next(id_)}::uuid)"
    return [f"(a.raised_at, a.id) < {place}"]


def _alert(row: Mapping[str, Any]) -> Alert:
    due_at = row["due_at"]
    return Alert(
        **{
            **row,
            "kind": AlertKind(row["kind"]),
            "light": MonitorLight(row["light"]),
            "owner_role": Role(row["owner_role"]),
            "due_at": datetime.fromisoformat(due_at) if due_at else None,
        }
    )


def _encode(alert: Alert) -> str:
    place = orjson.dumps([alert.raised_at.isoformat(), str(alert.id)])
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        raised_at, id_ = orjson.loads(content)
        return datetime.fromisoformat(raised_at).astimezone(UTC), UUID(id_)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise CursorInvalid from error
