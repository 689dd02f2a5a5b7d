"""Scope (管辖范围): whose case it is among the units, and in which roles an officer meets it.

The county's hall sees every case, an agency those of its items, a township those that were handed
in at its windows. What is outside of that does not exist for an officer; to act on it is an
overreach (超权限), on record.
"""

from models.case import Case
from models.rules.events import Role
from models.rules.supervision import AlertKind
from models.rules.units import UnitKind
from models.staff import Window
from services.access import CaseUnknown
from services.actors import Officer
from services.items import PublishedItem
from services.transitions import StepNotYours


class CaseElsewhere(CaseUnknown):
    """The case of another agency or township: the answer does not tell that there is one."""

    alert = AlertKind.OVERREACH


async def covers(officer: Officer, case: Case, item: PublishedItem) -> bool:
    """Tell whether a case is one of the officer's unit."""
    match officer.office.kind:
        case UnitKind.COUNTY_CENTER:
            return True
        case UnitKind.AGENCY:
            return item.agency_uscc == officer.office.uscc
        case UnitKind.TOWNSHIP:
            return await _of_township(officer, case.window_id)


def bounds(officer: Officer) -> tuple[str | None, str | None]:
    """Return the agency (统一社会信用代码) and the township that a list is narrowed to."""
    match officer.office.kind:
        case UnitKind.COUNTY_CENTER:
            return None, None
        case UnitKind.TOWNSHIP:
            return None, officer.office.id
        case UnitKind.AGENCY:
            # An agency without a code has no items, and sees nothing.
            return officer.office.uscc or "", None


async def check(officer: Officer, case: Case, item: PublishedItem) -> None:
    """Raise ``CaseElsewhere`` for another unit's case."""
    if not await covers(officer, case, item):
        raise CaseElsewhere


async def check_handling(officer: Officer, case: Case, item: PublishedItem) -> None:
    """Check that the officer's unit and roles let them handle a case.

    Raises ``CaseElsewhere`` or ``StepNotYours``. Of a department nobody but its own officers is
    one, so that a lone department's officer of the wrong unit sees nothing.
    """
    await check(officer, case, item)
    roles = officer.roles_for(item.agency_uscc)
    if Role.DEPT in officer.roles and not roles & {Role.DEPT, Role.WINDOW}:
        raise CaseElsewhere
    if not roles & {Role.WINDOW, item.acceptor}:
        raise StepNotYours


async def check_serving(officer: Officer, case: Case, item: PublishedItem, at: str | None) -> None:
    """Check a case at the counter: a township also hands out what is to be fetched there.

    ``at`` is the window that the result goes to. Raises ``CaseElsewhere``.
    """
    if officer.office.kind is UnitKind.TOWNSHIP and await _of_township(officer, at):
        return
    await check(officer, case, item)


async def _of_township(officer: Officer, window_id: str | None) -> bool:
    if window_id is None:
        return False
    return await Window.exists(id=window_id, unit_id=officer.office.id)
