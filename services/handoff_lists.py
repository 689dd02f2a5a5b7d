"""Lists of packages (移交清单): what is open, what came back and why, what is late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.database import rows
from models.rules.states import HandoffStatus

# READY again as soon as its lease has run out, whatever the row still says.
QUERY = """
SELECT p.id, c.case_no, p.seq, p.kind, p.item_code, p.agency_uscc, p.digest, p.leases, p.returns,
  p.return_code, p.return_text, p.pull_by, p.created_at, p.acked_at, p.acked_by,
  CASE WHEN p.status = 'LEASED' AND p.leased_until <= $1 THEN 'READY' ELSE p.status END AS status,
  CASE WHEN p.status = 'LEASED' AND p.leased_until > $1 THEN p.leased_until END AS leased_until,
  CASE WHEN p.status = 'LEASED' AND p.leased_until > $1 THEN p.leased_by END AS leased_by
FROM handoff_packages p JOIN cases c ON c.id = p.case_id
WHERE {conditions} ORDER BY p.id LIMIT {limit}"""
IS_LEASED = "p.status = 'LEASED' AND p.leased_until > $1"
STATUS = {
    None: "p.status <> 'ACKED'",
    HandoffStatus.READY: f"p.status <> 'ACKED' AND NOT ({IS_LEASED})",
    HandoffStatus.LEASED: f"p.status <> 'ACKED' AND {IS_LEASED}",
    HandoffStatus.ACKED: "p.status = 'ACKED'",
}


@dataclass(frozen=True)
class PackageFilter:
    """Which packages a list is of; None asks for any, but ``status`` None for all that are open.

    ``returned``: given back at least once; ``late``: to be acknowledged before now.
    """

    status: HandoffStatus | None = None
    agency_uscc: str | None = None
    kind: str | None = None
    case_no: str | None = None
    returned: bool | None = None
    late: bool | None = None


@dataclass(frozen=True)
class Listed:
    """A package as a list shows it; ``leased_by`` and ``leased_until`` only while that is so."""

    id: UUID
    case_no: str
    seq: int
    kind: str
    item_code: str
    agency_uscc: str
    digest: str
    status: str
    leases: int
    leased_by: str | None
    leased_until: datetime | None
    returns: int
    return_code: str | None
    return_text: str | None
    pull_by: datetime | None
    created_at: datetime
    acked_at: datetime | None
    acked_by: str | None


@dataclass(frozen=True)
class Page:
    packages: Sequence[Listed]
    following: UUID | None


async def read(
    wanted: PackageFilter,
    now: datetime,
    *,
    limit: int,
    after: UUID | None,
    items: frozenset[str] = frozenset(),
) -> Page:
    """Return packages, oldest first, and where the next page begins."""
    values: list[Any] = [now]
    conditions = [STATUS[wanted.status]]

    def also(condition: str, value: Any) -> None:
        values.append(value)
        conditions.append(condition.format(f"${len(values)}"))

    for column in ("agency_uscc", "kind"):
        if (value := getattr(wanted, column)) is not None:
            also(f"p.{column} = {{}}", value)
    if wanted.case_no is not None:
        also("c.case_no = {}", wanted.case_no)
    if wanted.returned is not None:
        conditions.append("p.returns > 0" if wanted.returned else "p.returns = 0")
    if wanted.late is not None:
        conditions.append("p.pull_by <= $1" if wanted.late else "p.pull_by > $1")
    if items:
        also("p.item_code = ANY({}::text[])", sorted(items))
    if after is not None:
        also("p.id > {}", after)
    sql = QUERY.format(conditions=" AND ".join(conditions), limit=limit + 1)
    found = [Listed(**row) for row in await rows(sql, values)]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def one(package_id: UUID, now: datetime) -> Listed | None:
    """Return a package of any agency, open or not."""
    found = await rows(QUERY.format(conditions="p.id = $2", limit=1), [now, package_id])
    return Listed(**found[0]) if found else None
