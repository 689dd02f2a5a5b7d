"""Reissues (换号重退): a refund that its channel closed is issued anew under a new number.

Two numbers can become two payments. So the old one is given up only when the channel, asked in
this moment, proves that it is CLOSED; one that is ABNORMAL is not: the channel holds its money and
brings it by its own procedure (异常退款), under the same number.
"""

from dataclasses import dataclass
from uuid import UUID

from models.ids import uuid7
from models.payment import Refund, RefundEvent
from models.rules.refunds import RefundState, RefundStatus, Track
from models.unit import transaction
from services.actors import Officer
from services.automatic_refunds import enqueue_send, new_number
from services.errors import ChannelRefundUnknown, Conflict
from services.refund_desk import Held, Listed, RefundDecided, RefundDesk
from services.refund_statements import RefundOutcome
from services.refunds import Refunds
from services.transitions import StepNotYours

NO_MONEY_MOVED = {RefundState.PROCESSING.value, RefundState.CLOSED.value}


class RefundNotClosed(Conflict):
    """The channel does not prove that it closed the refund: it may still bring the money."""

    code = "refund_not_closed"
    sentence = "渠道没有确认这笔退款已经关闭,不能换号重退;退款异常的,请按渠道的异常退款流程处理。"


@dataclass(frozen=True)
class Reissues:
    desk: RefundDesk
    refunds: Refunds

    async def reissue(self, officer: Officer, refund_id: UUID) -> Listed:
        """Issue a closed refund anew and return the new one; the old one is over.

        Raises ``RefundMissing``, ``StepNotYours``, ``RefundDecided`` (it does not hang, or was
        issued anew before), ``RefundNotClosed`` and ``OutsideUnavailable``; none is made then.
        """
        number = await self._check(officer, refund_id)
        try:
            state = await self.refunds.state_at_channel(number)
        except ChannelRefundUnknown as problem:
            # What the channel does not know may be on its way to it.
            raise RefundNotClosed from problem
        if state is not RefundState.CLOSED:
            raise RefundNotClosed
        return await self.desk.show(officer, await self._replace(officer, refund_id))

    @transaction
    async def _check(self, officer: Officer, refund_id: UUID) -> str:
        return (await self._hanging(officer, refund_id)).refund.number

    @transaction
    async def _replace(self, officer: Officer, refund_id: UUID) -> UUID:
        found = await self._hanging(officer, refund_id)
        old, now = found.refund, self.desk.cases.clock.now()
        # Something else may have been heard since the answer.
        counted = RefundEvent.filter(refund_id=old.id, outcome=RefundOutcome.COUNTED.value)
        if not set(await counted.values_list("status", flat=True)) <= NO_MONEY_MOVED:
            raise RefundNotClosed
        old.status = RefundStatus.CLOSED.value
        await old.save(update_fields=["status"])
        new = await Refund.create(
            id=uuid7(),
            order_id=old.order_id,
            case_id=old.case_id,
            number=new_number(now),
            track=Track.REISSUED.value,
            reason=old.reason,
            remark=old.remark,
            amount_fen=old.amount_fen,
            status=RefundStatus.FINANCE_APPROVED.value,
            requested_by=f"{officer.anyhow.role.value}:{officer.id}",
            created_at=now,
        )
        await enqueue_send(self.desk.cases.transitions.jobs, new)
        await self.desk.record(found, "refund.reissue")
        facts = {"replaces": str(old.id), "amount_fen": new.amount_fen}
        await self.desk.audit.record(officer.anyhow, "refund.reissued", "refund", new.id, facts)
        return new.id

    async def _hanging(self, officer: Officer, refund_id: UUID) -> Held:
        found = await self.desk.hold(officer, refund_id)
        if not (found.of_unit or found.finance):
            raise StepNotYours
        if found.refund.status != RefundStatus.ABNORMAL.value:
            raise RefundDecided
        return found
