"""Payment (缴费): one open order per fee, and three ways to hear that it was paid."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import structlog

from models.payment import Fee, PaymentOrder
from services import access
from services.acceptance import Acceptance
from services.actors import Citizen
from services.errors import ChannelOrderUnknown, Conflict, NotFound, OutsideUnavailable
from services.items import Items
from services.orders import OPEN, OrderClosed, Orders, is_payable, newest_fee
from services.ports import ChannelOrder, Jobs, PayChannel, RefundCallback, Settlement
from services.refund_statements import RefundSource, RefundStatements, Statement
from services.results import Results
from services.settlements import Outcome, Report, Settlements, Source
from services.transitions import Transitions

log = structlog.get_logger(__name__)


class OrderUnknown(NotFound):
    """No order of ours has this number."""

    code = "order_unknown"
    sentence = "没有找到这张缴款单。"


class PaymentInQuestion(Conflict):
    """The channel reports a payment that is not the one that was ordered."""

    code = "payment_in_question"
    sentence = "缴费信息需要人工核对,核对好会通知您,请不要重复缴费。"


@dataclass(frozen=True)
class Payable:
    """An order to be paid now, with the signed arguments of ``wx.requestPayment``."""

    order: PaymentOrder
    invocation: Mapping[str, str]


@dataclass(frozen=True)
class Bill:
    """What a case owes or has paid; ``order`` is the newest."""

    status: str
    fee: Fee | None
    order: PaymentOrder | None


@dataclass(frozen=True)
class Payments:
    channel: PayChannel
    items: Items
    transitions: Transitions
    acceptance: Acceptance
    results: Results
    jobs: Jobs

    @cached_property
    def orders(self) -> Orders:
        return Orders(self.transitions.clock, self.jobs, self.channel.appid)

    @cached_property
    def settlements(self) -> Settlements:
        return Settlements(
            self.channel, self.items, self.transitions, self.acceptance, self.results
        )

    @cached_property
    def refund_statements(self) -> RefundStatements:
        packages = self.acceptance.packages
        return RefundStatements(self.channel.merchant, self.items, self.transitions, packages)

    async def open_order(self, who: Citizen, case_id: UUID, key: str) -> Payable:
        """Return the open order of the case's fee, making it when there is none.

        Raises ``CaseUnknown``, ``NothingToPay``, ``AlreadyPaid``, ``PayerUnknown``,
        ``PaymentInQuestion``, ``OrderClosed`` and ``OutsideUnavailable``: then the same call may
        be repeated, and meets the same order.
        """
        order = await self.orders.claim(who, case_id, key)
        if self.orders.is_late(order):
            await self._retire(order)
            order = await self.orders.claim(who, case_id, key)
        if order.prepay_id is None:
            order = await self._prepay(order)
        if order.prepay_id is None:
            raise OrderClosed
        return Payable(order, self.channel.invocation(order.prepay_id))

    async def show(self, who: Citizen, case_id: UUID) -> Bill:
        """Return what one's own case owes; raise ``CaseUnknown``."""
        case = await access.seen(who, case_id, self.transitions.clock.now())
        fee = await newest_fee(case)
        mine = PaymentOrder.filter(case_id=case.id).order_by("-created_at", "-id")
        return Bill(case.payment_status, fee, await mine.first())

    async def check(self, who: Citizen, case_id: UUID) -> Bill:
        """Ask the channel now: what the phone says of a payment proves nothing."""
        bill = await self.show(who, case_id)
        if bill.order is None or bill.order.status not in OPEN:
            return bill
        try:
            await self._follow(bill.order)
        except ChannelOrderUnknown:
            return bill
        return await self.show(who, case_id)

    async def callback(self, headers: Mapping[str, str], body: bytes) -> None:
        """Take a callback; raise ``CallbackForged`` for what is not provably the channel's.

        Whatever else is wrong with it is ours to look into: the channel has done its part.
        """
        said = self.channel.read_callback(headers, body)
        if isinstance(said, RefundCallback):
            back = Statement(said.id, RefundSource.CALLBACK, said.refund)
            await self.refund_statements.record(back)
        else:
            await self.settlements.record(Report(said.id, Source.CALLBACK, said.payment))

    async def sweep(self, payload: Mapping[str, Any]) -> None:
        """Look after an open order (job): ask for it, and close it when its time is over."""
        order = await self.orders.next_sweep(payload["number"], int(payload["round"]))
        if order is None:
            return
        try:
            if self.orders.is_late(order) or not await is_payable(order.case_id):
                await self._retire(order)
            else:
                await self._follow(order)
        except (OutsideUnavailable, PaymentInQuestion) as problem:
            log.warning("payment.sweep_failed", order=order.number, error=problem.code)

    async def ask(self, case_id: UUID, *, close: bool) -> bool:
        """Ask the channel for a case's open orders; with ``close`` end those that were not paid.

        A payment that it knows of takes effect. Returns False while something is uncertain.
        """
        try:
            for order in await PaymentOrder.filter(case_id=case_id, status__in=OPEN):
                await (self._retire(order) if close else self._follow(order))
        except (OutsideUnavailable, PaymentInQuestion) as problem:
            log.warning("payment.ask_failed", case_id=str(case_id), error=problem.code)
            return False
        return True

    async def ask_order(self, number: str) -> Outcome | None:
        """Ask the channel for one order of any status; None when it was not paid yet.

        A payment that it knows of takes effect. Raises ``OrderUnknown``, ``ChannelOrderUnknown``
        and ``OutsideUnavailable``.
        """
        order = await PaymentOrder.get_or_none(number=number)
        if order is None:
            raise OrderUnknown
        return await self._follow(order)

    async def _prepay(self, order: PaymentOrder) -> PaymentOrder:
        fee = await Fee.get(id=order.fee_id)
        prepay_id = await self.channel.prepay(
            ChannelOrder(order.number, fee.name, order.amount_fen, order.payer, order.expires_at)
        )
        return await self.orders.keep_prepay(order, prepay_id)

    async def _follow(self, order: PaymentOrder) -> Outcome | None:
        """Ask the channel for an order; None when it was not paid yet."""
        payment = await self.channel.query(order.number)
        if payment.settlement in (Settlement.PENDING, Settlement.FAILED):
            return None
        # However often it is asked, the same answer is one event.
        what = f"{payment.settlement.value}:{payment.transaction_id or order.number}"
        return await self.settlements.record(Report(f"query:{what}", Source.QUERY, payment))

    async def _retire(self, order: PaymentOrder) -> None:
        """End an order whose time is over: a late success is honoured, all else is closed.

        Raises ``PaymentInQuestion``, and ``OutsideUnavailable`` while nothing is certain.
        """
        try:
            outcome = await self._follow(order)
        except ChannelOrderUnknown:
            # Unproven, so believed only of an order whose prepay never got an answer. If it was
            # paid all the same, the callback finds it closed and the money is surplus, not lost.
            if order.prepay_id is not None:
                raise
            await self.orders.close(order)
            return
        if outcome is Outcome.MISMATCH:
            raise PaymentInQuestion
        if outcome is None:
            await self.channel.close(order.number)
            await self.orders.close(order)
