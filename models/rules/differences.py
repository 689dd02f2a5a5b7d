"""Differences between a channel's bill and our books: their names, weight, and what may mend them.

The sentences are for the operator who has to look at them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from models.rules.states import MonitorLight


class Mend(StrEnum):
    """What may be done without anybody looking: asking, and believing a signed answer."""

    NONE = "NONE"
    ASK_ORDER = "ASK_ORDER"
    ASK_REFUND = "ASK_REFUND"


class Differs(StrEnum):
    """What differs. RED: somebody's money is not where it should be; YELLOW: it may not be."""

    _value_: str
    light: MonitorLight
    mend: Mend
    sentence: str

    # The defaults are for type checkers, which read Differs("AMOUNT_DIFFERS") as a call of this.
    def __new__(
        cls,
        name: str,
        light: MonitorLight = MonitorLight.RED,
        mend: Mend = Mend.NONE,
        sentence: str = "",
    ) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.light, member.mend, member.sentence = light, mend, sentence
        return member

    PAID_THERE_OPEN = (
        "PAID_THERE_OPEN",
        MonitorLight.RED,
        Mend.ASK_ORDER,
        "渠道账单显示这张缴款单已付款,我们这边还是待缴。系统会再向渠道查询并入账。",
    )
    PAID_THERE_CLOSED = (
        "PAID_THERE_CLOSED",
        MonitorLight.RED,
        Mend.ASK_ORDER,
        "渠道账单显示这张缴款单已付款,我们这边已经关闭,也没有退款。查询后仍在的,请退款给缴款人。",
    )
    PAID_THERE_UNKNOWN = (
        "PAID_THERE_UNKNOWN",
        MonitorLight.RED,
        Mend.NONE,
        "渠道账单里有一笔收款,我们没有这个单号。请核对商户号是否被别的系统共用,再决定退款。",
    )
    PAID_HERE_ONLY = (
        "PAID_HERE_ONLY",
        MonitorLight.RED,
        Mend.ASK_ORDER,
        "我们记为已缴,渠道当天账单里没有这一笔。请用渠道单号在商户平台核对。",
    )
    AMOUNT_DIFFERS = (
        "AMOUNT_DIFFERS",
        MonitorLight.RED,
        Mend.NONE,
        "同一张缴款单,渠道账单的金额与我们的不一致。不要手工改账,请先与渠道核对。",
    )
    TRANSACTION_DIFFERS = (
        "TRANSACTION_DIFFERS",
        MonitorLight.RED,
        Mend.NONE,
        "同一张缴款单,渠道账单的交易单号与我们记的不一致,可能付了两次。请在商户平台核对。",
    )
    REFUND_THERE_ONLY = (
        "REFUND_THERE_ONLY",
        MonitorLight.YELLOW,
        Mend.ASK_REFUND,
        "渠道账单显示已退款,我们这边还没有记为已退。系统会再向渠道查询退款状态。",
    )
    REFUND_THERE_UNKNOWN = (
        "REFUND_THERE_UNKNOWN",
        MonitorLight.RED,
        Mend.NONE,
        "渠道账单里有一笔退款,我们没有这个退款单号。可能有人在商户平台直接退了款,请查明。",
    )
    REFUND_HERE_ONLY = (
        "REFUND_HERE_ONLY",
        MonitorLight.RED,
        Mend.ASK_REFUND,
        "我们记为已提交或已退款,渠道当天账单里没有这一笔退款。请在商户平台核对。",
    )
    REFUND_AMOUNT_DIFFERS = (
        "REFUND_AMOUNT_DIFFERS",
        MonitorLight.RED,
        Mend.NONE,
        "同一个退款单号,渠道账单的金额或原单号与我们的不一致。请先与渠道核对。",
    )
    REFUND_FAILED_THERE = (
        "REFUND_FAILED_THERE",
        MonitorLight.RED,
        Mend.ASK_REFUND,
        "渠道账单显示退款失败,我们这边还当作在退或已退。查询后仍在的,请换方式退给缴款人。",
    )
    REFUNDED_TOO_MUCH = (
        "REFUNDED_TOO_MUCH",
        MonitorLight.RED,
        Mend.NONE,
        "这张缴款单的退款合计超过了实缴金额。请立即停办未付出的退款并查明。",
    )
    FEE_PAID_TWICE = (
        "FEE_PAID_TWICE",
        MonitorLight.RED,
        Mend.NONE,
        "同一项收费缴了两次,多缴的一笔没有退款。请退回多缴的一笔。",
    )
    ENDED_CASE_PAID = (
        "ENDED_CASE_PAID",
        MonitorLight.YELLOW,
        Mend.NONE,
        "办件已撤回、终止或不予受理(许可),缴的钱没有退款。请按收费规定退款,不退的写明依据。",
    )
    MONEY_UNUSED = (
        "MONEY_UNUSED",
        MonitorLight.RED,
        Mend.NONE,
        "缴款单已付款,但对应的收费没有记为缴清。请查明这笔钱缴的是什么。",
    )
    CASE_PAID_FEE_OPEN = (
        "CASE_PAID_FEE_OPEN",
        MonitorLight.RED,
        Mend.NONE,
        "办件显示已缴费,但收费记录没有缴清。请勿发证,先查明。",
    )
    FEE_SETTLED_CASE_OPEN = (
        "FEE_SETTLED_CASE_OPEN",
        MonitorLight.RED,
        Mend.NONE,
        "收费已经缴清,办件仍显示未缴费,申请人可能被要求再缴一次。请尽快处理。",
    )
    FLOW_PAYMENTS_DIFFER = (
        "FLOW_PAYMENTS_DIFFER",
        MonitorLight.YELLOW,
        Mend.NONE,
        "当天资金账单的收款合计与交易账单不一致。请财务在商户平台核对结算。",
    )
    FLOW_REFUNDS_DIFFER = (
        "FLOW_REFUNDS_DIFFER",
        MonitorLight.YELLOW,
        Mend.NONE,
        "当天资金账单的退款合计与交易账单不一致。请财务在商户平台核对。",
    )


@dataclass(frozen=True)
class Difference:
    """One difference; ``subject`` is what it is about, and its key is found only once for good."""

    code: Differs
    subject: str
    order: str | None = None
    refund: str | None = None
    case: str | None = None
    facts: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.code.value}:{self.subject}"
