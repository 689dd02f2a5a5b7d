"""What electronic supervision (电子监察) speaks of: kinds of alerts, and whose they are."""

from enum import StrEnum
from typing import Self


class AlertKind(StrEnum):
    """超权限、超时限、逆程序: the three things that supervision looks for (贵安方案2017)."""

    _value_: str
    zh: str

    # The default is for type checkers, which read AlertKind("OVERTIME") as a call of this.
    def __new__(cls, name: str, zh: str = "") -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.zh = zh
        return member

    OVERTIME = "OVERTIME", "超时限"
    OUT_OF_ORDER = "OUT_OF_ORDER", "逆程序"
    OVERREACH = "OVERREACH", "超权限"
