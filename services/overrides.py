"""Overrides (越出一次性告知): a supervisor lets a later notice go beyond the first."""

from dataclasses import dataclass
from uuid import UUID

from models.ids import uuid7
from models.review import CorrectionOverride
from models.rules.events import Role
from models.rules.states import State
from models.unit import transaction
from services import desk
from services.access import CaseUnknown
from services.actors import Officer
from services.cases import Cases
from services.errors import Conflict
from services.transitions import StepNotAllowed, StepNotYours

BEFORE_NOTICE = (State.SUBMITTED, State.PRE_REVIEWING, State.PRE_REVIEW_PASSED)


class OverrideNeedless(Conflict):
    """The first notice may name everything: nothing needs to be overridden."""

    code = "override_needless"
    sentence = "这个办件还没有发过补正通知书,不需要许可。"


class OverrideGranted(Conflict):
    """One round, one override."""

    code = "override_granted"
    sentence = "这一轮补正已经有过许可,不能再给。"


@dataclass(frozen=True)
class Overrides:
    cases: Cases

    @transaction
    async def grant(self, supervisor: Officer, case_id: UUID, reason: str) -> CorrectionOverride:
        """Let the next notice of a case name what it otherwise may not, once.

        Raises ``CaseUnknown``, ``StepNotYours``, ``StepNotAllowed``, ``OverrideNeedless`` or
        ``OverrideGranted``.
        """
        case = await desk.watched(self.cases, supervisor, case_id)
        if case is None:
            raise CaseUnknown
        if Role.SUPERVISOR not in supervisor.roles:
            raise StepNotYours
        if case.state not in BEFORE_NOTICE:
            raise StepNotAllowed
        if case.round == 0:
            raise OverrideNeedless
        number = case.round + 1
        if await CorrectionOverride.filter(case_id=case_id, round=number).exists():
            raise OverrideGranted
        return await CorrectionOverride.create(
            id=uuid7(),
            case_id=case_id,
            round=number,
            reason=reason,
            granted_by=supervisor.id,
            granted_at=self.cases.clock.now(),
        )


async def usable(case_id: UUID, number: int, officer: Officer) -> CorrectionOverride | None:
    """Return the override for a notice; nobody uses one that they gave themselves."""
    found = await CorrectionOverride.get_or_none(case_id=case_id, round=number, used_at=None)
    return None if found is None or found.granted_by == officer.id else found
