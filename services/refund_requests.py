"""Administrative refunds (退费申请): asked for by the payer or by staff, never paid out unasked.

What was asked for is then checked by the 执收单位 and approved by 财政 (``services.refund_desk``).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from models.case import Case
from models.ids import uuid7
from models.payment import PaymentOrder, Refund
from models.rules.mandates import Act
from models.rules.refunds import (
    MOST_REFUNDS,
    WITHIN_DAYS,
    RefundReason,
    RefundStatus,
    Track,
)
from models.unit import transaction
from services import access, desk
from services.actors import Actor, Citizen, Officer
from services.audit import Audit
from services.automatic_refunds import new_number, tell
from services.cases import Cases
from services.errors import Conflict, FieldFault, Invalid
from services.fees import Fees
from services.idempotency import Once
from services.refund_shares import left_of, note_on_case, settled_orders

# Whoever was refused three times may ask at the window.
MOST_REFUSED = 3


class NothingToRefund(Conflict):
    """The case's fee was not paid, or all of it went back or is about to."""

    code = "nothing_to_refund"
    sentence = "这个办件没有可以退的费用。"


class RefundUnderWay(Conflict):
    """A refund of the same order waits for its answer."""

    code = "refund_under_way"
    sentence = "已经有一笔退费申请正在办理,请等它办完。"


class RefundTooMuch(Invalid):
    """More than is left of what was paid; ``facts`` tell how much that is."""

    code = "refund_too_much"
    sentence = "退费金额要大于零,不能超过还可以退的金额。"


class RefundTooLate(Conflict):
    """The channel gives back within a year of the payment."""

    code = "refund_too_late"
    sentence = "缴费已经超过一年,不能原路退回,请到窗口办理。"


class RefundsUsedUp(Conflict):
    """The payer was refused three times, or the channel's fifty parts are used up."""

    code = "refunds_used_up"
    sentence = "这笔费用不能再在网上申请退费,请到窗口办理。"


class FeeNotLower(Conflict):
    """By the new measurement nothing was paid too much."""

    code = "fee_not_lower"
    sentence = "按新的数据核定,费用没有减少,不用退费。"


@dataclass(frozen=True)
class Wish:
    """What is asked for: all that is left unless ``amount_fen`` says how much of it."""

    reason: RefundReason
    remark: str
    amount_fen: int | None = None

    def facts(self, case: Case, refund: Refund) -> Mapping[str, Any]:
        """Return what the audit log keeps: no word that somebody wrote, but its digest."""
        return {
            "case_id": str(case.id),
            "reason": self.reason.value,
            "amount_fen": refund.amount_fen,
            "remark_sha256": hashlib.sha256(self.remark.encode()).hexdigest(),
        }


@dataclass(frozen=True)
class RefundRequests:
    cases: Cases
    fees: Fees
    audit: Audit

    async def list(self, who: Citizen, case_id: UUID) -> Sequence[Refund]:
        """Return a case's refunds, the newest first; raise ``CaseUnknown``."""
        case = await access.seen(who, case_id, self.cases.clock.now())
        return await Refund.filter(case_id=case.id).order_by("-created_at", "-id")

    @transaction
    async def request(
        self, who: Citizen, case_id: UUID, remark: str, key: str, *, amount_fen: int | None = None
    ) -> Refund:
        """Ask for a case's own fee to go back, all that is left of it or a part.

        Raises ``CaseUnknown``, ``ActNotGranted``, ``NothingToRefund``, ``RefundUnderWay``,
        ``RefundTooMuch``, ``RefundTooLate``, ``RefundsUsedUp``; nothing changed then.
        """
        case = await access.held(who, case_id, self.cases.clock.now(), Act.PAY)
        once = Once.of(str(who.account_id), key, "refund", case_id, remark, amount_fen)
        if (given := await once.answered()) is not None:
            return await Refund.get(number=given["number"])
        wish = Wish(RefundReason.APPLICANT, remark, amount_fen)
        refund = await self._open(case, wish, who.actor)
        await once.answer({"number": refund.number}, self.cases.clock)
        return refund

    @transaction
    async def propose(
        self, officer: Officer, case_id: UUID, remark: str, *, amount_fen: int | None = None
    ) -> Refund:
        """Ask, as who handles the case, for its fee to go back; raises like ``request``."""
        found = await desk.locked(self.cases, officer, case_id)
        wish = Wish(RefundReason.STAFF, remark, amount_fen)
        return await self._open(found.case, wish, officer.anyhow)

    @transaction
    async def remeasure(
        self, officer: Officer, case_id: UUID, remark: str, measured: Mapping[str, Any]
    ) -> Refund:
        """Ask for what was paid too much by a new measurement, as the published rules count it.

        Raises ``FeeUndetermined``, ``FeeNotLower``, and like ``request``.
        """
        found = await desk.locked(self.cases, officer, case_id)
        owed = await self.fees.measured_anew(found.case, found.item, measured)
        orders = await settled_orders(found.case)
        kept = sum([await left_of(each) for each in orders])
        if not orders:
            raise NothingToRefund
        if kept <= owed:
            raise FeeNotLower
        wish = Wish(RefundReason.REMEASURED, remark, kept - owed)
        return await self._open(found.case, wish, officer.anyhow)

    async def _open(self, case: Case, wish: Wish, by: Actor) -> Refund:
        order, left = await self._order(case)
        amount = left if wish.amount_fen is None else wish.amount_fen
        if not 0 < amount <= left:
            fault = FieldFault("/amount_fen", RefundTooMuch.sentence)
            raise RefundTooMuch(faults=[fault], facts={"left_fen": left})
        refund = await Refund.create(
            id=uuid7(),
            order_id=order.id,
            case_id=case.id,
            number=new_number(self.cases.clock.now()),
            track=Track.ADMINISTRATIVE.value,
            reason=wish.reason.value,
            remark=wish.remark,
            amount_fen=amount,
            status=RefundStatus.REQUESTED.value,
            requested_by=f"{by.role.value}:{by.id}",
            created_at=self.cases.clock.now(),
        )
        facts = wish.facts(case, refund)
        await self.audit.record(by, "refund.request", "refund", refund.id, facts)
        await tell(self.cases.transitions.jobs, refund)
        await note_on_case(case)
        self.cases.transitions.look_again(case)
        return refund

    async def _order(self, case: Case) -> tuple[PaymentOrder, int]:
        """Return the order of the case's own fee that something is left of, and how much."""
        orders = await settled_orders(case)
        known = await Refund.filter(order_id__in=[each.id for each in orders])
        if any(RefundStatus(each.status).is_being_decided for each in known):
            raise RefundUnderWay
        for order in orders:
            left = await left_of(order)
            if left > 0:
                self._check(order, [each for each in known if each.order_id == order.id])
                return order, left
        raise NothingToRefund

    def _check(self, order: PaymentOrder, known: Sequence[Refund]) -> None:
        refused = [each for each in known if each.status == RefundStatus.REFUSED.value]
        asked = [each for each in refused if each.reason == RefundReason.APPLICANT.value]
        if len(asked) >= MOST_REFUSED or len(known) - len(refused) >= MOST_REFUNDS:
            raise RefundsUsedUp
        now = self.cases.clock.now()
        if order.paid_at is None or now - order.paid_at > timedelta(days=WITHIN_DAYS):
            raise RefundTooLate
