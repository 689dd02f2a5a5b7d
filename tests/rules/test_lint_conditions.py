"""Conditions that the linter refuses: unreadable, of unknown fields, or that can never hold."""

from typing import Any

import pytest

from models.rules.lint import lint
from tests.rules.items import item, put, refused, warned


def with_condition(data: Any, name: str = "item05") -> dict[str, Any]:
    body = item(name)
    put(body, "materials/5/condition", data)
    return body


def is_(field: str, value: Any, op: str = "eq") -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"field": "form.volume_m3", "op": "like", "value": 1}, "condition_unreadable"),
        ({"all": []}, "condition_unreadable"),
        ({"not": {}}, "condition_unreadable"),
        (is_("form.volume", 15, "gt"), "condition_field_unknown"),
        (is_("applicant.name", "x"), "condition_field_unknown"),
        (is_("form.species", "松"), "condition_value_impossible"),
        (is_("form.species", ["竹", "松"], "in"), "condition_value_impossible"),
        (is_("form.in_nature_reserve", "true"), "condition_value_impossible"),
        (is_("form.volume_m3", "15"), "condition_value_impossible"),
        (is_("applicant.type", "ENTERPRISE"), "condition_value_impossible"),
        (is_("form.volume_m3", 100_000, "gt"), "condition_never_holds"),
        (is_("form.volume_m3", 0, "lt"), "condition_never_holds"),
        ({"field": "form.species", "op": "is_null"}, "condition_never_holds"),
        (
            {"all": [is_("form.volume_m3", 15, "gt"), is_("form.volume_m3", 10, "lt")]},
            "condition_never_holds",
        ),
        (
            {"all": [is_("form.species", "竹"), is_("form.species", "杉木")]},
            "condition_never_holds",
        ),
        (
            {
                "all": [
                    is_("form.owner_is_individual", True),
                    is_("form.owner_is_individual", False),
                ]
            },
            "condition_never_holds",
        ),
        (
            {"any": [is_("form.volume_m3", 15, "gt"), is_("form.area_mu", -1, "lt")]},
            "condition_never_holds",
        ),
    ],
)
def test_what_cannot_be_asked_or_met(data: Any, code: str) -> None:
    found = refused(with_condition(data))
    assert found[code].pointer == "/materials/5/condition"


def test_two_conditions_that_exclude_each_other_are_fine_apart() -> None:
    body = with_condition(is_("form.volume_m3", 15, "gt"))
    put(body, "materials/4/condition", is_("form.volume_m3", 15, "le"))
    put(body, "materials/4/required", False)
    assert refused(body) == {}


def test_a_condition_that_everybody_meets_is_warned_of() -> None:
    assert "condition_always_holds" in warned(with_condition(is_("form.volume_m3", 0, "gt")))
    assert "condition_always_holds" not in warned(item("item05"))


def test_conditions_of_exemptions_and_fees_are_looked_at_too() -> None:
    body = item("item05")
    put(body, "exemption_rules/0/when", is_("form.nothing", 1))
    assert refused(body)["condition_field_unknown"].pointer == "/exemption_rules/0/when"
    body = item("item09")
    put(body, "fee/rules/0/when", is_("form.usage", "农房"))
    assert refused(body)["condition_value_impossible"].pointer == "/fee/rules/0/when"


def test_an_agent_where_nobody_may_act_for_another() -> None:
    body = item("item05", flags__agent_allowed=False)
    assert refused(body)["condition_never_holds"].pointer == "/materials/6/condition"


def test_a_condition_that_nobody_could_check() -> None:
    body = item("item05")
    for number in range(13):
        body["form_schema"]["properties"][f"flag_{number}"] = body["form_schema"]["properties"][
            "in_nature_reserve"
        ]
    names = [f"form.flag_{number}" for number in range(13)]
    put(body, "materials/5/condition", {"any": [is_(name, True) for name in names]})
    assert "condition_too_complex" in refused(body)


@pytest.mark.parametrize("depth", [9, 100, 300, 5000])
def test_a_condition_that_is_nested_without_end(depth: int) -> None:
    data: Any = is_("form.volume_m3", 15, "gt")
    for _ in range(depth):
        data = {"all": [data]}
    found = {finding.code for finding in lint(with_condition(data))}
    # Beyond thirty levels nothing but the depth is looked at.
    assert found & {"condition_unreadable", "body_too_deep"}
