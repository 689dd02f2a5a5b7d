"""The port of paying: orders out to a channel, payments back.

A channel is a till (收款渠道) that takes money for a fee; a scene is where somebody pays in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from models.rules.item_words import Till
from services.ports.refunds import RefundCallback

# The channels by which an order, a bill and a refund are told apart; they are kept.
WECHAT, NONTAX = Till.WECHAT.value, Till.NONTAX.value


class Scene(StrEnum):
    """Where an order is paid: JSAPI in the mini-program, APP in our app, H5 in a phone's browser,
    PAGE on the channel's own page or by its 缴款码.
    """

    JSAPI = "JSAPI"
    APP = "APP"
    H5 = "H5"
    PAGE = "PAGE"

    @property
    def fades(self) -> bool:
        """Whether a handle lasts minutes only, so that the order is opened anew under its number.

        An H5 address is good for 5 minutes, and for the address of who asked for it.
        """
        return self is Scene.H5


class Settlement(StrEnum):
    """What the pay channel says of an order."""

    PENDING = "PENDING"
    PAID = "PAID"
    CLOSED = "CLOSED"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class ChannelOrder:
    """An order to be opened at the channel; ``amount_fen`` is integer fen of CNY.

    ``payer`` is who alone may pay it, as the channel names people; empty where anybody may.
    ``client_ip`` is the payer's, if it is known. For a treasury: ``payer_name`` (缴款人) is the
    applicant, ``revenue_code`` the 收入项目编码 of the item's fee, ``case_no`` the 办件编号.
    """

    number: str
    description: str
    amount_fen: int
    payer: str
    expires_at: datetime
    scene: str = Scene.JSAPI.value
    client_ip: str | None = None
    payer_name: str = ""
    revenue_code: str | None = None
    case_no: str = ""


@dataclass(frozen=True)
class ChannelPayment:
    """What the channel knows of an order. Everything but number and settlement may be unknown.

    ``appid`` is empty where the channel has none.
    """

    number: str
    settlement: Settlement
    merchant: str
    appid: str
    amount_fen: int | None = None
    currency: str | None = None
    payer: str | None = None
    transaction_id: str | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True)
class PayCallback:
    """A callback whose signature and freshness were verified."""

    id: str
    kind: str
    payment: ChannelPayment


class PayChannel(Protocol):
    @property
    def merchant(self) -> str:
        """Return who we are at the channel."""
        ...

    @property
    def scenes(self) -> frozenset[str]:
        """Return where people can pay: the scenes that this installation has configured."""
        ...

    def appid_of(self, scene: str) -> str:
        """Return the program in which a scene's orders are paid, empty where there is none."""
        ...

    async def prepay(self, order: ChannelOrder) -> str:
        """Open the order and return its handle: a prepay id, an address or a 缴款码.

        The same order again is the same order. Raise ``OutsideUnavailable`` when the outcome is
        unknown.
        """
        ...

    def invocation(self, handle: str, scene: str) -> Mapping[str, str]:
        """Return what the payer's phone needs to pay, for instance the signed arguments of
        ``wx.requestPayment``.
        """
        ...

    async def query(self, number: str) -> ChannelPayment:
        """Raise ``ChannelOrderUnknown`` or ``OutsideUnavailable``; neither proves anything."""

    async def close(self, number: str) -> None:
        """Close an order that was not paid; a closed one stays closed.

        Raise ``OutsideUnavailable`` when it will not or when the outcome is unknown: it may have
        been paid meanwhile.
        """

    def read_callback(
        self, headers: Mapping[str, str], body: bytes
    ) -> PayCallback | RefundCallback:
        """Raise ``CallbackForged`` for anything that is not provably the channel's."""
        ...


# The channels of this installation, by ``PaymentOrder.channel``.
Tills = Mapping[str, PayChannel]
