"""The linter: what the law and the plans forbid is refused, each by its own rule."""

from typing import Any

import pytest

from models.rules.lint import RULES, Policy, Severity, lint
from models.rules.lint.elements import ELEMENTS
from models.rules.lint.wording import is_vague
from tests.rules.items import GONE, NAMES, item, put, refused, warned

DAYS = {"unit": "WORKING_DAY", "clock_start": "ON_ACCEPTED", "basis": "某法第十条"}


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_can_be_published(name: str) -> None:
    assert refused(item(name)) == {}


def test_every_rule_says_what_and_why() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.basis
        assert rule.sentence.endswith(("。", "。{}"))
        assert not set(rule.sentence) & set("\uff0c\uff08\uff09\uff1a\uff1b")


@pytest.mark.requirement("禁兜底条款")
@pytest.mark.parametrize(
    "name",
    [
        "其他材料",
        "法律法规规定的其他材料",
        "身份证、户口簿等材料",
        "身份证等",
        "营业执照、资质证书等证明文件",
        "有关材料",
        "有关证明材料",
        "相关的证明",
        "相关资料",
        "必要的文件",
        "审批部门要求提供的材料",
        "需要提交的其它手续",
        "其 他 材 料",
        "其\u200b他材料",
        "身份证等同类证件",
        "房产证、合同等三项材料",
        "其余材料",
        "根据需要提供的图纸",
        "各类证明材料",
        "补充材料",
        "证明材料",
        "相关图纸",
        "有关批准文件",
        "相关资质证书",
    ],
)
def test_a_material_that_leaves_open_what_to_bring(name: str) -> None:
    assert is_vague(name)
    body = item("item01", materials__3__name=name)
    finding = refused(body)["material_vague"]
    assert (finding.pointer, finding.severity) == ("/materials/3/name", Severity.REFUSES)


@pytest.mark.requirement("禁兜底条款")
@pytest.mark.parametrize(
    "name",
    [
        "高等学校毕业证书",
        "中等职业学校学历证明",
        "伤残等级鉴定书",
        "特种作业等级证书",
        "二级甲等医院诊断证明",
        "平等协商记录",
        "等离子切割机合格证",
        "等高线地形图",
        "优等品证书",
        "其他股东放弃优先购买权的声明",
        "补充协议",
        "申请人的身份证明",
        "对等投资承诺书",
        "同等学力证明",
        "二等功奖章证书",
        "《食品经营许可和备案管理办法》规定的布局图",
        "《建设项目环境保护管理条例等规定》要求的评价表",
        "法人或者其他组织登记证书",
        "与申请人一致的银行账户",
        "公共场所地址方位示意图、平面图和卫生设施平面布局图",
        "与食品经营相适应的主要设备设施布局、操作流程文件",
    ],
)
def test_a_name_that_only_sounds_like_it(name: str) -> None:
    assert not is_vague(name)


def test_a_note_may_explain_and_may_not_add() -> None:
    assert "material_note_vague" in refused(item("item01", materials__3__note="另附消防等材料"))
    assert "material_note_vague" in refused(item("item01", materials__3__note="以及其他证明"))
    explained = item("item01", materials__3__note="不超过15立方米可以免交(福州等地)")
    assert "material_note_vague" not in refused(explained)


