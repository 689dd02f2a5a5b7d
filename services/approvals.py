"""Approvals (查阅审批): who may open a minor's or a medical file, allowed by somebody else.

For one case, asked with a purpose and answered by a supervisor or the head of the asker's unit;
or by a supervisor for all cases of an item for a while, so that daily work goes on. Who has claimed
a case needs one as well.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from models.case import Case
from models.item import Item
from models.material import Material
from models.rules.events import Role
from models.rules.sensitive import Sensitivity, medical_codes, sensitivities
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.staff import FileApproval, StaffMember
from models.unit import run_in_transaction, transaction
from services import desk, queue
from services.access import CaseUnknown
from services.actors import Officer
from services.alerts import raise_alert
from services.applicants import RealNameRequired
from services.audit import Audit, first_in_a_while
from services.cases import Cases
from services.errors import Conflict, Forbidden, NotFound
from services.items import ItemUnknown, PublishedItem

CASE_DAYS = 30
ITEM_DAYS = 183


class ApprovalNeeded(Forbidden):
    """Nobody has allowed this officer to open this minor's or medical file."""

    code = "approval_needed"
    alert = AlertKind.OVERREACH
    sentence = "这是未成年人或者医疗健康档案,查阅前要写明用途,经负责人批准。"


class ApprovalUnknown(NotFound):
    """There is no such request, or it is not this officer's to answer."""

    code = "approval_unknown"
    sentence = "没有找到这条查阅申请。"


class ApprovalDecided(Conflict):
    """It was answered already, or taken back."""

    code = "approval_decided"
    sentence = "这条查阅申请已经处理过。"


class OwnRequest(Forbidden):
    """Nobody allows themselves."""

    code = "own_request"
    sentence = "不能批准自己的查阅申请。"


class MemberUnfit(NotFound):
    """There is no such officer at work, or they open no files."""

    code = "member_unfit"
    sentence = "没有这位经办人员。"


async def reasons(cases: Cases, case: Case, item: PublishedItem) -> frozenset[Sensitivity]:
    """Return why a case's file needs an approval; nothing for an ordinary one."""
    age = None
    with suppress(RealNameRequired):
        age = (await cases.applicants.get(case.account_id)).age_at(cases.clock.now())
    codes = medical_codes(item.materials)
    filed = codes and await Material.filter(
        case_id=case.id, code__in=list(codes), replaced_at=None
    ).values_list("code", flat=True)
    return sensitivities(age, list(map(str, filed)))


async def check(
    cases: Cases, audit: Audit, officer: Officer, case: Case, item: PublishedItem
) -> None:
    """Let an officer open a file, or raise ``ApprovalNeeded`` and leave an alert behind."""
    why = await reasons(cases, case, item)
    if not why or await _is_allowed(cases, officer, case):
        return
    refused = partial(_refused, cases, officer, case, item, why)
    await run_in_transaction(refused)
    raise ApprovalNeeded(facts={"reasons": sorted(each.value for each in why)})


async def _is_allowed(cases: Cases, officer: Officer, case: Case) -> bool:
    standing = FileApproval.filter(member_id=officer.id, until__gt=cases.clock.now())
    return any(
        found.case_id == case.id or found.item_id == case.item_id for found in await standing
    )


async def _refused(
    cases: Cases,
    officer: Officer,
    case: Case,
    item: PublishedItem,
    why: frozenset[Sensitivity],
) -> None:
    actor, now = officer.anyhow, cases.clock.now()
    # Whoever polls overreaches once a minute.
    if await first_in_a_while(actor, ApprovalNeeded.code, str(case.id), now):
        await raise_alert(
            now,
            AlertKind.OVERREACH,
            MonitorLight.RED,
            ApprovalNeeded.code,
            case_id=case.id,
            owner=(actor.role, actor.unit or item.agency),
            actor=actor,
            data={"reasons": sorted(each.value for each in why)},
        )


