"""Pre-review (预审): the officer's side of a case until it is accepted or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case
from models.rules.events import Event, Role
from models.rules.reasons import Verdict as Word
from models.rules.states import FeeStage, State
from models.unit import transaction
from services import accepting, correcting, deemed, desk, dossiers, lacking, marks, queue, verdicts
from services.acceptance import Acceptance
from services.accepting import WINDOW_FIRST, Sanction
from services.actors import Actor, Officer
from services.assessments import Assessment, Checklist
from services.audit import Audit
from services.cases import Cases, Opened
from services.correcting import Notice
from services.corrections import Point
from services.desk import CaseClaimed, acting
from services.dossiers import Dossier
from services.fees import Fees
from services.items import PublishedItem
from services.nudges import ask, nudge
from services.packages import SUPPLEMENT
from services.refusals import Refusal, notice_of
from services.transitions import StepNotAllowed
from services.verdicts import Opinion


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
        """Return a case with everything to judge it by; raise ``CaseUnknown``,
        ``StepNotYours`` or ``ApprovalNeeded``."""
        dossier = await dossiers.read(self.cases, self.audit, officer, case_id)
        await self.audit.open(officer.anyhow, "case.read", "case", case_id)
        return dossier

    @transaction
    async def claim(self, officer: Officer, case_id: UUID) -> Case:
        """Take a submitted case (T03); again by the same officer changes nothing.

        Raises ``CaseClaimed`` when another officer has it.
        """
        opened = await desk.locked(self.cases, officer, case_id)
        case, item = opened.case, opened.item
        if case.state is State.PRE_REVIEWING:
            if case.claimed_by_id != officer.id:
                raise CaseClaimed
            return case
        roles = officer.roles_for(item.agency_uscc)
        role = item.acceptor if item.acceptor in roles else Role.WINDOW
        changes = {"claimed_by_id": officer.id}
        await self._step(opened, Event.CLAIM, acting(officer, role, item), changes=changes)
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
        page: int | None = None,
    ) -> Case:
        """Say PASS or FAIL on one material; a later word in the same round replaces it.

        After a shortfall acceptance: on a promised material, and the applicant is told at once.
        Raises the problems of ``services.verdicts``, ``CaseClaimed``, ``StepNotAllowed``,
        ``MaterialNotPromised``.
        """
        opinion = Opinion.of(verdict, reason_code, comment, page)
        opened = await desk.locked(self.cases, officer, case_id)
        if lacking.is_open(opened.case):
            await lacking.promised(opened.case, code)
            await verdicts.put(self.cases, officer, opened, code, opinion)
            await self._judge_promised(opened, code, opinion)
            return opened.case
        await desk.check_reviewing(officer, opened)
        await verdicts.put(self.cases, officer, opened, code, opinion)
        return opened.case

    async def _judge_promised(self, opened: Opened, code: str, opinion: Opinion) -> None:
        if await lacking.judged(self.cases, opened, code, opinion.word):
            # The back-office reads only what a package lists.
            await self.acceptance.packages.create(opened.case, opened.item, SUPPLEMENT)
        if opinion.word is Word.FAIL:
            await ask(self.cases.transitions, opened.case, "supply_again")
        nudge(self.cases.transitions, opened.case)

    @transaction
    async def issue_correction(
        self,
        officer: Officer,
        case_id: UUID,
        points: Sequence[Point],
        opinion: str,
        checklist: Checklist | None = None,
    ) -> Case:
        """Issue the correction notice (T05): every FAIL of the round, and fields of the form.

        Raises the problems of ``services.corrections``, ``CaseClaimed``, ``StepNotAllowed``.
        """
        opened = await desk.reviewing(self.cases, officer, case_id)
        notice = Notice(points, Assessment(checklist, opinion))
        await correcting.issue(self.cases, officer, opened, notice, Event.ISSUE_CORRECTION)
        return opened.case

    @transaction
    async def paper_defect(
        self,
        officer: Officer,
        case_id: UUID,
        points: Sequence[Point],
        opinion: str,
        checklist: Checklist | None = None,
    ) -> Case:
        """Issue a notice at the window (T16): what only the originals showed.

        Raises the problems of ``services.corrections``, ``StepNotAllowed``, ``StepNotYours``.
        """
        opened = await desk.locked(self.cases, officer, case_id)
        if opened.case.state is not State.PRE_REVIEW_PASSED:
            raise StepNotAllowed
        notice = Notice(points, Assessment(checklist, opinion))
        await correcting.issue(self.cases, officer, opened, notice, Event.PAPER_DEFECT)
        return opened.case

    @transaction
    async def accept(
        self, officer: Officer, case_id: UUID, sanction: Sanction | None = None
    ) -> Case:
        """End the pre-review well: accept in a mode (T09-T12), ask to the window (T14) or to
        pay first (T18).

        Raises ``ChecklistUnmet``, the problems of ``services.accepting``, ``CaseClaimed``,
        ``StepNotAllowed``, ``StepNotYours``.
        """
        sanction = sanction or Sanction()
        opened = await desk.reviewing(self.cases, officer, case_id)
        case, item = opened.case, opened.item
        actor = acting(officer, item.acceptor, item)
        over = await deemed.overdue(opened, self.cases.clock.now())
        if over is not None:
            # 行政许可法32(四): it was accepted on the day of receipt, not today.
            await deemed.accept(self.acceptance, case, item, over, self.cases.clock.now())
            return case
        sanction.assessment.check_acceptable()
        way = await accepting.way_of(self.cases, opened, sanction.mode)
        data = sanction.assessment.data(officer)
        if item.body["flags"]["online_depth"] == WINDOW_FIRST:
            await self._step(opened, Event.PRE_REVIEW_PASS, actor, data=data)
        elif await self._owes_before_acceptance(case, item):
            changes = {"accept_mode": way.mode.value}
            event = Event.REQUEST_PREPAYMENT
            await self._step(opened, event, actor, changes=changes, data=data)
        else:
            await self.acceptance.accept(case, item, way.event, actor, data=data, dues=way.dues)
        return case

    @transaction
    async def paper_received(
        self, officer: Officer, case_id: UUID, assessment: Assessment | None = None
    ) -> Case:
        """Accept at the window (T15): the originals match what was uploaded (与原件一致).

        Raises ``ChecklistUnmet``, ``StepNotAllowed``, ``StepNotYours``.
        """
        assessment = assessment or Assessment()
        opened = await desk.locked(self.cases, officer, case_id)
        actor = acting(officer, Role.WINDOW, opened.item)
        assessment.check_acceptable()
        if opened.case.state is not State.PRE_REVIEW_PASSED:
            raise StepNotAllowed
        await marks.original_seen(case_id, officer.unit, self.cases.clock.now())
        data = assessment.data(officer)
        event = Event.PAPER_RECEIVED
        await self.acceptance.accept(opened.case, opened.item, event, actor, data=data)
        return opened.case

    @transaction
    async def refuse(self, officer: Officer, case_id: UUID, refusal: Refusal) -> Case:
        """Refuse acceptance (T08) for one of the law's reasons.

        Raises the problems of ``services.refusals``, ``CaseClaimed``, ``StepNotAllowed``.
        """
        opened = await desk.locked(self.cases, officer, case_id)
        actor = acting(officer, opened.item.acceptor, opened.item)
        if opened.case.state is State.PRE_REVIEWING:
            await desk.check_holds(officer, opened)
        told = await notice_of(opened, refusal, self.cases.clock.now())
        data = {**told, **refusal.assessment.data(officer)}
        await self._step(opened, Event.REFUSE_ACCEPTANCE, actor, data=data)
        return opened.case

    async def _owes_before_acceptance(self, case: Case, item: PublishedItem) -> bool:
        if item.fee_stage is not FeeStage.BEFORE_ACCEPTANCE:
            return False
        fee = await self.fees.assess(case, item)
        return fee is not None and not await self.fees.is_settled(case, item)

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