REFUSED: list[tuple[str, str, Any, str]] = [
    # codes
    ("item01", "impl_code", "11511499MB9000015D4000123905001", "impl_code_wrong"),
    ("item01", "impl_code", "11511499MB9000015D7000123905000", "impl_code_wrong"),
    ("item01", "agency_uscc", "11511499MB9000015E", "agency_code_wrong"),
    ("item01", "handling_item_code", "11511499MB9000015D400012390500002", "handling_code_wrong"),
    ("item01", "code", "11511499MB9000015D4000123905000", "handling_code_wrong"),
    ("item01", "materials/4/code", "M04", "material_repeated"),
    # limits
    ("item01", "limits/promised/value", 21, "promised_over_statutory"),
    ("item01", "limits/promised", {"value": 0, "unit": "NONE"}, "promised_missing"),
    ("item01", "limits/statutory", {"value": 0, "unit": "NONE"}, "statutory_missing"),
    ("item01", "limits/statutory", {**DAYS, "value": 21, "basis": ""}, "statutory_over_the_law"),
    ("item01", "limits/extension/basis", "", "extension_without_basis"),
    ("item01", "limits/extension/basis", "同上", "extension_without_basis"),
    ("item01", "limits/extension/value", 11, "extension_over_the_law"),
    ("item10", "limits/extension/value", 16, "extension_over_the_law"),
    ("item01", "limits/serve/value", 11, "serving_over_the_law"),
    ("item01", "case_type", "即办件", "immediate_not_same_day"),
    ("item03", "limits/promised", {**DAYS, "value": 1}, "immediate_not_same_day"),
    ("item01", "acceptance/notify_deadline_wd", 6, "notice_over_the_law"),
    ("item01", "acceptance/notify_deadline_wd", 0, "notice_at_once_online"),
    ("item01", "acceptance/deemed_acceptance", False, "deemed_acceptance_missing"),
    ("item01", "acceptance/pre_review_sla_wd", 6, "pre_review_after_notice"),
    ("item01", "acceptance/correction_deadline_wd", 0, "correction_in_no_time"),
    ("item01", "acceptance/legal_clock_start", "ON_PAPER_RECEIVED", "legal_clock_contradicts"),
    ("item09", "acceptance/notify_deadline_wd", 5, "legal_clock_contradicts"),
    # flavours
    ("item04", "flags/shortfall_allowed", True, "shortfall_of_nothing"),
    ("item01", "flags/shortfall_allowed", False, "shortfall_not_allowed"),
    ("item01", "materials/4/shortfall_allowed", True, "shortfall_of_the_core"),
    ("item03", "flags/shortfall_allowed", True, "shortfall_within_a_day"),
    ("item01", "flags/max_visits", 2, "verify_later_visits"),
    ("item01", "flags/verify_later_filing_no", GONE, "verify_later_not_filed"),
    ("item01", "flags/verify_later_filing_no", "已备案", "verify_later_not_filed"),
    ("item01", "flags/verify_later_filed_on", GONE, "verify_later_not_filed"),
    ("item02", "flags/commitment_allowed", True, "commitment_excluded"),
    ("item01", "commitment", GONE, "commitment_unwritten"),
    ("item08", "commitment/replaces", ["M77"], "commitment_for_unknown"),
    ("item09", "flags/max_visits", 0, "visits_impossible"),
    ("item06", "delivery", ["TOWNSHIP_PICKUP"], "visits_impossible"),
    ("item01", "result/electronic", False, "delivery_does_not_fit"),
    ("item01", "result/paper", False, "delivery_does_not_fit"),
    ("item06", "delivery", ["WINDOW"], "delivery_does_not_fit"),
    ("item01", "tags", ["马上办"], "tag_untrue"),
    ("item01", "tags", ["就近办"], "tag_untrue"),
    ("item09", "tags", ["网上办"], "tag_untrue"),
    ("item01", "secret", True, "secret_item"),
    ("item01", "name", "涉密印刷资质审批", "secret_item"),
    ("item10", "flags/joint_departments", [], "joint_alone"),
    # fees
    ("item10", "fee/basis", "", "fee_without_basis"),
    ("item10", "fee/basis", "同上", "fee_without_basis"),
    ("item10", "fee/stage", "NONE", "fee_incomplete"),
    ("item01", "fee/stage", "AFTER_DECISION", "fee_incomplete"),
    ("item10", "fee/rules", [], "fee_incomplete"),
    ("item10", "fee/channels", ["NONTAX"], "fee_revenue_code_missing"),
    ("item09", "fee/revenue_code", GONE, "fee_revenue_code_missing"),
    ("item10", "fee/channels", ["CASH"], "element_missing"),
    ("item10", "fee/channels", [], "element_missing"),
    ("item10", "fee/rules/0/per", "form.length_m", "fee_by_unknown"),
    ("item10", "fee/rules/0/unit_price_cent/草地", 1, "fee_by_unknown"),
    # forms
    ("item01", "form_schema/properties/venue_name/title", "name", "form_field_not_described"),
    ("item01", "form_schema/properties/venue_name/maxLength", GONE, "form_field_not_described"),
    ("item01", "form_schema/additionalProperties", True, "form_open"),
    ("item01", "form_schema/required", ["nothing"], "form_open"),
    ("item01", "form_schema/properties/venue_name/$ref", "http://127.0.0.1/x", "form_refers_out"),
    ("item01", "form_schema/properties/venue_name/pattern", "(", "form_pattern_wrong"),
    ("item01", "form_schema/properties/venue_name/pattern", "^(a+)+$", "form_pattern_wrong"),
    ("item01", "form_schema/properties/venue_name/pattern", "a" * 201, "form_pattern_wrong"),
    ("item01", "form_schema/properties/venue_name/maxLength", "9", "form_field_not_described"),
    ("item10", "form_schema/properties/area_m2/maximum", {}, "form_field_not_described"),
    ("item10", "form_schema/properties/area_m2/maximum", True, "form_field_not_described"),
    # elements
    ("item01", "item_type", "行政处罚", "element_missing"),
    ("item01", "fee/charged", "yes", "element_missing"),
    ("item01", "limits/promised/value", -1, "element_missing"),
    ("item01", "limits/promised/value", True, "element_missing"),
    ("item01", "limits/promised/unit", "HOUR", "element_missing"),
    ("item01", "version", "neu", "element_missing"),
    ("item01", "valid_from", "2026-02-30", "element_missing"),
    ("item01", "guide", "see above", "element_missing"),
    ("item01", "materials", "none", "element_missing"),
    ("item01", "materials/0", 7, "element_missing"),
    ("item10", "fee/rules/0/unit_price_cent/沥青", 0.5, "element_missing"),
    ("item10", "fee/rules/0", {"when": None, "text": "面议"}, "element_missing"),
    ("item11", "fee/rules/0", {"amount_cent": 1000}, "element_missing"),
    ("item11", "fee/rules/0", {"when": None, "amount_cent": 1, "name": {}}, "element_missing"),
    ("item01", "limits/promised/unit", ["WORKING_DAY"], "element_missing"),
]


