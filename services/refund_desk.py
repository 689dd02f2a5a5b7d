"""The desk of refunds (退费审核): checked by the 执收单位, approved by 财政, each by somebody else.

Rules 2.12: what was paid in is given back by an administrative procedure of three steps. Who asked
for a refund does not check it, and who checked it does not approve it.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.database import rows
from models.payment import Refund
from models.rules.events import Role
from models.rules.refunds import RefundStatus
from models.rules.supervision import AlertKind
from models.unit import transaction
from services import scope
from services.actors import Officer
from services.alerts import watch
from services.audit import Audit
from services.automatic_refunds import enqueue_send, tell
from services.cases import Cases
from services.errors import Conflict, Forbidden, NotFound
from services.items import CursorInvalid, PublishedItem
from services.refund_shares import note_on_case
from services.refund_statements import held
from services.transitions import StepNotYours

QUERY = """
SELECT r.id, r.number, r.case_id, c.case_no, i.name AS item_name, i.agency,
  o.number AS order_number, o.channel, o.amount_fen AS order_fen, r.track, r.reason, r.remark,
  r.amount_fen, r.status, r.refusal, r.channel_refund_id, r.created_at, r.unit_at, r.finance_at,
  r.refused_at, r.sent_at, r.paid_at
FROM refunds r JOIN cases c ON c.id = r.case_id JOIN items i ON i.id = c.item_id
  JOIN item_versions v ON v.id = c.item_version_id JOIN payment_orders o ON o.id = r.order_id
WHERE ($1::uuid IS NULL OR r.id = $1) AND ($2::text IS NULL OR r.status = $2)
  AND ($3::text IS NULL OR v.body::jsonb ->> 'agency_uscc' = $3)
  AND ($4::text IS NULL OR c.window_id IN (SELECT w.id FROM windows w WHERE w.unit_id = $4))
  AND ($5::timestamptz IS NULL OR (r.created_at, r.id) > ($5, $6::uuid))
ORDER BY r.created_at, r.id LIMIT $7"""


class RefundMissing(NotFound):
    """There is no such refund, or it is another unit's."""

    code = "refund_unknown"
    sentence = "没有找到这笔退费。"


class RefundElsewhere(RefundMissing):
    """Another unit's: the answer does not tell that there is one."""

    alert = AlertKind.OVERREACH


class RefundDecided(Conflict):
    """It does not wait for this any more."""

    code = "refund_decided"
    sentence = "这笔退费当前的状态不能进行这一步,请刷新后再看。"


class SamePerson(Forbidden):
    """Asking, checking and approving are three people's."""

    code = "same_person"
    alert = AlertKind.OVERREACH
    sentence = "同一笔退费的提出、核对和审批不能是同一个人。"


@dataclass(frozen=True)
class Listed:
    """A refund as staff see it; amounts in fen."""

    id: UUID
    number: str
    case_id: UUID
    case_no: str | None
    item_name: str
    agency: str
    order_number: str
    channel: str
    order_fen: int
    track: str
    reason: str
    remark: str
    amount_fen: int
    status: str
    refusal: str | None
    channel_refund_id: str | None
    created_at: datetime
    unit_at: datetime | None
    finance_at: datetime | None
    refused_at: datetime | None
    sent_at: datetime | None
    paid_at: datetime | None


@dataclass(frozen=True)
class RefundPage:
    refunds: Sequence[Listed]
    next_cursor: str | None


@dataclass(frozen=True)
class Held:
    """A refund in an officer's hand, its rows held."""

    refund: Refund
    item: PublishedItem
    officer: Officer
    finance: bool

    @property
    def of_unit(self) -> bool:
        return Role.DEPT in self.officer.roles_for(self.item.agency_uscc)

    def check_step(self) -> None:
        """Check that the officer's unit takes the step that is next; raise ``StepNotYours``,
        ``RefundDecided``."""
        status = RefundStatus(self.refund.status)
        if not status.is_being_decided:
            raise RefundDecided
        mine = self.of_unit if status is RefundStatus.REQUESTED else self.finance
        if not mine:
            raise StepNotYours("这一步不由您所在的单位办理。")

    def check_others(self) -> None:
        """Check that this officer has not asked for or checked the refund; ``SamePerson``."""
        me = str(self.officer.id)
        before = (self.refund.requested_by.rpartition(":")[2], self.refund.unit_by)
        if me in before:
            raise SamePerson


