"""Fees: none without a law, none without an amount (行政许可法58; 安阳方案2014 严防乱收费)."""

import re
from collections.abc import Iterator
from typing import Any

from models.rules.branches import known_fields
from models.rules.item_words import Till
from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity
from models.rules.lint.limits import says_nothing
from models.rules.refunds import RefundOn
from models.rules.states import FeeStage, State

_NAMES_A_RULE = re.compile("法|条例|规定|办法|通知|〔|《|目录")


def fee_without_basis(body: Body, _: Policy) -> Iterator[Hit]:
    """No fee unless a law or an administrative regulation says so."""
    if body["fee"]["charged"] and says_nothing(body["fee"].get("basis", "")):
        yield Hit("/fee/basis")


def fee_basis_unclear(body: Body, _: Policy) -> Iterator[Hit]:
    """A basis that names no rule that somebody could look up."""
    basis = body["fee"].get("basis", "")
    if body["fee"]["charged"] and not says_nothing(basis) and not _NAMES_A_RULE.search(basis):
        yield Hit("/fee/basis", basis)


def fee_incomplete(body: Body, _: Policy) -> Iterator[Hit]:
    """What is charged has a name, a stage and rules; what is not, has none."""
    fee = body["fee"]
    if fee["charged"] is (fee["stage"] == FeeStage.NONE):
        yield Hit("/fee/stage")
    if fee["charged"] and not fee.get("name", "").strip():
        yield Hit("/fee/name")
    if fee["charged"] and not fee.get("rules"):
        yield Hit("/fee/rules")


def fee_by_unknown(body: Body, _: Policy) -> Iterator[Hit]:
    """An amount that is counted by a field which the form does not have, or a price never met."""
    known = known_fields(body)
    for place, rule in enumerate(body["fee"].get("rules", ())):
        for key in ("each_of", "per", "unit_price_by"):
            if rule.get(key, next(iter(known))) not in known:
                yield Hit(f"/fee/rules/{place}/{key}", rule[key])
        if rule.get("unit_price_by") in known:
            for kind in _never_chosen(body, rule):
                yield Hit(f"/fee/rules/{place}/unit_price_cent/{kind}", kind)


def deemed_before_paid(body: Body, _: Policy) -> Iterator[Hit]:
    """Silence accepts by law (行政许可法32(四)), whether or not somebody has paid."""
    before = body["fee"]["stage"] == FeeStage.BEFORE_ACCEPTANCE
    if body["acceptance"]["deemed_acceptance"] and before:
        yield Hit("/fee/stage")


def fee_kept(body: Body, _: Policy) -> Iterator[Hit]:
    """A fee that stays although nothing was given for it: whoever signs has to know by what law."""
    given_back = body["fee"].get("refund_on", list(RefundOn))
    if body["fee"]["charged"] and isinstance(given_back, list):
        for end in RefundOn:
            if end.value not in given_back:
                yield Hit("/fee/refund_on", State(end.value).zh)


def treasury_without_code(body: Body, _: Policy) -> Iterator[Hit]:
    """Money that is paid into the treasury is booked under the code of its 执收项目."""
    fee = body["fee"]
    channels = fee.get("channels")
    offered = isinstance(channels, list) and Till.NONTAX.value in channels
    if offered and says_nothing(fee.get("revenue_code", "")):
        yield Hit("/fee/revenue_code")


def _never_chosen(body: Body, rule: dict[str, Any]) -> list[str]:
    name = rule["unit_price_by"].removeprefix("form.")
    choices = body["form_schema"]["properties"].get(name, {}).get("enum")
    return [kind for kind in rule["unit_price_cent"] if choices and kind not in choices]


_R, _W = Severity.REFUSES, Severity.WARNS
# fmt: off
RULES = (
    Rule("fee_without_basis", _R, "收费没有写法定依据。", "行政许可法58", fee_without_basis),
    Rule("fee_basis_unclear", _W, "收费依据“{}”没有写明是哪部法律法规。", "行政许可法58",
         fee_basis_unclear),
    Rule("fee_incomplete", _R, "收费的环节、名称或标准没有写全,或者和“不收费”矛盾。",
         "行政许可法58; 安阳方案2014 严防乱收费", fee_incomplete),
    Rule("fee_by_unknown", _R, "收费标准里的“{}”在表单里填不到。",
         "安阳方案2014: 金额只能来自公布的标准", fee_by_unknown),
    Rule("fee_before_deemed_acceptance", _R,
         "逾期不告知就视为受理的事项,不能先收费再受理。", "行政许可法32(四)",
         deemed_before_paid),
    Rule("fee_revenue_code_missing", _R, "可以向财政缴款的收费,没有写执收项目编码。",
         "政府非税收入管理办法(财税〔2016〕33号): 按项目执收", treasury_without_code),
    Rule("fee_kept", _W, "办件以“{}”结束时不退费,请核对有没有依据。", "行政许可法58, 59", fee_kept),
)
# fmt: on
