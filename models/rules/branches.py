"""The branches of an item's conditions: one stand-in for every kind of answer that matters.

The fields that conditions look at have few answers that a condition can tell apart; the
combinations of these are all the applicants there are, as far as the conditions go.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from math import ceil, floor, prod
from typing import Any

from models.rules.condition_tree import Comparison, Condition, Facts, Group
from models.rules.item_words import ApplicantType

MOST = 4096
OTHER = "另外的答案"  # stands for any text that no condition names
AGENT = {"id": "代理人"}
OLDEST = 130


class TooManyBranches(ValueError):
    """More combinations than anybody could look at."""


def leaves(condition: Condition) -> Iterator[Comparison]:
    """Yield the comparisons of a condition."""
    if isinstance(condition, Group):
        for part in condition.parts:
            yield from leaves(part)
    else:
        yield condition


def known_fields(body: Mapping[str, Any]) -> frozenset[str]:
    """Return what a condition may ask about: the form's fields, the applicant, the agent."""
    form = {f"form.{name}" for name in body["form_schema"]["properties"]}
    return frozenset(form | {"applicant.type", "applicant.age", "agent"})


def is_allowed(definition: Mapping[str, Any], value: Any) -> bool:
    """Whether the form's schema lets a field have this value (one field, no nested schemas)."""
    if "enum" in definition:
        return any(_same(value, each) for each in definition["enum"])
    kind = definition.get("type")
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("number", "integer"):
        return _is_number(value) and _in_range(definition, value, whole=kind == "integer")
    if kind == "string":
        return isinstance(value, str) and _is_text_of(definition, value)
    return kind == "array" and isinstance(value, list | tuple)


def answers(body: Mapping[str, Any], field: str, compared: Sequence[Comparison]) -> list[Any]:
    """Return the answers that a field can have, at least one for each outcome of ``compared``.

    None stands for no answer. Raise ``KeyError`` for a field that the item does not know.
    """
    values = [
        value
        for leaf in compared
        for value in (leaf.value if isinstance(leaf.value, tuple) else (leaf.value,))
        if value is not None
    ]
    if field == "agent":
        return [None, AGENT] if body["flags"]["agent_allowed"] else [None]
    if field == "applicant.type":
        return list(body["applicant_types"])
    if field == "applicant.age":
        return _ages(body["applicant_types"], values)
    schema = body["form_schema"]
    name = field.removeprefix("form.")
    definition = schema["properties"][name]
    found = [value for value in _stand_ins(definition, values) if is_allowed(definition, value)]
    if definition.get("type") == "string" and "enum" not in definition:
        found.append(OTHER)
    return found if name in schema["required"] else [None, *found]


def combinations(
    body: Mapping[str, Any],
    conditions: Iterable[Condition],
    *,
    apart: Iterable[str] = (),
    given: Iterable[str] = (),
) -> Iterator[Facts]:
    """Yield every kind of applicant that the conditions tell apart, as flat facts.

    ``apart``: fields of which every single answer matters; ``given``: fields of which it matters
    whether there is an answer. Raise ``TooManyBranches``.
    """
    compared: dict[str, list[Comparison]] = {}
    for condition in conditions:
        for leaf in leaves(condition):
            compared.setdefault(leaf.field, []).append(leaf)
    apart, given = set(apart), set(given)
    fields = sorted(compared.keys() | apart | given)
    kinds = [
        _kinds(body, field, compared.get(field, []), apart=field in apart, given=field in given)
        for field in fields
    ]
    if prod(map(len, kinds)) > MOST:
        raise TooManyBranches(prod(map(len, kinds)))
    for values in product(*kinds):
        facts = dict(zip(fields, values, strict=True))
        if _exists(facts):
            yield facts


def _kinds(
    body: Mapping[str, Any],
    field: str,
    compared: Sequence[Comparison],
    *,
    apart: bool,
    given: bool,
) -> list[Any]:
    """Return one answer for each outcome."""
    kinds: dict[tuple[Any, ...], Any] = {}
    for value in answers(body, field, compared):
        outcome: tuple[Any, ...] = tuple(leaf.holds({field: value}) for leaf in compared)
        if apart:
            outcome += (repr(value),)
        if given:
            outcome += (value is None,)
        kinds.setdefault(outcome, value)
    return list(kinds.values())


def _exists(facts: Facts) -> bool:
    """Only people have an age, and every person has one."""
    if "applicant.type" not in facts or "applicant.age" not in facts:
        return True
    is_person = facts["applicant.type"] == ApplicantType.NATURAL_PERSON
    return is_person is (facts["applicant.age"] is not None)


def _ages(types: Sequence[str], values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    if ApplicantType.NATURAL_PERSON in types:
        near = {around for value in values if _is_number(value) for around in _around(value)}
        found += sorted({40, 0, OLDEST, *(age for age in near if 0 <= age <= OLDEST)})
    if set(types) - {ApplicantType.NATURAL_PERSON}:
        found.append(None)
    return found


def _stand_ins(definition: Mapping[str, Any], values: Sequence[Any]) -> list[Any]:
    if "enum" in definition:
        return list(definition["enum"])
    kind = definition.get("type")
    if kind == "boolean":
        return [False, True]
    if kind in ("number", "integer"):
        return _numbers(definition, [value for value in values if _is_number(value)])
    if kind == "string":
        return list(values)
    return [["..."]]


def _numbers(definition: Mapping[str, Any], values: Sequence[Any]) -> list[Any]:
    """Return the ends, what is compared, and something between each two of them."""
    low, high = definition.get("minimum", 0), definition.get("maximum", 10**9)
    points = sorted({low, high, *values})
    near = {around for value in points for around in _around(value)}
    if definition["type"] == "integer":
        return sorted(near)
    middles = {(one + two) / 2 for one, two in pairwise(points)}
    return sorted({*points, *middles, *near})


def _around(value: Any) -> tuple[int, ...]:
    return floor(value) - 1, floor(value), ceil(value), ceil(value) + 1


def _in_range(definition: Mapping[str, Any], value: Any, *, whole: bool) -> bool:
    if whole and value != int(value):
        return False
    step = definition.get("multipleOf")
    return (
        definition.get("minimum", value) <= value <= definition.get("maximum", value)
        and definition.get("exclusiveMinimum", value - 1) < value
        and value < definition.get("exclusiveMaximum", value + 1)
        and (step is None or (value / step) == int(value / step))
    )


def _is_text_of(definition: Mapping[str, Any], value: str) -> bool:
    long_enough = definition.get("minLength", 0) <= len(value)
    fits = re.search(definition.get("pattern", ""), value) is not None
    return long_enough and len(value) <= definition.get("maxLength", len(value)) and fits


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: Any, two: Any) -> bool:
    return isinstance(one, bool) is isinstance(two, bool) and bool(one == two)
