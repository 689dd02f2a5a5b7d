"""Payment (缴费): one open order per fee, and three ways to hear that it was paid."""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import structlog

from models.account import WechatIdentity
from models.case import Case
from models.ids import uuid7
from models.payment import Fee, PaymentOrder
from models.rules.calendar import day_of
from models.unit import transaction
from services.acceptance import Acceptance
from services.actors import Citizen
from services.cases import CaseUnknown
from services.errors import ChannelOrderUnknown, Conflict, OutsideUnavailable
from services.idempotency import Once
from services.items import Items
from services.ports import ChannelOrder, Jobs, PayChannel, Settlement
from services.results import REJECTED, Results
from services.settlements import OPEN, OrderStatus, Outcome, Report, Settlements, Source
from services.transitions import Transitions

SWEEP = "payment.sweep"
FIRST_SWEEP = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
# A prepay id is good for two hours, and so is the order.
LIFE = timedelta(hours=2)
# The channel opens no order that ends within a minute.
LAST_CALL = timedelta(minutes=1)
DIGITS = string.digits + string.ascii_letters
RANDOM_DIGITS = 24

log = structlog.get_logger(__name__)


class NothingToPay(Conflict):
    """The case owes nothing, or nothing any more."""

    code = "nothing_to_pay"
    sentence = "这个办件现在没有要缴的费用。"


class AlreadyPaid(Conflict):
    """The fee is settled."""

    code = "already_paid"
    sentence = "费用已经缴清,不用再缴。"


class PayerUnknown(Conflict):
    """A JSAPI order is paid by one WeChat user, and this account never came in through WeChat."""

    code = "payer_unknown"
    sentence = "请先用微信登录,再缴费。"


class PaymentInQuestion(Conflict):
    """The channel reports a payment that is not the one that was ordered."""

    code = "payment_in_question"
    sentence = "缴费信息需要人工核对,核对好会通知您,请不要重复缴费。"


