"""The 12 items: whole, consistent with the rules, and with forms that can be filled in."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from models.catalogue import DIRECTORY
from models.rules.calendar import Limit, Unit
from models.rules.clocks import CLOCKS, ClockName
from models.rules.conditions import exemption_for, parse, required_materials
from models.rules.events import acceptor_role
from models.rules.fees import assess
from models.rules.identity import read_uscc
from models.rules.numbers import is_handling_code, is_implementation_code
from models.rules.reasons import RefusalReason
from models.rules.states import FeeStage

ITEMS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted(DIRECTORY.glob("item*.yaml"))
}
BASE_FACTS = {"agent", "applicant.age", "applicant.type"}
SENSITIVE_NAMES = ("id_number", "account", "guardian", "elder", "income", "member")


@pytest.fixture(params=ITEMS, name="item")
def _item(request: pytest.FixtureRequest) -> dict[str, Any]:
    return ITEMS[request.param]


def conditions(item: dict[str, Any]) -> Iterator[Any]:
    yield from (one["condition"] for one in item["materials"] if "condition" in one)
    yield from (rule["when"] for rule in item.get("exemption_rules", ()))
    yield from (rule["when"] for rule in item["fee"].get("rules", ()) if rule["when"])


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, definition in schema["properties"].items():
        yield name, definition
        if definition["type"] == "array" and definition["items"]["type"] == "object":
            yield from properties(definition["items"])


def test_there_are_twelve() -> None:
    assert list(ITEMS) == [f"item{number:02d}" for number in range(1, 13)]
    assert len({item["code"] for item in ITEMS.values()}) == 12
    assert [item["id"] for item in ITEMS.values()] == [name.upper() for name in ITEMS]


def test_codes(item: dict[str, Any]) -> None:
    assert is_implementation_code(item["impl_code"])
    assert is_handling_code(item["code"])
    assert item["code"] == item["handling_item_code"]
    assert item["code"].startswith(item["impl_code"])
    assert item["impl_code"] == item["agency_uscc"] + "4" + item["basic_code"]
    assert read_uscc(item["agency_uscc"]) == item["agency_uscc"]


def test_promised_is_within_the_law(item: dict[str, Any]) -> None:
    limits = {name: Limit.of(data) for name, data in item["limits"].items()}
    promised, statutory = limits["promised"], limits["statutory"]
    assert promised.exists
    if statutory.exists and promised.unit is not Unit.SAME_WORKING_DAY:
        assert promised.unit is statutory.unit
        assert promised.value <= statutory.value


def test_acceptance_is_readable(item: dict[str, Any]) -> None:
    assert acceptor_role(item["acceptance"]["actor"])
    legal = CLOCKS[ClockName.NOTIFY_5WD].default
    assert legal is not None
    assert 0 <= item["acceptance"]["notify_deadline_wd"] <= legal.value


def test_the_schema_is_a_schema(item: dict[str, Any]) -> None:
    schema = item["form_schema"]
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:  # its own message prints the whole schema
        pytest.fail(error.message)
    assert schema["type"] == "object" and schema["additionalProperties"] is False
    assert set(schema["required"]) <= set(schema["properties"])


def test_every_field_is_described(item: dict[str, Any]) -> None:
    for name, definition in properties(item["form_schema"]):
        assert name.isascii() and name == name.lower() and name.isidentifier()
        assert not definition["title"].isascii()
        assert definition["x-ui"]["widget"]
        if definition["type"] == "string" and "enum" not in definition:
            assert definition["minLength"] <= definition["maxLength"]
        if definition["type"] in ("number", "integer"):
            assert {"minimum", "maximum"} <= set(definition)
        if definition["type"] == "array":
            assert 1 <= definition["minItems"] <= definition["maxItems"]
        if any(word in name for word in SENSITIVE_NAMES):
            assert definition["x-sensitive"] is True


def test_the_schema_covers_the_published_fields(item: dict[str, Any]) -> None:
    covered = {
        definition.get("x-field", definition["title"])
        for definition in item["form_schema"]["properties"].values()
    }
    assert set(item["form_fields"]) <= covered


def test_conditions_ask_for_known_facts(item: dict[str, Any]) -> None:
    known = BASE_FACTS | {f"form.{name}" for name in item["form_schema"]["properties"]}
    for data in conditions(item):
        assert parse(data).fields <= known


def test_conditions_name_values_that_can_be_chosen(item: dict[str, Any]) -> None:
    fields = item["form_schema"]["properties"]
    leaves = [
        leaf for data in conditions(item) for leaf in data.get("all", data.get("any", [data]))
    ]
    for leaf in leaves:
        choices = fields.get(leaf["field"].removeprefix("form."), {}).get("enum")
        if choices and "value" in leaf:
            wanted = leaf["value"] if isinstance(leaf["value"], list) else [leaf["value"]]
            assert set(wanted) <= set(choices)


def test_materials_are_complete(item: dict[str, Any]) -> None:
    codes = [one["code"] for one in item["materials"]]
    assert len(codes) == len(set(codes))
    for one in item["materials"]:
        assert set(one["formats"]) <= {"jpg", "png", "pdf"} and one["formats"]
        assert 0 < one["max_size_mb"] <= 20
        assert not (one["core"] and one["shortfall_allowed"])
        for vague in ("等材料", "其他", "有关材料"):  # closed lists only (青神方案2018)
            assert vague not in one["name"]
    assert ("M90" in codes) == item["flags"]["agent_allowed"]


def test_flags_agree(item: dict[str, Any]) -> None:
    flags, fee = item["flags"], item["fee"]
    if any(one["shortfall_allowed"] for one in item["materials"]):
        assert flags["shortfall_allowed"]
    if flags["verify_later_allowed"]:
        assert flags["max_visits"] <= 1
        assert "verify_later_exclusion" not in flags
    assert fee["charged"] is (FeeStage(fee["stage"]) is not FeeStage.NONE)
    if fee["charged"]:
        assert fee["basis"]  # 行政许可法58: no fee without a law
    for rule in item.get("exemption_rules", ()):
        assert RefusalReason(rule["reason_code"])


def test_the_guide_is_for_people(item: dict[str, Any]) -> None:
    guide = item["guide"]
    assert guide["basis"] and guide["conditions"]
    assert all(step.endswith("。") for step in guide["steps"])
    assert {"name", "address", "hours"} <= set(guide["where"])
    for phone in (guide["advice_phone"], guide["supervision_phone"]):
        assert phone.startswith("028-000000")


def facts(form: dict[str, Any], **applicant: Any) -> dict[str, Any]:
    return {"form": form, "applicant": {"type": "NATURAL_PERSON", "age": 40, **applicant}}


def asked(name: str, given: dict[str, Any]) -> set[str]:
    return {one.code for one in required_materials(ITEMS[name]["materials"], given) if one.required}


def test_what_answers_change() -> None:
    assert "M07" in asked("item01", facts({"has_central_ac": True}))
    assert "M07" not in asked("item01", facts({"has_central_ac": False}))
    assert "M06" not in asked("item05", facts({"volume_m3": 15}))
    assert "M06" in asked("item05", facts({"volume_m3": 15.1}))
    assert "M04" in asked("item07", facts({"category": "肢体"}, age=11))
    assert "M04" in asked("item07", facts({"category": "智力"}))
    assert "M04" not in asked("item07", facts({"category": "肢体"}, age=18))
    assert "M90" in asked("item06", {**facts({}), "agent": {"id": 1}})
    assert "M04" in asked("item11", facts({"reason": "损坏换领"}))


@pytest.mark.parametrize(
    ("form", "who", "exempt"),
    [
        ({"land_type": "房前屋后", "owner_is_individual": True}, "NATURAL_PERSON", True),
        ({"land_type": "房前屋后", "owner_is_individual": True}, "COOPERATIVE", False),
        ({"land_type": "自留山", "owner_is_individual": True}, "NATURAL_PERSON", False),
        ({"species": "竹", "in_nature_reserve": False}, "COOPERATIVE", True),
        ({"species": "竹", "in_nature_reserve": True}, "COOPERATIVE", False),
        ({"species": "竹"}, "COOPERATIVE", False),
    ],
)
def test_felling_that_needs_no_permit(form: dict[str, Any], who: str, exempt: bool) -> None:
    found = exemption_for(ITEMS["item05"]["exemption_rules"], facts(form, type=who))
    assert (found is not None) is exempt
    assert found is None or found.reason_code == "PERMIT_NOT_REQUIRED"


def test_published_fees() -> None:
    def total(name: str, **form: Any) -> int:
        return assess(ITEMS[name]["fee"], facts(form)).total_fen

    assert total("item09", usage="住宅") == 8000
    assert total("item09", usage="办公", extra_certs=2) == 57000
    assert total("item10", surface_type="沥青", area_m2=60) == 1_800_000
    assert total("item11", reason="丢失补领") == 1000
    assert total("item01") == 0


SAMPLES: dict[str, dict[str, Any]] = {
    "item01": {
        "venue_name": "示例县王记理发店",
        "business_address": "示例县示例路2号",
        "venue_category": "理发店",
        "business_area_m2": 46.5,
        "staff_count": 2,
        "has_central_ac": False,
    },
    "item06": {
        "elder_name": "测试老人",
        "elder_id_number": "511499194311051028",
        "living_address": "示例县示例乡一组3号",
        "payout_account": "6200000000000000001",
    },
    "item10": {
        "road_section": "示例路,从1号到9号",
        "stake_range": "K0+100至K0+160",
        "surface_type": "沥青",
        "area_m2": 60,
        "planned_start": "2026-03-02",
        "planned_end": "2026-03-20",
        "contractor": "示例工程公司",
    },
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_form_can_be_filled_in_and_wrong_ones_are_seen(name: str) -> None:
    schema = ITEMS[name]["form_schema"]
    form = Draft202012Validator(schema)
    assert form.is_valid(SAMPLES[name])
    assert not form.is_valid({**SAMPLES[name], "unknown": 1})
    for field in SAMPLES[name]:
        without = {key: value for key, value in SAMPLES[name].items() if key != field}
        assert form.is_valid(without) is (field not in schema["required"])
        assert not form.is_valid({**SAMPLES[name], field: None})
        assert not form.is_valid({**SAMPLES[name], field: {"$ne": 1}})
