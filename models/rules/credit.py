"""Credit (信用): what may be proposed, and the way to a record (国办发〔2020〕49号).

A proposal is held against nobody. An officer who did not find it confirms it, the person is told
and may object, and only what still stands when that time is over is reported. 安阳条例29: until
it is repaired, what was confirmed keeps a person from promising, and from nothing else.
"""

from enum import StrEnum
from typing import Self

from models.rules.named import Named


class CreditStatus(Named):
    """Where a credit event stands; ``zh`` says it to the person whom it is about."""

    PROPOSED = "PROPOSED", "有人提出,还没有确认,现在不影响您。"
    CONFIRMED = "CONFIRMED", "已经确认,正在告知您。"
    NOTIFIED = "NOTIFIED", "已经确认。您有异议的,请在期限内提出。"
    OBJECTED = "OBJECTED", "您提的异议正在处理,处理完之前不会上报。"
    CANCELLED = "CANCELLED", "已经撤销,不影响您。"
    REPORTED = "REPORTED", "已经记入信用档案。改正以后可以申请信用修复。"
    REPAIRED = "REPAIRED", "已经修复,不再影响您。"

    @property
    def ended(self) -> bool:
        """It is held against nobody any more."""
        return self in (CreditStatus.CANCELLED, CreditStatus.REPAIRED)


class Behaviour(StrEnum):
    """What was done, in the words of the notice, and the basis of holding it against somebody."""

    _value_: str
    zh: str
    basis: str

    # The defaults are for type checkers, which read Behaviour("FALSE_ORIGINAL") as a call of this.
    def __new__(cls, name: str, zh: str = "", basis: str = "") -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.zh, member.basis = zh, basis
        return member

    ORIGINALS_NOT_SUPPLIED = (
        "ORIGINALS_NOT_SUPPLIED",
        "先办后验事项到期没有补齐材料原件",
        "青神方案2018 附件3三(二)4",
    )
    IDENTITY_MISMATCH = (
        "IDENTITY_MISMATCH",
        "核验原件时身份与申请人不一致",
        "青神方案2018 附件3; 行政许可法78",
    )
    FALSE_ORIGINAL = (
        "FALSE_ORIGINAL",
        "核验原件时发现提交的材料不真实",
        "青神方案2018 附件3; 行政许可法78",
    )
