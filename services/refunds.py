"""Refunds (退费) on their way: sent under one number until the channel has it, asked after until
the money has arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from models.message import Message
from models.payment import PaymentOrder, Refund
from models.rules.refunds import RefundReason, RefundState, RefundStatus, Track
from models.unit import transaction
from services.announcements import announce
from services.errors import ChannelRefundUnknown, OutsideUnavailable
from services.ports.refunds import RefundChannel, RefundChannels, RefundWish
from services.refund_statements import (
    STUCK,
    RefundOutcome,
    RefundSource,
    RefundStatements,
    Statement,
    held,
)
from services.refund_words import message_of

SWEEP = "refund.sweep"
FIRST_SWEEP = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
# After 1 + 2 + 4 + 8 + 16 + 32 minutes somebody should look why the channel does not take it.
STUCK_AFTER = 6
READY = {
    Track.AUTOMATIC.value: RefundStatus.REQUESTED.value,
    Track.ADMINISTRATIVE.value: RefundStatus.FINANCE_APPROVED.value,
    Track.REISSUED.value: RefundStatus.FINANCE_APPROVED.value,
}
WATCHED = [
    RefundStatus.SENDING.value,
    RefundStatus.SENT.value,
    RefundStatus.ABNORMAL.value,
]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sending:
    """A refund that was about to be sent, or may have been."""

    refund: Refund
    order: PaymentOrder

    @property
    def wish(self) -> RefundWish:
        return RefundWish(
            number=self.refund.number,
            order_number=self.order.number,
            amount_fen=self.refund.amount_fen,
            total_fen=self.order.amount_fen,
            reason=RefundReason(self.refund.reason).zh,
        )


@dataclass(frozen=True)
class Refunds:
    """``channels`` are those that can give back, by the name that orders keep."""

    channels: RefundChannels
    statements: RefundStatements

    async def send(self, payload: Mapping[str, Any]) -> None:
        """Send a refund (job: number, again); one that is under way is left alone.

        That it is being sent is on record before the channel hears of it; whatever becomes of the
        call, the sweeps find out under the same number. With ``again`` one that failed is retried.
        """
        sending = await self._claim(payload["number"], again=bool(payload.get("again")))
        if sending is not None:
            await self._guarded(sending, self._ask)

    async def sweep(self, payload: Mapping[str, Any]) -> None:
        """Ask after a refund until its money has arrived (job: number, round)."""
        sending = await self._next_sweep(payload["number"], int(payload["round"]))
        if sending is not None:
            await self._guarded(sending, self._follow)

    async def ask(self, number: str) -> None:
        """Ask the channel for a refund now; what it says takes effect as ever."""
        refund = await Refund.get(number=number).select_related("order")
        await self._guarded(Sending(refund, refund.order), self._follow)

    async def state_at_channel(self, number: str) -> RefundState | None:
        """Ask the channel now and return what it proves; None when that does not fit ours.

        What it says takes effect as ever. Raises ``OutsideUnavailable`` when nobody can tell.
        """
        refund = await Refund.get(number=number).select_related("order")
        channel = self.channels.get(refund.order.channel)
        if channel is None:
            return None
        said = await channel.query(number)
        told = Statement.asked(RefundSource.QUERY, said, refund.order.channel)
        outcome = await self.statements.record(told)
        return said.state if outcome is RefundOutcome.COUNTED else None

    @transaction
    async def tell(self, payload: Mapping[str, Any]) -> None:
        """Have the applicant told of a refund's step (job: number, status); again tells nothing."""
        refund = await Refund.get(number=payload["number"])
        case, _, refund = await held(refund)
        status = RefundStatus(payload["status"])
        words = message_of(status, Track(refund.track), refund.amount_fen)
        key = f"refund:{refund.number}:{status.value}"
        if words is None or await Message.exists(key=key):
            return
        transitions = self.statements.transitions
        await announce(transitions.jobs, case, words, transitions.clock.now(), key=key)

    async def _guarded(self, sending: Sending, act: Any) -> None:
        channel = self.channels.get(sending.order.channel)
        if channel is None:
            log.error("refund.no_channel", refund=sending.refund.number)
            return
        try:
            await act(channel, sending)
        except OutsideUnavailable as problem:
            # An error answer is not signed: it decides nothing, the next sweep asks.
            reason = getattr(problem, "reason", "")
            log.warning(
                "refund.unanswered",
                refund=sending.refund.number,
                error=problem.code,
                reason=reason,
            )

    async def _ask(self, channel: RefundChannel, sending: Sending) -> None:
        said = await channel.refund(sending.wish)
        await self.statements.record(
            Statement.asked(RefundSource.ANSWER, said, sending.order.channel)
        )

    async def _follow(self, channel: RefundChannel, sending: Sending) -> None:
        try:
            said = await channel.query(sending.refund.number)
        except ChannelRefundUnknown:
            # It never arrived, or so it seems; the same number cannot become two refunds.
            if sending.refund.status == RefundStatus.SENDING.value:
                await self._ask(channel, sending)
            return
        await self.statements.record(
            Statement.asked(RefundSource.QUERY, said, sending.order.channel)
        )

    @transaction
    async def _claim(self, number: str, *, again: bool) -> Sending | None:
        _, order, refund = await held(await Refund.get(number=number))
        if again and refund.status in WATCHED:
            return Sending(refund, order)
        if refund.status == RefundStatus.SENDING.value:
            # The job was broken off between its record and the answer.
            return Sending(refund, order)
        if refund.status != READY[refund.track]:
            return None
        refund.status = RefundStatus.SENDING.value
        refund.sent_at = self.statements.transitions.clock.now()
        await refund.save(update_fields=["status", "sent_at"])
        await self._enqueue(number, 0)
        return Sending(refund, order)

    @transaction
    async def _next_sweep(self, number: str, turn: int) -> Sending | None:
        """Queue the sweep after this one and return the refund; None when it is over."""
        case, order, refund = await held(await Refund.get(number=number))
        if refund.status not in WATCHED:
            return None
        if turn >= STUCK_AFTER and refund.status == RefundStatus.SENDING.value:
            await self.statements.alarm(case, refund, STUCK)
        await self._enqueue(number, turn + 1)
        return Sending(refund, order)

    async def _enqueue(self, number: str, turn: int) -> None:
        pause = min(FIRST_SWEEP * 2 ** min(turn, 10), LONGEST_PAUSE)
        # The running job holds its own key until it is done, so each turn has its own.
        await self.statements.transitions.jobs.enqueue(
            SWEEP,
            {"number": number, "round": turn},
            after=pause,
            key=f"{SWEEP}:{number}:{turn}",
        )
