"""The port of shipping info: what a platform wants to know before it lets money go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.rules.shipping import Ships

__all__ = ["Shipment", "Shipments", "Ships"]


@dataclass(frozen=True)
class Shipment:
    """A paid order and how its result goes out; ``waybill`` is the post's, of EXPRESS only."""

    transaction_id: str
    payer: str
    ships: Ships
    contents: str
    waybill: str | None = None


class Shipments(Protocol):
    async def tell(self, shipment: Shipment, at: datetime) -> None:
        """Tell; the same again is no harm.

        Raises ``ShipmentRefused`` for good, ``OutsideUnavailable`` or ``TooMany`` for now.
        """
        ...