@dataclass(frozen=True)
class Approvals:
    cases: Cases
    audit: Audit

    @transaction
    async def ask(self, officer: Officer, case_id: UUID, purpose: str) -> FileApproval:
        """Ask to open a case's file; while one's request waits, it stays the only one.

        Raises ``CaseUnknown`` or ``StepNotYours``.
        """
        case = await Case.exclude(state__in=queue.HIDDEN).get_or_none(id=case_id)
        if case is None:
            raise CaseUnknown
        item = await self.cases.items.version(case.item_version_id)
        await desk.check_readable(officer, case, item)
        await StaffMember.filter(id=officer.id).select_for_update().get()
        waiting = FileApproval.filter(member_id=officer.id, case_id=case_id, decided_at=None)
        found = await waiting.first()
        if found is not None:
            return found
        made = await FileApproval.create(
            member_id=officer.id,
            case_id=case_id,
            purpose=purpose,
            asked_at=self.cases.clock.now(),
        )
        facts = {"case_id": str(case_id), "purpose": purpose}
        await self.audit.record(officer.anyhow, "approval.ask", "approval", made.id, facts)
        return made

    @transaction
    async def decide(
        self, officer: Officer, approval_id: UUID, *, granted: bool, days: int = 1
    ) -> FileApproval:
        """Answer a request: yes for some days (at most 30), or no.

        Raises ``ApprovalUnknown``, ``OwnRequest``, ``ApprovalDecided``.
        """
        found = FileApproval.filter(id=approval_id).select_for_update()
        approval = await found.get_or_none()
        if approval is None or not await self._may_answer(officer, approval):
            raise ApprovalUnknown
        if approval.member_id == officer.id:
            raise OwnRequest
        if approval.decided_at is not None:
            raise ApprovalDecided
        now = self.cases.clock.now()
        approval.decided_by, approval.decided_at = officer.id, now
        approval.until = now + timedelta(days=min(days, CASE_DAYS)) if granted else None
        await approval.save(update_fields=["decided_by", "decided_at", "until"])
        await self._record(officer, "approval.grant" if granted else "approval.refuse", approval)
        return approval

    @transaction
    async def allow(
        self, supervisor: Officer, member_id: UUID, item_code: str, purpose: str, days: int
    ) -> FileApproval:
        """Let an officer open the files of an item for some days (at most half a year).

        Raises ``OwnRequest``, ``MemberUnfit``, ``ItemUnknown``.
        """
        if member_id == supervisor.id:
            raise OwnRequest
        member = await StaffMember.get_or_none(id=member_id, active=True)
        if member is None or not {Role.WINDOW.value, Role.DEPT.value} & set(member.roles):
            raise MemberUnfit
        item = await Item.get_or_none(code=item_code)
        if item is None:
            raise ItemUnknown
        now = self.cases.clock.now()
        approval = await FileApproval.create(
            member_id=member_id,
            item_id=item.id,
            purpose=purpose,
            asked_at=now,
            decided_by=supervisor.id,
            decided_at=now,
            until=now + timedelta(days=min(days, ITEM_DAYS)),
        )
        await self._record(supervisor, "approval.allow", approval)
        return approval

    @transaction
    async def revoke(self, supervisor: Officer, approval_id: UUID) -> None:
        """End an approval at once; raise ``ApprovalUnknown``."""
        approval = await FileApproval.filter(id=approval_id).select_for_update().get_or_none()
        now = self.cases.clock.now()
        if approval is None or approval.until is None or approval.until <= now:
            raise ApprovalUnknown
        approval.until = now
        await approval.save(update_fields=["until"])
        await self._record(supervisor, "approval.revoke", approval)

    async def list(self, officer: Officer, limit: int = 200) -> Sequence[FileApproval]:
        """Return one's own requests and those that wait for one's answer, newest first."""
        own = FileApproval.filter(member_id=officer.id)
        waiting = FileApproval.filter(decided_at=None).exclude(member_id=officer.id)
        if Role.SUPERVISOR not in officer.roles:
            if not await StaffMember.exists(id=officer.id, head=True):
                return await own.order_by("-id").limit(limit)
            waiting = waiting.filter(member__unit_id=officer.office.id)
        found = [
            *await own.order_by("-id").limit(limit),
            *await waiting.order_by("-id").limit(limit),
        ]
        return sorted(found, key=lambda each: each.id, reverse=True)[:limit]

    async def _may_answer(self, officer: Officer, approval: FileApproval) -> bool:
        if Role.SUPERVISOR in officer.roles or approval.member_id == officer.id:
            return True
        asker = await StaffMember.get(id=approval.member_id)
        leads = StaffMember.exists(id=officer.id, head=True, unit_id=asker.unit_id)
        return await leads

    async def _record(self, officer: Officer, action: str, approval: FileApproval) -> None:
        facts: dict[str, Any] = {
            "member_id": str(approval.member_id),
            "case_id": str(approval.case_id) if approval.case_id else None,
            "item_id": str(approval.item_id) if approval.item_id else None,
            "until": approval.until.isoformat() if approval.until else None,
        }
        supervises = Role.SUPERVISOR in officer.roles
        actor = officer.acting_as(Role.SUPERVISOR) if supervises else officer.anyhow
        await self.audit.record(actor, action, "approval", approval.id, facts)
