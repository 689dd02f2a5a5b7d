"""发货信息: the mini-program's platform is told how a paid result goes out, by a job, once.

Each ten minutes a sweep queues what is to be told; what fails is queued by a later sweep. A job
has a key, so that no two of an order run at once: the platform takes one correction, not more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from models.case import Case
from models.database import rows
from models.delivery import Delivery
from models.payment import Fee, PaymentOrder
from models.rules.events import Role
from models.rules.shipping import Ships, Way, ships_as, tells_again
from models.rules.states import DeliveryMethod, MonitorLight
from models.rules.supervision import AlertKind
from models.unit import transaction
from services.alerts import raise_alert
from services.errors import OutsideUnavailable, ShipmentRefused, TooMany
from services.items import Items
from services.ports import Clock, Jobs, NewJob
from services.ports.shipping import Shipment, Shipments

SHIP = "payment.ship"
# Whoever switches it on later tells what can still be told.
LOOKS_BACK = timedelta(days=60)
# Only what was paid inside the mini-program, and is not on its way back, is told; a parcel twice.
DUE = """
SELECT o.id FROM payment_orders o LEFT JOIN deliveries d ON d.case_id = o.case_id
WHERE o.paid_at >= $1 AND o.status = 'PAID' AND o.unshippable IS NULL
  AND o.channel = 'WECHAT' AND o.scene = 'JSAPI' AND o.transaction_id IS NOT NULL
  AND (o.shipped_at IS NULL
    OR (o.reshipped_at IS NULL AND o.shipped_as <> 'EXPRESS' AND d.posted_at IS NOT NULL))
  AND o.amount_fen > (SELECT coalesce(sum(r.amount_fen), 0) FROM refunds r
    WHERE r.order_id = o.id AND r.status NOT IN ('REFUSED', 'ABNORMAL', 'CLOSED'))
ORDER BY o.paid_at LIMIT 1000"""

log = structlog.get_logger("zhangban.shipping")


@dataclass(frozen=True)
class Shipping:
    clock: Clock
    items: Items
    shipments: Shipments
    jobs: Jobs

    @transaction
    async def sweep(self) -> int:
        """Queue what is to be told (each ten minutes); return how many orders that is."""
        due = await rows(DUE, [self.clock.now() - LOOKS_BACK])
        found = [str(row["id"]) for row in due]
        await self.jobs.enqueue_all(
            [NewJob(SHIP, {"order_id": each}, key=f"{SHIP}:{each}") for each in found]
        )
        return len(found)

    async def ship(self, payload: Mapping[str, Any]) -> None:
        """Tell of one order (job); what fails for now waits for the next sweep."""
        order = await PaymentOrder.get(id=UUID(payload["order_id"]))
        shipment = await self._shipment(order)
        if shipment is None:
            return
        try:
            await self.shipments.tell(shipment, self.clock.now())
        except ShipmentRefused as refused:
            await self._refused(order, refused)
        except (OutsideUnavailable, TooMany) as problem:
            log.warning("shipping.failed", order=order.number, error=problem.code)
        else:
            await self._keep(order, shipment.ships)

    async def _shipment(self, order: PaymentOrder) -> Shipment | None:
        """Return what is to be told of an order now, None for nothing (more)."""
        case = await Case.get(id=order.case_id)
        delivery = await Delivery.get_or_none(case_id=case.id)
        item = await self.items.version(case.item_version_id)
        if order.transaction_id is None or order.paid_at is None:
            return None
        posted = delivery is not None and None not in (delivery.posted_at, delivery.waybill)
        way = Way(
            method=None if delivery is None else DeliveryMethod(delivery.method),
            posted=posted,
            paper=bool(item.body["result"]["paper"]),
            over=case.state.closed,
        )
        ships = ships_as(way, order.paid_at, self.clock.now())
        told = None if order.shipped_as is None else Ships(order.shipped_as)
        if ships is None or (told is not None and not tells_again(told, ships)):
            return None
        if told is not None and order.reshipped_at is not None:
            return None
        waybill = delivery.waybill if delivery and ships is Ships.EXPRESS else None
        contents = (await Fee.get(id=order.fee_id)).name
        return Shipment(order.transaction_id, order.payer, ships, contents, waybill)

    @transaction
    async def _keep(self, order: PaymentOrder, ships: Ships) -> None:
        held = await PaymentOrder.filter(id=order.id).select_for_update().get()
        when = "shipped_at" if held.shipped_at is None else "reshipped_at"
        changes = {when: self.clock.now(), "shipped_as": ships.value}
        await PaymentOrder.filter(id=order.id).update(**changes)
        log.info("shipping.told", order=order.number, ships=ships.value)

    @transaction
    async def _refused(self, order: PaymentOrder, refused: ShipmentRefused) -> None:
        """Stop telling of an order, and let somebody look: its money stays frozen."""
        case = await Case.filter(id=order.case_id).select_for_update().get()
        item = await self.items.version(case.item_version_id)
        await PaymentOrder.filter(id=order.id).update(unshippable=refused.reason[:20])
        log.error("shipping.refused", order=order.number, reason=refused.reason)
        await raise_alert(
            self.clock.now(),
            AlertKind.OUT_OF_ORDER,
            MonitorLight.YELLOW,
            refused.code,
            owner=(Role.SUPERVISOR, item.agency),
            case_id=case.id,
            data={"order": order.number, "reason": refused.reason},
        )
