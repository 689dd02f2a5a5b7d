"""Conditions: each op, null, nesting, and what is no condition."""

from typing import Any

import pytest

from models.rules.conditions import (
    ConditionInvalid,
    Why,
    exemption_for,
    parse,
    required_materials,
)

FACTS = {"form.volume_m3": 12, "form": {"species": "竹", "flag": True, "note": ""}, "agent": None}


def is_(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (is_("form.species", "eq", "竹"), True),
        (is_("form.species", "eq", "杉木"), False),
        (is_("form.species", "ne", "杉木"), True),
        (is_("form.species", "in", ["竹", "杉木"]), True),
        (is_("form.species", "not_in", ["竹"]), False),
        (is_("form.volume_m3", "gt", 12), False),
        (is_("form.volume_m3", "ge", 12), True),
        (is_("form.volume_m3", "lt", 12.5), True),
        (is_("form.volume_m3", "le", 11), False),
        (is_("form.species", "gt", 3), False),  # a text is not ordered with a number
        (is_("form.flag", "eq", True), True),
        (is_("form.flag", "eq", 1), False),
        (is_("form.flag", "gt", 0), False),
        (is_("form.note", "not_null"), True),
        (is_("agent", "not_null"), False),
        (is_("agent", "is_null"), True),
        (is_("form.unknown", "is_null"), True),
        (is_("form.unknown", "eq", 1), False),
        (is_("form.unknown", "ne", 1), False),
        (is_("form.unknown", "not_in", [1]), False),
        (is_("form.unknown", "lt", 1), False),
        (is_("form.species.deeper", "is_null"), True),
    ],
)
def test_ops(condition: dict[str, Any], holds: bool) -> None:
    assert parse(condition).holds(FACTS) is holds


def test_groups_nest() -> None:
    bamboo, much = is_("form.species", "eq", "竹"), is_("form.volume_m3", "gt", 15)
    assert not parse({"all": [bamboo, much]}).holds(FACTS)
    assert parse({"any": [bamboo, much]}).holds(FACTS)
    nested = parse({"all": [bamboo, {"any": [much, is_("agent", "is_null")]}]})
    assert nested.holds(FACTS)
    assert nested.fields == {"form.species", "form.volume_m3", "agent"}


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "form.x > 1",
        [],
        {},
        {"all": []},
        {"all": "x"},
        {"all": [is_("a", "eq", 1)], "any": []},
        {"field": "a"},
        {"field": "", "op": "eq", "value": 1},
        {"field": 1, "op": "eq", "value": 1},
        is_("a", "matches", ".*"),
        is_("a", "eq"),
        is_("a", "in", "text"),
        is_("a", "in", [None]),
        is_("a", "gt", "3"),
        is_("a", "gt", True),
        is_("a", "is_null", 1),
        {**is_("a", "eq", 1), "else": 2},
    ],
)
def test_what_is_no_condition_is_refused_when_read(wrong: Any) -> None:
    with pytest.raises(ConditionInvalid):
        parse(wrong)


def material(code: str, required: bool, kind: str = "PHOTO", **more: Any) -> dict[str, Any]:
    return {"code": code, "name": code, "required": required, "kind": kind, **more}


def test_materials() -> None:
    bamboo, much = is_("form.species", "eq", "竹"), is_("form.volume_m3", "gt", 15)
    specs = [
        material("M1", True, "ONLINE_FORM"),
        material("M2", False, condition=bamboo),
        material("M3", False, condition=much),
        material("M4", False),
    ]
    got = required_materials(specs, FACTS)
    assert [(one.code, one.asked, one.required, one.upload, one.why) for one in got] == [
        ("M1", True, True, False, Why.ALWAYS),
        ("M2", True, True, True, Why.BY_ANSWERS),
        ("M3", False, False, True, Why.NOT_NEEDED),
        ("M4", True, False, True, Why.OPTIONAL),
    ]


def test_the_first_exemption_that_holds() -> None:
    def rule(condition: dict[str, Any], code: str) -> dict[str, Any]:
        return {"when": condition, "outcome": "NOT_ACCEPTED", "reason_code": code, "basis": "x"}

    never, bamboo = is_("form.species", "eq", "杉木"), is_("form.species", "eq", "竹")
    found = exemption_for([rule(never, "A"), rule(bamboo, "B"), rule(bamboo, "C")], FACTS)
    assert found is not None and found.reason_code == "B"
    assert exemption_for([rule(never, "A")], FACTS) is None
    assert exemption_for([], FACTS) is None