class OrderClosed(Conflict):
    """The order was closed while it was being opened."""

    code = "order_closed"
    sentence = "这张缴款单已经关闭,请重新发起缴费。"


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
    def settlements(self) -> Settlements:
        return Settlements(
            self.channel, self.items, self.transitions, self.acceptance, self.results
        )

    async def open_order(self, who: Citizen, case_id: UUID, key: str) -> Payable:
        """Return the open order of the case's fee, making it when there is none.

        Raises ``CaseUnknown``, ``NothingToPay``, ``AlreadyPaid``, ``PayerUnknown``,
        ``PaymentInQuestion``, ``OrderClosed`` and ``OutsideUnavailable``: then the same call may
        be repeated, and meets the same order.
        """
        order = await self._claim(who, case_id, key)
        if self._is_late(order):
            await self._retire(order)
            order = await self._claim(who, case_id, key)
        if order.prepay_id is None:
            order = await self._prepay(order)
        if order.prepay_id is None:
            raise OrderClosed
        return Payable(order, self.channel.invocation(order.prepay_id))

    async def show(self, who: Citizen, case_id: UUID) -> Bill:
        """Return what one's own case owes; raise ``CaseUnknown``."""
        case = await Case.of(who.account_id).get_or_none(id=case_id)
        if case is None:
            raise CaseUnknown
        fee = await _newest_fee(case)
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
        await self.settlements.record(Report(said.id, Source.CALLBACK, said.payment))

    async def sweep(self, payload: Mapping[str, Any]) -> None:
        """Look after an open order (job): ask for it, and close it when its time is over."""
        order = await self._next_sweep(payload["number"], int(payload["round"]))
        if order is None:
            return
        try:
            if self._is_late(order) or not await _is_payable(order.case_id):
                await self._retire(order)
            else:
                await self._follow(order)
        except (OutsideUnavailable, PaymentInQuestion) as problem:
            log.warning("payment.sweep_failed", order=order.number, error=problem.code)

    @transaction
    async def _claim(self, who: Citizen, case_id: UUID, key: str) -> PaymentOrder:
        case = await Case.of(who.account_id).select_for_update().get_or_none(id=case_id)
        if case is None:
            raise CaseUnknown
        once = Once.of(str(who.account_id), key, "payment", case_id)
        answered = await once.answered()
        fee = await _newest_fee(case)
        if fee is not None and fee.settled_at is not None:
            raise AlreadyPaid
        if fee is None or not _owes(case):
            raise NothingToPay
        order = await PaymentOrder.get_or_none(fee_id=fee.id, status__in=OPEN)
        if order is None:
            order = await self._create(case, fee)
        if answered is None:
            await once.answer({"number": order.number}, self.transitions.clock)
        return order

    async def _create(self, case: Case, fee: Fee) -> PaymentOrder:
        # An openid is one person's in one mini-program: only the channel's own can pay there.
        known = WechatIdentity.filter(account_id=case.account_id, appid=self.channel.appid)
        payer = await known.order_by("-created_at", "-id").first()
        if payer is None:
            raise PayerUnknown
        now = self.transitions.clock.now()
        random = "".join(secrets.choice(DIGITS) for _ in range(RANDOM_DIGITS))
        order = await PaymentOrder.create(
            id=uuid7(),
            fee_id=fee.id,
            case_id=case.id,
            number=f"{day_of(now):%Y%m%d}{random}",
            amount_fen=fee.amount_fen,
            payer=payer.openid,
            expires_at=now + LIFE,
            created_at=now,
        )
        await self._enqueue(order, 0)
        return order

    async def _prepay(self, order: PaymentOrder) -> PaymentOrder:
        fee = await Fee.get(id=order.fee_id)
        prepay_id = await self.channel.prepay(
            ChannelOrder(order.number, fee.name, order.amount_fen, order.payer, order.expires_at)
        )
        return await self._keep_prepay(order, prepay_id)

    @transaction
    async def _keep_prepay(self, order: PaymentOrder, prepay_id: str) -> PaymentOrder:
        order = await _locked(order)
        if order.status == OrderStatus.PAID.value:
            raise AlreadyPaid
        if order.status == OrderStatus.CREATED.value:
            order.prepay_id, order.status = prepay_id, OrderStatus.PAYING.value
            await order.save(update_fields=["prepay_id", "status"])
        return order

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
            await self._close(order)
            return
        if outcome is Outcome.MISMATCH:
            raise PaymentInQuestion
        if outcome is None:
            await self.channel.close(order.number)
            await self._close(order)

    @transaction
    async def _close(self, order: PaymentOrder) -> None:
        order = await _locked(order)
        if order.status in OPEN:
            order.status = OrderStatus.CLOSED.value
            await order.save(update_fields=["status"])

    @transaction
    async def _next_sweep(self, number: str, turn: int) -> PaymentOrder | None:
        order = await PaymentOrder.get(number=number)
        if order.status not in OPEN:
            return None
        await self._enqueue(order, turn + 1)
        return order

    async def _enqueue(self, order: PaymentOrder, turn: int) -> None:
        pause = min(FIRST_SWEEP * 2 ** min(turn, 10), LONGEST_PAUSE)
        payload = {"number": order.number, "round": turn}
        # The running job holds its own key until it is done, so each turn has its own.
        await self.jobs.enqueue(SWEEP, payload, after=pause, key=f"{SWEEP}:{order.number}:{turn}")

    def _is_late(self, order: PaymentOrder) -> bool:
        return self.transitions.clock.now() + LAST_CALL >= order.expires_at


async def _newest_fee(case: Case) -> Fee | None:
    return await Fee.filter(case_id=case.id).order_by("-created_at", "-id").first()


def _owes(case: Case) -> bool:
    """Tell whether a case that has a fee may still be paid for."""
    return not case.state.closed and case.decision != REJECTED


async def _is_payable(case_id: UUID) -> bool:
    return _owes(await Case.get(id=case_id))


async def _locked(order: PaymentOrder) -> PaymentOrder:
    """Hold the case's row, then the order's, and return the order as it is now."""
    await Case.filter(id=order.case_id).select_for_update().get()
    return await PaymentOrder.filter(id=order.id).select_for_update().get()
