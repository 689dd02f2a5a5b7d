"""Reconciliation (对账): every day the channel's bill is held against our books, and mended where
asking once more is enough; whatever is left waits for an operator.

Nothing here writes the state of an order, a fee or a refund: a payment that was missed takes
effect in the same way as if its callback had come.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import partial

import structlog

from models.database import rows
from models.ids import uuid7
from models.reconciliation import ReconciliationRun
from models.rules.bills import FundFlow, TradeBill
from models.rules.calendar import ONE_DAY, SHANGHAI, day_of, start_of
from models.rules.differences import Difference, Mend
from models.rules.reconciliation import compare
from models.unit import run_in_transaction
from services import differences
from services.actors import SYSTEM, Actor
from services.day_books import read_books
from services.errors import (
    BillAbsent,
    BillDamaged,
    BillPending,
    ChannelOrderUnknown,
    Invalid,
    OutsideUnavailable,
)
from services.payments import PaymentInQuestion
from services.ports import Clock
from services.ports.bills import Bills

# The channel keeps its bills for three months; whoever stood still for longer asks by hand.
LOOKS_BACK = timedelta(days=30)
OLDEST = timedelta(days=90)
# Until then a bill may still come, and after that somebody has to know.
LAST_HOUR = 22
DONE = ("DONE", "EMPTY")
UNDONE = """
SELECT d::date AS day FROM generate_series($2::date, $3::date, interval '1 day') d
WHERE NOT EXISTS (SELECT FROM reconciliation_runs r
    WHERE r.channel = $1 AND r.day = d::date AND r.outcome IN ('DONE', 'EMPTY'))
  OR (EXISTS (SELECT FROM payment_differences p
      WHERE p.channel = $1 AND p.day = d::date AND p.status = 'OPEN')
    AND NOT EXISTS (SELECT FROM reconciliation_runs r
      WHERE r.channel = $1 AND r.day = d::date AND r.started_at >= $4))
