"""Sentences that several notices share: how to object to an act, and why a case ended."""

from collections.abc import Mapping
from types import MappingProxyType

from models.rules.documents.template import When
from models.rules.events import Event

# 行政复议法(2023)20、24, 行政诉讼法46, 行政许可法7 and 38.
REMEDY = (
    When(
        "remedy",
        "您不同意的，有两个办法，可以选一个。第一，从收到{remedy}之日起60日内，"
        "向{organ}的本级人民政府申请行政复议。"
        "第二，从收到{remedy}之日起6个月内，直接向有管辖权的人民法院提起行政诉讼。",
    ),
)
REMEDY_BASIS = (
    "《中华人民共和国行政复议法》第二十条、第二十四条；《中华人民共和国行政诉讼法》第四十六条"
)

# Why an application counts as withdrawn or a case is terminated (N11, N12).
CAUSES: Mapping[Event, str] = MappingProxyType(
    {
        Event.CORRECTION_TIMEOUT: "到期没有收到您要补的材料。",
        Event.PAPER_TIMEOUT: "到期没有等到您带原件到窗口交材料。",
        Event.PAYMENT_TIMEOUT: "到期没有收到您受理前应缴的费用。",
        Event.SHORTFALL_TIMEOUT: "到期没有收到您承诺补上的材料。",
        Event.SHORTFALL_TIMEOUT_TERMINATE: "到期没有收到您承诺补上的材料。",
        Event.ORIGINALS_TIMEOUT: "到期没有收到您要补齐的原件。",
        Event.IDENTITY_MISMATCH_OR_FALSE: "核对原件时发现身份不一致或者材料不真实，"
        "并且已经由第二名工作人员确认。",
        Event.ORIGINALS_NO_SHOW: "到期没有等到您带原件来核对。",
    }
)
