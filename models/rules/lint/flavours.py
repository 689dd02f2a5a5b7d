"""Flavours: 容缺受理, 先办后验, 告知承诺, visits, delivery, tags, and what must not be online."""

import re
from collections.abc import Iterator, Mapping

from models.rules.calendar import Unit
from models.rules.item_words import (
    CaseType,
    DeliveryMode,
    ItemType,
    MaterialSource,
    OnlineDepth,
    Tag,
)
from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity
from models.rules.lint.limits import limit_of

# 青神方案2018 附件3: what is about property, or about who somebody is, is never done first.
_PROPERTY = re.compile("不动产|房产|产权|抵押|补贴|津贴|救助|低保|最低生活保障|公积金|养老金|抚恤")
_IDENTITY = re.compile("身份证|居住证|户口|户籍|婚姻登记|收养登记|残疾人证|护照|实名")
# 安阳条例25: where a promise is not enough.
_NO_COMMITMENT = re.compile(
    "国家安全|国家秘密|公共安全|金融|融资担保|典当|排污|放射|辐射|危险|爆炸|爆竹|枪支|特种设备"
    "|食品|药品|医疗|消防"
)
_FILING = re.compile(r"\S+〔\d{4}〕\d+号")


def shortfall_of_nothing(body: Body, _: Policy) -> Iterator[Hit]:
    """容缺 needs at least one material that may come later (青神方案2018: 标明可以容缺的材料)."""
    marked = any(material["shortfall_allowed"] for material in body["materials"])
    if body["flags"]["shortfall_allowed"] and not marked:
        yield Hit("/flags/shortfall_allowed")


def shortfall_not_allowed(body: Body, _: Policy) -> Iterator[Hit]:
    """A material may not come later in an item that does not allow it."""
    for place, material in enumerate(body["materials"]):
        if material["shortfall_allowed"] and not body["flags"]["shortfall_allowed"]:
            yield Hit(f"/materials/{place}/shortfall_allowed", material["name"])


def shortfall_of_the_core(body: Body, _: Policy) -> Iterator[Hit]:
    """Without a core material there is nothing to decide on."""
    for place, material in enumerate(body["materials"]):
        if material["shortfall_allowed"] and material["core"]:
            yield Hit(f"/materials/{place}/shortfall_allowed", material["name"])


def shortfall_within_a_day(body: Body, _: Policy) -> Iterator[Hit]:
    """A promise is not later than the promised decision: the same day leaves no time for it."""
    promised = limit_of(body, "promised")
    same_day = promised is not None and promised.unit is Unit.SAME_WORKING_DAY
    if body["flags"]["shortfall_allowed"] and same_day:
        yield Hit("/flags/shortfall_allowed")


def verify_later_excluded(body: Body, _: Policy) -> Iterator[Hit]:
    """财产性事务 and 以身份认证为核心内容的 items, whether the draft says so or not."""
    flags = body["flags"]
    if not flags["verify_later_allowed"]:
        return
    if "verify_later_exclusion" in flags:
        yield Hit("/flags/verify_later_allowed", flags["verify_later_exclusion"])
    elif body["item_type"] == ItemType.GRANT or _PROPERTY.search(body["name"]):
        yield Hit("/flags/verify_later_allowed", "财产性事务")
    elif _IDENTITY.search(body["name"]):
        yield Hit("/flags/verify_later_allowed", "以身份认证为核心内容")


def verify_later_not_filed(body: Body, _: Policy) -> Iterator[Hit]:
    """具体事项由审批单位确定,报县党务政务服务中心备案 (青神方案2018 附件3)."""
    flags = body["flags"]
    number = flags.get("verify_later_filing_no", "")
    if flags["verify_later_allowed"] and not _FILING.fullmatch(number):
        yield Hit("/flags/verify_later_filing_no")
    if flags["verify_later_allowed"] and "verify_later_filed_on" not in flags:
        yield Hit("/flags/verify_later_filed_on")


def verify_later_visits(body: Body, _: Policy) -> Iterator[Hit]:
    """力争实现单一事项办理服务对象上门次数不超过1次 (青神方案2018)."""
    if body["flags"]["verify_later_allowed"] and body["flags"]["max_visits"] > 1:
        yield Hit("/flags/max_visits")


def verify_later_of_nothing(body: Body, _: Policy) -> Iterator[Hit]:
    """Originals are verified last: some must be, and they must not have been seen before."""
    some = any(material["original_check_on_pickup"] for material in body["materials"])
    seen = body["flags"]["online_depth"] == OnlineDepth.PRE_REVIEW_THEN_WINDOW
    if body["flags"]["verify_later_allowed"] and (seen or not some):
        yield Hit("/flags/verify_later_allowed")


