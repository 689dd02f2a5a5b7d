"""Originals (原件核验): the last step of a decision that was prepared on pictures (先办后验).

There is no decision before the originals were seen (青神方案2018 附件3): that they are true and
complete makes it (T37), what lacks has three working days (T38, T39), and what is false ends the
case when a second officer says so too (T41).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.case import Case
from models.credit import OriginalCheck
from models.ids import uuid7
from models.material import Material
from models.rules import clocks as rules
from models.rules.calendar import due_on
from models.rules.clock_table import ClockName
from models.rules.events import Event, Role
from models.rules.originals import Finding, Original, Outcome
from models.rules.states import FeeStage, State
from models.unit import transaction
from services import access
from services import original_desk as desk
from services import original_lists as lists
from services.access import CaseUnknown
from services.actors import Actor, Citizen, Officer
from services.cases import Cases, Opened
from services.events import FeeUnsettled
from services.items import PublishedItem
from services.original_desk import Checked
from services.original_ends import OriginalEnds
from services.original_lists import Look
from services.results import Results
from services.transitions import StepNotAllowed
from services.visits import visited, warning_of

ORIGINAL_SEEN = "ORIGINAL_SEEN"


@dataclass(frozen=True)
class Sheet:
    """What is to be seen of a case's originals. ``lacking`` is what the newest check missed."""

    case: Case
    item: PublishedItem
    wanted: Sequence[Original]
    lacking: Sequence[Mapping[str, Any]]
    checks: Sequence[OriginalCheck]


