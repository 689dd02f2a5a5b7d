"""The counter: results handed to the post or to their owners by window staff."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case
from models.delivery import Delivery
from models.rules.clock_table import ClockName
from models.rules.events import Event, Role
from models.rules.states import DeliveryMethod, State
from models.staff import StaffMember
from models.unit import transaction
from services import scope
from services.access import CaseUnknown
from services.actors import Actor, Officer
from services.alerts import watch
from services.errors import Conflict, Invalid
from services.items import Items
from services.parcels import DeliveryStatus, Parcels
from services.ports import Crypto
from services.transitions import StepNotAllowed, StepNotYours, Transitions
from services.visits import visited, warning_of

CODE_PURPOSE = "delivery.pickup_code"
MOST_FAILURES = 5
# Somebody has signed for the result, on the counter's screen or on the post's slip.
SIGNED = (DeliveryStatus.PICKED_UP.value, DeliveryStatus.SIGNED.value)


class WaybillMissing(Conflict):
    """Nothing can be handed to the post without a waybill."""

    code = "waybill_missing"
    sentence = "这个办件没有可用的寄件单,不能交寄。"


class NotForPickup(Conflict):
    """The applicant did not choose to come."""

    code = "not_for_pickup"
    sentence = "申请人没有选择窗口领取。"


class WrongWindow(Conflict):
    """The applicant chose another window."""

    code = "wrong_window"
    sentence = "申请人选的是另一个窗口。"


class PickupCodeWrong(Invalid):
    """The code is not the one that the owner was shown."""

    code = "pickup_code_wrong"
    sentence = "领取码不对,请核对后重新输入。"


class PickupLocked(Conflict):
    """Five wrong codes: the owner has to ask for a new one on the phone."""

    code = "pickup_locked"
    sentence = "领取码输错次数太多,请申请人在手机上重新选择领取方式,换一个新码。"


class ReceiptNotDue(Conflict):
    """Nobody has signed for a paper result of this case."""

    code = "receipt_not_due"
    sentence = "这个办件没有需要移交的送达回执。"


@dataclass(frozen=True)
class HandedOut:
    """A result that left the counter; ``waybill`` when the post has it.

    ``warning`` tells staff that somebody had to come more often than the item promises.
    """

    case: Case
    waybill: str | None
    warning: str | None = None


@dataclass(frozen=True)
class Counter:
    crypto: Crypto
    items: Items
    transitions: Transitions
    parcels: Parcels

    @transaction
    async def hand_over(self, officer: Officer, case_id: UUID) -> HandedOut:
        """Hand a parcel to the post (T43): the day of posting is the day of service.

        Raises ``CaseUnknown``, ``StepNotYours``, ``StepNotAllowed``, ``WaybillMissing``.
        """
        case, delivery = await self._held(officer, case_id)
        actor = _at_window(officer)
        if delivery.status != DeliveryStatus.ORDERED.value or delivery.waybill is None:
            raise WaybillMissing
        await self._step(case, Event.POST_HANDOVER, actor)
        now = self.transitions.clock.now()
        delivery.status = DeliveryStatus.POSTED.value
        delivery.posted_at = delivery.updated_at = now
        await delivery.save(update_fields=["status", "posted_at", "updated_at"])
        await self.parcels.posted(case, delivery)
        return HandedOut(case, delivery.waybill)

    async def pick_up(self, officer: Officer, case_id: UUID, code: str) -> HandedOut:
        """Hand a result to who shows its pick-up code (T42).

        Raises ``CaseUnknown``, ``StepNotYours``, ``StepNotAllowed``, ``NotForPickup``,
        ``WrongWindow``, ``PickupLocked``, ``PickupCodeWrong``; only the last is counted.
        """
        handed = await self._pick_up(officer, case_id, code)
        if handed is None:
            raise PickupCodeWrong
        return handed

    @transaction
    async def _pick_up(self, officer: Officer, case_id: UUID, code: str) -> HandedOut | None:
        """Return None for a wrong code: its count has to be committed."""
        case, delivery = await self._held(officer, case_id)
        actor = _at_window(officer)
        sealed = delivery.pickup_code_sealed
        if delivery.method != DeliveryMethod.WINDOW.value or sealed is None:
            raise NotForPickup
        if delivery.window_id is not None:
            member = await StaffMember.get(id=officer.id)
            if member.window_id != delivery.window_id:
                raise WrongWindow
        if delivery.pickup_failures >= MOST_FAILURES:
            raise PickupLocked
        if not hmac.compare_digest(self.crypto.open(sealed, CODE_PURPOSE), code.encode()):
            delivery.pickup_failures += 1
            await delivery.save(update_fields=["pickup_failures"])
            return None
        visit = visited(case, self.transitions.clock.now())
        await self._step(case, Event.WINDOW_PICKUP, actor, visit)
        delivery.status = DeliveryStatus.PICKED_UP.value
        delivery.pickup_code_sealed = None
        delivery.updated_at = self.transitions.clock.now()
        await delivery.save(update_fields=["status", "pickup_code_sealed", "updated_at"])
        item = await self.items.version(case.item_version_id)
        return HandedOut(case, None, warning_of(case, item))

    @transaction
    async def pass_receipt(self, officer: Officer, case_id: UUID) -> datetime:
        """Note that the signed receipt (送达回执) went to the department; again changes nothing.

        Raises ``CaseUnknown``, ``StepNotYours`` and ``ReceiptNotDue``.
        """
        case, delivery = await self._watched(officer, case_id)
        _at_window(officer)
        if delivery is None or delivery.status not in SIGNED:
            raise ReceiptNotDue
        if delivery.receipt_passed_at is not None:
            return delivery.receipt_passed_at
        now = self.transitions.clock.now()
        delivery.receipt_passed_at, delivery.receipt_passed_by = now, officer.id
        await delivery.save(update_fields=["receipt_passed_at", "receipt_passed_by"])
        item = await self.items.version(case.item_version_id)
        await self.transitions.clocks.end(case, item, ClockName.RECEIPT_TRANSFER, now)
        return now

    async def _held(self, officer: Officer, case_id: UUID) -> tuple[Case, Delivery]:
        case, delivery = await self._watched(officer, case_id)
        if case.state is not State.RESULT_READY or delivery is None:
            raise StepNotAllowed
        return case, delivery

    async def _watched(self, officer: Officer, case_id: UUID) -> tuple[Case, Delivery | None]:
        case = await Case.filter(id=case_id).select_for_update().get_or_none()
        if case is None or case.submitted_at is None:
            raise CaseUnknown
        item = await self.items.version(case.item_version_id)
        watch(self.transitions.clock, case, item, officer.anyhow)
        delivery = await Delivery.get_or_none(case_id=case_id)
        at = None if delivery is None else delivery.window_id
        await scope.check_serving(officer, case, item, at)
        return case, delivery

    async def _step(
        self, case: Case, event: Event, actor: Actor, changes: Mapping[str, Any] | None = None
    ) -> None:
        item = await self.items.version(case.item_version_id)
        await self.transitions.apply(case, item, event, actor, changes=changes)


def _at_window(officer: Officer) -> Actor:
    if Role.WINDOW not in officer.roles:
        raise StepNotYours
    return officer.acting_as(Role.WINDOW)
