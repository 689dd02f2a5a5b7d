"""What the channel refuses.

An error answer is not signed, so it proves nothing: all of these are ``OutsideUnavailable`` to
whoever settles, expires or cancels, and only a verified 2xx may change an order's state.
"""

from collections.abc import Mapping

from services.errors import ChannelOrderUnknown, ChannelRefundUnknown, OutsideUnavailable


class ChannelRefused(OutsideUnavailable):
    """An answer of 4xx or 5xx; ``status`` and ``reason`` (the channel's code) are unproven."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__()
        self.status = status
        self.reason = reason
        self.add_note(f"{status} {reason}")


class OrderUnknown(ChannelRefused, ChannelOrderUnknown):
    """404 ORDER_NOT_EXIST: no prepay of ours seems to have arrived; asking again is right."""


class RefundUnknown(ChannelRefused, ChannelRefundUnknown):
    """404 RESOURCE_NOT_EXISTS: the request seems not to have arrived; it is to be sent again."""


# Some unproven answers still say what to do next.
MEANINGS: Mapping[tuple[int, str], type[ChannelRefused]] = {
    (404, "ORDER_NOT_EXIST"): OrderUnknown,
    (404, "RESOURCE_NOT_EXISTS"): RefundUnknown,
}
