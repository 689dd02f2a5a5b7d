"""Accepting without everything (容缺受理): proposed by the window, confirmed by the department,
promised by the applicant for a day (青神方案2018 附件1三(三)3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from models.case import Case
from models.promise import ShortfallItem, SignedPromise
from models.rules.calendar import ONE_DAY, day_of
from models.rules.clock_table import ClockName
from models.rules.events import Role
from models.rules.flavours import ShortfallStage, latest_promise
from models.rules.mandates import Act
from models.rules.states import AcceptMode, State
from models.rules.supervision import AlertKind
from models.rules.timeouts import Policy
from models.unit import transaction
from services import desk, flavours, lacking, promises
from services.access import CaseUnknown
from services.actors import Citizen, Officer
from services.cases import Cases, Opened
from services.errors import Conflict, FieldFault, Invalid
from services.items import PublishedItem
from services.nudges import ask, nudge
from services.promises import PromiseKind, Wording
from services.transitions import StepNotAllowed, StepNotYours

TEMPLATE = "2026.1"
CONSEQUENCE: Mapping[Policy, str] = {
    Policy.WITHDRAWN_DEEMED: "到了承诺的日期没有补齐,这次申请按撤回处理,不再办理。可以重新申请。",
    Policy.TERMINATE: "到了承诺的日期没有补齐,这次办理就终止。可以重新申请。",
    Policy.ALERT: "到了承诺的日期没有补齐,窗口会联系您,补齐以前不会批准。",
}
BLOCKED = "材料补齐并审查合格以前,不会作出批准决定。"


class ShortfallNotMissing(Conflict):
    """Only what is required and was not handed in can be let off for now."""

    code = "shortfall_not_missing"
    sentence = "只有必须交、现在还没有交的材料才能容缺。"


class ShortfallNotProposed(Conflict):
    """There is nothing to confirm, or it was answered already."""

    code = "shortfall_not_proposed"
    sentence = "这份材料没有等待确认的容缺申请。"


class ShortfallDeclined(Conflict):
    """The department has said no; it is not asked twice."""

    code = "shortfall_declined"
    sentence = "审批部门已经不同意这份材料容缺,不能再提。"


class OwnProposal(Conflict):
    """Who proposes does not confirm (经审批部门确认核对)."""

    code = "own_proposal"
    alert = AlertKind.OVERREACH
    sentence = "容缺要由审批部门的其他人员确认,提出的人不能自己确认。"


class DeclineReasonMissing(Invalid):
    """不符合容缺收件条件的,应当场告知: the applicant reads why."""

    code = "decline_reason_missing"
    sentence = "不同意容缺的,要写明原因,让申请人知道。"


class PromiseIncomplete(Invalid):
    """A promise names each material that the department let off, and no other."""

    code = "promise_incomplete"
    sentence = "每一份容缺的材料都要写上补交的日期,不能多也不能少。"


class PromiseDayInvalid(Invalid):
    """A day before tomorrow, or after the promised decision; each fault names a material."""

    code = "promise_day_invalid"
    sentence = "补交的日期最早是明天,最晚不能超过承诺办结的日期。"


@dataclass(frozen=True)
class Offer:
    """What an applicant is told before they promise; the days are given while they can sign."""

    items: Sequence[ShortfallItem]
    consequence: str
    earliest: date | None
    latest: date | None
    signed: SignedPromise | None


@dataclass(frozen=True)
class Shortfalls:
    cases: Cases

    @transaction
    async def propose(self, officer: Officer, case_id: UUID, codes: Sequence[str]) -> Case:
        """Ask the department to let materials come later.

        Raises ``ModeNotAllowed``, ``ShortfallNotAllowed``, ``ShortfallNotMissing``,
        ``ShortfallDeclined``, ``CreditUnrepaired`` and what ``desk.reviewing`` raises.
        """
        opened = await desk.reviewing(self.cases, officer, case_id)
        case, item = opened.case, opened.item
        flavours.check_mode(item, AcceptMode.SHORTFALL)
        flavours.check_lacking(item, codes)
        await flavours.check_credit(case.account_id)
        await self._check_missing(opened, codes)
        known = {row.code: row for row in await lacking.of_case(case_id)}
        if any(
            row.status == ShortfallStage.DECLINED for row in known.values() if row.code in codes
        ):
            raise ShortfallDeclined
        await lacking.want(case, item, set(codes) - set(known))
        await ShortfallItem.filter(
            case_id=case_id, code__in=list(codes), status=ShortfallStage.WANTED.value
        ).update(
            status=ShortfallStage.PROPOSED.value,
            proposed_by=officer.id,
            proposed_at=self.cases.clock.now(),
        )
        nudge(self.cases.transitions, case)
        return case

    async def _check_missing(self, opened: Opened, codes: Sequence[str]) -> None:
        present = await self.cases.materials(opened.case.id)
        wanted = await self.cases.requirements(opened)
        missing = {each.code for each in wanted if each.required and each.upload} - set(present)
        if not codes or set(codes) - missing:
            raise ShortfallNotMissing

    @transaction
    async def answer(
        self, officer: Officer, case_id: UUID, code: str, *, confirmed: bool, reason: str = ""
    ) -> Case:
        """Confirm or decline for the department; a refusal reaches the applicant at once.

        Raises ``StepNotYours``, ``StepNotAllowed``, ``ShortfallNotProposed``, ``OwnProposal`` or
        ``DeclineReasonMissing``.
        """
        case = await desk.watched(self.cases, officer, case_id)
        if case is None:
            raise CaseUnknown
        if Role.DEPT not in officer.roles:
            raise StepNotYours
        if case.state is not State.PRE_REVIEWING:
            raise StepNotAllowed
        row = await ShortfallItem.get_or_none(
            case_id=case_id, code=code, status=ShortfallStage.PROPOSED.value
        )
        if row is None:
            raise ShortfallNotProposed
        if row.proposed_by == officer.id:
            raise OwnProposal
        if not confirmed and not reason.strip():
            raise DeclineReasonMissing
        stage = ShortfallStage.CONFIRMED if confirmed else ShortfallStage.DECLINED
        row.status = stage.value
        row.reason = "" if confirmed else reason.strip()
        row.confirmed_by, row.confirmed_at = officer.id, self.cases.clock.now()
        await row.save(update_fields=["status", "reason", "confirmed_by", "confirmed_at"])
        await self._tell(case, confirmed=confirmed)
        return case

    async def _tell(self, case: Case, *, confirmed: bool) -> None:
        nudge(self.cases.transitions, case)
        proposed = ShortfallStage.PROPOSED.value
        if not confirmed:
            await ask(self.cases.transitions, case, "shortfall_declined")
        elif not await ShortfallItem.filter(case_id=case.id, status=proposed).exists():
            # Once, when there is no answer left to wait for.
            await ask(self.cases.transitions, case, "sign_promise")

    async def show(self, who: Citizen, case_id: UUID) -> Offer:
        """Return what an applicant may bring later, until when, and what happens otherwise."""
        opened = await self.cases.get(who, case_id)
        case, item = opened.case, opened.item
        open_ = case.state is State.PRE_REVIEWING
        now = self.cases.clock.now()
        return Offer(
            items=await lacking.of_case(case_id),
            consequence=CONSEQUENCE[item.shortfall_expiry],
            earliest=day_of(now) + ONE_DAY if open_ else None,
            latest=await latest_day(self.cases, case, item) if open_ else None,
            signed=await promises.standing(case_id, PromiseKind.SHORTFALL),
        )

    @transaction
    async def promise(self, who: Citizen, case_id: UUID, days: Mapping[str, date]) -> SignedPromise:
        """Sign for each material that the department let off by when it will come.

        Until the case is accepted it may be signed anew. Raises ``StepNotAllowed``,
        ``PromiseIncomplete`` or ``PromiseDayInvalid``.
        """
        case = await self.cases.locked(who, case_id, Act.SIGN)
        if case.state is not State.PRE_REVIEWING:
            raise StepNotAllowed
        item = await self.cases.items.version(case.item_version_id)
        offered = {
            row.code: row
            for row in await lacking.of_case(case_id)
            if row.status in (ShortfallStage.CONFIRMED, ShortfallStage.PROMISED)
        }
        if not offered or set(days) != set(offered):
            raise PromiseIncomplete
        await self._check_days(case, item, days)
        for code, row in offered.items():
            row.status, row.due_on = ShortfallStage.PROMISED.value, days[code]
            await row.save(update_fields=["status", "due_on"])
        wording = wording_of(item, list(offered.values()))
        now = self.cases.clock.now()
        signed = await promises.sign(case_id, PromiseKind.SHORTFALL, wording, who.account_id, now)
        nudge(self.cases.transitions, case)
        return signed

    async def _check_days(self, case: Case, item: PublishedItem, days: Mapping[str, date]) -> None:
        first = day_of(self.cases.clock.now()) + ONE_DAY
        last = await latest_day(self.cases, case, item)
        wrong = [code for code, day in days.items() if not first <= day <= last]
        if wrong:
            detail = f"请选{_text(first)}到{_text(last)}之间的一天。"
            raise PromiseDayInvalid(
                faults=[FieldFault(f"/materials/{code}", detail) for code in sorted(wrong)],
                facts={"earliest": first.isoformat(), "latest": last.isoformat()},
            )


async def latest_day(cases: Cases, case: Case, item: PublishedItem) -> date:
    """Return the last day of the promised decision, were the case accepted now.

    An item that promises none has its statutory limit (容缺承诺不超过承诺办结时限).
    """
    for name in (ClockName.DECISION_PROMISED, ClockName.DECISION_STATUTORY):
        limit = item.limit(name)
        if limit is not None:
            start = case.received_at if item.counts_from_receipt(name) else None
            calendar = await cases.transitions.clocks.calendars.current()
            return latest_promise(start or cases.clock.now(), limit, calendar)
    return day_of(cases.clock.now())


def wording_of(item: PublishedItem, rows: Sequence[ShortfallItem]) -> Wording:
    """Return the promise as its applicant reads and signs it."""
    return Wording(
        TEMPLATE,
        (
            f"我申请办理“{item.name}”,下面的材料还没有交,请先受理。",
            *(f"{row.name}:我承诺在{_text(row.due_on)}24时以前补交。" for row in rows),
            CONSEQUENCE[item.shortfall_expiry],
            BLOCKED,
        ),
    )


def _text(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day is not None else ""
