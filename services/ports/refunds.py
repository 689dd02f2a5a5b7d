"""Money on its way back: what the use-cases ask of a pay channel, and what it says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.rules.refunds import RefundState

__all__ = [
    "ChannelRefund",
    "RefundCallback",
    "RefundChannel",
    "RefundChannels",
    "RefundState",
    "RefundWish",
]


@dataclass(frozen=True)
class RefundWish:
    """Money to be sent back; ``number`` is ours and makes the request repeatable.

    ``amount_fen`` is what goes back of the ``total_fen`` that the order cost.
    """

    number: str
    order_number: str
    amount_fen: int
    total_fen: int
    reason: str


@dataclass(frozen=True)
class ChannelRefund:
    """What the channel says of a refund; ``merchant`` and ``currency`` only where it names them.

    ``settled_at`` is when the money arrived, ``receiver`` where, in the channel's words.
    """

    number: str
    order_number: str
    state: RefundState
    amount_fen: int
    total_fen: int
    channel_id: str
    transaction_id: str
    merchant: str | None = None
    currency: str | None = None
    settled_at: datetime | None = None
    receiver: str | None = None


@dataclass(frozen=True)
class RefundCallback:
    """A callback about a refund whose signature and freshness were verified."""

    id: str
    kind: str
    refund: ChannelRefund


class RefundChannel(Protocol):
    """How one pay channel gives money back."""

    async def refund(self, wish: RefundWish) -> ChannelRefund:
        """Ask for a refund; the same number again is the same refund.

        Raise ``OutsideUnavailable`` for everything but an answer that is provably the channel's:
        whether money goes back is then for ``query`` to tell.
        """
        ...

    async def query(self, number: str) -> ChannelRefund:
        """Raise ``ChannelRefundUnknown`` or ``OutsideUnavailable``; neither proves anything.

        After the first the same refund is to be sent again, under the same number.
        """
        ...


# The channels that can give back, by ``PaymentOrder.channel``.
RefundChannels = Mapping[str, RefundChannel]
