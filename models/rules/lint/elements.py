"""The elements of an item (事项要素): what must be there, and of which kind, before all else.

青神方案2018: name, basis, conditions, materials, procedure, limits and fee are published;
行政许可法30 says the same of permits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.rules.item_words import (
    ApplicantType,
    BackendMode,
    CaseType,
    DeliveryMode,
    IncompletePolicy,
    ItemType,
    MaterialKind,
    MaterialSource,
    OnlineDepth,
    Tag,
    Till,
)
from models.rules.lint import kinds
from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity
from models.rules.lint.reading import readable
from models.rules.reasons import RefusalReason
from models.rules.refunds import RefundOn
from models.rules.states import FeeStage


@dataclass(frozen=True)
class Element:
    """``*`` in the pointer stands for each one of a list or mapping."""

    pointer: str
    zh: str
    fits: kinds.Fits
    needed: bool = True


_E = Element
_EXPIRY = kinds.among("WITHDRAWN_DEEMED", "TERMINATE", "ALERT")
# fmt: off
ELEMENTS = (
    _E("/code", "业务办理项编码", kinds.short(40)),
    _E("/name", "事项名称", kinds.short(200)),
    _E("/version", "版本号(如2026.1)", kinds.version),
    _E("/valid_from", "生效日期", kinds.day),
    _E("/agency", "实施机关", kinds.short(100)),
    _E("/agency_short", "实施机关简称", kinds.short(20), needed=False),
    _E("/agency_uscc", "实施机关统一社会信用代码", kinds.text),
    _E("/basic_code", "基本编码", kinds.text),
    _E("/impl_code", "实施编码", kinds.text),
    _E("/handling_item_code", "业务办理项编码", kinds.text),
    _E("/item_type", "事项类型", kinds.word(ItemType)),
    _E("/case_type", "办件类型", kinds.word(CaseType)),
    _E("/applicant_types", "申请人类型", kinds.words(ApplicantType)),
    _E("/real_name_level", "实名等级(1至4)", kinds.whole(1, 4), needed=False),
    _E("/tags", "办理标签", kinds.words(Tag, least=0), needed=False),
    _E("/secret", "涉密标记", kinds.yes_no, needed=False),
    _E("/guide/basis", "设立依据", kinds.texts),
    _E("/guide/conditions", "申请条件", kinds.texts),
    _E("/guide/steps", "办理程序", kinds.texts),
    _E("/guide/where/name", "办理地点", kinds.text),
    _E("/guide/where/address", "办理地址", kinds.text),
    _E("/guide/where/hours", "办理时间", kinds.text),
    _E("/guide/advice_phone", "咨询电话", kinds.text),
    _E("/guide/supervision_phone", "监督电话", kinds.text),
    _E("/limits/promised", "承诺办结时限", kinds.limit),
    _E("/limits/statutory", "法定办结时限", kinds.limit),
    _E("/limits/extension", "延长期限", kinds.limit, needed=False),
    _E("/limits/serve", "送达期限", kinds.limit, needed=False),
    _E("/special_procedures", "特别程序", kinds.any_texts, needed=False),
    _E("/acceptance/actor", "受理主体", kinds.actor),
    _E("/acceptance/legal_clock_start", "期限起算", kinds.among("ON_SUBMIT", "ON_PAPER_RECEIVED")),
    _E("/acceptance/pre_review_sla_wd", "预审承诺期限", kinds.whole(0, kinds.MOST_DAYS)),
    _E("/acceptance/notify_deadline_wd", "一次性告知期限", kinds.whole(0, kinds.MOST_DAYS)),
    _E("/acceptance/incomplete_policy", "材料不齐的处理", kinds.word(IncompletePolicy)),
    _E("/acceptance/deemed_acceptance", "是否视为受理", kinds.yes_no),
    _E("/acceptance/correction_deadline_wd", "补正期限", kinds.whole(0, kinds.MOST_DAYS)),
    _E("/acceptance/correction_expiry", "补正逾期的处理", kinds.among("WITHDRAWN_DEEMED")),
    _E("/acceptance/shortfall_expiry", "容缺逾期的处理", _EXPIRY),
    _E("/fee/charged", "是否收费", kinds.yes_no),
    _E("/fee/stage", "收费环节", kinds.word(FeeStage)),
    _E("/fee/name", "收费名称", kinds.blank_or_short(100), needed=False),
    _E("/fee/basis", "收费依据", kinds.blank_or_short(200), needed=False),
    _E("/fee/rules", "收费标准", kinds.mappings, needed=False),
    _E("/fee/rules/*", "收费标准", kinds.fee_rule),
    _E("/fee/amount_set_by", "谁定金额", kinds.among("BACK_OFFICE"), needed=False),
    _E("/fee/channels", "缴费渠道", kinds.words(Till), needed=False),
    _E("/fee/revenue_code", "收入项目编码", kinds.short(32), needed=False),
    _E("/fee/waivers", "减免情形", kinds.any_texts, needed=False),
    _E("/fee/refund_on", "退费情形", kinds.words(RefundOn, 0), needed=False),
    _E("/flags/shortfall_allowed", "是否可容缺", kinds.yes_no),
    _E("/flags/verify_later_allowed", "是否可先办后验", kinds.yes_no),
    _E("/flags/verify_later_exclusion", "不适用先办后验的原因", kinds.text, needed=False),
    _E("/flags/verify_later_filing_no", "先办后验备案号", kinds.text, needed=False),
    _E("/flags/verify_later_filed_on", "先办后验备案日期", kinds.day, needed=False),
    _E("/flags/commitment_allowed", "是否可告知承诺", kinds.yes_no),
    _E("/flags/commitment_exclusion", "不适用告知承诺的原因", kinds.text, needed=False),
    _E("/flags/online_depth", "网办深度", kinds.word(OnlineDepth)),
    _E("/flags/max_visits", "到场次数", kinds.whole(0, 10)),
    _E("/flags/agent_allowed", "是否可委托代办", kinds.yes_no),
    _E("/flags/township_acceptance", "乡镇是否可办", kinds.yes_no),
    _E("/flags/one_open_case", "是否一次只能办一件", kinds.yes_no, needed=False),
    _E("/flags/joint_departments", "联办部门", kinds.any_texts),
    _E("/joint_items", "联办的事项", kinds.some_mappings, needed=False),
    _E("/joint_items/*/code", "联办事项的业务办理项编码", kinds.short(40)),
    _E("/joint_items/*/materials", "联办事项的材料", kinds.mapping, needed=False),
    _E("/joint_items/*/materials/*", "联办事项的材料编号", kinds.short(8)),
    _E("/flags/backend_mode", "审批系统对接方式", kinds.word(BackendMode)),
    _E("/external", "外部办理", kinds.mapping, needed=False),
    _E("/external/system", "外部系统名称", kinds.short(60), needed=False),
    _E("/external/url", "外部办理地址", kinds.short(300), needed=False),
    _E("/exemption_rules", "不需办理的情形", kinds.mappings, needed=False),
    _E("/exemption_rules/*/when", "不需办理的条件", kinds.mapping),
    _E("/exemption_rules/*/outcome", "不需办理的结论", kinds.among("NOT_ACCEPTED")),
    _E("/exemption_rules/*/reason_code", "不需办理的原因", kinds.word(RefusalReason)),
    _E("/exemption_rules/*/basis", "不需办理的依据", kinds.text),
    _E("/materials", "申请材料", kinds.some_mappings),
    _E("/materials/*/code", "材料编号", kinds.short(8)),
    _E("/materials/*/name", "材料名称", kinds.short(200)),
    _E("/materials/*/required", "是否必须", kinds.yes_no),
    _E("/materials/*/condition", "需要的条件", kinds.mapping, needed=False),
    _E("/materials/*/core", "是否核心要件", kinds.yes_no),
    _E("/materials/*/shortfall_allowed", "是否可容缺", kinds.yes_no),
    _E("/materials/*/source", "材料来源", kinds.word(MaterialSource)),
    _E("/materials/*/min_trust_level", "可信等级", kinds.among("A", "B", "C", "D")),
    _E("/materials/*/kind", "材料形式", kinds.word(MaterialKind)),
    _E("/materials/*/formats", "材料格式", kinds.formats),
    _E("/materials/*/max_size_mb", "文件大小", kinds.whole(1, 20)),
    _E("/materials/*/reading", "自动预审要求", readable, needed=False),
    _E("/materials/*/copies", "份数", kinds.whole(1, 20)),
    _E("/materials/*/original_check_on_pickup", "是否核验原件", kinds.yes_no),
    _E("/materials/*/e_certificate_type", "电子证照类型", kinds.text, needed=False),
    _E("/materials/*/holder", "证照是谁的", kinds.among("APPLICANT"), needed=False),
    _E("/materials/*/sensitive_category", "敏感信息类别", kinds.text, needed=False),
    _E("/materials/*/basis", "材料依据", kinds.text, needed=False),
    _E("/materials/*/note", "材料说明", kinds.text, needed=False),
    _E("/materials/*/template", "材料由什么做成", kinds.text, needed=False),
    _E("/materials/*/blank", "格式文本", kinds.short(kinds.LONGEST_TEXT), needed=False),
    _E("/materials/*/sample", "示范文本", kinds.short(kinds.LONGEST_TEXT), needed=False),
    _E("/commitment", "告知承诺书", kinds.mapping, needed=False),
    _E("/commitment/template_version", "承诺书版本", kinds.short(20), needed=False),
    _E("/commitment/statements", "承诺书内容", kinds.texts, needed=False),
    _E("/commitment/replaces", "承诺代替的材料", kinds.any_texts, needed=False),
    _E("/commitment/consequence", "承诺不实的后果", kinds.text, needed=False),
    _E("/result/name", "结果名称", kinds.text),
    _E("/result/kind", "结果类型", kinds.text),
    _E("/result/paper", "是否有纸质结果", kinds.yes_no),
    _E("/result/electronic", "是否有电子结果", kinds.yes_no),
    _E("/result/signed", "结果是否要有电子签章", kinds.yes_no, needed=False),
    _E("/delivery", "送达方式", kinds.words(DeliveryMode)),
    _E("/form_schema/properties", "表单", kinds.mapping),
    _E("/form_schema/properties/*", "表单字段", kinds.mapping),
    _E("/form_schema/required", "表单必填项", kinds.any_texts),
)
# fmt: on

# Kept with the item and shown or explained somewhere; nothing is computed from them.
BESIDE = {
    "": "id region codes_provenance provenance form_fields rules eligibility onsite_check",
    "flags": "proxy_service_allowed appointment joint_applicants public_notice_wd",
    "fee": "provenance ebill note payer",
    "commitment": "provenance",
    "result": "validity number_rule",
}
GROUPS = (
    "",
    "guide",
    "limits",
    "acceptance",
    "fee",
    "flags",
    "materials/*",
    "commitment",
    "result",
)


def _names(group: str) -> frozenset[str]:
    before = f"/{group}/" if group else "/"
    ours = (element.pointer for element in ELEMENTS if element.pointer.startswith(before))
    own = (pointer.removeprefix(before).split("/")[0] for pointer in ours)
    return frozenset([*own, *BESIDE.get(group, "").split()])


KNOWN = {group: _names(group) for group in GROUPS}


def _at(body: Any, names: list[str], before: str = "") -> Iterator[tuple[str, Any, bool]]:
    """Yield (pointer, value, is there) for a pointer with stars."""
    if not names:
        yield before, body, True
        return
    name, *rest = names
    if name == "*":
        for key, value in _pairs(body):
            yield from _at(value, rest, f"{before}/{key}")
    elif isinstance(body, Mapping) and name in body:
        yield from _at(body[name], rest, f"{before}/{name}")
    elif "*" not in rest:
        yield "/".join([before, name, *rest]), None, False


def _pairs(body: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(body, Mapping):
        yield from body.items()
    elif isinstance(body, list):
        yield from enumerate(body)


def missing_elements(body: Body, _: Policy) -> Iterator[Hit]:
    """An element that is not there, or that says nothing."""
    for element in ELEMENTS:
        for pointer, value, there in _at(body, element.pointer.split("/")[1:]):
            wrong = not element.fits(value) if there else element.needed
            if wrong:
                yield Hit(pointer, element.zh)


def unknown_elements(body: Body, _: Policy) -> Iterator[Hit]:
    """A name that nothing reads: most likely a slip, and then what it should say is not said."""
    for group, names in KNOWN.items():
        for pointer, value, there in _at(body, group.split("/") if group else []):
            if not there or not isinstance(value, Mapping):
                continue
            for name in value:
                if name not in names:
                    escaped = str(name).replace("~", "~0").replace("/", "~1")
                    yield Hit(f"{pointer}/{escaped}", str(name))


RULES = (
    Rule(
        "element_missing",
        Severity.REFUSES,
        "缺少“{}”,或填写的内容不对。",
        "青神方案2018 事项要素; 行政许可法30",
        missing_elements,
    ),
    Rule(
        "element_unknown",
        Severity.WARNS,
        "“{}”不是事项的要素,系统不会读它,可能写错了。",
        "GB/T 39554.2-2020 要素",
        unknown_elements,
    ),
)
