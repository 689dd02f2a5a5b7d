"""Examining an item: whatever stands in a draft, it is told and never breaks the examiner."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.rules.calendar import WorkCalendar
from models.rules.lint import Policy
from models.rules.simulation import report
from services.item_checks import Examination, examine
from tests.rules.items import GONE, NAMES, item, put

MONDAY = date(2026, 3, 2)
WEEKS = WorkCalendar.of({}, "weeks", date.max)

WORDS = st.sampled_from(
    ["", "x", "是", "form.area_m2", "NONE", "WORKING_DAY", "ON_RECEIVED", "AFTER_DECISION", "(a+)+"]
)
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS)
ANYTHING = st.recursive(
    PLAIN,
    lambda inside: st.one_of(
        st.lists(inside, max_size=3),
        st.dictionaries(
            st.sampled_from(["all", "any", "field", "op", "value", "type", "enum", "when", "code"]),
            inside,
            max_size=3,
        ),
    ),
    max_leaves=5,
)


def examined(body: dict[str, Any]) -> Examination:
    return examine(body, MONDAY, WEEKS, Policy())


def places(value: Any, way: str = "") -> Iterator[str]:
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in parts:
        place = f"{way}/{name}" if way else str(name)
        yield place
        if isinstance(each, dict | list):
            yield from places(each, place)


PLACES = {name: sorted(places(item(name))) for name in NAMES}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_a_place_may_hold_anything(data: st.DataObject, name: str) -> None:
    body = item(name)
    place = data.draw(st.sampled_from(PLACES[name]))
    put(body, place, data.draw(st.one_of(ANYTHING, st.just(GONE))))
    found = examined(body)
    for finding in found.findings:
        assert finding.pointer.startswith("/") and finding.sentence.endswith("。")
    if found.simulation is None:
        assert found.refusals
    else:
        assert report(found.simulation).endswith("个\n") or found.simulation.problems


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_passes(name: str) -> None:
    found = examined(item(name))
    assert found.refusals == ()
    assert found.simulation is not None and found.simulation.problems == ()


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("form_schema/properties/contractor/format", 7, "form_schema_invalid"),
        ("form_schema/required", [*item("item10")["form_schema"]["required"], "x"], "form_open"),
        ("result/electronic", False, "delivery_does_not_fit"),
    ],
)
def test_what_the_schema_or_the_simulator_finds_is_told_too(
    place: str, value: Any, code: str
) -> None:
    body = item("item10")
    put(body, place, value)
    assert code in {finding.code for finding in examined(body).refusals}


def test_where_not_everybody_was_tried_nothing_is_refused_for_nobody() -> None:
    body = item("item01")
    switch = body["form_schema"]["properties"]["has_central_ac"]
    for number in range(13):
        body["form_schema"]["properties"][f"switch_{number}"] = switch
        body["form_schema"]["required"].append(f"switch_{number}")
        material = {**body["materials"][6], "code": f"N{number}", "name": f"报告{number}"}
        material["condition"] = {
            "all": [
                {"field": f"form.switch_{number}", "op": "eq", "value": True},
                {"field": "form.has_central_ac", "op": "eq", "value": number % 2 == 0},
            ]
        }
        body["materials"].append(material)
    found = examined(body)
    assert found.simulation is not None and not found.simulation.complete
    assert found.refusals == ()
