"""Statements (退款回执): what the channel says of a refund is compared, kept, and then counts.

A refund's state is computed from all that was said of it, so copies, late ones and any order of
them come to the same.
"""

from dataclasses import dataclass
from enum import StrEnum

import structlog

from models.case import Case
from models.database import Duplicate
from models.ids import uuid7
from models.payment import PaymentOrder, Refund, RefundEvent
from models.rules.events import Role
from models.rules.refunds import RefundReason, RefundState, RefundStatus, reduce
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.supervision import MonitorAlert
from models.unit import transaction
from services.alerts import raise_alert
from services.automatic_refunds import tell
from services.fiscal_bills import bill_soon
from services.items import Items
from services.packages import Packages
from services.ports import Tills
from services.ports.refunds import ChannelRefund
from services.refund_shares import note_on_case
from services.transitions import Transitions

CURRENCY = "CNY"
ABNORMAL = "refund_abnormal"
STUCK = "refund_stuck"
MISMATCHED = "refund_mismatch"

log = structlog.get_logger(__name__)


class RefundSource(StrEnum):
    """How we came to hear it."""

    ANSWER = "ANSWER"
    QUERY = "QUERY"
    CALLBACK = "CALLBACK"


class RefundOutcome(StrEnum):
    """What became of a statement; MISMATCH and UNKNOWN_REFUND are quarantine, and count nothing."""

    COUNTED = "COUNTED"
    MISMATCH = "MISMATCH"
    UNKNOWN_REFUND = "UNKNOWN_REFUND"


@dataclass(frozen=True)
class Statement:
    """One thing that ``channel`` said; the same ``id`` is the same thing said again."""

    id: str
    source: RefundSource
    refund: ChannelRefund
    channel: str

    @classmethod
    def asked(cls, source: RefundSource, refund: ChannelRefund, channel: str) -> "Statement":
        """Return an answer: however often it is given, the same one is one event."""
        told = f"{source.value}:{refund.state.value}:{refund.number}"
        return cls(told, source, refund, channel)


async def held(refund: Refund) -> tuple[Case, PaymentOrder, Refund]:
    """Hold the case's row, then the order's, then the refund's, and return them as they are."""
    case = await Case.filter(id=refund.case_id).select_for_update().get()
    order = await PaymentOrder.filter(id=refund.order_id).select_for_update().get()
    return case, order, await Refund.filter(id=refund.id).select_for_update().get()


