"""Orders (缴款单): at most one open per fee, each with a sweep that looks after it."""

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from models.account import WechatIdentity
from models.case import Case
from models.database import rows
from models.ids import uuid7
from models.payment import Fee, PaymentOrder
from models.rules.calendar import day_of
from models.rules.mandates import Act
from models.rules.privacy import Purpose
from models.rules.states import PaymentStatus
from models.unit import transaction
from services import access, consents, tills
from services.actors import Citizen
from services.errors import Conflict
from services.idempotency import Once
from services.items import Items
from services.ports import WECHAT, Clock, Jobs, Scene, Tills
from services.results import REJECTED
from services.tills import Choice

SWEEP = "payment.sweep"
FIRST_SWEEP = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
# A prepay id is good for two hours, and so is the order.
LIFE = timedelta(hours=2)
# The channel opens no order that ends within a minute.
LAST_CALL = timedelta(minutes=1)
HOLDS = """
SELECT EXISTS (SELECT FROM payment_orders o WHERE o.case_id = $1
  AND (o.status = 'PAID' OR EXISTS (SELECT FROM payment_events e
    WHERE e.order_id = o.id AND e.outcome IN ('SURPLUS', 'MISMATCH')))
  AND o.amount_fen > (SELECT coalesce(sum(r.amount_fen), 0) FROM refunds r
    WHERE r.order_id = o.id AND r.status NOT IN ('REFUSED', 'ABNORMAL', 'CLOSED'))) AS held"""
DIGITS = string.digits + string.ascii_letters
RANDOM_DIGITS = 24


class OrderStatus(StrEnum):
    """Where an order is. It only ever goes forward: nothing undoes PAID or CLOSED."""

    CREATED = "CREATED"
    PAYING = "PAYING"
    PAID = "PAID"
    CLOSED = "CLOSED"


OPEN = (OrderStatus.CREATED.value, OrderStatus.PAYING.value)


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


class PayerElsewhere(Conflict):
    """Others who may pay as well go on opening orders of their own: each closes the one before."""

    code = "payer_elsewhere"
    sentence = "另一位也正在缴这笔费,请稍等一会儿再试。"


class OrderClosed(Conflict):
    """The order was closed while it was being opened."""

    code = "order_closed"
    sentence = "这张缴款单已经关闭,请重新发起缴费。"


@dataclass(frozen=True)
class Claim:
    """The open order of a fee, and whether who asked can pay it as they chose.

    One that does not stand (its time is over, it is another's, or paid elsewhere) has to be
    closed at its channel before there can be another.
    """

    order: PaymentOrder
    stands: bool


