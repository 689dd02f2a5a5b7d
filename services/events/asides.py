"""What a back-office reports without a step of the lifecycle: the case stays where it is."""

from models.case import Case
from services.announcements import announce
from services.events.reports import Told
from services.transitions import Transitions

DECLINED = "没有同意撤回,请看原因"
ASKED = "审批部门有问题请您说明"


async def keep_number(told: Told) -> None:
    """Count an event that is no step; a step counts it with its other changes."""
    case = told.case
    case.backoffice_seq = told.report.seq
    await Case.filter(id=case.id).update(backoffice_seq=case.backoffice_seq)


async def tell(transitions: Transitions, told: Told, words: str) -> None:
    """Tell the applicant of it: on the phone that looks now, and by a message."""
    key = f"backoffice:{told.case.id}:{told.report.seq}"
    await announce(transitions.jobs, told.case, words, transitions.clock.now(), key=key)
    transitions.look_again(told.case)
