"""财政电子票据: a blue bill for what a case paid into the treasury, red ones for what went back.

What is due is read from the books at each look (settled orders without a blue bill, refunds that
have arrived without a red one), so a look that comes twice, late or after a crash does no harm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from models.case import Case
from models.database import Duplicate
from models.ids import uuid7
from models.payment import FiscalBill, PaymentOrder, Refund
from models.rules.events import Role
from models.rules.refunds import RefundReason, RefundStatus
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.supervision import MonitorAlert
from models.unit import transaction
from services.alerts import raise_alert
from services.errors import OutsideUnavailable
from services.items import Items
from services.orders import OrderStatus
from services.ports import NONTAX, Jobs
from services.ports.fiscal import BillKind, FiscalBills, IssuedBill, RedWish
from services.transitions import Transitions

BILL = "payment.bill"
FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
# After 1 + 2 + 4 + 8 + 16 + 32 minutes somebody should look why no bill comes.
STUCK_AFTER = 6
STUCK = "fiscal_bill_stuck"
ISSUED = "票据已经开具。"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Missing:
    """An order whose bills are not all there: the blue one, or red ones for these refunds."""

    order: PaymentOrder
    blue: FiscalBill | None
    refunds: Sequence[Refund]


async def bill_soon(jobs: Jobs, order: PaymentOrder, cause: str) -> None:
    """Have the bills of an order looked after, once the transaction has committed.

    Only what the treasury took has any. ``cause`` is what made one due: of the same cause one look
    waits.
    """
    if order.channel != NONTAX:
        return
    payload = {"number": order.number, "cause": cause, "round": 0}
    await jobs.enqueue(BILL, payload, key=f"{BILL}:{order.number}:{cause}:0")


@dataclass(frozen=True)
class FiscalBilling:
    """``issuers`` are those who issue bills, by the channel of what was paid."""

    issuers: Mapping[str, FiscalBills]
    items: Items
    transitions: Transitions

    async def issue(self, payload: Mapping[str, Any]) -> None:
        """Issue what an order lacks (job: number, cause, round), again until it lacks nothing."""
        missing = await self._next(payload["number"], payload["cause"], int(payload["round"]))
        if missing is None:
            return
        issuer = self.issuers.get(missing.order.channel)
        if issuer is None:
            # Taken out of the settings, perhaps for a while: what is due stays due.
            log.error("bill.no_issuer", order=missing.order.number)
            return
        try:
            await self._issue(issuer, missing)
        except OutsideUnavailable as problem:
            # The bill may have been issued all the same: the next look finds the same one.
            reason = getattr(problem, "reason", "")
            log.warning(
                "bill.unanswered", order=missing.order.number, error=problem.code, reason=reason
            )
        except Duplicate as clash:
            # The number of another bill: somebody has to ask the issuer what it means.
            log.error("bill.mismatch", order=missing.order.number, constraint=clash.constraint)

    @transaction
    async def _next(self, number: str, cause: str, turn: int) -> Missing | None:
        """Queue the look after this one and return what is missing; None when nothing is."""
        order = await PaymentOrder.get(number=number)
        missing = await self._missing(order)
        if missing is None:
            await self._calm(order)
            return None
        if turn >= STUCK_AFTER:
            await self._alarm(order)
        pause = min(FIRST_PAUSE * 2 ** min(turn, 10), LONGEST_PAUSE)
        # The running job holds its own key until it is done, so each turn has its own.
        await self.transitions.jobs.enqueue(
            BILL,
            {"number": number, "cause": cause, "round": turn + 1},
            after=pause,
            key=f"{BILL}:{number}:{cause}:{turn + 1}",
        )
        return missing

    async def _missing(self, order: PaymentOrder) -> Missing | None:
        bills = await FiscalBill.filter(order_id=order.id)
        blue = next((each for each in bills if each.kind == BillKind.BLUE.value), None)
        if blue is None and not await _is_settled(order):
            # Money that was never a fee goes back as it came: no bill, and none to reverse.
            return None
        reversed_ = {each.refund_id for each in bills}
        arrived = Refund.filter(order_id=order.id, status=RefundStatus.PAID.value)
        left = [
            each for each in await arrived.order_by("paid_at", "id") if each.id not in reversed_
        ]
        return Missing(order, blue, left) if blue is None or left else None

    async def _issue(self, issuer: FiscalBills, missing: Missing) -> None:
        order, blue = missing.order, missing.blue
        if blue is None:
            said = await issuer.issue(order.number, order.amount_fen)
            blue = await self._keep(order, said, None)
        for refund in missing.refunds:
            wish = RedWish(
                code=blue.code,
                number=blue.number,
                refund_number=refund.number,
                amount_fen=refund.amount_fen,
                reason=RefundReason(refund.reason).zh,
            )
            await self._keep(order, await issuer.reverse(wish), refund)

    @transaction
    async def _keep(
        self, order: PaymentOrder, said: IssuedBill, refund: Refund | None
    ) -> FiscalBill:
        """Keep a bill once; whoever else looked meanwhile has kept the same."""
        case = await Case.filter(id=order.case_id).select_for_update().get()
        known = await FiscalBill.get_or_none(
            order_id=order.id, kind=said.kind.value, refund_id=refund.id if refund else None
        )
        if known is not None:
            return known
        bill = await FiscalBill.create(
            id=uuid7(),
            order_id=order.id,
            case_id=case.id,
            refund_id=refund.id if refund else None,
            kind=said.kind.value,
            code=said.code,
            number=said.number,
            check_code=said.check_code,
            amount_fen=said.amount_fen,
            url=said.url,
            issued_at=said.issued_at,
            created_at=self.transitions.clock.now(),
        )
        log.info("bill.issued", order=order.number, kind=bill.kind, code=bill.code)
        self.transitions.look_again(case)
        return bill

    async def _alarm(self, order: PaymentOrder) -> None:
        """Put it before the department's operator, once while nobody has dealt with it."""
        if await MonitorAlert.exists(case_id=order.case_id, code=STUCK, resolved_at=None):
            return
        case = await Case.get(id=order.case_id)
        item = await self.items.version(case.item_version_id)
        await raise_alert(
            self.transitions.clock.now(),
            AlertKind.OUT_OF_ORDER,
            MonitorLight.RED,
            STUCK,
            owner=(Role.DEPT, item.agency),
            case_id=case.id,
            data={"order": order.number},
        )

    async def _calm(self, order: PaymentOrder) -> None:
        await MonitorAlert.filter(case_id=order.case_id, code=STUCK, resolved_at=None).update(
            resolved_at=self.transitions.clock.now(), resolution=ISSUED
        )


async def bills_of(case: Case) -> Sequence[FiscalBill]:
    """Return the bills of a case in the order in which they were issued."""
    return await FiscalBill.filter(case_id=case.id).order_by("issued_at", "id")


async def _is_settled(order: PaymentOrder) -> bool:
    """Tell whether an order's money is its case's fee."""
    return await PaymentOrder.exists(
        id=order.id, status=OrderStatus.PAID.value, fee__settled_at__isnull=False
    )
