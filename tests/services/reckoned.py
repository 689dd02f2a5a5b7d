"""A day of payments: cases, fees and orders as rows on both sides of the border."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from models.case import Case
from models.payment import Fee, PaymentEvent, PaymentOrder, Refund
from services.actors import Citizen
from tests import make
from tests.billing import ChannelBooks
from tests.services.running import case_of
from tests.world import World

FEE = 8_000


@dataclass
class Day:
    """Both books of a day; ``at`` moves on by a minute with every order."""

    world: World
    who: Citizen
    channel: ChannelBooks
    at: datetime

    @classmethod
    async def begin(cls, world: World) -> "Day":
        channel = ChannelBooks(world.settings.data_dir.parent / "sandbox")
        return cls(world, await make.citizen(world), channel, world.clock.now())

    async def case(self, **columns: Any) -> tuple[Case, Fee]:
        """Return a case that paid its fee, or what the columns say."""
        settled = columns.pop("settled", True)
        case = await case_of(self.world, self.who, **{"payment_status": "PAID", **columns})
        fee = await Fee.create(
            case_id=case.id,
            stage="AFTER_ACCEPTANCE",
            name="挖掘占道费",
            basis="示例",
            amount_fen=FEE,
            breakdown=[],
            settled_at=self.at if settled else None,
            created_at=self.at,
        )
        return case, fee

    async def order(self, fee: Fee, *, there: bool = True, **columns: Any) -> PaymentOrder:
        """Return an order that was paid here and, if so wished, there."""
        self.at += timedelta(minutes=1)
        number = f"20260302{uuid4().hex[:24]}"
        paid = columns.get("status", "PAID") == "PAID"
        order = await PaymentOrder.create(
            **{
                "fee_id": fee.id,
                "case_id": fee.case_id,
                "number": number,
                "amount_fen": FEE,
                "payer": make.WANG,
                "status": "PAID",
                "prepay_id": "wxsandboxp",
                "transaction_id": f"wxsandboxT{number}" if paid else None,
                "expires_at": self.at + timedelta(hours=2),
                "created_at": self.at,
                "paid_at": self.at if paid else None,
                **columns,
            }
        )
        if there:
            self.channel.paid(number, FEE, self.at)
        return order

    async def paid(self, **columns: Any) -> PaymentOrder:
        """Return an order about which both books agree, unless the columns of its case do not."""
        _, fee = await self.case(**columns)
        return await self.order(fee)

    async def refund(self, order: PaymentOrder, *, there: bool = True, **columns: Any) -> Refund:
        """Return a refund that is paid here and, if so wished, there."""
        number = f"R{uuid4().hex[:20]}"
        refund = await Refund.create(
            **{
                "order_id": order.id,
                "case_id": order.case_id,
                "number": number,
                "track": "ADMINISTRATIVE",
                "reason": "WITHDRAWN",
                "amount_fen": order.amount_fen,
                "status": "PAID",
                "requested_by": "SYSTEM",
                "created_at": self.at,
                "sent_at": self.at,
                "paid_at": self.at,
                **columns,
            }
        )
        if there:
            self.channel.refunded(number, order.number, refund.amount_fen, self.at)
        return refund

    async def surplus(self, order: PaymentOrder) -> None:
        """Let the channel have told of a payment that settles nothing."""
        await PaymentEvent.create(
            order_id=order.id,
            source="CALLBACK",
            event_id=uuid4().hex,
            settlement="PAID",
            outcome="SURPLUS",
            transaction_id=f"wxsandboxT{order.number}",
            amount_fen=order.amount_fen,
            at=self.at,
        )

    def end(self) -> None:
        """Go to 10:30 in China of the next day, when its bill is there."""
        self.world.clock.at = datetime.fromisoformat("2026-03-03T10:30:00+08:00")
