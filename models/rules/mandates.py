"""Who may act for whom (委托, 法定代表, 监护, 代办), and how far: the law as values.

民法典23 and 34 (guardians), 61 (legal representatives), 161-175 (agents): nobody acts for another
beyond what was given, given powers end on their day, and whoever was given some cannot give more.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

FULL_AGE = 18
"""民法典17: who is younger has guardians."""
FIRST_AGE = 8
"""民法典20: who is younger can do nothing alone."""
LONGEST = timedelta(days=366)
"""A power that is asked for again each year is not forgotten."""


class Act(StrEnum):
    """What can be done in a case.

    ``VIEW``, how it stands, comes with any other; ``READ``, form and materials, comes with those
    who work on them (``WORKING``). Neither is given alone.
    """

    VIEW = "VIEW"
    READ = "READ"
    FILL = "FILL"
    SUBMIT = "SUBMIT"
    SIGN = "SIGN"
    PAY = "PAY"
    RECEIVE = "RECEIVE"
    RATE = "RATE"
    MANAGE = "MANAGE"

    @property
    def zh(self) -> str:
        return _WORDS[self]


_WORDS: Mapping[Act, str] = MappingProxyType(
    {
        Act.VIEW: "查看进度",
        Act.READ: "查看申请内容",
        Act.FILL: "填写和上传材料",
        Act.SUBMIT: "提交申请",
        Act.SIGN: "签署承诺",
        Act.PAY: "缴费",
        Act.RECEIVE: "收通知、领结果",
        Act.RATE: "评价",
        Act.MANAGE: "给别人授权",
    }
)

CASE_ACTS = frozenset(Act) - {Act.VIEW, Act.READ, Act.MANAGE}
WORKING = frozenset({Act.FILL, Act.SUBMIT, Act.SIGN})


class MandateKind(StrEnum):
    """Where the power comes from."""

    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE"
    OPERATOR = "OPERATOR"
    GUARDIAN = "GUARDIAN"
    AGENT = "AGENT"
    PROXY = "PROXY"

    @property
    def zh(self) -> str:
        return _KINDS[self]

    @property
    def grantable(self) -> frozenset[Act]:
        """Return what a person may be given in this way."""
        return _GRANTABLE[self]


_KINDS: Mapping[MandateKind, str] = MappingProxyType(
    {
        MandateKind.LEGAL_REPRESENTATIVE: "法定代表人",
        MandateKind.OPERATOR: "经办人",
        MandateKind.GUARDIAN: "监护人",
        MandateKind.AGENT: "受托人",
        MandateKind.PROXY: "代办员",
    }
)
_GRANTABLE: Mapping[MandateKind, frozenset[Act]] = MappingProxyType(
    {
        MandateKind.LEGAL_REPRESENTATIVE: CASE_ACTS | {Act.MANAGE},
        MandateKind.OPERATOR: CASE_ACTS | {Act.MANAGE},
        MandateKind.GUARDIAN: CASE_ACTS,
        MandateKind.AGENT: CASE_ACTS,
        # 好差评 is the person's own word, not that of who is paid to help (国办发〔2019〕51号).
        MandateKind.PROXY: CASE_ACTS - {Act.RATE},
    }
)


AGENTS = frozenset({MandateKind.OPERATOR, MandateKind.AGENT, MandateKind.PROXY})
"""Who acts by a power of attorney (授权委托书); the others act by law."""


class MandateStatus(StrEnum):
    """``OFFERED`` waits for the agent, ``UNPROVEN`` for a window that has seen the signature."""

    OFFERED = "OFFERED"
    UNPROVEN = "UNPROVEN"
    ACTIVE = "ACTIVE"
    DECLINED = "DECLINED"
    ENDED = "ENDED"


OPEN = (MandateStatus.OFFERED, MandateStatus.UNPROVEN, MandateStatus.ACTIVE)


def may_be_given(kind: MandateKind, acts: Collection[Act], own: Collection[Act] | None) -> bool:
    """Tell whether these acts can be given; ``own`` are the giver's, None for one's own affairs.

    Nobody gives more than they have, and nobody gives on what they hold as somebody's agent.
    """
    if not acts or not set(acts) <= kind.grantable:
        return False
    return own is None or (Act.MANAGE in own and set(acts) <= set(own))


def is_lasting(start: datetime, until: datetime) -> bool:
    """Tell whether a time is one that can be agreed on: not past, at most a year."""
    return start < until <= start + LONGEST


class Capacity(StrEnum):
    """What a person can do alone (民法典18-20)."""

    FULL = "FULL"
    LIMITED = "LIMITED"
    NONE = "NONE"


def capacity_at(age: int) -> Capacity:
    """Return a person's capacity by age."""
    if age >= FULL_AGE:
        return Capacity.FULL
    return Capacity.LIMITED if age >= FIRST_AGE else Capacity.NONE
