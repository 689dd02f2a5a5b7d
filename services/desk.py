"""The desk: a case as an officer gets it in hand, and who may have it there."""

from uuid import UUID

from models.case import Case
from models.promise import ShortfallItem
from models.rules.events import Role
from models.rules.flavours import ShortfallStage
from models.rules.states import State
from models.staff import StaffMember
from services import queue, scope
from services.access import CaseUnknown
from services.actors import Actor, Officer
from services.alerts import watch
from services.cases import Cases, Opened
from services.erasing import is_restricted
from services.errors import Conflict, Forbidden
from services.items import PublishedItem
from services.transitions import StepNotAllowed, StepNotYours


class CaseRestricted(Forbidden):
    """Its applicant had it erased: it is kept because the law wants it (个人信息保护法47)."""

    code = "case_restricted"
    sentence = "申请人要求删除,这个办件依法只保存、不再使用。"


class CaseClaimed(Conflict):
    """Another officer reviews this case."""

    code = "case_claimed"
    sentence = "这个办件已经由其他工作人员领取,不能重复办理。"


async def locked(cases: Cases, officer: Officer, case_id: UUID) -> Opened:
    """Return a case of the officer's window or department, with its row held.

    Raises ``CaseUnknown`` or ``StepNotYours``; what is refused from here on is watched.
    """
    case = await watched(cases, officer, case_id)
    return await opened(cases, officer, case)


async def watched(cases: Cases, officer: Officer, case_id: UUID) -> Case | None:
    """Return a filed case with its row held, whosever it is; None when there is none."""
    case = await Case.exclude(state__in=queue.HIDDEN).select_for_update().get_or_none(id=case_id)
    if case is not None:
        item = await cases.items.version(case.item_version_id)
        watch(cases.clock, case, item, officer.anyhow)
    return case


async def opened(cases: Cases, officer: Officer, case: Case | None) -> Opened:
    """Return a case with item and form; raise ``CaseUnknown`` or ``StepNotYours``."""
    if case is None:
        raise CaseUnknown
    if is_restricted(case):
        raise CaseRestricted
    item = await cases.items.version(case.item_version_id)
    await scope.check_handling(officer, case, item)
    return Opened(case, item, await cases.forms.read_filed(case.id))


async def for_reading(cases: Cases, officer: Officer, case: Case | None) -> Opened:
    """Return a case to look at; raise ``CaseUnknown`` or ``StepNotYours``."""
    if case is None:
        raise CaseUnknown
    if is_restricted(case):
        raise CaseRestricted
    item = await cases.items.version(case.item_version_id)
    await check_readable(officer, case, item)
    return Opened(case, item, await cases.forms.read_filed(case.id))


async def check_readable(officer: Officer, case: Case, item: PublishedItem) -> None:
    """Check that an officer may look at a case: who handles it, and its own department when that
    is asked to confirm (容缺). Raises ``CaseElsewhere`` or ``StepNotYours``."""
    if Role.DEPT in officer.roles_for(item.agency_uscc) and await asked_to_confirm(case.id):
        return
    await scope.check_handling(officer, case, item)


async def asked_to_confirm(case_id: UUID) -> bool:
    """Tell whether a shortfall of this case waits for its department."""
    proposed = ShortfallStage.PROPOSED.value
    return await ShortfallItem.filter(case_id=case_id, status=proposed).exists()


async def reviewing(cases: Cases, officer: Officer, case_id: UUID) -> Opened:
    """Return a case that this officer has in review, with its row held.

    Raises ``CaseUnknown``, ``StepNotYours``, ``StepNotAllowed`` or ``CaseClaimed``.
    """
    found = await locked(cases, officer, case_id)
    await check_reviewing(officer, found)
    return found


async def check_reviewing(officer: Officer, found: Opened) -> None:
    """Check that a case is in pre-review, and this officer's."""
    if found.case.state is not State.PRE_REVIEWING:
        raise StepNotAllowed
    await check_holds(officer, found)


async def check_holds(officer: Officer, found: Opened) -> None:
    """Check that the officer claimed the case, or takes over for their department."""
    if found.case.claimed_by_id == officer.id:
        return
    # What a window has pre-reviewed for a department goes on there (青神方案2018: 复核).
    roles = officer.roles_for(found.item.agency_uscc)
    if found.item.acceptor is Role.DEPT and Role.DEPT in roles:
        claimer = await StaffMember.get(id=found.case.claimed_by_id)
        if Role.DEPT.value not in claimer.roles:
            return
    raise CaseClaimed


def acting(officer: Officer, role: Role, item: PublishedItem) -> Actor:
    """Return the officer in a role; raise ``StepNotYours`` when they do not have it here."""
    if role not in officer.roles_for(item.agency_uscc):
        raise StepNotYours
    return officer.acting_as(role)
