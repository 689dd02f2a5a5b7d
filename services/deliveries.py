"""Delivery (送达): how the applicant wants the result, and how it is handed out."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from models.case import Case
from models.delivery import Delivery, DeliveryTrack
from models.ids import uuid7
from models.material import ResultDocument
from models.rules import numbers
from models.rules.events import Event
from models.rules.mandates import Act
from models.rules.privacy import Purpose
from models.rules.states import DeliveryMethod, State
from models.staff import Window
from models.unit import transaction
from services import access, addresses, consents
from services.actors import SYSTEM, Citizen, Officer
from services.addresses import Address
from services.counter import CODE_PURPOSE, Counter, HandedOut
from services.errors import Conflict, Invalid
from services.items import Items, PublishedItem
from services.parcels import CREATE, DeliveryStatus, Parcels
from services.ports import Courier, Crypto, Jobs
from services.transitions import Transitions


class MethodRefused(Invalid):
    """The item's result is not handed out in this way."""

    code = "delivery_method_refused"
    sentence = "这个事项的结果不能用这种方式领取。"


class AddressMissing(Invalid):
    """The post needs an address, and only the post."""

    code = "delivery_address_mismatch"
    sentence = "选邮寄要填收件地址,选其他方式不用填。"


class WindowUnknown(Invalid):
    """There is no such window, or the choice is not for a window."""

    code = "window_unknown"
    sentence = "没有找到这个领取窗口。"


class DeliveryFixed(Conflict):
    """The result is on its way, handed out, or will never be."""

    code = "delivery_fixed"
    sentence = "现在不能再改领取方式了。"


class ParcelOrdered(Conflict):
    """The courier has the order: a change would send the result to two places."""

    code = "parcel_ordered"
    sentence = "寄件单已经生成,不能再改。需要改的话请联系窗口。"


@dataclass(frozen=True)
class Choice:
    """How the applicant wants the result; ELECTRONIC is the consent to electronic service."""

    method: DeliveryMethod
    address: Address | None = None
    window_id: str | None = None


@dataclass(frozen=True)
class Shown:
    """A delivery as the owner of the case sees it: the address is masked."""

    options: Sequence[DeliveryMethod]
    delivery: Delivery | None = None
    address: Address | None = None
    pickup_code: str | None = None
    window: Window | None = None
    track: Sequence[DeliveryTrack] = ()


def options_of(item: PublishedItem) -> Sequence[DeliveryMethod]:
    """Return the item's ways, in its order; a township's window is a window."""
    words = ["WINDOW" if word == "TOWNSHIP_PICKUP" else word for word in item.body["delivery"]]
    return [DeliveryMethod(word) for word in dict.fromkeys(words)]


