"""Payment (缴费): one open order per fee, and three ways to hear that it was paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import structlog

from models.case import Case
from models.payment import Fee, FiscalBill, PaymentOrder, Waiver
from services import access
from services.acceptance import Acceptance
from services.actors import Citizen
from services.errors import (
    CallbackForged,
    ChannelOrderUnknown,
    Conflict,
    NotFound,
    OutsideUnavailable,
)
from services.fiscal_bills import bills_of
from services.items import Items
from services.orders import OPEN, OrderClosed, Orders, PayerElsewhere, is_payable, newest_fee
from services.ports import (
    WECHAT,
    ChannelOrder,
    Jobs,
    RefundCallback,
    Scene,
    Settlement,
    Tills,
)
from services.refund_statements import RefundSource, RefundStatements, Statement
from services.results import Results
from services.settlements import Outcome, Report, Settlements, Source
from services.tills import Choice, Offer, event_id, offers, till_of
from services.transitions import Transitions
from services.waiver_rows import grounds_of, newest_waiver

# Two who may both pay, and tap at once, close each other's orders; so often one of them tries.
MOST_TURNS = 4
USUAL = Choice()

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
    """An order to be paid now, with what the payer's phone needs for it."""

    order: PaymentOrder
    invocation: Mapping[str, str]


@dataclass(frozen=True)
class Bill:
    """What a case owes or has paid; ``order`` is the newest, ``offers`` how its fee is paid.

    ``grounds`` are the waivers that its item publishes, ``waiver`` is the newest asked for.
    """

    status: str
    fee: Fee | None
    order: PaymentOrder | None
    offers: Sequence[Offer] = ()
    bills: Sequence[FiscalBill] = ()
    grounds: Sequence[str] = ()
    waiver: Waiver | None = None


@dataclass(frozen=True)
class Payments:
    tills: Tills
    items: Items
    transitions: Transitions
    acceptance: Acceptance
    results: Results
    jobs: Jobs

    @cached_property
    def orders(self) -> Orders:
        return Orders(self.transitions.clock, self.jobs, self.items, self.tills)

    @cached_property
    def settlements(self) -> Settlements:
        return Settlements(self.tills, self.items, self.transitions, self.acceptance, self.results)

    @cached_property
    def refund_statements(self) -> RefundStatements:
        packages = self.acceptance.packages
        return RefundStatements(self.tills, self.items, self.transitions, packages)

    async def open_order(
        self, who: Citizen, case_id: UUID, key: str, choice: Choice = USUAL
    ) -> Payable:
        """Return the open order of the case's fee, making it when there is none.

        One that is open in another way, or as another's, is asked about and closed first. Raises
        ``CaseUnknown``, ``NothingToPay``, ``AlreadyPaid``, ``ChannelNotOffered``,
        ``SceneNotOffered``, ``PayerUnknown``, ``PayerElsewhere``, ``PaymentInQuestion``,
        ``OrderClosed`` and ``OutsideUnavailable``: then the same call may be repeated, and meets
        the same order.
        """
        order = await self._claim(who, case_id, key, choice)
        if order.prepay_id is None or Scene(order.scene).fades:
            order = await self._prepay(order, choice.client_ip)
        if order.prepay_id is None:
            raise OrderClosed
        till = till_of(self.tills, order)
        return Payable(order, till.invocation(order.prepay_id, order.scene))

    async def show(self, who: Citizen, case_id: UUID) -> Bill:
        """Return what one's own case owes; raise ``CaseUnknown``."""
        case = await access.seen(who, case_id, self.transitions.clock.now())
        fee = await newest_fee(case)
        mine = PaymentOrder.filter(case_id=case.id).order_by("-created_at", "-id")
        item = await self.items.version(case.item_version_id)
        return Bill(
            case.payment_status,
            fee,
            await mine.first(),
            offers(self.tills, item),
            await bills_of(case),
            grounds_of(item) if fee else (),
            await newest_waiver(case),
        )

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

    async def callback(self, channel: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take a callback of a channel; raise ``CallbackForged`` for what is not provably its own.

        Whatever else is wrong with it is ours to look into: the channel has done its part.
        """
        if channel not in self.tills:
            raise CallbackForged
        said = self.tills[channel].read_callback(headers, body)
        told = event_id(channel, said.id)
        if isinstance(said, RefundCallback):
            back = Statement(told, RefundSource.CALLBACK, said.refund, channel)
            await self.refund_statements.record(back)
        else:
            report = Report(told, Source.CALLBACK, said.payment, channel)
            await self.settlements.record(report)

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

    async def _claim(self, who: Citizen, case_id: UUID, key: str, choice: Choice) -> PaymentOrder:
        for _ in range(MOST_TURNS):
            claim = await self.orders.claim(who, case_id, key, choice)
            if claim.stands:
                return claim.order
            await self._retire(claim.order)
        raise PayerElsewhere

    async def _prepay(self, order: PaymentOrder, client_ip: str | None) -> PaymentOrder:
        till = till_of(self.tills, order)
        handle = await till.prepay(await self._wish(order, client_ip))
        try:
            return await self.orders.keep_prepay(order, handle)
        except OrderClosed:
            # Whoever closed it may have done so before it was opened there.
            await self._close(order)
            raise

    async def _wish(self, order: PaymentOrder, client_ip: str | None) -> ChannelOrder:
        """Return an order as its channel gets it; only a treasury is told who owes."""
        fee, case = await Fee.get(id=order.fee_id), await Case.get(id=order.case_id)
        item = await self.items.version(case.item_version_id)
        name = ""
        if order.channel != WECHAT:
            name = await self.acceptance.fees.applicants.name_of(case.account_id)
        return ChannelOrder(
            number=order.number,
            description=fee.name,
            amount_fen=order.amount_fen,
            payer=order.payer,
            expires_at=order.expires_at,
            scene=order.scene,
            client_ip=client_ip,
            payer_name=name,
            revenue_code=item.body["fee"].get("revenue_code"),
            case_no=case.case_no or "",
        )

    async def _follow(self, order: PaymentOrder) -> Outcome | None:
        """Ask the channel for an order; None when it was not paid yet."""
        payment = await till_of(self.tills, order).query(order.number)
        if payment.settlement in (Settlement.PENDING, Settlement.FAILED):
            return None
        # However often it is asked, the same answer is one event.
        what = f"{payment.settlement.value}:{payment.transaction_id or order.number}"
        told = event_id(order.channel, f"query:{what}")
        return await self.settlements.record(Report(told, Source.QUERY, payment, order.channel))

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
        if outcome is None:
            outcome = await self._close(order)
        if outcome is Outcome.MISMATCH:
            raise PaymentInQuestion

    async def _close(self, order: PaymentOrder) -> Outcome | None:
        """Close an order at its channel, then here; return what became of it if it was paid.

        Raises ``OutsideUnavailable`` while nothing is certain.
        """
        try:
            await till_of(self.tills, order).close(order.number)
        except OutsideUnavailable:
            # Paid between the question and the close, perhaps: what it says now decides.
            outcome = await self._follow(order)
            if outcome is None:
                raise
            return outcome
        await self.orders.close(order)
        return None
