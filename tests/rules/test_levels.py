"""Levels of the real name: their ways, and what an item may ask for."""

from typing import Any

import pytest

from models.rules.levels import STEPS, Level, steps_to
from models.rules.lint import lint
from tests.rules.items import item


def places(**changes: Any) -> list[tuple[str, str]]:
    found = lint(item("item10", **changes))
    return [(each.code, each.pointer) for each in found if "real_name" in each.pointer]


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_an_item_may_ask_for_a_level(level: int) -> None:
    assert places(real_name_level=level) == []


@pytest.mark.parametrize("level", [0, 5, -1, "3", 1.5, True, None])
def test_what_is_no_level_keeps_an_item_back(level: Any) -> None:
    assert places(real_name_level=level) == [("element_missing", "/real_name_level")]


def test_every_level_up_to_the_face_has_a_way_without_one() -> None:
    for level in (Level.TWO_FACTORS, Level.THREE_FACTORS, Level.FACE):
        codes = {step.code for step in steps_to(level)}
        assert codes - {"FACE"}
        assert "WINDOW" in codes
    assert {step.level for step in STEPS} == {1, 2, 3}


def test_each_level_has_its_name() -> None:
    assert len({level.zh for level in Level}) == len(Level) == 5
