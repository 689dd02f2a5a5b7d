"""The queue (待办): what waits for the window and the departments, the most urgent first."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from models.database import rows
from models.rules.events import Role
from models.rules.states import Phase, State
from models.rules.units import UnitKind
from services.actors import Officer
from services.items import CursorInvalid

HIDDEN = frozenset({State.DRAFT, State.VOIDED})
WAITING = tuple(state for state in State if state.phase is Phase.INTAKE)
# Nothing is due for such a case: it comes last.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)

# An accepted case waits once more (容缺): what was promised has come, and nobody has judged it.
# Once it has ended there is nothing left to judge.
QUERY = """
SELECT * FROM (
  SELECT c.id, c.case_no, c.state, c.round, c.received_at, c.claimed_by_id,
    i.code AS item_code, i.name AS item_name, i.agency,
    CASE WHEN c.state = ANY('{SUBMITTED,PRE_REVIEWING,ACCEPTED,UNDER_REVIEW,SUSPENDED}')
      THEN 0 ELSE 1 END AS rank,
    COALESCE((SELECT min(k.due_at) FROM clock_instances k
      WHERE k.case_id = c.id AND k.stopped_at IS NULL AND k.paused_at IS NULL
        AND k.name <> 'RATING_WINDOW'), $1) AS due
  FROM cases c JOIN items i ON i.id = c.item_id JOIN item_versions v ON v.id = c.item_version_id
  WHERE (c.state = ANY($2::text[]) OR ($8 AND c.shortfall_status = 'OPEN'
    AND c.state = ANY('{ACCEPTED,UNDER_REVIEW,SUSPENDED}') AND c.id = ANY(ARRAY(
      SELECT s.case_id FROM shortfall_items s JOIN materials m
        ON m.case_id = s.case_id AND m.code = s.code AND m.replaced_at IS NULL
      WHERE s.status = 'PROMISED'
        AND NOT EXISTS (SELECT FROM verdicts w
          WHERE w.case_id = s.case_id AND w.material_id = m.id)))))
    AND v.body::jsonb -> 'joint_items' IS NULL
    AND ($3 OR v.body::jsonb #>> '{acceptance,actor}' = 'DEPARTMENT' OR EXISTS (
      SELECT FROM shortfall_items s WHERE s.case_id = c.id AND s.status = 'PROPOSED'))
    AND ($9::text IS NULL OR v.body::jsonb ->> 'agency_uscc' = $9)
    AND ($10::text IS NULL OR c.window_id IN (SELECT w.id FROM windows w WHERE w.unit_id = $10))
) q
WHERE $4::int IS NULL OR (rank, due, id) > ($4, $5::timestamptz, $6::uuid)
ORDER BY rank, due, id LIMIT $7
"""


@dataclass(frozen=True)
class QueueEntry:
    """A case in the queue; ``due_at`` is its next deadline, ``mine`` who claimed it."""

    id: UUID
    case_no: str
    state: State
    round: int
    item_code: str
    item_name: str
    agency: str
    received_at: datetime
    due_at: datetime | None
    claimed: bool
    mine: bool


@dataclass(frozen=True)
class QueuePage:
    entries: Sequence[QueueEntry]
    next_cursor: str | None


async def read(officer: Officer, state: State | None, limit: int, cursor: str | None) -> QueuePage:
    """Return a page of what waits; raise ``CursorInvalid`` for a cursor that is not ours.

    Without a state: everything not yet accepted, and accepted cases whose promised materials
    have come; those that wait for an officer first. Windows see every item, departments the items
    that departments accept and the shortfalls to confirm. Of a joint case its children are what
    waits.
    """
    states = [each.value for each in ((state,) if state else WAITING) if each not in HIDDEN]
    window = Role.WINDOW in officer.roles
    place = [*_decode(cursor), limit + 1]
    values = [NEVER, states, window, *place, state is None, *_whose(officer)]
    found = await rows(QUERY, values)
    page = found[:limit]
    return QueuePage(
        [_entry(row, officer) for row in page],
        _encode(page[-1]) if len(found) > limit else None,
    )


def _whose(officer: Officer) -> tuple[str | None, str | None]:
    """Return the agency and the township that a queue is narrowed to."""
    office = officer.office
    # A department's officer whose unit is no agency has nothing to wait for: no agency is "".
    alone = Role.WINDOW not in officer.roles
    agency = office.uscc or ("" if alone else None)
    township = office.id if office.kind is UnitKind.TOWNSHIP else None
    return agency if alone or office.kind is UnitKind.AGENCY else None, township


def _entry(row: dict[str, Any], officer: Officer) -> QueueEntry:
    state = State[row["state"]]
    return QueueEntry(
        id=row["id"],
        case_no=row["case_no"],
        state=state,
        round=row["round"],
        item_code=row["item_code"],
        item_name=row["item_name"],
        agency=row["agency"],
        received_at=row["received_at"],
        due_at=None if row["due"] == NEVER else row["due"],
        claimed=state is State.PRE_REVIEWING,
        mine=row["claimed_by_id"] == officer.id,
    )


def _encode(row: dict[str, Any]) -> str:
    place = orjson.dumps([row["rank"], row["due"].isoformat(), str(row["id"])])
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _decode(cursor: str | None) -> tuple[int | None, datetime | None, UUID | None]:
    if cursor is None:
        return None, None, None
    try:
        content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        rank, due, id_ = orjson.loads(content)

        return int(rank) & 1, datetime.fromisoformat(due).astimezone(UTC), UUID(id_)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise CursorInvalid from error