@pytest.mark.parametrize(("name", "path", "value", "code"), REFUSED)
def test_what_is_refused(name: str, path: str, value: Any, code: str) -> None:
    body = item(name)
    put(body, path, value)
    assert code in refused(body)


@pytest.mark.requirement("事项要素")
@pytest.mark.parametrize(
    "path",
    [
        *("name", "guide/basis", "guide/conditions", "materials", "guide/steps"),
        *("limits/promised", "limits/statutory", "fee/charged", "guide/where/address"),
    ],
)
def test_an_element_that_is_not_published(path: str) -> None:
    body = item("item01")
    put(body, path, GONE)
    assert refused(body)["element_missing"].pointer == f"/{path}"


@pytest.mark.requirement("材料要求细目")
@pytest.mark.parametrize("field", ["name", "formats", "copies", "kind", "min_trust_level"])
def test_a_material_is_described_whole(field: str) -> None:
    body = item("item01")
    put(body, f"materials/4/{field}", GONE)
    assert refused(body)["element_missing"].pointer == f"/materials/4/{field}"


@pytest.mark.requirement("材料要求细目")
def test_a_material_without_a_basis_is_told() -> None:
    assert "material_without_basis" in warned(item("item01"))
    body = item("item09")
    put(body, "materials/4/basis", "不动产登记暂行条例第十六条")
    assert "material_without_basis" not in warned(body)


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("flags/verify_later_exclusio", "/flags/verify_later_exclusio"),
        ("materials/4/conditon", "/materials/4/conditon"),
        ("exemption_rule", "/exemption_rule"),
        ("guide/a~b", "/guide/a~0b"),
    ],
)
def test_a_name_that_nothing_reads_is_told(path: str, pointer: str) -> None:
    assert "element_unknown" not in warned(item("item01"))
    body = item("item01")
    put(body, path, "x")
    [found] = [each for each in lint(body) if each.code == "element_unknown"]
    assert (found.pointer, found.severity) == (pointer, Severity.WARNS)


