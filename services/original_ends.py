"""How 先办后验 ends badly: nothing came (T40, T50), or what came is false (T41)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case, ClockInstance
from models.credit import OriginalCheck
from models.material import Material
from models.rules.calendar import due_on
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.credit import Behaviour
from models.rules.events import Event
from models.rules.originals import Finding, Outcome
from models.rules.states import State
from models.rules.supervision import AlertKind
from models.unit import transaction
from services import original_desk as desk
from services import original_lists as lists
from services.actors import Actor, Officer
from services.audit import Audit
from services.cases import Cases
from services.credit import Credit
from services.errors import Conflict, Forbidden, NotFound
from services.items import PublishedItem
from services.orders import close_soon
from services.original_desk import Checked
from services.visits import warning_of

MISMATCHED = "MISMATCH"
OBJECT = "如果您认为不对,可以提出异议。"


class CheckUnknown(NotFound):
    """The case has no such check of its originals."""

    code = "check_unknown"
    sentence = "没有找到这次原件核验。"


class CheckJudged(Conflict):
    """Nothing waits for a second officer here."""

    code = "check_judged"
    sentence = "这次核验不需要确认,或者已经确认过了。"


class SecondOfficerNeeded(Forbidden):
    """Who recorded a mismatch cannot confirm it (T41)."""

    code = "second_officer_needed"
    sentence = "不一致的认定要由另一名工作人员确认。"
    alert = AlertKind.OVERREACH


@dataclass(frozen=True)
class OriginalEnds:
    cases: Cases
    credit: Credit
    audit: Audit

    @transaction
    async def confirm(
        self, officer: Officer, case_id: UUID, check_id: UUID, opinion: str
    ) -> Checked:
        """Confirm a mismatch as a second officer: the case ends, credit is proposed (T41).

        Raises ``CaseUnknown``, ``CheckUnknown``, ``CheckJudged``, ``SecondOfficerNeeded``,
        ``StepNotYours``, ``StepNotAllowed``.
        """
        case, item, check, actor = await self._pending(officer, case_id, check_id)
        await self._judge(check, officer, Outcome.MISMATCH, opinion)
        false = [p["code"] for p in check.items if p["finding"] == Finding.FALSE.value]
        await Material.filter(case_id=case.id, replaced_at=None, code__in=false).update(
            verification=MISMATCHED,
            verification_source=officer.unit,
            verified_at=check.confirmed_at,
        )
        identity = check.identity_matched is False
        behaviour = Behaviour.IDENTITY_MISMATCH if identity else Behaviour.FALSE_ORIGINAL
        data = {
            **_grounds(behaviour),
            "check_id": str(check.id),
            "text": f"{behaviour.zh},这次办理已经终止。{OBJECT}",
        }
        await self._end(case, item, Event.IDENTITY_MISMATCH_OR_FALSE, actor, data)
        await self.credit.propose(
            case,
            behaviour,
            behaviour.basis,
            check.evidence,
            self._now,
            by=(check.officer_id, officer.id),
        )
        return Checked(case, check, warning_of(case, item))

    @transaction
    async def dismiss(
        self, officer: Officer, case_id: UUID, check_id: UUID, opinion: str
    ) -> Checked:
        """Reject a mismatch as a second officer: the check goes on where it was.

        Raises what ``confirm`` raises.
        """
        case, item, check, actor = await self._pending(officer, case_id, check_id)
        await self._judge(check, officer, Outcome.DISMISSED, opinion)
        facts = {"check_id": str(check.id)}
        await self.audit.record(actor, "originals.dismiss_mismatch", "case", case.id, facts)
        if case.state is State.ORIGINALS_SUPPLEMENT:
            # Under a suspicion that was wrong nobody could bring anything: the days begin anew.
            clocks = self.cases.transitions.clocks
            await clocks.end(case, item, ClockName.ORIGINALS_3WD, self._now)
            await clocks.begin(case, ClockName.ORIGINALS_3WD, self._now)
        return Checked(case, check, warning_of(case, item))

    async def timed_out(self, case: Case, item: PublishedItem, now: datetime, actor: Actor) -> bool:
        """End a case whose originals were not supplied in three working days (T40).

        In the caller's transaction, with the case's row held. False, and nothing changed, while
        the days run or a mismatch waits for a second officer: then the office is late, not the
        applicant.
        """
        clock = await _over(case, ClockName.ORIGINALS_3WD, now)
        if clock is None or await desk.is_suspected(case):
            return False
        behaviour = Behaviour.ORIGINALS_NOT_SUPPLIED
        points = await lists.newest_list(case)
        names = "、".join(point["name"] for point in points)
        data = {
            **_grounds(behaviour),
            **_limit(clock),
            "items": points,
            "text": f"到期没有补齐原件:{names}。这次办理已经终止,您可以重新申请。"
            f"这件事可能记入信用档案,{OBJECT}",
        }
        await self._end(case, item, Event.ORIGINALS_TIMEOUT, actor, data)
        facts = f"到{due_on(clock.due_at).isoformat()}没有补齐材料原件:{names}"
        await self.credit.propose(case, behaviour, behaviour.basis, [facts], now)
        return True

    async def no_show(self, case: Case, item: PublishedItem, now: datetime, actor: Actor) -> bool:
        """End a case whose applicant never came (T50); it is held against nobody.

        In the caller's transaction, with the case's row held. False, and nothing changed, while
        the time runs or when originals have been here: then the office has to look at them.
        """
        clock = await _over(case, ClockName.ORIGINALS_PRESENT, now)
        if clock is None or await OriginalCheck.exists(case_id=case.id):
            return False
        data = {"reason_code": "ORIGINALS_NOT_SHOWN", **_limit(clock)}
        await self._end(case, item, Event.ORIGINALS_NO_SHOW, actor, data)
        return True

    @property
    def _now(self) -> datetime:
        return self.cases.clock.now()

    async def _pending(
        self, officer: Officer, case_id: UUID, check_id: UUID
    ) -> tuple[Case, PublishedItem, OriginalCheck, Actor]:
        opened = await desk.locked(self.cases, officer, case_id)
        check = await OriginalCheck.get_or_none(id=check_id, case_id=case_id)
        if check is None:
            raise CheckUnknown
        if check.outcome != Outcome.PENDING.value:
            raise CheckJudged
        actor = desk.acting(opened, officer)
        if check.officer_id == officer.id:
            raise SecondOfficerNeeded
        return opened.case, opened.item, check, actor

    async def _judge(
        self, check: OriginalCheck, officer: Officer, outcome: Outcome, opinion: str
    ) -> None:
        check.update_from_dict(
            {
                "outcome": outcome.value,
                "second_officer_id": officer.id,
                "second_opinion": opinion,
                "confirmed_at": self._now,
            }
        )
        await check.save()

    async def _end(
        self, case: Case, item: PublishedItem, event: Event, actor: Actor, data: Mapping[str, Any]
    ) -> None:
        transitions = self.cases.transitions
        await transitions.apply(case, item, event, actor, data=data)
        await close_soon(transitions.jobs, case.id)


def _grounds(behaviour: Behaviour) -> dict[str, Any]:
    """Return what the notices of the end (N11, N20) tell."""
    return {
        "reason_code": behaviour.value,
        "behaviour": behaviour.zh,
        "basis": behaviour.basis,
    }


def _limit(clock: ClockInstance) -> dict[str, str]:
    return {"limit": CLOCKS[ClockName(clock.name)].zh, "due_on": due_on(clock.due_at).isoformat()}


async def _over(case: Case, name: ClockName, now: datetime) -> ClockInstance | None:
    """Return a running clock of a case that has come to its end."""
    return await ClockInstance.get_or_none(
        case_id=case.id, name=name.value, stopped_at=None, due_at__lte=now
    )
