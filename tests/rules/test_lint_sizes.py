"""The linter bounds the work that an item's author can make for everybody else."""

from typing import Any

import pytest

from models.rules.branches import MOST
from models.rules.calendar import WorkCalendar
from models.rules.lint import is_readable, lint
from models.rules.lint.elements import KNOWN
from models.rules.simulation import simulate
from tests.rules.items import item, put, refused, warned
from tests.rules.test_simulation import MONDAY, OWN

PATTERN = "form_schema/properties/venue_name/pattern"


@pytest.mark.parametrize(
    "pattern",
    [
        *("^((a+))+$", "^(a|a)+$", "^(a|ab)*$", "^((?:a?)b?){9}$", "^(?i:a+)+$", "(?=(a+)+)b"),
        *("(a*)*", "(a+?)+?", "^([a-z]+|[0-9]+)*$", r"(a)(?(1)b|c)*", r"(a*)\1\1", "(a{1,9}){1,9}"),
        *("a*a*a*a*x", "(ab|a)" * 20, "a?" * 60, "(" * 101 + ")" * 99, "(" * 99, 7, ["a"]),
    ],
)
def test_a_pattern_that_could_take_for_ever_makes_the_item_unreadable(pattern: Any) -> None:
    body = item("item01")
    put(body, PATTERN, pattern)
    found = lint(body)
    assert [each.pointer for each in found if each.code == "form_pattern_wrong"] == [f"/{PATTERN}"]
    assert not is_readable(found)


@pytest.mark.parametrize(
    "pattern",
    [
        "^[0-9]{17}[0-9X]$",
        "^[0-9]{12,25}$",
        "^(a|b)[ab]+$",
        "^(ab){2}$",
        "^(京|川[A-Z])[0-9]{5,6}$",
    ],
)
def test_a_pattern_for_numbers_is_fine(pattern: str) -> None:
    body = item("item01")
    put(body, PATTERN, pattern)
    assert refused(body) == {}


def test_a_pattern_may_not_hide_in_a_name() -> None:
    body = item("item01")
    put(body, "form_schema/patternProperties", {"^(a|a)+$": {}})
    assert "form_pattern_wrong" in refused(body)


def _long(path: str, count: int) -> dict[str, Any]:
    """Return an item one of whose lists or mappings has so many entries like its first."""
    body = item("item10")
    place: Any = body
    for part in path.split("/"):
        place = place[part]
    if isinstance(place, list):
        place[:] = (place * count)[:count]
    else:
        first = next(iter(place.values()))
        place.update({f"more_{number}": first for number in range(count - len(place))})
    return body


@pytest.mark.parametrize(
    ("path", "most"),
    [
        *(("materials", 100), ("fee/rules", 100), ("form_schema/properties", 100)),
        *(("guide/steps", 100), ("form_schema/properties/surface_type/enum", 30)),
    ],
)
def test_lists_have_an_end(path: str, most: int) -> None:
    assert "list_too_long" not in refused(_long(path, most))
    found = lint(_long(path, most + 1))
    assert [(each.code, each.pointer) for each in found] == [("list_too_long", f"/{path}")]
    assert not is_readable(found)


def test_all_conditions_together_compare_two_hundred_values() -> None:
    body = item("item01")
    few = len(body["materials"])
    for material in body["materials"]:
        material["condition"] = {"all": [OWN] * (200 // few)}
    spare = 200 - few * (200 // few)
    body["materials"][0]["condition"]["all"] += [OWN] * spare
    assert "conditions_too_many" not in refused(body)
    body["materials"][0]["condition"]["all"].append(OWN)
    assert list(refused(body)) == ["conditions_too_many"]
    values = {"field": "form.x", "op": "in", "value": list(range(100))}
    body = item("item01", exemption_rules=[{"when": {"any": [values, values, OWN]}}])
    assert list(refused(body)) == ["conditions_too_many"]


def test_nothing_is_nested_for_ever() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    assert list(refused(item("item01", guide__steps=deep))) == ["body_too_deep"]


def test_the_simulator_stops_at_its_most(calendar: WorkCalendar) -> None:
    """Two conditions over 12 yes-or-no fields each make twice 4096 facts; half are looked at."""
    body = item("item05")
    schema = body["form_schema"]["properties"]
    yes_or_no = schema["owner_is_individual"]
    for half, place in (("a", 3), ("b", 4)):
        names = [f"{half}{number}" for number in range(12)]
        schema.update(dict.fromkeys(names, yes_or_no))
        body["form_schema"]["required"] += names
        wanted = [{"field": f"form.{name}", "op": "eq", "value": True} for name in names]
        body["materials"][place]["condition"] = {"any": wanted}
    assert "condition_too_complex" not in refused(body)
    simulation = simulate(body, MONDAY, calendar)
    assert not simulation.complete
    assert len(simulation.branches) == MOST
    for half in "ab":  # the two take turns, the last field the fastest
        assert {branch.facts[f"form.{half}9"] for branch in simulation.branches} == {False, True}


@pytest.mark.parametrize(
    ("name", "path", "longest"),
    [
        *(("item10", "fee/basis", 200), ("item10", "fee/name", 100)),
        *(("item01", "commitment/template_version", 20), ("item01", "materials/0/name", 200)),
        *(("item01", "name", 200), ("item01", "agency", 100), ("item01", "agency_short", 20)),
        *(("item01", "version", 20), ("item01", "materials/0/code", 8)),
    ],
)
def test_what_the_columns_hold_is_the_longest(name: str, path: str, longest: int) -> None:
    sign = "1" if path == "version" else "《"
    body = item(name)
    put(body, path, sign * longest)
    assert "element_missing" not in refused(body)
    put(body, path, sign * (longest + 1))
    assert refused(body)["element_missing"].pointer == f"/{path}"


def test_the_short_name_of_the_organ_is_known() -> None:
    assert "agency_short" in KNOWN[""]
    assert "element_unknown" not in warned(item("item01", agency_short="示住建许"))


@pytest.mark.requirement("补正")
def test_silence_accepts_whether_or_not_somebody_has_paid() -> None:
    """行政许可法32(四) knows no payment before the acceptance."""
    assert refused(item("item11")) == {}
    body = item("item11", acceptance__deemed_acceptance=True)
    assert refused(body)["fee_before_deemed_acceptance"].pointer == "/fee/stage"