@pytest.mark.requirement("依申请六类+公共服务")
def test_the_six_kinds_of_powers_and_public_services() -> None:
    kinds = ["行政许可", "行政给付", "行政确认", "行政奖励", "行政裁决", "其他行政权力", "公共服务"]
    assert all("element_missing" not in refused(item("item01", item_type=kind)) for kind in kinds)
    assert "element_missing" in refused(item("item01", item_type="行政强制"))


@pytest.mark.requirement("统一编码")
def test_the_codes_hang_together() -> None:
    body = item("item01")
    assert len(body["impl_code"]) == 31 and len(body["code"]) == 33
    other = item("item01", basic_code="000123905001")
    assert "impl_code_wrong" in refused(other)


@pytest.mark.requirement("排除类型")
@pytest.mark.parametrize("name", ["item06", "item07", "item09", "item11", "item12"])
def test_excluded_kinds_are_never_done_first(name: str) -> None:
    body = item(
        name,
        flags__verify_later_allowed=True,
        flags__verify_later_filing_no="示备〔2026〕9号",
        flags__verify_later_filed_on="2026-01-05",
    )
    assert "verify_later_excluded" in refused(body)
    # Leaving the reason out does not make it another kind of item.
    put(body, "flags/verify_later_exclusion", GONE)
    assert "verify_later_excluded" in refused(body)


@pytest.mark.requirement("排除类型")
def test_originals_that_were_seen_before_are_not_verified_later() -> None:
    body = item("item04", flags__online_depth="PRE_REVIEW_THEN_WINDOW")
    assert "verify_later_of_nothing" in refused(body)
    body = item("item04")
    for material in body["materials"]:
        material["original_check_on_pickup"] = False
    assert "verify_later_of_nothing" in refused(body)


@pytest.mark.requirement("备案")
def test_what_is_done_first_was_filed() -> None:
    body = item("item04", flags__verify_later_filing_no="示政务备〔2025〕2号")
    assert refused(body) == {}
    put(body, "flags/verify_later_filing_no", GONE)
    assert refused(body)["verify_later_not_filed"].pointer == "/flags/verify_later_filing_no"


@pytest.mark.parametrize("said", ["是", "true", 1, None, []])
def test_that_a_result_is_signed_is_yes_or_no(said: Any) -> None:
    assert refused(item("item01", result__signed=True)) == {}
    assert refused(item("item01", result__signed=False)) == {}
    found = refused(item("item01", result__signed=said))
    assert [each.pointer for each in found.values()] == ["/result/signed"]


@pytest.mark.requirement("上门≤1次")
def test_done_first_means_at_most_one_visit() -> None:
    assert "verify_later_visits" in refused(item("item04", flags__max_visits=2))
    assert refused(item("item04", flags__max_visits=1)) == {}


@pytest.mark.requirement("最多跑一次", "到厅≤2次")
def test_the_region_says_how_many_visits_are_too_many() -> None:
    twice = item("item09", flags__max_visits=2, tags=[])
    strict = {finding.code for finding in lint(twice, Policy(max_visits=1))}
    lenient = {finding.code for finding in lint(twice, Policy(max_visits=2))}
    assert "visits_over_policy" in strict and "visits_over_policy" not in lenient
    assert refused(twice) == {}


@pytest.mark.requirement("到厅≤2次")
def test_two_visits_are_the_most_of_a_lenient_region() -> None:
    thrice = item("item09", flags__max_visits=3, tags=[])
    found = {finding.code for finding in lint(thrice, Policy(max_visits=2))}
    assert "visits_over_policy" in found


@pytest.mark.requirement("即办件")
def test_on_the_spot_or_the_same_day() -> None:
    assert refused(item("item03")) == {}
    later = {"value": 1, "unit": "WORKING_DAY"}
    assert "immediate_not_same_day" in refused(item("item03", limits__promised=later))