@dataclass(frozen=True)
class RefundDesk:
    """``finance`` is the 统一社会信用代码 of the unit that approves; without it nobody can."""

    cases: Cases
    audit: Audit
    finance: str | None

    async def list(
        self, officer: Officer, status: RefundStatus | None, *, limit: int, cursor: str | None
    ) -> RefundPage:
        """Return the refunds that the officer's unit sees, the oldest first.

        Raises ``CursorInvalid``.
        """
        wanted = None if status is None else status.value
        values = [None, wanted, *self._whose(officer), *_decode(cursor), limit + 1]
        found = [Listed(**row) for row in await rows(QUERY, values)]
        more = len(found) > limit
        return RefundPage(found[:limit], _encode(found[limit - 1]) if more else None)

    async def show(self, officer: Officer, refund_id: UUID) -> Listed:
        """Return one refund; raise ``RefundMissing``."""
        values = [refund_id, None, *self._whose(officer), None, None, 1]
        found = await rows(QUERY, values)
        if not found:
            raise RefundMissing
        return Listed(**found[0])

    async def approve(self, officer: Officer, refund_id: UUID) -> Listed:
        """Take the step that is next: the unit's check, then 财政's approval, which sends it.

        Raises ``RefundMissing``, ``RefundDecided``, ``StepNotYours``, ``SamePerson``.
        """
        await self._approve(officer, refund_id)
        return await self.show(officer, refund_id)

    async def refuse(self, officer: Officer, refund_id: UUID, reason: str) -> Listed:
        """Refuse what is asked for, at either step, with a reason that the payer reads.

        Raises like ``approve``.
        """
        await self._refuse(officer, refund_id, reason)
        return await self.show(officer, refund_id)

    async def retry(self, officer: Officer, refund_id: UUID) -> Listed:
        """Send a refund that did not arrive once more, under its number.

        Raises ``RefundMissing``, ``RefundDecided``, ``StepNotYours``.
        """
        await self._retry(officer, refund_id)
        return await self.show(officer, refund_id)

    @transaction
    async def _approve(self, officer: Officer, refund_id: UUID) -> None:
        found = await self.hold(officer, refund_id)
        found.check_step()
        found.check_others()
        refund, now, me = found.refund, self.cases.clock.now(), str(officer.id)
        jobs = self.cases.transitions.jobs
        if refund.status == RefundStatus.REQUESTED.value:
            refund.status, refund.unit_by = RefundStatus.UNIT_APPROVED.value, me
            refund.unit_at = now
        else:
            refund.status, refund.finance_by = RefundStatus.FINANCE_APPROVED.value, me
            refund.finance_at = now
            await enqueue_send(jobs, refund)
        await refund.save()
        await tell(jobs, refund)
        await self.record(found, "refund.approve")

    @transaction
    async def _refuse(self, officer: Officer, refund_id: UUID, reason: str) -> None:
        found = await self.hold(officer, refund_id)
        found.check_step()
        found.check_others()
        refund = found.refund
        refund.status, refund.refused_by = RefundStatus.REFUSED.value, str(officer.id)
        refund.refused_at, refund.refusal = self.cases.clock.now(), reason
        await refund.save()
        await tell(self.cases.transitions.jobs, refund)
        await self.record(found, "refund.refuse")

    @transaction
    async def _retry(self, officer: Officer, refund_id: UUID) -> None:
        found = await self.hold(officer, refund_id)
        if not (found.of_unit or found.finance):
            raise StepNotYours
        hanging = (RefundStatus.ABNORMAL.value, RefundStatus.SENDING.value)
        if found.refund.status not in hanging:
            raise RefundDecided
        await enqueue_send(self.cases.transitions.jobs, found.refund, again=True)
        await self.record(found, "refund.retry")

    async def hold(self, officer: Officer, refund_id: UUID) -> Held:
        """Return a refund that the officer may see, its rows held; raise ``RefundMissing``."""
        known = await Refund.get_or_none(id=refund_id)
        if known is None:
            raise RefundMissing
        case, _, refund = await held(known)
        item = await self.cases.items.version(case.item_version_id)
        watch(self.cases.clock, case, item, officer.anyhow)
        finance = self._is_finance(officer)
        if not finance and not await scope.covers(officer, case, item):
            raise RefundElsewhere
        return Held(refund, item, officer, finance)

    async def record(self, found: Held, action: str) -> None:
        refund = found.refund
        facts = {
            "case_id": str(refund.case_id),
            "amount_fen": refund.amount_fen,
            "status": refund.status,
            "refusal_sha256": hashlib.sha256((refund.refusal or "").encode()).hexdigest(),
        }
        actor = found.officer.anyhow
        await self.audit.record(actor, action, "refund", refund.id, facts)
        case, _, _ = await held(refund)
        await note_on_case(case)
        self.cases.transitions.look_again(case)

    def _is_finance(self, officer: Officer) -> bool:
        return (
            self.finance is not None
            and officer.office.uscc == self.finance
            and Role.DEPT in officer.roles
        )

    def _whose(self, officer: Officer) -> tuple[str | None, str | None]:
        """Return the agency and the township that a list is narrowed to."""
        return (None, None) if self._is_finance(officer) else scope.bounds(officer)


def _encode(last: Listed) -> str:
    place = orjson.dumps([last.created_at.isoformat(), str(last.id)])
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _decode(cursor: str | None) -> tuple[Any, Any]:
    if cursor is None:
        return None, None
    try:
        at, last = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("a time without zone")
        return moment, UUID(last)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise CursorInvalid from error
