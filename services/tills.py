"""Tills (收款渠道): what an item offers, what an installation has, and what somebody chose."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from models.payment import PaymentOrder
from models.rules.item_words import Till
from services.errors import Conflict, OutsideUnavailable
from services.items import PublishedItem
from services.ports import WECHAT, PayChannel, Scene, Tills

MOST_ID = 64


class ChannelNotOffered(Conflict):
    """The item's fee is not taken by this channel, or this installation does not have it."""

    code = "channel_not_offered"
    sentence = "这笔费用不能用这种渠道缴,请换一种渠道。"


class SceneNotOffered(Conflict):
    """The channel is there, but this installation cannot be paid in this scene of it."""

    code = "scene_not_offered"
    sentence = "这里还没有开通这种缴费方式,请换一种方式。"


class ChannelMissing(OutsideUnavailable):
    """An order was opened at a channel that this installation does not have any more."""


@dataclass(frozen=True)
class Choice:
    """How somebody wants to pay. ``client_ip`` is the payer's address, if it is known."""

    channel: str = WECHAT
    scene: str = Scene.JSAPI.value
    client_ip: str | None = None


@dataclass(frozen=True)
class Offer:
    """One channel by which a fee can be paid here, and where."""

    channel: str
    scenes: Sequence[str]


def offers(tills: Tills, item: PublishedItem) -> Sequence[Offer]:
    """Return how an item's fee can be paid in this installation, in the item's order."""
    here = [channel for channel in _channels(item) if channel in tills]
    return [Offer(channel, sorted(tills[channel].scenes)) for channel in here]


def check(tills: Tills, item: PublishedItem, choice: Choice) -> None:
    """Raise ``ChannelNotOffered`` or ``SceneNotOffered`` for what cannot be chosen."""
    offered = [offer for offer in offers(tills, item) if offer.channel == choice.channel]
    if not offered:
        raise ChannelNotOffered
    if choice.scene not in offered[0].scenes:
        raise SceneNotOffered


def till_of(tills: Tills, order: PaymentOrder) -> PayChannel:
    """Return the channel of an order; raise ``ChannelMissing``."""
    till = tills.get(order.channel)
    if till is None:
        raise ChannelMissing
    return till


def event_id(channel: str, said: str) -> str:
    """Return the id of what a channel said, at most 64 characters.

    Two channels may number alike; what WeChat Pay said was kept under its own ids from the first.
    """
    named = said if channel == WECHAT else f"{channel}:{said}"
    if len(named) <= MOST_ID:
        return named
    return f"{channel}:{hashlib.sha256(said.encode()).hexdigest()[:48]}"


def _channels(item: PublishedItem) -> Sequence[str]:
    found: Sequence[str] = item.body["fee"].get("channels") or [Till.WECHAT.value]
    return found
