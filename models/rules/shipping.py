"""发货信息: what the mini-program's platform is told of a paid order, and when.

Where the category of a mini-program needs it, money stays frozen until it is told; it may be told
once more, so that a certificate that is posted weeks later can still be followed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.rules.states import DeliveryMethod

# So long after the payment a parcel is waited for; then it is told as a service.
PATIENCE = timedelta(days=7)


class Ships(StrEnum):
    """How a result goes to its owner."""

    EXPRESS = "EXPRESS"
    VIRTUAL = "VIRTUAL"
    PICKUP = "PICKUP"


@dataclass(frozen=True)
class Way:
    """How a result goes: ``method`` as chosen, ``posted`` once a waybill was handed over.

    ``paper``: there is something to hand out; ``over``: the case is closed.
    """

    method: DeliveryMethod | None
    posted: bool
    paper: bool
    over: bool


def ships_as(way: Way, paid_at: datetime, now: datetime) -> Ships | None:
    """Return what to tell of an order now, None while that is not known yet."""
    if way.posted:
        return Ships.EXPRESS
    if way.method is DeliveryMethod.WINDOW:
        return Ships.PICKUP
    if way.method is DeliveryMethod.ELECTRONIC or not way.paper or way.over:
        return Ships.VIRTUAL
    return Ships.VIRTUAL if now - paid_at >= PATIENCE else None


def tells_again(told: Ships, now: Ships | None) -> bool:
    """Tell whether the one correction is worth it: only a parcel can be followed."""
    return now is Ships.EXPRESS and told is not Ships.EXPRESS
