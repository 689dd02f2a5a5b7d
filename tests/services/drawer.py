"""A second till in a test's hands: it knows its orders, and does nothing by itself."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from services.errors import CallbackForged, ChannelOrderUnknown, OutsideUnavailable
from services.payments import Payments
from services.ports import (
    NONTAX,
    ChannelOrder,
    ChannelPayment,
    PayCallback,
    RefundCallback,
    Scene,
    Settlement,
)
from tests.make import Filed
from tests.services import flavoured, stages
from tests.world import World

MERCHANT = "wxsandbox-treasury"


@dataclass
class Drawer:
    """The port ``PayChannel`` as a treasury would fill it: a code to pay, no appid, no payer.

    ``before_close`` happens after it was asked for an order and before it closes it.
    """

    orders: dict[str, ChannelOrder] = field(default_factory=dict)
    states: dict[str, Settlement] = field(default_factory=dict)
    before_close: Callable[[str], Awaitable[None]] | None = None
    down: bool = False
    merchant: str = MERCHANT
    scenes: frozenset[str] = frozenset({Scene.PAGE.value})

    def appid_of(self, scene: str) -> str:
        return ""

    async def prepay(self, order: ChannelOrder) -> str:
        self._answer()
        self.orders[order.number] = order
        self.states.setdefault(order.number, Settlement.PENDING)
        return f"code-{order.number}"

    def invocation(self, handle: str, scene: str) -> Mapping[str, str]:
        return {"code": handle.removeprefix("code-"), "scene": scene}

    async def query(self, number: str) -> ChannelPayment:
        self._answer()
        if number not in self.orders:
            raise ChannelOrderUnknown
        return self.said(number)

    async def close(self, number: str) -> None:
        if self.before_close is not None:
            await self.before_close(number)
        self._answer()
        if self.states[number] is Settlement.PAID:
            raise OutsideUnavailable
        self.states[number] = Settlement.CLOSED

    def read_callback(
        self, headers: Mapping[str, str], body: bytes
    ) -> PayCallback | RefundCallback:
        number = body.decode()
        if number not in self.orders:
            raise CallbackForged
        return PayCallback(headers["id"], "PAID", self.said(number))

    def said(self, number: str, **changes: Any) -> ChannelPayment:
        paid = self.states[number] is Settlement.PAID
        known = ChannelPayment(
            number=number,
            settlement=self.states[number],
            merchant=self.merchant,
            appid="",
            amount_fen=self.orders[number].amount_fen,
            currency="CNY",
            transaction_id=f"FS{number[:20]}" if paid else None,
            paid_at=datetime(2026, 3, 2, 1, 12, tzinfo=UTC) if paid else None,
        )
        return replace(known, **changes)

    def pay(self, number: str) -> None:
        """Let somebody pay at a bank's counter; the treasury keeps silent about it."""
        assert self.states[number] is Settlement.PENDING
        self.states[number] = Settlement.PAID

    def _answer(self) -> None:
        if self.down:
            raise OutsideUnavailable


def with_drawer(world: World) -> tuple[Payments, Drawer]:
    """Return the use-cases of an installation that has a treasury's till as well."""
    drawer, payments = Drawer(), world.ctx.payments
    return replace(payments, tills={**payments.tills, NONTAX: drawer}), drawer


async def owing(world: World, *channels: str) -> Filed:
    """Return a case that owes a fee which may be paid by these channels."""
    body = flavoured.body_of("ITEM10")
    body["fee"] = {**body["fee"], "channels": list(channels), "revenue_code": "103044508"}
    await flavoured.published(world, body)
    return await stages.owing(world)
