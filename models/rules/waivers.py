"""Waivers (费用减免): where a request to owe nothing of a fee is."""

from enum import StrEnum
from typing import Self


class WaiverStatus(StrEnum):
    """OVERTAKEN: the fee was settled, or its case ended, before anybody decided."""

    _value_: str
    zh: str

    # The default is for type checkers, which read WaiverStatus("OPEN") as a call of this.
    def __new__(cls, name: str, zh: str = "") -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.zh = zh
        return member

    OPEN = "OPEN", "已申请,等工作人员核对"
    TAKEN_BACK = "TAKEN_BACK", "您已撤回"
    GRANTED = "GRANTED", "已减免,不用缴费"
    REFUSED = "REFUSED", "没有批准"
    OVERTAKEN = "OVERTAKEN", "已缴费或者办件已结束,不再办理"
