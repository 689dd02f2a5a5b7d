"""What the treasury's platform refuses.

Only a signed 2xx may change what an order, a refund or a bill is. A refusal, signed or not, is
``OutsideUnavailable`` to whoever settles, expires or cancels; what its kind says is believed only
where the platform signed it.
"""

from collections.abc import Mapping

from services.errors import ChannelOrderUnknown, ChannelRefundUnknown, OutsideUnavailable


class PlatformRefused(OutsideUnavailable):
    """An answer that is no 2xx; ``reason`` is the platform's code, empty where it is not signed."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__()
        self.status = status
        self.reason = reason
        self.add_note(f"{status} {reason}")


class NoticeUnknown(PlatformRefused, ChannelOrderUnknown):
    """The platform knows no notice of this order: no request of ours seems to have arrived."""


class ReturnUnknown(PlatformRefused, ChannelRefundUnknown):
    """The platform knows no 退付 of this number: the request is to be sent again."""


MEANINGS: Mapping[tuple[int, str], type[PlatformRefused]] = {
    (404, "NOTICE_NOT_EXIST"): NoticeUnknown,
    (404, "REFUND_NOT_EXIST"): ReturnUnknown,
}
