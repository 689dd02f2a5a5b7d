"""At the desk where originals are seen: whose case it is, and who acts as the department."""

from dataclasses import dataclass
from uuid import UUID

from models.case import Case
from models.credit import OriginalCheck
from models.rules.events import Role
from models.rules.originals import Outcome
from models.rules.states import State
from services import scope
from services.access import CaseUnknown
from services.actors import Actor, Officer
from services.alerts import watch
from services.cases import Cases, Opened
from services.original_lists import MismatchPending
from services.transitions import StepNotAllowed, StepNotYours

STATES = (State.ORIGINALS_CHECK, State.ORIGINALS_SUPPLEMENT)


@dataclass(frozen=True)
class Checked:
    """Where a case stands after a look; ``warning`` when the applicant came too often."""

    case: Case
    check: OriginalCheck | None
    warning: str | None


async def opened(cases: Cases, case: Case) -> Opened:
    """Return a case with its item and form."""
    item = await cases.items.version(case.item_version_id)
    return Opened(case, item, await cases.forms.read_filed(case.id))


async def locked(cases: Cases, officer: Officer, case_id: UUID) -> Opened:
    """Return a 先办后验 case of the officer's unit with its row held; raise ``CaseUnknown``."""
    found = Case.filter(id=case_id, verify_later_mark=True).select_for_update()
    case = await found.get_or_none()
    if case is None:
        raise CaseUnknown
    found_out = await opened(cases, case)
    watch(cases.clock, case, found_out.item, officer.anyhow)
    await scope.check(officer, case, found_out.item)
    return found_out


def acting(opened: Opened, officer: Officer) -> Actor:
    """Return the officer as the department; raise ``StepNotYours`` or ``StepNotAllowed``."""
    case = opened.case
    if Role.DEPT not in officer.roles_for(opened.item.agency_uscc):
        raise StepNotYours
    if case.state not in STATES:
        raise StepNotAllowed
    return officer.acting_as(Role.DEPT)


async def is_suspected(case: Case) -> bool:
    """Tell whether a mismatch waits for a second officer."""
    return await OriginalCheck.exists(case_id=case.id, outcome=Outcome.PENDING.value)


async def check_unsuspected(case: Case) -> None:
    """Raise ``MismatchPending`` when a mismatch waits for a second officer."""
    if await is_suspected(case):
        raise MismatchPending
