"""Enumerations whose members are said in Chinese to people: ``MEMBER = "MEMBER", "一句话"``."""

from enum import StrEnum
from typing import Self


class Named(StrEnum):
    """Members equal their value; ``zh`` is how each is said."""

    _value_: str
    zh: str

    # The default is for type checkers, which read Finding("TRUE") as a call of this.
    def __new__(cls, name: str, zh: str = "") -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.zh = zh
        return member
