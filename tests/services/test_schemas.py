"""Form schemas: what is too long is refused for that, and no pattern is tried on it."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from services.schemas import LONGEST, form_validator

# Every way to split the letters is tried when the end does not fit: the square of the length.
SLOW = "^[a-z]*[a-z]*[a-z]*x$"


def faults(schema: Mapping[str, Any], value: Any) -> list[str]:
    return [str(error.validator) for error in form_validator(schema).iter_errors(value)]


def test_what_is_too_long_meets_no_pattern() -> None:
    schema = {"type": "string", "maxLength": 20, "pattern": SLOW}
    began = time.process_time()
    assert faults(schema, "a" * 20_000) == ["maxLength"]
    assert time.process_time() - began < 1  # untold hours by the pattern


def test_where_no_length_is_named_there_is_one_all_the_same() -> None:
    schema = {"type": "string", "pattern": SLOW}
    began = time.process_time()
    assert faults(schema, "a" * 20_000) == ["pattern"]
    assert time.process_time() - began < 1
    assert faults({"type": "string", "pattern": "^a*$"}, "a" * LONGEST) == []


@pytest.mark.parametrize(("value", "wanted"), [("aax", []), ("aa", ["pattern"]), (7, ["type"])])
def test_what_has_its_length_is_matched(value: object, wanted: list[str]) -> None:
    assert faults({"type": "string", "maxLength": 3, "pattern": SLOW}, value) == wanted
