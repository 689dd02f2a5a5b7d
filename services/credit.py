"""Credit (信用): proposed by a case's end, held against a person after due process only.

国办发〔2020〕49号: what counts is listed, somebody else confirms it, the person is told and may
object, and what is repaired is gone. 安阳条例29: until then it keeps them from promising.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.case import Case
from models.credit import CreditEvent
from models.database import rows
from models.ids import uuid7
from models.notice import Notice
from models.rules.calendar import Limit, due_at
from models.rules.credit import Behaviour, CreditStatus
from models.rules.events import Role
from models.rules.notices import NoticeKind
from models.unit import transaction
from services.actors import SYSTEM, Actor, Citizen, Officer
from services.announcements import announce
from services.audit import Audit
from services.calendars import Calendars
from services.credit_problems import (
    CreditEventUnknown,
    CreditNotNow,
    ObjectionClosed,
    OwnProposal,
)
from services.errors import Forbidden
from services.ports import Clock, Crypto, Jobs

PURPOSE = "credit.objection"
TOLD = "有失信记录告知,请查看"
EXPIRED = "记录期限已满,不再有效。"
ENDED = [status.value for status in CreditStatus if status.ended]
# What is still open to be objected to; a record that was reported is repaired, not objected to.
OPEN = (CreditStatus.PROPOSED, CreditStatus.CONFIRMED, CreditStatus.NOTIFIED)

REPORT = """
UPDATE credit_events SET status = 'REPORTED', reported_at = $1
WHERE id IN (SELECT id FROM credit_events
  WHERE status = 'NOTIFIED' AND confirmed_at IS NOT NULL AND objection_due_at <= $1
    AND (objected_at IS NULL OR decided_at >= objected_at)
  ORDER BY objection_due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id"""
EXPIRE = """
UPDATE credit_events SET status = 'REPAIRED', closed_at = $1, outcome = $3
WHERE id IN (SELECT id FROM credit_events
  WHERE status IN ('NOTIFIED', 'REPORTED') AND expires_at <= $1
  ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id"""


@dataclass(frozen=True)
class CreditPolicy:
    """How long a person may object once told, and how long a record lasts."""

    objection: Limit
    lasts: timedelta


async def has_bad(account_id: UUID) -> bool:
    """Tell whether a person has a credit event that was confirmed and neither ended nor repaired.

    It keeps them from 容缺, 先办后验 and 告知承诺 (安阳条例29) and from nothing else.
    """
    standing = CreditEvent.filter(account_id=account_id, confirmed_at__not_isnull=True)
    return await standing.exclude(status__in=ENDED).exists()


@dataclass(frozen=True)
class Credit:
    clock: Clock
    crypto: Crypto
    jobs: Jobs
    calendars: Calendars
    policy: CreditPolicy
    audit: Audit

    async def propose(
        self,
        case: Case,
        behaviour: Behaviour,
        basis: str,
        evidence: Sequence[str],
        now: datetime,
        *,
        by: Collection[UUID] = (),
    ) -> CreditEvent:
        """Propose an event (T40, T41), in the caller's transaction; it is held against nobody yet.

        ``evidence`` are the facts in the words of an officer; ``by`` the officers whose finding
        it is.
        """
        return await CreditEvent.create(
            id=uuid7(),
            account_id=case.account_id,
            case_id=case.id,
            behaviour=behaviour.value,
            basis=basis,
            evidence=list(evidence),
            status=CreditStatus.PROPOSED.value,
            proposed_by=[str(each) for each in by],
            proposed_at=now,
        )

    async def mine(self, who: Citizen) -> Sequence[CreditEvent]:
        """Return what was ever proposed against the asker, newest first, with its case."""
        return (
            await CreditEvent.filter(account_id=who.account_id)
            .order_by("-id")
            .select_related("case__item")
        )

    def may_object(self, event: CreditEvent) -> bool:
        """Tell whether a person may object now: once before and once after the confirmation."""
        if CreditStatus(event.status) not in OPEN:
            return False
        if event.objection_due_at is not None and self.clock.now() >= event.objection_due_at:
            return False
        if event.objected_at is None:
            return True
        return event.confirmed_at is not None and event.objected_at < event.confirmed_at

    def objection_of(self, event: CreditEvent) -> str | None:
        """Return what the person said, opened."""
        sealed = event.objection_sealed
        return None if sealed is None else self.crypto.open(sealed, PURPOSE).decode()

    @transaction
    async def object(self, who: Citizen, event_id: UUID, text: str) -> CreditEvent:
        """Object to an event; until it is decided nothing is reported.

        The same words again change nothing. Raises ``CreditEventUnknown``, ``ObjectionClosed``.
        """
        event = await self._held(event_id, account_id=who.account_id)
        earlier = self.objection_of(event)
        if event.status == CreditStatus.OBJECTED.value and earlier is not None:
            if earlier == text or earlier.endswith(f"\n\n{text}"):
                return event
            raise ObjectionClosed
        if not self.may_object(event):
            raise ObjectionClosed
        whole = text if earlier is None else f"{earlier}\n\n{text}"
        event.status = CreditStatus.OBJECTED.value
        event.objection_sealed = self.crypto.seal(whole.encode(), PURPOSE)
        event.objected_at = self.clock.now()
        await event.save(update_fields=["status", "objection_sealed", "objected_at"])
        await self._record(who.actor, "credit.object", event)
        return event

    async def list(
        self, officer: Officer, status: CreditStatus | None, *, limit: int, before: UUID | None
    ) -> Sequence[CreditEvent]:
        """Return events for a supervisor, newest first, with their cases; the reading is kept."""
        found = CreditEvent.all() if status is None else CreditEvent.filter(status=status.value)
        if before is not None:
            found = found.filter(id__lt=before)
        events = await found.order_by("-id").limit(limit).select_related("case__item")
        actor = officer.acting_as(Role.SUPERVISOR)
        said = {"objections": [str(event.id) for event in events if event.objection_sealed]}
        await self.audit.read(actor, "credit.read", "credit_event", "list", said)
        return events

    @transaction
    async def confirm(self, officer: Officer, event_id: UUID) -> CreditEvent:
        """Confirm a proposal and tell the person, whose time to object begins (N20).

        Raises ``CreditEventUnknown``, ``OwnProposal``, ``CreditNotNow`` (so also while the notice
        has no file yet); nothing changed then.
        """
        event = await self._held(event_id, officer=officer)
        if str(officer.id) in event.proposed_by:
            raise OwnProposal
        now = self.clock.now()
        issued = Notice.filter(case_id=event.case_id, digest__not_isnull=True)
        told = await issued.filter(kind=NoticeKind.N20.name).exists()
        if event.status != CreditStatus.PROPOSED.value or not told:
            # 国办发〔2020〕49号: nothing counts of which the person was not told in writing.
            raise CreditNotNow
        calendar = await self.calendars.current()
        event.update_from_dict(
            {
                "status": CreditStatus.NOTIFIED.value,
                "confirmed_by": officer.id,
                "confirmed_at": now,
                "notified_at": now,
                "objection_due_at": due_at(now, self.policy.objection, calendar),
                "expires_at": now + self.policy.lasts,
            }
        )
        await event.save()
        await self._record(officer.acting_as(Role.SUPERVISOR), "credit.confirm", event)
        await announce(self.jobs, event.case, TOLD, now, key=f"credit:{event.id}:notified")
        return event

    @transaction
    async def cancel(self, officer: Officer, event_id: UUID, reasons: str) -> CreditEvent:
        """End an event that should never have been: before it is confirmed, or found wrong later.

        Raises ``CreditEventUnknown``, ``CreditNotNow``.
        """
        event = await self._held(event_id, officer=officer)
        if CreditStatus(event.status) not in OPEN:
            raise CreditNotNow
        return await self._close(event, officer, CreditStatus.CANCELLED, reasons)

    @transaction
    async def decide(
        self, officer: Officer, event_id: UUID, reasons: str, *, upheld: bool
    ) -> CreditEvent:
        """Decide an objection: upheld it ends the event, refused it goes on as it was.

        Raises ``CreditEventUnknown``, ``OwnProposal``, ``CreditNotNow``.
        """
        event = await self._held(event_id, officer=officer)
        if str(officer.id) in event.proposed_by:
            raise OwnProposal
        if event.status != CreditStatus.OBJECTED.value:
            raise CreditNotNow
        event.decided_by, event.decided_at = officer.id, self.clock.now()
        event.decision = reasons
        if upheld:
            return await self._close(event, officer, CreditStatus.CANCELLED, reasons)
        confirmed = event.confirmed_at is not None
        event.status = (CreditStatus.NOTIFIED if confirmed else CreditStatus.PROPOSED).value
        await event.save()
        await self._record(officer.acting_as(Role.SUPERVISOR), "credit.refuse_objection", event)
        return event

    @transaction
    async def repair(self, officer: Officer, event_id: UUID, reasons: str) -> CreditEvent:
        """Mark an event as repaired (信用修复); raises ``CreditEventUnknown``, ``CreditNotNow``."""
        event = await self._held(event_id, officer=officer)
        if CreditStatus(event.status) not in (CreditStatus.NOTIFIED, CreditStatus.REPORTED):
            raise CreditNotNow
        return await self._close(event, officer, CreditStatus.REPAIRED, reasons)

    @transaction
    async def tick(self, limit: int = 500) -> int:
        """Report what still stands when the time to object is over, and let old records end.

        Returns how many events moved; run twice it moves nothing twice. Nothing is reported that
        no officer confirmed, or whose objection is undecided.
        """
        now = self.clock.now()
        expired = await rows(EXPIRE, [now, limit, EXPIRED])
        reported = await rows(REPORT, [now, limit])
        for action, moved in (("credit.expire", expired), ("credit.report", reported)):
            for row in moved:
                await self.audit.record(SYSTEM, action, "credit_event", row["id"])
        return len(expired) + len(reported)

    async def _record(self, actor: Actor, action: str, event: CreditEvent) -> None:
        await self.audit.record(
            actor, action, "credit_event", event.id, {"case_id": str(event.case_id)}
        )

    async def _held(
        self, event_id: UUID, *, account_id: UUID | None = None, officer: Officer | None = None
    ) -> CreditEvent:
        if officer is not None and Role.SUPERVISOR not in officer.roles:
            raise Forbidden
        found = CreditEvent.filter(id=event_id)
        if account_id is not None:
            found = found.filter(account_id=account_id)
        event = await found.select_for_update().get_or_none()
        if event is None:
            raise CreditEventUnknown
        await event.fetch_related("case__item")
        return event

    async def _close(
        self, event: CreditEvent, officer: Officer, status: CreditStatus, reasons: str
    ) -> CreditEvent:
        event.update_from_dict(
            {
                "status": status.value,
                "closed_by": officer.id,
                "closed_at": self.clock.now(),
                "outcome": reasons,
            }
        )
        await event.save()
        action = f"credit.{'cancel' if status is CreditStatus.CANCELLED else 'repair'}"
        await self._record(officer.acting_as(Role.SUPERVISOR), action, event)
        return event
