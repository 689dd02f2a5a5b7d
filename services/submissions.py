"""Submitting, resubmitting and withdrawing: what makes a draft a legal application."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case
from models.review import Correction
from models.rules import flavours as rules
from models.rules.conditions import exemption_for, required_materials
from models.rules.events import Event
from models.rules.mandates import Act, Capacity, capacity_at
from models.rules.states import AcceptMode, State
from models.unit import transaction
from services import access, consents, filing, flavours, lacking, promises
from services.actors import Citizen
from services.applicants import Applicant, Applicants, facts_of
from services.cases import Cases, Opened, check_agent
from services.corrections import marks_of, unanswered
from services.errors import FieldFault, Forbidden, Invalid
from services.flavours import Wish
from services.forms import check_form
from services.idempotency import Once
from services.items import PublishedItem
from services.joint import Joint
from services.numbering import new_numbers
from services.orders import close_soon
from services.parties import Parties
from services.ports import Crypto
from services.promises import PromiseKind
from services.step_up import check_level
from services.transitions import StepNotAllowed, Transitions


class MaterialsMissing(Invalid):
    """Required materials were not uploaded; each fault names one."""

    code = "materials_missing"
    sentence = "还有必须提交的材料没有上传。"


class GuardianNeeded(Forbidden):
    """Who is under age is represented by a guardian (民法典19, 20)."""

    code = "guardian_needed"
    sentence = "未满18周岁,请由父母或其他监护人登录自己的账号来提交。"


class PermitNotRequired(Invalid):
    """By the answers given, the law asks for no permit (行政许可法32(1))."""

    code = "permit_not_required"
    sentence = "按您填写的情况,这件事依法不需要办理许可。"


class CorrectionUnanswered(Invalid):
    """Points of the correction notice were not answered; each fault names one."""

    code = "correction_unanswered"
    sentence = "补正通知书上还有没有补的内容。"


@dataclass(frozen=True)
class Receipt:
    """What the applicant gets in hand: 办件编号 and the query code."""

    case_no: str
    query_code: str
    state: str
    received_at: str

    @classmethod
    def of(cls, case: Case) -> "Receipt":
        if case.case_no is None or case.query_code is None or case.received_at is None:
            raise StepNotAllowed
        return cls(case.case_no, case.query_code, case.state.value, case.received_at.isoformat())


@dataclass(frozen=True)
class Submissions:
    cases: Cases
    applicants: Applicants
    transitions: Transitions
    crypto: Crypto
    joint: Joint
    parties: Parties

    @transaction
    async def submit(
        self, who: Citizen, case_id: UUID, key: str, wish: Wish | None = None
    ) -> Receipt:
        """Submit a draft (T01): complete form, required materials or a wish to bring them later.

        Raises ``RealNameRequired``, ``RealNameLevelRequired`` (the draft waits), ``FormInvalid``,
        ``MaterialsMissing``, ``PermitNotRequired``, ``CreditUnrepaired``, and the problems of
        ``services.filing`` and ``flavours.mode_of``.
        """
        wish = wish or Wish()
        case = await self.cases.locked(who, case_id, Act.SUBMIT)
        once = Once.of(str(who.account_id), key, "submit", case_id, *wish.parts)
        if (given := await once.answered()) is not None:
            return Receipt(**given)
        if case.state is not State.DRAFT:
            raise StepNotAllowed
        await self._check_level(who, case)
        opened = await self._complete(case)
        found = await filing.queue_up(case)
        applicant = await self.applicants.get(case.account_id)
        filer = await self._filer(who, opened, applicant)
        mode = await self._choose(opened, wish)
        let_off = {*wish.shortfall, *_replaced(opened.item, mode)}
        missing = await self._check(opened, applicant, let_off)
        await filing.check_window(opened.item, wish.window_id)
        await self.parties.check_signed(case, opened.item)
        filing.check_alone(found, opened.item, another=case.extra_draft or wish.another)
        wanted = missing & set(wish.shortfall)
        await lacking.want(case, opened.item, wanted)
        if mode is AcceptMode.SHORTFALL and not wanted:
            mode = AcceptMode.NORMAL
        numbered = await self._numbers(case, opened.item, applicant)
        wished = {"wanted_mode": mode.value, "window_id": wish.window_id}
        changes = {**numbered, **filer, **wished}
        await self.transitions.apply(case, opened.item, Event.SUBMIT, who.actor, changes=changes)
        await self._file_children(opened, who, applicant, wanted)
        return await self._answer(once, case)

    async def _check_level(self, who: Citizen, case: Case) -> None:
        item = await self.cases.items.version(case.item_version_id)
        await check_level(who.account_id, item.real_name_level)

    async def _filer(self, who: Citizen, opened: Opened, applicant: Applicant) -> dict[str, Any]:
        """Return who files it and as what; raise ``AgentRefused`` or ``GuardianNeeded``."""
        case, now = opened.case, self.transitions.clock.now()
        mandate = await access.standing(who, case, now, Act.SUBMIT)
        if mandate is not None:
            check_agent(opened.item, mandate.kind)
        elif (age := applicant.age_at(now)) is not None and capacity_at(age) is not Capacity.FULL:
            raise GuardianNeeded
        case.mandate_kind = None if mandate is None else mandate.kind.value
        return {
            "filed_by": who.account_id,
            "mandate_id": None if mandate is None else mandate.id,
            "mandate_kind": case.mandate_kind,
        }

    async def _choose(self, opened: Opened, wish: Wish) -> AcceptMode:
        """Return the mode that the applicant wants; who takes another takes a promise back."""
        case = opened.case
        mode = flavours.mode_of(opened.item, wish, AcceptMode(case.wanted_mode))
        if mode is not AcceptMode.NORMAL:
            await flavours.check_credit(case.account_id)
        if case.wanted_mode == AcceptMode.COMMITMENT.value and mode is not AcceptMode.COMMITMENT:
            now = self.transitions.clock.now()
            await promises.take_back(case.id, PromiseKind.COMMITMENT, now)
        return mode

    async def _file_children(
        self, parent: Opened, who: Citizen, applicant: Applicant, lacking_: Collection[str]
    ) -> None:
        """File a joint application with each of its departments, all of them or none (联办件)."""
        mode = AcceptMode(parent.case.wanted_mode)
        for child, names in await self.joint.split(parent.case, parent.item):
            await self._check_level(who, child)
            opened = await self._complete(child)
            wish = flavours.passed_on(opened.item, names, mode, lacking_)
            wanted = wish.mode or AcceptMode.NORMAL
            let_off = {*wish.shortfall, *_replaced(opened.item, wanted)}
            await self._check(opened, applicant, let_off)
            await lacking.want(child, opened.item, wish.shortfall)
            numbered = await self._numbers(child, opened.item, applicant)
            wished = {"wanted_mode": wanted.value, "window_id": parent.case.window_id}
            changes = {**numbered, **wished}
            await self.transitions.apply(
                child, opened.item, Event.SUBMIT, who.actor, changes=changes
            )

    @transaction
    async def resubmit(self, who: Citizen, case_id: UUID, key: str) -> Receipt:
        """Resubmit after a correction notice (T06): every point of it must be answered."""
        case = await self.cases.locked(who, case_id, Act.SUBMIT)
        once = Once.of(str(who.account_id), key, "resubmit", case_id)
        if (given := await once.answered()) is not None:
            return Receipt(**given)
        if case.state is not State.CORRECTION_REQUIRED:
            raise StepNotAllowed
        opened = await self._complete(case)
        mode = AcceptMode(case.wanted_mode)
        let_off = {*await lacking.open_codes(case.id), *_replaced(opened.item, mode)}
        await self._check(opened, await self.applicants.get(case.account_id), let_off)
        await self._check_answered(opened)
        await self.parties.check_signed(case, opened.item)
        await lacking.settle(case.id)
        await self.cases.forms.file(case.id)
        await self.transitions.apply(case, opened.item, Event.RESUBMIT, who.actor)
        return await self._answer(once, case)

    @transaction
    async def withdraw(self, who: Citizen, case_id: UUID, key: str) -> Receipt:
        """Withdraw before acceptance (T46); of a joint case every department's part with it."""
        case = await self.cases.locked(who, case_id, Act.SUBMIT)
        once = Once.of(str(who.account_id), key, "withdraw", case_id)
        if (given := await once.answered()) is not None:
            return Receipt(**given)
        item = await self.cases.items.version(case.item_version_id)
        if not item.joint_items or await self.joint.withdraw(case, who):
            await self.transitions.apply(case, item, Event.WITHDRAW, who.actor)
            await close_soon(self.transitions.jobs, case.id)
        return await self._answer(once, case)

    async def _complete(self, case: Case) -> Opened:
        item = await self.cases.items.version(case.item_version_id)
        return Opened(case, item, await self.cases.forms.read(case.id))

    async def _check(
        self, opened: Opened, applicant: Applicant, let_off: Collection[str]
    ) -> set[str]:
        """Check form and materials; return the codes that are missing and were let off."""
        check_form(opened.item, opened.form.values)
        now = self.transitions.clock.now()
        facts = facts_of(opened.form.values, opened.case, applicant.age_at(now))
        exemption = exemption_for(opened.item.body.get("exemption_rules", ()), facts)
        if exemption is not None:
            raise PermitNotRequired(facts={"basis": exemption.basis})
        asked = _asked(opened, facts)
        present = await filing.present(opened, now)
        case, age = opened.case, applicant.age_at(now)
        await consents.check_filing(case, opened.item, age, present)
        missing = [code for code in asked if code not in present]
        left = [code for code in missing if code not in let_off]
        if left:
            raise MaterialsMissing(
                faults=[FieldFault(f"/materials/{code}", asked[code]) for code in left]
            )
        return set(missing)

    async def _check_answered(self, opened: Opened) -> None:
        correction = await Correction.get(case_id=opened.case.id, round=opened.case.round)
        present = await self.cases.materials(opened.case.id)
        marks = marks_of(self.crypto, opened.case.id, opened.item, opened.form.values)
        # What is voluntary may be taken back instead of being put right.
        asked = {
            each.code
            for each in await self.cases.requirements(opened)
            if each.required or (each.asked and each.code in present)
        }
        faults = unanswered(correction, asked, present, marks)
        if faults:
            raise CorrectionUnanswered(faults=faults)

    async def _numbers(
        self, case: Case, item: PublishedItem, applicant: Applicant
    ) -> dict[str, str]:
        now = self.transitions.clock.now()
        return await new_numbers(self.crypto, item, applicant.id_number, now)

    async def _answer(self, once: Once, case: Case) -> Receipt:
        receipt = Receipt.of(case)
        await once.answer(vars(receipt), self.transitions.clock)
        return receipt


def _asked(opened: Opened, facts: Mapping[str, Any]) -> dict[str, str]:
    found = required_materials(opened.item.materials, facts)
    return {each.code: each.name for each in found if each.required and each.upload}


def _replaced(item: PublishedItem, mode: AcceptMode) -> frozenset[str]:
    if mode is not AcceptMode.COMMITMENT:
        return frozenset()
    return rules.replaced_by_promise(item.body)
