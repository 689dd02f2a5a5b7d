"""Orders (缴款单): at most one open per fee, each with a sweep that looks after it."""

import secrets
import string
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
from models.unit import transaction
from services import access, consents
from services.actors import Citizen
from services.errors import Conflict
from services.idempotency import Once
from services.ports import Clock, Jobs
from services.results import REJECTED

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
    """An order is one WeChat user's, and another one who may pay has it open."""

    code = "payer_elsewhere"
    sentence = "另一位正在缴这笔费。等对方缴完,或者缴款单过了两小时失效后再试。"


class OrderClosed(Conflict):
    """The order was closed while it was being opened."""

    code = "order_closed"
    sentence = "这张缴款单已经关闭,请重新发起缴费。"


@dataclass(frozen=True)
class Orders:
    """``appid`` is the mini-program in which an order is paid."""

    clock: Clock
    jobs: Jobs
    appid: str

    @transaction
    async def claim(self, who: Citizen, case_id: UUID, key: str) -> PaymentOrder:
        """Return the open order of a case's fee, made now when there is none.

        Raises ``CaseUnknown``, ``ActNotGranted``, ``NothingToPay``, ``AlreadyPaid``,
        ``PayerUnknown``, ``PayerElsewhere``, ``ConsentMissing``.
        """
        case = await access.held(who, case_id, self.clock.now(), Act.PAY)
        once = Once.of(str(who.account_id), key, "payment", case_id)
        answered = await once.answered()
        fee = await newest_fee(case)
        if fee is not None and fee.settled_at is not None:
            raise AlreadyPaid
        if fee is None or not _owes(case):
            raise NothingToPay
        order = await PaymentOrder.get_or_none(fee_id=fee.id, status__in=OPEN)
        if order is None:
            order = await self._create(who, case, fee)
        elif order.payer not in await self._openids(who):
            raise PayerElsewhere(facts={"expires_at": order.expires_at.isoformat()})
        if answered is None:
            await once.answer({"number": order.number}, self.clock)
        return order

    async def _openids(self, who: Citizen) -> list[str]:
        """Return as whom somebody can pay, the newest first."""
        # An openid is one person's in one mini-program: only the channel's own can pay there.
        known = WechatIdentity.filter(account_id=who.account_id, appid=self.appid)
        return [each.openid for each in await known.order_by("-created_at", "-id")]

    async def _create(self, who: Citizen, case: Case, fee: Fee) -> PaymentOrder:
        openids = await self._openids(who)
        if not openids:
            raise PayerUnknown
        await consents.check(who.account_id, Purpose.PAYMENT_CHANNEL)
        now = self.clock.now()
        random = "".join(secrets.choice(DIGITS) for _ in range(RANDOM_DIGITS))
        order = await PaymentOrder.create(
            id=uuid7(),
            fee_id=fee.id,
            case_id=case.id,
            number=f"{day_of(now):%Y%m%d}{random}",
            amount_fen=fee.amount_fen,
            payer=openids[0],
            expires_at=now + LIFE,
            created_at=now,
        )
        await self._enqueue(order, 0)
        return order

    @transaction
    async def keep_prepay(self, order: PaymentOrder, prepay_id: str) -> PaymentOrder:
        """Keep the first prepay id; raise ``AlreadyPaid`` or ``OrderClosed``."""
        order = await _locked(order)
        if order.status == OrderStatus.PAID.value:
            raise AlreadyPaid
        if order.status == OrderStatus.CLOSED.value:
            raise OrderClosed
        if order.status == OrderStatus.CREATED.value:
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


async def newest_fee(case: Case) -> Fee | None:
    """Return the fee that a case owes or has paid."""
    return await Fee.filter(case_id=case.id).order_by("-created_at", "-id").first()


def _owes(case: Case) -> bool:
    """Tell whether a case that has a fee may still be paid for."""
    return not case.state.closed and case.decision != REJECTED


async def is_payable(case_id: UUID) -> bool:
    """Tell whether the order of a case may still be paid."""
    return _owes(await Case.get(id=case_id))


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
