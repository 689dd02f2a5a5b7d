"""Sizes: an item is for people to read, and the work that it makes has an end."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity

MOST = 100  # entries of a list, fields of a form
MOST_CHOICES = 30
MOST_COMPARED = 200  # values that all conditions of an item compare with
DEEPEST = 30
_CONDITIONS = frozenset({"condition", "when"})


def lists_too_long(body: Body, _: Policy) -> Iterator[Hit]:
    """A hundred materials, rules or fields; thirty choices."""
    for pointer, name, value in _walk(body):
        choices = name == "enum" and isinstance(value, list)
        if isinstance(value, list | Mapping) and len(value) > (MOST_CHOICES if choices else MOST):
            yield Hit(pointer)


def nested_too_deep(body: Body, _: Policy) -> Iterator[Hit]:
    """Something within something, more than anybody follows."""
    deep = next((p for p, _n, _v in _walk(body) if p.count("/") > DEEPEST), None)
    if deep is not None:
        yield Hit("")


def conditions_compare_too_much(body: Body, _: Policy) -> Iterator[Hit]:
    """The work of a simulation grows with everything that is compared, in whatever condition."""
    compared = sum(
        _values(value)
        for _pointer, name, value in _walk(body)
        if name in _CONDITIONS and isinstance(value, Mapping)
    )
    if compared > MOST_COMPARED:
        yield Hit("", str(compared))


def _values(condition: Any) -> int:
    """Count the values in a condition, well formed or not; a comparison without one counts too."""
    compared = [
        each.get("value")
        for _pointer, _name, each in _walk(condition)
        if isinstance(each, Mapping) and "field" in each
    ]
    return sum(len(value) if isinstance(value, list) else 1 for value in compared)


def _walk(body: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield (pointer, own name, value) of all that is in a body, level by level."""
    level: list[tuple[str, str, Any]] = [("", "", body)]
    for _ in range(DEEPEST + 2):
        yield from level
        level = [
            (f"{pointer}/{key}", str(key), each)
            for pointer, _name, value in level
            for key, each in _entries(value)
        ]


def _entries(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


_R = Severity.REFUSES
# fmt: off
RULES = (
    Rule("list_too_long", _R, "这里写得太多了:一处最多100条,选项最多30个。",
         "design: an item is for people to read", lists_too_long),
    Rule("body_too_deep", _R, "内容套的层数太多。",
         "design: an item is for people to read", nested_too_deep),
    Rule("conditions_too_many", _R, "所有条件加起来要比较{}个答案,太多了,没有办法逐一核对。",
         "design: every branch is looked at", conditions_compare_too_much),
)
# fmt: on