def commitment_excluded(body: Body, _: Policy) -> Iterator[Hit]:
    """National security, public safety, finance, people's health and lives (安阳条例25)."""
    flags = body["flags"]
    if not flags["commitment_allowed"]:
        return
    area = _NO_COMMITMENT.search(body["name"])
    if "commitment_exclusion" in flags:
        yield Hit("/flags/commitment_allowed", flags["commitment_exclusion"])
    elif area:
        yield Hit("/flags/commitment_allowed", area[0])


def commitment_unwritten(body: Body, _: Policy) -> Iterator[Hit]:
    """Nobody can sign what is not there: statements, and what follows when they are untrue."""
    text = body.get("commitment")
    whole = isinstance(text, Mapping) and {"template_version", "statements", "consequence"} <= set(
        text
    )
    if body["flags"]["commitment_allowed"] and not whole:
        yield Hit("/commitment")


def commitment_for_unknown(body: Body, _: Policy) -> Iterator[Hit]:
    """A promise stands for materials of the list."""
    codes = {material["code"] for material in body["materials"]}
    for place, code in enumerate(body.get("commitment", {}).get("replaces", ())):
        if code not in codes:
            yield Hit(f"/commitment/replaces/{place}", code)


def too_many_visits(body: Body, policy: Policy) -> Iterator[Hit]:
    """最多跑一次 (新乡方案2018) or 不超过2次 (贵安方案2017): the region chooses."""
    if body["flags"]["max_visits"] > policy.max_visits:
        yield Hit("/flags/max_visits", str(policy.max_visits))


def visits_impossible(body: Body, _: Policy) -> Iterator[Hit]:
    """Without a visit nothing can be shown at the window and nothing fetched there."""
    by_itself = {DeliveryMode.POST, DeliveryMode.ELECTRONIC} & set(body["delivery"])
    to_window = body["flags"]["online_depth"] == OnlineDepth.PRE_REVIEW_THEN_WINDOW
    if body["flags"]["max_visits"] == 0 and (to_window or not by_itself):
        yield Hit("/flags/max_visits")


def delivery_does_not_fit(body: Body, _: Policy) -> Iterator[Hit]:
    """What is only paper cannot be sent to a phone, and the reverse."""
    modes, result = set(body["delivery"]), body["result"]
    if DeliveryMode.ELECTRONIC in modes and not result["electronic"]:
        yield Hit("/delivery", "电子送达")
    if DeliveryMode.POST in modes and not result["paper"]:
        yield Hit("/delivery", "邮寄")
    if result["electronic"] and not result["paper"] and DeliveryMode.ELECTRONIC not in modes:
        yield Hit("/delivery", "只有电子结果的事项缺少电子送达")
    if not result["electronic"] and not result["paper"]:
        yield Hit("/result", "没有任何形式的结果")


def picked_up_without_paper(body: Body, _: Policy) -> Iterator[Hit]:
    """A window can print what exists electronically; that has to be meant."""
    at_window = {DeliveryMode.WINDOW, DeliveryMode.TOWNSHIP_PICKUP} & set(body["delivery"])
    if at_window and not body["result"]["paper"]:
        yield Hit("/delivery")


def untrue_tags(body: Body, _: Policy) -> Iterator[Hit]:
    """A tag is a promise to people, so the data has to bear it out."""
    flags = body["flags"]
    true = {
        Tag.AT_ONCE: body["case_type"] == CaseType.IMMEDIATE,
        Tag.ONLINE: flags["online_depth"] != OnlineDepth.PRE_REVIEW_THEN_WINDOW,
        Tag.NEARBY: flags["township_acceptance"],
        Tag.ONE_VISIT: flags["max_visits"] <= 1,
    }
    for place, tag in enumerate(body.get("tags", ())):
        if not true[Tag(tag)]:
            yield Hit(f"/tags/{place}", tag)


def secret_items(body: Body, _: Policy) -> Iterator[Hit]:
    """What is secret is not handled over the public network (青神方案2018: 涉密除外)."""
    if body.get("secret") or re.search("涉密|国家秘密|保密", body["name"]):
        yield Hit("/secret")


def joint_alone(body: Body, _: Policy) -> Iterator[Hit]:
    """联办件 names the departments that handle it together."""
    if body["case_type"] == CaseType.JOINT and not body["flags"]["joint_departments"]:
        yield Hit("/flags/joint_departments")


def no_sample(body: Body, _: Policy) -> Iterator[Hit]:
    """提供可下载的材料格式文本和示范文本 (贵安方案2017), for what people write themselves."""
    for place, material in enumerate(body["materials"]):
        own = material["min_trust_level"] == "D" and material["kind"] == "ELECTRONIC_COPY"
        if own and not {"blank", "sample"} & set(material):
            yield Hit(f"/materials/{place}", material["name"])