@pytest.mark.requirement("承诺件")
@pytest.mark.parametrize(
    ("promised", "statutory", "over"),
    [
        ((20, "WORKING_DAY"), (20, "WORKING_DAY"), False),
        ((21, "WORKING_DAY"), (20, "WORKING_DAY"), True),
        ((0, "SAME_WORKING_DAY"), (1, "WORKING_DAY"), False),
        ((1, "WORKING_DAY"), (0, "SAME_WORKING_DAY"), True),
        # Ten working days are two weeks.
        ((14, "CALENDAR_DAY"), (10, "WORKING_DAY"), False),
        ((15, "CALENDAR_DAY"), (10, "WORKING_DAY"), True),
        ((10, "WORKING_DAY"), (14, "CALENDAR_DAY"), False),
        ((11, "WORKING_DAY"), (14, "CALENDAR_DAY"), True),
        ((15, "CALENDAR_DAY"), (15, "CALENDAR_DAY"), False),
        ((16, "CALENDAR_DAY"), (15, "CALENDAR_DAY"), True),
        ((30, "WORKING_DAY"), (0, "NONE"), False),
    ],
)
def test_promised_within_statutory_in_any_units(
    promised: tuple[int, str], statutory: tuple[int, str], over: bool
) -> None:
    body = item("item06")
    body["limits"]["promised"] = {**DAYS, "value": promised[0], "unit": promised[1]}
    body["limits"]["statutory"] = {**DAYS, "value": statutory[0], "unit": statutory[1]}
    body["case_type"] = "即办件" if promised[1] == "SAME_WORKING_DAY" else "承诺件"
    assert ("promised_over_statutory" in refused(body)) is over


def test_working_days_that_a_holiday_stretches_are_warned_of() -> None:
    body = item("item11")
    body["limits"]["promised"] = {**DAYS, "value": 10, "unit": "WORKING_DAY"}
    assert "promised_over_statutory_at_holidays" in warned(body)
    assert "promised_over_statutory" not in refused(body)


def test_a_promise_from_acceptance_under_a_limit_from_receipt() -> None:
    # Acceptance may come five working days after receipt: 5+1 is more than 3.
    body = item("item08", limits__promised__clock_start="ON_ACCEPTED")
    assert "promised_over_statutory" in refused(body)


@pytest.mark.requirement("压缩时限 50%")
def test_more_than_half_of_the_statutory_limit_is_warned_of() -> None:
    assert "promised_over_half" not in warned(item("item01", limits__promised__value=10))
    assert "promised_over_half" in warned(item("item01", limits__promised__value=11))
    assert {name for name in NAMES if "promised_over_half" in warned(item(name))} == {
        "item02",
        "item06",
        "item12",
    }


@pytest.mark.requirement("格式文本和示范文本")
def test_what_people_write_themselves_has_a_text_to_follow() -> None:
    body = item("item01")
    assert "sample_missing" not in warned(body)
    del body["materials"][5]["blank"], body["materials"][5]["sample"]
    assert "sample_missing" in warned(body)


@pytest.mark.requirement("容缺材料标注")
def test_which_materials_may_come_later_is_marked_material_by_material() -> None:
    marked = [each["code"] for each in item("item01")["materials"] if each["shortfall_allowed"]]
    assert marked == ["M06", "M07", "M08"]
    body = item("item01")
    for material in body["materials"]:
        material["shortfall_allowed"] = False
    assert "shortfall_of_nothing" in refused(body)


@pytest.mark.requirement("马上办/网上办/就近办/一次办")
def test_tags_are_true() -> None:
    assert item("item03")["tags"] == ["马上办", "网上办", "一次办"]
    assert refused(item("item05", tags=["网上办", "就近办", "一次办"])) == {}
    assert "tag_untrue" in refused(item("item05", tags=["马上办"]))
    assert "element_missing" in refused(item("item05", tags=["全国通办"]))


def test_a_draft_of_any_shape_is_read_without_a_crash() -> None:
    for element in ELEMENTS:
        parts = element.pointer.split("/")[1:]
        for wrong in (None, 0, -1, True, "", "x", [], [None], {}, {"a": 1}, 1e400, "é" * 2000):
            body = item("item10", exemption_rules=item("item05")["exemption_rules"])
            _spoil(body, parts, wrong)
            for finding in lint(body):
                assert finding.sentence and finding.pointer.startswith("/")


def _spoil(place: Any, parts: list[str], value: Any) -> None:
    name, *rest = parts
    keys: list[Any] = [name] if name != "*" else list(place) if isinstance(place, dict) else [0]
    for key in keys:
        if not rest:
            place[key] = value
        elif isinstance(place, list) or key in place:
            _spoil(place[key], rest, value)