@dataclass(frozen=True)
class Originals:
    cases: Cases
    results: Results
    ends: OriginalEnds

    async def show(self, officer: Officer, case_id: UUID) -> Sheet:
        """Return what is to be seen and what was, on the record; raise ``CaseUnknown``."""
        case = await Case.get_or_none(id=case_id, verify_later_mark=True)
        if case is None:
            raise CaseUnknown
        await self.ends.audit.read(officer.anyhow, "originals.read", "case", case_id)
        return await self._sheet(case)

    async def mine(self, who: Citizen, case_id: UUID) -> Sheet:
        """Return what one has to bring for one's own case; raise ``CaseUnknown``."""
        case = await access.seen(who, case_id, self.cases.clock.now())
        return await self._sheet(case)

    async def _sheet(self, case: Case) -> Sheet:
        opened = await desk.opened(self.cases, case)
        handled = case.verify_later_mark and case.decided_at is None and not case.state.closed
        return Sheet(
            case,
            opened.item,
            await lists.still_to_see(self.cases, opened) if handled else [],
            await lists.newest_list(case) if case.state in desk.STATES else [],
            await OriginalCheck.filter(case_id=case.id).order_by("at", "id"),
        )

    @transaction
    async def check(self, officer: Officer, case_id: UUID, look: Look) -> Checked:
        """Record a look at the originals and take the step that it leads to (T37, T38).

        A mismatch takes none: it waits for a second officer. Raises ``CaseUnknown``,
        ``StepNotYours``, ``StepNotAllowed``, ``FeeUnsettled`` and the problems of
        ``services.original_lists``; nothing changed then.
        """
        opened = await desk.locked(self.cases, officer, case_id)
        actor = desk.acting(opened.case, officer)
        if opened.case.state is State.ORIGINALS_SUPPLEMENT and look.outcome is not Outcome.MISMATCH:
            # What was to come has to be there first (T39).
            raise StepNotAllowed
        known = await lists.listed(self.cases, opened)
        lists.check_look(look, await lists.still_to_see(self.cases, opened), known)
        check = await self._record(officer, opened.case, look, known)
        visit = visited(opened.case, check.at, came=not look.by_post)
        if look.outcome is Outcome.PASS:
            await self._pass(opened, actor, visit)
        elif look.outcome is Outcome.INCOMPLETE:
            await self._incomplete(opened, actor, visit, check)
        else:
            await self._suspect(opened.case, actor, visit, check)
        return Checked(opened.case, check, warning_of(opened.case, opened.item))

    @transaction
    async def arrived(self, officer: Officer, case_id: UUID, *, by_post: bool) -> Checked:
        """Record that the applicant brought or sent what was lacking (T39).

        The step is the applicant's, the window only writes it down: to say on the phone that one
        will come would stop the three days without anything being there. Raises ``CaseUnknown``,
        ``StepNotAllowed``, ``MismatchPending``.
        """
        opened = await desk.locked(self.cases, officer, case_id)
        case = opened.case
        await desk.check_unsuspected(case)
        applicant = Actor(Role.APPLICANT, str(case.account_id), officer.unit)
        visit = visited(case, self.cases.clock.now(), came=not by_post)
        data = {"recorded_by": str(officer.id), "by_post": by_post}
        await self.cases.transitions.apply(
            case, opened.item, Event.ORIGINALS_SUPPLIED, applicant, changes=visit, data=data
        )
        return Checked(case, None, warning_of(case, opened.item))

    async def confirm(
        self, officer: Officer, case_id: UUID, check_id: UUID, opinion: str
    ) -> Checked:
        """Confirm a mismatch as a second officer (T41); see ``OriginalEnds``."""
        return await self.ends.confirm(officer, case_id, check_id, opinion)

    async def dismiss(
        self, officer: Officer, case_id: UUID, check_id: UUID, opinion: str
    ) -> Checked:
        """Reject a mismatch as a second officer; see ``OriginalEnds``."""
        return await self.ends.dismiss(officer, case_id, check_id, opinion)

    async def _record(
        self, officer: Officer, case: Case, look: Look, known: Sequence[Original]
    ) -> OriginalCheck:
        await desk.check_unsuspected(case)
        names = {each.code: each.name for each in known}
        mismatch = look.outcome is Outcome.MISMATCH
        check = await OriginalCheck.create(
            id=uuid7(),
            case_id=case.id,
            outcome=(Outcome.PENDING if mismatch else look.outcome).value,
            items=[
                {
                    "code": sight.code,
                    "name": names[sight.code],
                    "finding": sight.finding.value,
                    "note": sight.note,
                }
                for sight in look.sights
            ],
            identity_matched=look.identity_matched,
            evidence=list(look.evidence),
            by_post=look.by_post,
            opinion=look.opinion,
            officer_id=officer.id,
            at=self.cases.clock.now(),
        )
        if not mismatch:
            await _mark_seen(case, look.codes(Finding.TRUE), officer, check)
        return check

    async def _suspect(
        self, case: Case, actor: Actor, visit: Mapping[str, Any], check: OriginalCheck
    ) -> None:
        await Case.filter(id=case.id).update(**visit)
        case.update_from_dict(dict(visit))
        facts = {"check_id": str(check.id)}
        await self.ends.audit.record(actor, "originals.suspect", "case", case.id, facts)

    async def _pass(self, opened: Opened, actor: Actor, visit: Mapping[str, Any]) -> None:
        """Make the final decision (T37) and send its result on, as any approval is."""
        case, item = opened.case, opened.item
        fees = self.results.fees
        if item.fee_stage is FeeStage.AFTER_ACCEPTANCE and not await fees.is_settled(case, item):
            raise FeeUnsettled
        changes = {**visit, "decision": "APPROVED"}
        await self.cases.transitions.apply(
            case, item, Event.ORIGINALS_PASS, actor, changes=changes, data={"decision": "APPROVED"}
        )
        if item.fee_stage is FeeStage.AFTER_DECISION:
            await fees.assess(case, item)
        await self.results.route(case, item)

    async def _incomplete(
        self, opened: Opened, actor: Actor, visit: Mapping[str, Any], check: OriginalCheck
    ) -> None:
        points = lists.lacking(check.items)
        last = await self._last_day(opened.item, check)
        named = "、".join(f"{point['name']}({_why(point)})" for point in points)
        text = f"原件还差:{named}。请在3个工作日内补齐,最晚{last}。"
        await self.cases.transitions.apply(
            opened.case,
            opened.item,
            Event.ORIGINALS_INCOMPLETE,
            actor,
            changes=visit,
            data={"items": points, "text": text},
        )

    async def _last_day(self, item: PublishedItem, check: OriginalCheck) -> str:
        limit = item.limit(ClockName.ORIGINALS_3WD)
        assert limit is not None
        calendar = await self.cases.transitions.clocks.calendars.current()
        day = due_on(rules.start(ClockName.ORIGINALS_3WD, check.at, limit, calendar).due_at)
        return f"{day.month}月{day.day}日"


def _why(point: Mapping[str, Any]) -> str:
    return str(point["note"] or Finding(point["finding"]).zh)


async def _mark_seen(
    case: Case, codes: Sequence[str], officer: Officer, check: OriginalCheck
) -> None:
    """Mark what was seen true (与原件一致); what a register has confirmed keeps that mark."""
    await Material.filter(
        case_id=case.id, replaced_at=None, code__in=list(codes), verification="NONE"
    ).update(verification=ORIGINAL_SEEN, verification_source=officer.unit, verified_at=check.at)