def no_material_basis(body: Body, _: Policy) -> Iterator[Hit]:
    """明确需提交材料的名称、依据、格式 (贵安方案2017)."""
    for place, material in enumerate(body["materials"]):
        brought = material["source"] == MaterialSource.APPLICANT
        if brought and material["kind"] != "ONLINE_FORM" and "basis" not in material:
            yield Hit(f"/materials/{place}", material["name"])


def certificate_not_named(body: Body, _: Policy) -> Iterator[Hit]:
    """What sharing provides is not asked of people; for that it must be known what it is."""
    for place, material in enumerate(body["materials"]):
        shared = material["source"] == MaterialSource.E_CERT_SHARED
        if shared and "e_certificate_type" not in material:
            yield Hit(f"/materials/{place}", material["name"])


_R, _W = Severity.REFUSES, Severity.WARNS
# fmt: off
RULES = (
    Rule("shortfall_of_nothing", _R, "写了可以容缺,但没有标明哪份材料可以容缺。",
         "青神方案2018: 标明可以容缺的材料", shortfall_of_nothing),
    Rule("shortfall_not_allowed", _R, "材料“{}”标了可以容缺,但这个事项不能容缺。",
         "青神方案2018", shortfall_not_allowed),
    Rule("shortfall_of_the_core", _R, "材料“{}”是核心要件,不能容缺。",
         "青神方案2018 附件1三(三)3", shortfall_of_the_core),
    Rule("shortfall_within_a_day", _R, "当天办结的事项来不及容缺:补齐不能晚于承诺办结的日期。",
         "青神方案2018 容缺承诺", shortfall_within_a_day),
    Rule("verify_later_excluded", _R, "不能先办后验:{}。",
         "青神方案2018 附件3: 财产性事务、以身份认证为核心内容的不适用", verify_later_excluded),
    Rule("verify_later_not_filed", _R, "先办后验的事项要写备案号(如“示备〔2026〕1号”)和备案日期。",
         "青神方案2018 附件3: 报县党务政务服务中心备案", verify_later_not_filed),
    Rule("verify_later_visits", _R, "先办后验的事项最多跑1次。",
         "青神方案2018: 上门次数不超过1次", verify_later_visits),
    Rule("verify_later_of_nothing", _R, "先办后验没有可以后验的原件,或者原件在受理前已经看过。",
         "青神方案2018 附件3: 原件核验是最终决定程序", verify_later_of_nothing),
    Rule("commitment_excluded", _R, "不能告知承诺:{}。", "安阳条例25", commitment_excluded),
    Rule("commitment_unwritten", _R, "可以告知承诺,但没有写承诺书的内容和后果。",
         "国办发〔2020〕42号; 安阳条例26", commitment_unwritten),
    Rule("commitment_for_unknown", _R, "承诺代替的“{}”不在材料清单里。", "国办发〔2020〕42号",
         commitment_for_unknown),
    Rule("visits_over_policy", _W, "到场次数超过本地规定的{}次。",
         "新乡方案2018: 最多跑一次; 贵安方案2017: 不超过2次", too_many_visits),
    Rule("visits_impossible", _R, "写了不用到场,但要到窗口交件或只能到窗口领取。",
         "新乡方案2018 最多跑一次", visits_impossible),
    Rule("delivery_does_not_fit", _R, "送达方式和办理结果对不上:{}。",
         "716号令9; 青神方案2018 附件1三(七)", delivery_does_not_fit),
    Rule("picked_up_without_paper", _W, "没有纸质结果,却可以到窗口领取:窗口要能打印电子结果。",
         "716号令9", picked_up_without_paper),
    Rule("tag_untrue", _R, "标签“{}”和事项的内容不符。", "新乡方案2018", untrue_tags),
    Rule("secret_item", _R, "涉密事项不能在网上办理。", "青神方案2018: 涉密除外", secret_items),
    Rule("joint_alone", _R, "联办件没有写联办的部门。", "青神方案2018 联办件", joint_alone),
    Rule("sample_missing", _W, "材料“{}”由申请人自己写,没有格式文本或示范文本。",
         "贵安方案2017", no_sample),
    Rule("material_without_basis", _W, "材料“{}”没有写依据。",
         "贵安方案2017; 新乡方案2018: 清单之外不得索要证明", no_material_basis),
    Rule("certificate_not_named", _W, "材料“{}”由电子证照共享,没有写是哪一种证照。",
         "青神方案2018: 数据可得即免交", certificate_not_named),
)
# fmt: on