@dataclass(frozen=True)
class Orders:
    clock: Clock
    jobs: Jobs
    items: Items
    tills: Tills

    @transaction
    async def claim(self, who: Citizen, case_id: UUID, key: str, choice: Choice) -> Claim:
        """Find the open order of a case's fee, made now when there is none.

        Raises ``CaseUnknown``, ``ActNotGranted``, ``NothingToPay``, ``AlreadyPaid``,
        ``ChannelNotOffered``, ``SceneNotOffered``, ``PayerUnknown``, ``ConsentMissing``,
        ``OrderClosed``.
        """
        case = await access.held(who, case_id, self.clock.now(), Act.PAY)
        once = Once.of(str(who.account_id), key, "payment", case_id, *_told(choice))
        answered = await once.answered()
        fee = await newest_fee(case)
        if fee is None or fee.waived_by is not None:
            raise NothingToPay
        if fee.settled_at is not None:
            raise AlreadyPaid
        if not owes(case):
            raise NothingToPay
        tills.check(self.tills, await self.items.version(case.item_version_id), choice)
        payers = await self._payers(who, choice)
        order = await PaymentOrder.get_or_none(fee_id=fee.id, status__in=OPEN)
        if order is None:
            await consents.check(who.account_id, Purpose.PAYMENT_CHANNEL)
            order = await self._create(case, fee, choice, payers[0])
        elif not self._stands(order, choice, payers):
            if answered is not None and answered["number"] != order.number:
                # A request that is only repeated does not take a fee back from who took it over.
                raise OrderClosed
            # Nobody's order is closed for somebody who could not open one.
            await consents.check(who.account_id, Purpose.PAYMENT_CHANNEL)
            return Claim(order, stands=False)
        if answered is None:
            await once.answer({"number": order.number}, self.clock)
        return Claim(order, stands=True)

    def _stands(self, order: PaymentOrder, choice: Choice, payers: Sequence[str]) -> bool:
        asked = (order.channel, order.scene) == (choice.channel, choice.scene)
        return asked and order.payer in payers and not self.is_late(order)

    async def _payers(self, who: Citizen, choice: Choice) -> Sequence[str]:
        """Return as whom somebody can pay, the newest first; raise ``PayerUnknown``."""
        if choice.scene != Scene.JSAPI.value:
            # Whoever opens it there pays it; who that was is known when it is paid.
            return [""]
        appid = self.tills[choice.channel].appid_of(choice.scene)
        # An openid is one person's in one mini-program: only the channel's own can pay there.
        known = WechatIdentity.filter(account_id=who.account_id, appid=appid)
        openids = [each.openid for each in await known.order_by("-created_at", "-id")]
        if not openids:
            raise PayerUnknown
        return openids

    async def _create(self, case: Case, fee: Fee, choice: Choice, payer: str) -> PaymentOrder:
        now = self.clock.now()
        random = "".join(secrets.choice(DIGITS) for _ in range(RANDOM_DIGITS))
        order = await PaymentOrder.create(
            id=uuid7(),
            fee_id=fee.id,
            case_id=case.id,
            number=f"{day_of(now):%Y%m%d}{random}",
            channel=choice.channel,
            scene=choice.scene,
            amount_fen=fee.amount_fen,
            payer=payer,
            expires_at=now + LIFE,
            created_at=now,
        )
        await self._enqueue(order, 0)
        return order

    @transaction
    async def keep_prepay(self, order: PaymentOrder, prepay_id: str) -> PaymentOrder:
        """Keep the first handle, or the latest of one that fades.

        Raises ``AlreadyPaid`` and ``OrderClosed``.
        """
        order = await _locked(order)
        if order.status == OrderStatus.PAID.value:
            raise AlreadyPaid
        if order.status == OrderStatus.CLOSED.value:
            raise OrderClosed
        if order.status == OrderStatus.CREATED.value or Scene(order.scene).fades:
            order.prepay_id, order.status = prepay_id, OrderStatus.PAYING.value
            await order.save(update_fields=["prepay_id", "status"])
        return order

    @transaction
    async def close(self, order: PaymentOrder) -> None:
        """Close an order that nobody can pay any more; one that was paid stays paid."""
        order = await _locked(order)
        if order.status in OPEN:
            order.status = OrderStatus.CLOSED.value
            await order.save(update_fields=["status"])

    @transaction
    async def next_sweep(self, number: str, turn: int) -> PaymentOrder | None:
        """Queue the sweep after this one and return the order; None when it is over."""
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

    def is_late(self, order: PaymentOrder) -> bool:
        """Tell whether an order ends too soon to be paid."""
        return self.clock.now() + LAST_CALL >= order.expires_at


async def close_soon(jobs: Jobs, case_id: UUID) -> None:
    """Have an order closed that nobody may pay any more (T46), not only at its next sweep.

    In the transaction that ends the debt: until the channel has closed it, it can be paid.
    """
    for order in await PaymentOrder.filter(case_id=case_id, status__in=OPEN):
        payload = {"number": order.number, "round": 0}
        await jobs.enqueue(SWEEP, payload, key=f"{SWEEP}:{order.number}:over")


def _told(choice: Choice) -> Sequence[str]:
    """Return what a request says of its choice; one that says nothing was the only one once."""
    said = (choice.channel, choice.scene)
    return () if said == (WECHAT, Scene.JSAPI.value) else said


async def newest_fee(case: Case) -> Fee | None:
    """Return the fee that a case owes or has paid."""
    return await Fee.filter(case_id=case.id).order_by("-created_at", "-id").first()


def owes(case: Case) -> bool:
    """Tell whether a case that has a fee may still be paid for."""
    waived = case.payment_status == PaymentStatus.WAIVED.value
    return not case.state.closed and case.decision != REJECTED and not waived


async def is_payable(case_id: UUID) -> bool:
    """Tell whether the order of a case may still be paid."""
    return owes(await Case.get(id=case_id))


async def holds_money(case_id: UUID) -> bool:
    """Tell whether somebody's money is in a case and not all of it is on its way back.

    Money in question (another amount, an order that was closed) is money too.
    """
    [found] = await rows(HOLDS, [case_id])
    return bool(found["held"])


async def _locked(order: PaymentOrder) -> PaymentOrder:
    """Hold the case's row, then the order's, and return the order as it is now."""
    await Case.filter(id=order.case_id).select_for_update().get()
    return await PaymentOrder.filter(id=order.id).select_for_update().get()
