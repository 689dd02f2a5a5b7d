"""Parcels: a result's way by post, from the courier's waybill to the receipt.

邮政法55: documents of state organs travel by the post alone, so the courier port has one carrier.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from models.case import Case, CaseEvent
from models.delivery import Delivery, DeliveryTrack
from models.ids import uuid7
from models.rules.events import Event
from models.rules.states import DeliveryMethod, State
from models.unit import current_unit, transaction
from services import addresses
from services.actors import SYSTEM
from services.errors import OutsideUnavailable
from services.items import Items, PublishedItem
from services.ports import Contact, Courier, Crypto, Jobs, Parcel, Track, TrackPoint, TrackStatus
from services.transitions import Transitions, topic_of

CREATE = "delivery.create_parcel"
POLL = "delivery.poll"
POLL_EVERY = timedelta(minutes=30)
CONTENTS = "政务服务办理结果文件"
MOST_TEXT = 300


class DeliveryStatus(StrEnum):
    """How far a result is on its way to its owner."""

    CHOSEN = "CHOSEN"
    ORDERING = "ORDERING"
    ORDERED = "ORDERED"
    POSTED = "POSTED"
    SIGNED = "SIGNED"
    RETURNED = "RETURNED"
    READY = "READY"
    PICKED_UP = "PICKED_UP"
    SERVED = "SERVED"


LAST = {
    TrackStatus.SIGNED: (Event.POST_SIGNED, DeliveryStatus.SIGNED),
    TrackStatus.RETURNED: (Event.POST_RETURNED, DeliveryStatus.RETURNED),
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Parcels:
    crypto: Crypto
    items: Items
    transitions: Transitions
    courier: Courier
    jobs: Jobs

    async def create(self, payload: Mapping[str, Any]) -> None:
        """Order the parcel of a case that waits to be posted (job); raise to be tried again."""
        case_id = UUID(payload["case_id"])
        parcel = await self._intend(case_id)
        if parcel is not None:
            await self._keep(case_id, await self.courier.create(parcel))

    @transaction
    async def _intend(self, case_id: UUID) -> Parcel | None:
        """Fix address and number before the courier is asked: a repeat asks for the same parcel."""
        case = await Case.filter(id=case_id).select_for_update().get()
        delivery = await Delivery.get_or_none(case_id=case_id)
        if case.state is not State.RESULT_READY or delivery is None or not _is_wanted(delivery):
            return None
        if delivery.address_sealed is None:
            raise RuntimeError("a delivery by post without an address")
        delivery.status = DeliveryStatus.ORDERING.value
        await delivery.save(update_fields=["status"])
        item = await self.items.version(case.item_version_id)
        returned = await CaseEvent.filter(case_id=case_id, event=Event.POST_RETURNED.value).count()
        return Parcel(
            # What came back is sent again as another parcel, with another waybill.
            number=case_id.hex + (f"R{returned}" if returned else ""),
            sender=sender_of(item),
            receiver=addresses.unseal(self.crypto, delivery.address_sealed).contact,
            contents=CONTENTS,
        )

    @transaction
    async def _keep(self, case_id: UUID, waybill: str) -> None:
        case = await Case.filter(id=case_id).select_for_update().get()
        ordering = Delivery.filter(case_id=case_id, status=DeliveryStatus.ORDERING.value)
        await ordering.update(
            waybill=waybill,
            status=DeliveryStatus.ORDERED.value,
            updated_at=self.transitions.clock.now(),
        )
        self._tell(case)

    async def posted(self, case: Case, delivery: Delivery) -> None:
        """Look after a parcel that was handed over, in the caller's transaction."""
        await self._next_poll(case.id, delivery, 0)

    async def poll(self, payload: Mapping[str, Any]) -> None:
        """Ask where a parcel is (job, every 30 minutes): a push that was lost costs no more."""
        case_id, turn = UUID(payload["case_id"]), int(payload["round"])
        waybill = await self._still_under_way(case_id, payload["waybill"], turn)
        if waybill is None:
            return
        try:
            track = await self.courier.track(waybill)
        except OutsideUnavailable:
            log.warning("delivery.track_unknown", case=str(case_id))  # the next turn is queued
            return
        await self.receive(track)

    @transaction
    async def _still_under_way(self, case_id: UUID, waybill: str, turn: int) -> str | None:
        case = await Case.filter(id=case_id).select_for_update().get()
        delivery = await Delivery.get(case_id=case_id)
        if case.state is not State.DELIVERING or delivery.waybill != waybill:
            return None
        await self._next_poll(case_id, delivery, turn + 1)
        return waybill

    async def _next_poll(self, case_id: UUID, delivery: Delivery, turn: int) -> None:
        payload = {"case_id": str(case_id), "waybill": delivery.waybill, "round": turn}
        # The running job holds its own key until it is done, so each turn has its own.
        key = f"{POLL}:{delivery.waybill}:{turn}"
        await self.jobs.enqueue(POLL, payload, after=POLL_EVERY, key=key)

    async def receive(self, track: Track) -> None:
        """Keep what the courier says, pushed or asked for; sign or return the case by it."""
        delivery = await Delivery.get_or_none(waybill=track.waybill)
        if delivery is None:
            log.warning("delivery.waybill_unknown")
            return
        await self._receive(delivery.case_id, track)

    @transaction
    async def _receive(self, case_id: UUID, track: Track) -> None:
        case = await Case.filter(id=case_id).select_for_update().get()
        delivery = await Delivery.get(case_id=case_id)
        if delivery.waybill != track.waybill:
            return
        await DeliveryTrack.bulk_create(
            [_row(delivery, point) for point in track.points], ignore_conflicts=True
        )
        last = _last(track)
        if case.state is not State.DELIVERING or last is None:
            self._tell(case)
            return
        event, status = LAST[last.status]
        delivery.status = status.value
        if last.status is TrackStatus.SIGNED:
            delivery.signed_at = last.at
        delivery.updated_at = self.transitions.clock.now()
        await delivery.save(update_fields=["status", "signed_at", "updated_at"])
        item = await self.items.version(case.item_version_id)
        await self.transitions.apply(case, item, event, SYSTEM)

    def _tell(self, case: Case) -> None:
        # No step of the lifecycle, but people who watch see the waybill and the track.
        broadcast = self.transitions.broadcast
        current_unit().after_commit(
            partial(broadcast.publish, topic_of(case.id), str(case.version))
        )


def sender_of(item: PublishedItem) -> Contact:
    """Return whom the post brings back what it cannot deliver: the agency at its counter."""
    guide = item.body["guide"]
    region = str(item.body["region"]["name"])
    return Contact(item.agency, guide["advice_phone"], region, guide["where"]["address"])


def _is_wanted(delivery: Delivery) -> bool:
    return delivery.method == DeliveryMethod.POST.value and delivery.status in (
        DeliveryStatus.CHOSEN.value,
        DeliveryStatus.ORDERING.value,
    )


def _last(track: Track) -> TrackPoint | None:
    """Return the newest point that ends a parcel's way; points may come in any order."""
    ends = [point for point in track.points if point.status in LAST]
    return max(ends, key=lambda point: point.at, default=None)


def _row(delivery: Delivery, point: TrackPoint) -> DeliveryTrack:
    return DeliveryTrack(
        id=uuid7(),
        delivery_id=delivery.id,
        at=point.at,
        status=point.status.value,
        text=point.text.replace("\x00", "")[:MOST_TEXT],
    )