@dataclass(frozen=True)
class Deliveries:
    crypto: Crypto
    items: Items
    transitions: Transitions
    courier: Courier
    jobs: Jobs

    @cached_property
    def _parcels(self) -> Parcels:
        return Parcels(self.crypto, self.items, self.transitions, self.courier, self.jobs)

    @cached_property
    def _counter(self) -> Counter:
        return Counter(self.crypto, self.items, self.transitions, self._parcels)

    async def windows(self) -> Sequence[Window]:
        return await Window.all().order_by("id").select_related("unit")

    @transaction
    async def choose(self, who: Citizen, case_id: UUID, choice: Choice) -> Shown:
        """Choose or change the way of delivery, until the result is on it.

        Raises ``CaseUnknown``, ``DeliveryFixed``, ``ParcelOrdered``, ``MethodRefused``,
        ``AddressMissing``, ``AddressInvalid``, ``WindowUnknown``, ``ConsentMissing``; nothing
        changed then.
        """
        case = await access.held(who, case_id, self.transitions.clock.now(), Act.RECEIVE)
        if case.state.closed or case.state is State.DELIVERING:
            raise DeliveryFixed
        item = await self.items.version(case.item_version_id)
        ready = case.state is State.RESULT_READY
        if choice.method not in options_of(item):
            raise MethodRefused
        if choice.method is DeliveryMethod.POST:
            await consents.check(who.account_id, Purpose.COURIER)
        if ready and choice.method is DeliveryMethod.ELECTRONIC:
            # The paper is made and waits: the table has no way back to electronic service.
            raise DeliveryFixed
        delivery = await self._put(case, choice)
        if ready:
            await self._prepare(case, delivery)
        elif case.state in (State.APPROVED, State.REJECTED):
            await self.route(case, item)
        return await self._shown(case, item)

    async def _put(self, case: Case, choice: Choice) -> Delivery:
        address = await self._checked(choice)
        delivery = await Delivery.get_or_none(case_id=case.id)
        if delivery is None:
            delivery = Delivery(id=uuid7(), case_id=case.id)
        elif delivery.status in (DeliveryStatus.ORDERING.value, DeliveryStatus.ORDERED.value):
            raise ParcelOrdered
        delivery.update_from_dict(
            {
                "method": choice.method.value,
                "address_sealed": None if address is None else addresses.seal(self.crypto, address),
                "window_id": choice.window_id,
                "status": DeliveryStatus.CHOSEN.value,
                "pickup_code_sealed": None,
                "pickup_failures": 0,
                "waybill": None,
                "updated_at": self.transitions.clock.now(),
            }
        )
        await delivery.save()
        return delivery

    async def _checked(self, choice: Choice) -> Address | None:
        by_post = choice.method is DeliveryMethod.POST
        if by_post is not (choice.address is not None):
            raise AddressMissing
        if choice.window_id is not None and (
            choice.method is not DeliveryMethod.WINDOW
            or not await Window.exists(id=choice.window_id)
        ):
            raise WindowUnknown
        return None if choice.address is None else addresses.checked(choice.address)

    async def show(self, who: Citizen, case_id: UUID) -> Shown:
        """Return how one's own result comes; raise ``CaseUnknown``."""
        case = await access.seen(who, case_id, self.transitions.clock.now())
        return await self._shown(case, await self.items.version(case.item_version_id))

    async def _shown(self, case: Case, item: PublishedItem) -> Shown:
        options = options_of(item)
        delivery = await Delivery.get_or_none(case_id=case.id).select_related("window__unit")
        if delivery is None:
            return Shown(options)
        sealed, code = delivery.address_sealed, delivery.pickup_code_sealed
        return Shown(
            options=options,
            delivery=delivery,
            address=addresses.unseal(self.crypto, sealed).masked if sealed else None,
            pickup_code=self.crypto.open(code, CODE_PURPOSE).decode() if code else None,
            window=delivery.window,
            track=await DeliveryTrack.filter(delivery_id=delivery.id).order_by("at", "id"),
        )

    async def route(self, case: Case, item: PublishedItem) -> None:
        """Send a decided result whose fee is settled on its way (T34, T35, T36), or let it wait.

        In the caller's transaction, with the case's row held. Electronic service waits for its
        document; a result that is never on paper waits for the applicant's choice.
        """
        delivery = await Delivery.get_or_none(case_id=case.id)
        if delivery is not None and delivery.method == DeliveryMethod.ELECTRONIC.value:
            if await ResultDocument.exists(case_id=case.id):
                await self.transitions.apply(case, item, Event.SERVE_ELECTRONIC, SYSTEM)
                await self._save(delivery, status=DeliveryStatus.SERVED.value)
            return
        if delivery is None:
            if case.state is State.APPROVED and not item.body["result"]["paper"]:
                return
            delivery = await self._put(case, Choice(DeliveryMethod.WINDOW))
        await self.transitions.apply(case, item, Event.ROUTE_RESULT, SYSTEM)
        await self._prepare(case, delivery)

    async def _prepare(self, case: Case, delivery: Delivery) -> None:
        if delivery.method == DeliveryMethod.POST.value:
            await self.jobs.enqueue(CREATE, {"case_id": str(case.id)})
            return
        code = numbers.pickup_code(secrets.token_bytes(8))
        sealed = self.crypto.seal(code.encode(), CODE_PURPOSE)
        await self._save(delivery, status=DeliveryStatus.READY.value, pickup_code_sealed=sealed)

    async def _save(self, delivery: Delivery, **changes: Any) -> None:
        delivery.update_from_dict({**changes, "updated_at": self.transitions.clock.now()})
        await delivery.save(update_fields=[*changes, "updated_at"])

    async def hand_over(self, officer: Officer, case_id: UUID) -> HandedOut:
        """Hand a parcel to the post (T43); see ``Counter``."""
        return await self._counter.hand_over(officer, case_id)

    async def pick_up(self, officer: Officer, case_id: UUID, code: str) -> HandedOut:
        """Hand a result to its owner (T42); see ``Counter``."""
        return await self._counter.pick_up(officer, case_id, code)

    async def pass_receipt(self, officer: Officer, case_id: UUID) -> datetime:
        """Note that a signed receipt went to the department; see ``Counter``."""
        return await self._counter.pass_receipt(officer, case_id)

    async def receive_push(self, form: Mapping[str, str]) -> None:
        """Take what the courier pushes; raise ``CallbackForged``."""
        await self._parcels.receive(self.courier.read_push(form))

    async def create_parcel(self, payload: Mapping[str, Any]) -> None:
        """Order the parcel of a case (job); see ``Parcels``."""
        await self._parcels.create(payload)

    async def poll(self, payload: Mapping[str, Any]) -> None:
        """Ask where a parcel is (job); see ``Parcels``."""
        await self._parcels.poll(payload)