@dataclass(frozen=True)
class RefundStatements:
    tills: Tills
    items: Items
    transitions: Transitions
    packages: Packages

    async def record(self, statement: Statement) -> RefundOutcome:
        """Keep a statement and let it take effect; a repeated one has its first outcome again."""
        try:
            return await self._record(statement)
        except Duplicate:
            # Its copy was quicker, for a refund that is not ours to lock.
            return await self._record(statement)

    @transaction
    async def _record(self, statement: Statement) -> RefundOutcome:
        refund = await Refund.get_or_none(number=statement.refund.number)
        case = order = None
        if refund is not None:
            case, order, refund = await held(refund)
        known = await RefundEvent.get_or_none(event_id=statement.id)
        if known is not None:
            return RefundOutcome(known.outcome)
        outcome = await self._judge(refund, order, statement)
        await self._keep(statement, refund, outcome)
        if outcome is not RefundOutcome.COUNTED:
            number = statement.refund.number
            log.error("refund.quarantined", refund=number, outcome=outcome.value)
            if refund is not None and case is not None:
                await self.alarm(case, refund, MISMATCHED)
        elif refund is not None and case is not None:
            await self._take_effect(case, refund, statement.refund)
        return outcome

    async def _judge(
        self, refund: Refund | None, order: PaymentOrder | None, statement: Statement
    ) -> RefundOutcome:
        if refund is None or order is None:
            return RefundOutcome.UNKNOWN_REFUND
        said, till = statement.refund, self.tills.get(order.channel)
        if till is None or statement.channel != order.channel:
            return RefundOutcome.MISMATCH
        ours = (order.number, refund.amount_fen, order.amount_fen)
        right = (said.order_number, said.amount_fen, said.total_fen) == ours
        right &= said.merchant in (None, till.merchant) and said.currency in (None, CURRENCY)
        right &= refund.channel_refund_id in (None, said.channel_id)
        right &= order.transaction_id in (None, said.transaction_id)
        others = Refund.filter(channel_refund_id=said.channel_id).exclude(id=refund.id)
        if not right or await others.exists():
            return RefundOutcome.MISMATCH
        return RefundOutcome.COUNTED

    async def _keep(
        self, statement: Statement, refund: Refund | None, outcome: RefundOutcome
    ) -> None:
        said = statement.refund
        await RefundEvent.create(
            id=uuid7(),
            refund_id=None if refund is None else refund.id,
            source=statement.source.value,
            event_id=statement.id,
            status=said.state.value,
            outcome=outcome.value,
            channel_refund_id=said.channel_id,
            amount_fen=said.amount_fen,
            at=self.transitions.clock.now(),
        )

    async def _take_effect(self, case: Case, refund: Refund, said: ChannelRefund) -> None:
        before = refund.status
        counted = RefundEvent.filter(refund_id=refund.id, outcome=RefundOutcome.COUNTED.value)
        every = await counted.values_list("status", flat=True)
        status = reduce([RefundState(str(each)) for each in every])
        replaced = before == RefundStatus.CLOSED.value
        if status is None or (replaced and status is not RefundStatus.PAID):
            return
        if replaced:
            # The channel had proven that no money would move: now it may have moved twice.
            await self.alarm(case, refund, MISMATCHED)
        refund.status, refund.channel_refund_id = status.value, said.channel_id
        refund.sent_at = refund.sent_at or self.transitions.clock.now()
        if said.state is RefundState.SUCCESS:
            # Money arrives once: what is told again later does not move the day.
            refund.paid_at = refund.paid_at or said.settled_at
        await refund.save(update_fields=["status", "channel_refund_id", "sent_at", "paid_at"])
        if refund.status != before:
            await self._moved(case, refund, status)

    async def _moved(self, case: Case, refund: Refund, status: RefundStatus) -> None:
        log.info("refund.moved", refund=refund.number, status=status.value)
        if status is RefundStatus.PAID:
            await tell(self.transitions.jobs, refund)
            order = await PaymentOrder.get(id=refund.order_id)
            await bill_soon(self.transitions.jobs, order, refund.number)
            await self._calm(case)
        elif status is RefundStatus.ABNORMAL:
            await self.alarm(case, refund, ABNORMAL)
        if refund.reason != RefundReason.SURPLUS.value:
            await note_on_case(case)
        if status is RefundStatus.PAID:
            # Money that arrived has arrived for good, so each refund makes one package at most.
            item = await self.items.version(case.item_version_id)
            await self.packages.payment_changed(case, item)
        self.transitions.look_again(case)

    async def alarm(self, case: Case, refund: Refund, code: str) -> None:
        """Put a refund before its department's operator, once while nobody has dealt with it."""
        if await MonitorAlert.exists(case_id=case.id, code=code, resolved_at=None):
            return
        item = await self.items.version(case.item_version_id)
        await raise_alert(
            self.transitions.clock.now(),
            AlertKind.OUT_OF_ORDER,
            MonitorLight.RED,
            code,
            owner=(Role.DEPT, item.agency),
            case_id=case.id,
            data={"refund": refund.number},
        )

    async def _calm(self, case: Case) -> None:
        """End what was alarmed of once the money has arrived, if no other refund hangs."""
        hanging = [RefundStatus.ABNORMAL.value, RefundStatus.SENDING.value]
        if not await Refund.exists(case_id=case.id, status__in=hanging):
            await MonitorAlert.filter(
                case_id=case.id, code__in=[ABNORMAL, STUCK], resolved_at=None
            ).update(resolved_at=self.transitions.clock.now(), resolution="退款已到账。")
