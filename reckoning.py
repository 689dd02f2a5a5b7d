"""The composition of reckoning: the channel's bills against our books, and what operators do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from adapters import Adapters
from integrations.jobs import Handler
from services.audit import Audit
from services.items import Items
from services.order_desk import OrderDesk
from services.payments import Payments
from services.reconciliation import Ask, Asking, Reconciliation
from services.shipping import SHIP, Shipping
from settings import Settings


@dataclass(frozen=True)
class Reckoning:
    """What handlers reach, and what the worker runs."""

    reconciliation: Reconciliation
    order_desk: OrderDesk
    shipping: Shipping
    ships: bool

    @property
    def handlers(self) -> dict[str, Handler]:
        return {SHIP: self.shipping.ship}

    @property
    def shown(self) -> dict[str, Any]:
        """Return what the context takes over under the same names."""
        return {"order_desk": self.order_desk}

    @property
    def schedules(self) -> dict[str, tuple[str, Callable[[], Awaitable[object]]]]:
        # The queue counts in UTC: 10:30 in China and each hour until 22:30, for late bills.
        found: dict[str, tuple[str, Callable[[], Awaitable[object]]]]
        found = {"reconciliation": ("30 2-14 * * *", self.reconciliation.tick)}
        if self.ships:
            found["shipping"] = ("*/10 * * * *", self.shipping.sweep)
        return found


def compose_reckoning(
    settings: Settings,
    made: Adapters,
    payments: Payments,
    items: Items,
    audit: Audit,
    *,
    ask_refund: Ask | None = None,
) -> Reckoning:
    """Put the use-cases together; ``ask_refund`` asks the channel for a refund by its number."""
    asking = Asking(order=payments.ask_order, refund=ask_refund)
    reconciliation = Reconciliation(made.clock, made.bills, asking)
    return Reckoning(
        reconciliation=reconciliation,
        order_desk=OrderDesk(made.clock, payments, reconciliation, audit),
        shipping=Shipping(made.clock, items, made.shipments, made.jobs),
        ships=settings.wechat_shipping,
    )