ORDER BY d DESC"""
FIRST = "SELECT created_at FROM payment_orders WHERE channel = $1 ORDER BY id LIMIT 1"

Ask = Callable[[str], Awaitable[object]]

log = structlog.get_logger("zhangban.reconciliation")


class RunOutcome(StrEnum):
    """What became of a run. WAITING and DAMAGED changed nothing, and are tried again."""

    DONE = "DONE"
    EMPTY = "EMPTY"
    WAITING = "WAITING"
    UNREACHABLE = "UNREACHABLE"
    DAMAGED = "DAMAGED"


class DayNotOver(Invalid):
    """The bill of a day is made when the day is over, and kept for three months."""

    code = "bill_day_invalid"
    sentence = "只能对三个月以内、今天以前的账。"


@dataclass(frozen=True)
class Asking:
    """How the channel is asked once more, by the number of an order or, if it can, of a refund."""

    order: Ask
    refund: Ask | None = None


@dataclass(frozen=True)
class Reconciliation:
    """``channel`` names the orders that its bills are about."""

    clock: Clock
    bills: Bills
    asking: Asking
    channel: str = "WECHAT"

    async def tick(self) -> None:
        """Run every day that is not done (hourly from 10:30 in China), yesterday first.

        Days with something open are looked at again once a day: an operator may have mended it
        in the channel's own back office.
        """
        now = self.clock.now()
        yesterday = day_of(now) - ONE_DAY
        for day in await self._undone(yesterday):
            run = await self.run(day)
            late = now.astimezone(SHANGHAI).hour >= LAST_HOUR or day < yesterday
            if run.outcome not in DONE and late:
                await run_in_transaction(partial(differences.raise_missing, day, now))

    async def run(self, day: date | None = None, actor: Actor = SYSTEM) -> ReconciliationRun:
        """Reconcile one day, by default yesterday in China; return what became of it.

        Run again it finds nothing twice. Raises ``DayNotOver``.
        """
        started = self.clock.now()
        today = day_of(started)
        day = day or today - ONE_DAY
        if not today - OLDEST <= day < today:
            raise DayNotOver
        run = ReconciliationRun(
            id=uuid7(),
            channel=self.channel,
            day=day,
            started_by=f"{actor.role.value}:{actor.id}" if actor.id else actor.role.value,
            started_at=started,
        )
        try:
            bill, flow = await self._fetch(day)
        except OutsideUnavailable as problem:
            return await self._not_done(run, problem)
        return await self._compare(run, bill, flow)

    async def _fetch(self, day: date) -> tuple[TradeBill, FundFlow]:
        try:
            return await self.bills.trades(day), await self.bills.flow(day)
        except BillAbsent:
            # An error is not signed: that nothing happened is believed only if we think so too.
            if not (await read_books(self.channel, day, TradeBill())).is_idle:
                raise
            return TradeBill(), FundFlow()

    async def _not_done(
        self, run: ReconciliationRun, problem: OutsideUnavailable
    ) -> ReconciliationRun:
        outcome = RunOutcome.UNREACHABLE
        if isinstance(problem, BillDamaged):
            outcome = RunOutcome.DAMAGED
        elif isinstance(problem, BillAbsent | BillPending):
            outcome = RunOutcome.WAITING
        run.outcome, run.finished_at = outcome.value, self.clock.now()
        await run.save(force_create=True)
        log.warning("reconciliation.not_done", day=run.day.isoformat(), outcome=outcome.value)
        return run

    async def _compare(
        self, run: ReconciliationRun, bill: TradeBill, flow: FundFlow
    ) -> ReconciliationRun:
        found = await self._differences(run.day, bill, flow)
        run.found = await run_in_transaction(
            partial(differences.keep, self.channel, run.day, found, self.clock.now())
        )
        if await self._mend(found):
            found = await self._differences(run.day, bill, flow)
        run.payments, run.paid_fen = len(bill.payments), bill.paid_fen
        run.refunds, run.refunded_fen = len(bill.refunds), bill.refunded_fen
        run.trade_digest, run.flow_digest = bill.digest, flow.digest
        run.outcome = (RunOutcome.DONE if bill.digest else RunOutcome.EMPTY).value
        await run_in_transaction(partial(self._finish, run, found))
        log.info(
            "reconciliation.done",
            day=run.day.isoformat(),
            found=run.found,
            mended=run.mended,
            left_open=run.left_open,
        )
        return run

    async def _finish(self, run: ReconciliationRun, left: Sequence[Difference]) -> None:
        now = self.clock.now()
        # What came up while the channel was asked is kept too.
        run.found += await differences.keep(self.channel, run.day, left, now)
        run.mended = await differences.close_gone(self.channel, run.day, left, now, run.started_by)
        run.left_open = await differences.count_open(self.channel, run.day)
        await differences.alarm(now)
        await differences.calm_missing(run.day, now, run.started_by)
        run.finished_at = now
        await run.save(force_create=True)

    async def _differences(
        self, day: date, bill: TradeBill, flow: FundFlow
    ) -> Sequence[Difference]:
        books = await read_books(self.channel, day, bill)
        return compare(f"{self.channel}:{day}", bill, flow, books)

    async def _mend(self, found: Sequence[Difference]) -> bool:
        """Ask the channel for what an answer may mend; tell whether anything was asked."""
        asks = {
            Mend.ASK_ORDER: (self.asking.order, "order"),
            Mend.ASK_REFUND: (self.asking.refund, "refund"),
        }
        asked = False
        for each in found:
            ask, name = asks.get(each.code.mend, (None, ""))
            if ask is None:
                continue
            asked = True
            try:
                await ask(getattr(each, name))
            except (ChannelOrderUnknown, PaymentInQuestion) as problem:
                log.warning("reconciliation.not_mended", key=each.key, error=problem.code)
            except OutsideUnavailable as problem:
                # It answers nobody now: the next run asks for the rest.
                log.warning("reconciliation.not_mended", key=each.key, error=problem.code)
                break
        return asked

    async def _undone(self, yesterday: date) -> Sequence[date]:
        first = await rows(FIRST, [self.channel])
        if not first:
            return []
        since = max(day_of(first[0]["created_at"]), yesterday - LOOKS_BACK)
        today = start_of(yesterday + ONE_DAY)
        found = await rows(UNDONE, [self.channel, since, yesterday, today])
        return [row["day"] for row in found]
