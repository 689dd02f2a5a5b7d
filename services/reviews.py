"""Pre-review (预审): the officer's side of a case until it is accepted or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case
from models.material import Material
from models.review import Correction, Verdict
from models.rules.conditions import Requirement
from models.rules.events import Event, Role
from models.rules.states import FeeStage, State
from models.staff import StaffMember
from models.unit import transaction
from services import corrections, queue, verdicts
from services.acceptance import Acceptance
from services.actors import Actor, Officer
from services.alerts import watch
from services.applicants import Applicant
from services.audit import Audit
from services.cases import Cases, CaseUnknown, Opened
from services.corrections import Point, Seen
from services.errors import Conflict
from services.fees import Fees
from services.items import PublishedItem
from services.materials import is_filed
from services.refusals import Refusal, notice_of
from services.transitions import StepNotAllowed, StepNotYours
from services.verdicts import Opinion


class CaseClaimed(Conflict):
    """Another officer reviews this case."""

    code = "case_claimed"
    sentence = "这个办件已经由其他工作人员领取,不能重复办理。"


@dataclass(frozen=True)
class Dossier:
    """A case as its officer sees it. ``materials`` holds every filed version, newest first."""

    opened: Opened
    applicant: Applicant
    requirements: Sequence[Requirement]
    materials: Sequence[Material]
    verdicts: Sequence[Verdict]
    corrections: Sequence[Correction]
    mine: bool


@dataclass(frozen=True)
class Reviews:
    cases: Cases
    acceptance: Acceptance
    fees: Fees
    audit: Audit

    async def queue(
        self, officer: Officer, state: State | None, *, limit: int, cursor: str | None
    ) -> queue.QueuePage:
        """Return what waits, the most urgent first; raise ``CursorInvalid``."""
        return await queue.read(officer, state, limit, cursor)

    async def show(self, officer: Officer, case_id: UUID) -> Dossier:
        """Return a case with everything to judge it by; raise ``CaseUnknown`` or
        ``StepNotYours``."""
        case = await Case.exclude(state__in=queue.HIDDEN).get_or_none(id=case_id)
        opened = await self._opened(officer, case)
        found = await Material.filter(case_id=case_id).order_by("code", "-no")
        await self.audit.read(officer.anyhow, "case.read", "case", case_id)
        return Dossier(
            opened=opened,
            applicant=await self.cases.applicants.get(opened.case.account_id),
            requirements=await self.cases.requirements(opened),
            materials=[each for each in found if is_filed(each, opened.case)],
            verdicts=await Verdict.filter(case_id=case_id).order_by("round", "code"),
            corrections=await Correction.filter(case_id=case_id).order_by("round"),
            mine=opened.case.claimed_by_id == officer.id,
        )

    @transaction
    async def claim(self, officer: Officer, case_id: UUID) -> Case:
        """Take a submitted case (T03); again by the same officer changes nothing.

        Raises ``CaseClaimed`` when another officer has it.
        """
        opened = await self._locked(officer, case_id)
        case, item = opened.case, opened.item
        if case.state is State.PRE_REVIEWING:
            if case.claimed_by_id != officer.id:
                raise CaseClaimed
            return case
        role = item.acceptor if item.acceptor in officer.roles else Role.WINDOW
        changes = {"claimed_by_id": officer.id}
        await self._step(opened, Event.CLAIM, _acting(officer, role), changes=changes)
        return case

    @transaction
    async def put_verdict(
        self,
        officer: Officer,
        case_id: UUID,
        code: str,
        verdict: str,
        reason_code: str | None = None,
        *,
        comment: str = "",
    ) -> Case:
        """Say PASS or FAIL on one material; a later word in the same round replaces it.

        Raises the problems of ``services.verdicts``, ``CaseClaimed``, ``StepNotAllowed``.
        """
        opinion = Opinion.of(verdict, reason_code, comment)
        opened = await self._reviewing(officer, case_id)
        await verdicts.put(self.cases, officer, opened, code, opinion)
        return opened.case

    @transaction
    async def issue_correction(
        self, officer: Officer, case_id: UUID, points: Sequence[Point], opinion: str
    ) -> Case:
        """Issue the correction notice (T05): every FAIL of the round, and fields of the form.

        Raises the problems of ``services.corrections``, ``CaseClaimed``, ``StepNotAllowed``.
        """
        opened = await self._reviewing(officer, case_id)
        case, item = opened.case, opened.item
        actor = _acting(officer, item.acceptor)
        found = await verdicts.of_round(case)
        seen = Seen(
            opened=opened,
            materials=await self.cases.materials(case_id),
            failed=verdicts.failed(found),
            marks=corrections.marks_of(self.cases.forms.crypto, case_id, item, opened.form.values),
        )
        await corrections.check_points(seen, points)
        await Correction.create(
            case_id=case_id,
            round=case.round + 1,
            opinion=opinion,
            items=corrections.stored(seen, points),
            issued_by_id=officer.id,
            issued_at=self.cases.clock.now(),
        )
        changes = {"round": case.round + 1}
        data = {"form": dict(seen.marks)}
        await self._step(opened, Event.ISSUE_CORRECTION, actor, changes=changes, data=data)
        return case

    @transaction
    async def accept(self, officer: Officer, case_id: UUID) -> Case:
        """End the pre-review well: accept (T09), ask to the window (T14) or to pay first (T18).

        Raises ``VerdictsIncomplete``, ``CaseClaimed``, ``StepNotAllowed``, ``StepNotYours``.
        """
        opened = await self._reviewing(officer, case_id)
        case, item = opened.case, opened.item
        actor = _acting(officer, item.acceptor)
        await verdicts.check_complete(self.cases, opened)
        if item.body["flags"]["online_depth"] == "PRE_REVIEW_THEN_WINDOW":
            await self._step(opened, Event.PRE_REVIEW_PASS, actor)
        elif await self._owes_before_acceptance(case, item):
            await self._step(opened, Event.REQUEST_PREPAYMENT, actor)
        else:
            await self.acceptance.accept(case, item, Event.ACCEPT, actor)
        return case

    @transaction
    async def paper_received(self, officer: Officer, case_id: UUID) -> Case:
        """Accept at the window (T15): the originals match what was uploaded."""
        opened = await self._locked(officer, case_id)
        actor = _acting(officer, Role.WINDOW)
        await self.acceptance.accept(opened.case, opened.item, Event.PAPER_RECEIVED, actor)
        return opened.case

    @transaction
    async def refuse(self, officer: Officer, case_id: UUID, refusal: Refusal) -> Case:
        """Refuse acceptance (T08) for one of the law's reasons.

        Raises the problems of ``services.refusals``, ``CaseClaimed``, ``StepNotAllowed``.
        """
        opened = await self._locked(officer, case_id)
        case, actor = opened.case, _acting(officer, opened.item.acceptor)
        if case.state is State.PRE_REVIEWING:
            await self._check_holds(officer, opened)
        data = await notice_of(opened, refusal)
        await self._step(opened, Event.REFUSE_ACCEPTANCE, actor, data=data)
        return case

    async def _owes_before_acceptance(self, case: Case, item: PublishedItem) -> bool:
        if item.fee_stage is not FeeStage.BEFORE_ACCEPTANCE:
            return False
        fee = await self.fees.assess(case, item)
        return fee is not None and not await self.fees.is_settled(case, item)

    async def _locked(self, officer: Officer, case_id: UUID) -> Opened:
        found = Case.exclude(state__in=queue.HIDDEN).select_for_update()
        case = await found.get_or_none(id=case_id)
        if case is not None:
            item = await self.cases.items.version(case.item_version_id)
            watch(self.cases.clock, case, item, officer.anyhow)
        return await self._opened(officer, case)

    async def _opened(self, officer: Officer, case: Case | None) -> Opened:
        if case is None:
            raise CaseUnknown
        item = await self.cases.items.version(case.item_version_id)
        if Role.WINDOW not in officer.roles and item.acceptor not in officer.roles:
            raise StepNotYours
        return Opened(case, item, await self.cases.forms.read(case.id))

    async def _reviewing(self, officer: Officer, case_id: UUID) -> Opened:
        """Return a case that this officer has in review, with its row held."""
        opened = await self._locked(officer, case_id)
        if opened.case.state is not State.PRE_REVIEWING:
            raise StepNotAllowed
        await self._check_holds(officer, opened)
        return opened

    async def _check_holds(self, officer: Officer, opened: Opened) -> None:
        if opened.case.claimed_by_id == officer.id:
            return
        # What a window has pre-reviewed for a department goes on there (青神方案2018: 复核).
        if opened.item.acceptor is Role.DEPT and Role.DEPT in officer.roles:
            claimer = await StaffMember.get(id=opened.case.claimed_by_id)
            if Role.DEPT.value not in claimer.roles:
                return
        raise CaseClaimed

    async def _step(
        self,
        opened: Opened,
        event: Event,
        actor: Actor,
        *,
        changes: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        await self.cases.transitions.apply(
            opened.case, opened.item, event, actor, changes=changes, data=data
        )


def _acting(officer: Officer, role: Role) -> Actor:
    if role not in officer.roles:
        raise StepNotYours
    return officer.acting_as(role)
