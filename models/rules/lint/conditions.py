"""Conditions: readable, about fields that exist, about answers that can be given."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from models.rules.branches import (
    TooManyBranches,
    answers,
    combinations,
    is_allowed,
    known_fields,
    leaves,
)
from models.rules.condition_tree import Comparison, Condition, ConditionInvalid, Op, parse
from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity

_BY_VALUE = (Op.EQ, Op.NE, Op.IN, Op.NOT_IN)
DEEPEST = 8


def located(body: Body) -> Iterator[tuple[str, object]]:
    """Yield every condition of an item with its JSON pointer."""
    for place, material in enumerate(body["materials"]):
        if "condition" in material:
            yield f"/materials/{place}/condition", material["condition"]
    for place, rule in enumerate(body.get("exemption_rules", ())):
        yield f"/exemption_rules/{place}/when", rule["when"]
    for place, rule in enumerate(body["fee"].get("rules", ())):
        if rule["when"] is not None:
            yield f"/fee/rules/{place}/when", rule["when"]


def _read(data: Any) -> Condition:
    """Parse a condition that a person could still follow; raise ``ConditionInvalid``."""
    level = [data]
    for _ in range(DEEPEST):
        inside = (part for part in level if isinstance(part, Mapping))
        level = [
            each
            for part in inside
            for parts in (part.get("all"), part.get("any"))
            if isinstance(parts, list)
            for each in parts
        ]
    if level:
        raise ConditionInvalid(f"groups within groups, more than {DEEPEST} deep")
    return parse(data)


def readable(body: Body) -> Iterator[tuple[str, Condition]]:
    """Yield the conditions that can be asked: well formed, and of fields that are known."""
    known = known_fields(body)
    for pointer, data in located(body):
        try:
            condition = _read(data)
        except ConditionInvalid:
            continue
        if condition.fields <= known:
            yield pointer, condition


def unreadable(body: Body, _: Policy) -> Iterator[Hit]:
    """Something that is not a condition at all."""
    for pointer, data in located(body):
        try:
            _read(data)
        except ConditionInvalid as error:
            yield Hit(pointer, str(error))


def unknown_fields(body: Body, _: Policy) -> Iterator[Hit]:
    """A field that the form does not have."""
    known = known_fields(body)
    for pointer, data in located(body):
        try:
            unknown = _read(data).fields - known
        except ConditionInvalid:
            continue
        for field in sorted(unknown):
            yield Hit(pointer, field)


def impossible_values(body: Body, _: Policy) -> Iterator[Hit]:
    """A value that the form's schema never allows, so nobody can give that answer."""
    for pointer, condition in readable(body):
        for leaf in leaves(condition):
            for value in _compared(leaf):
                if not _can_be(body, leaf.field, value):
                    yield Hit(pointer, f"{leaf.field}={value}")


def _compared(leaf: Comparison) -> tuple[object, ...]:
    if leaf.op not in _BY_VALUE:
        return ()
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)


def _can_be(body: Body, field: str, value: object) -> bool:
    if field.startswith("form."):
        definition = body["form_schema"]["properties"][field.removeprefix("form.")]
        return is_allowed(definition, value)
    if field == "applicant.type":
        return value in body["applicant_types"]
    return field == "applicant.age" and isinstance(value, int)


def _one_sided(always: bool, body: Body, _: Policy) -> Iterator[Hit]:
    """A comparison, or a whole condition, that has one outcome for everybody."""
    for pointer, condition in readable(body):
        if _outcomes(body, condition) == {always}:
            yield Hit(pointer)
            continue
        for leaf in leaves(condition):
            found = {leaf.holds({leaf.field: one}) for one in answers(body, leaf.field, [leaf])}
            if found == {always}:
                yield Hit(pointer, leaf.field)


def _outcomes(body: Body, condition: Condition) -> set[bool]:
    try:
        return {condition.holds(facts) for facts in combinations(body, [condition])}
    except TooManyBranches:
        return {True, False}


def too_complex(body: Body, _: Policy) -> Iterator[Hit]:
    """A condition that nobody could check by hand."""
    for pointer, condition in readable(body):
        try:
            next(iter(combinations(body, [condition])), None)
        except TooManyBranches:
            yield Hit(pointer)


_BASIS = "一次性告知(行政许可法32): 清单按申请人的情况确定"
_R, _W = Severity.REFUSES, Severity.WARNS
# fmt: off
RULES = (
    Rule("condition_unreadable", _R, "条件写得不对,系统读不懂:{}。", _BASIS, unreadable),
    Rule("condition_field_unknown", _R, "条件里的“{}”不在表单里。", _BASIS, unknown_fields),
    Rule("condition_value_impossible", _R, "条件里的答案选不到:{}。", _BASIS, impossible_values),
    Rule("condition_never_holds", _R, "这个条件任何人都不会满足。{}", _BASIS,
         partial(_one_sided, False)),
    Rule("condition_always_holds", _W, "这个条件所有人都满足,不用写成条件。{}", _BASIS,
         partial(_one_sided, True)),
    Rule("condition_too_complex", _R, "条件太复杂,没有办法逐一核对。", _BASIS, too_complex),
)
# fmt: on
