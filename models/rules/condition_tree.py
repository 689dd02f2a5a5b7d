"""Structured conditions as a tree: parsed once, then asked about facts; nothing is ever eval'd.

A condition is ``{field, op, value}``, ``{all: [...]}`` or ``{any: [...]}``; a field is a dotted
path (``form.volume_m3``, ``applicant.age``, ``agent``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any

Facts = Mapping[str, Any]


class ConditionInvalid(ValueError):
    """The data holds something that is not a condition."""


class Op(StrEnum):
    """The comparisons that the data may use."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"
    IN = "in"
    NOT_IN = "not_in"
    NOT_NULL = "not_null"
    IS_NULL = "is_null"


@dataclass(frozen=True)
class Comparison:
    """One field compared with one value (a tuple for ``in`` and ``not_in``)."""

    field: str
    op: Op
    value: Any = None

    @property
    def fields(self) -> frozenset[str]:
        """The fields it looks at."""
        return frozenset({self.field})

    def holds(self, facts: Facts) -> bool:
        """Compare; a field that is not given is null, and null compares with nothing."""
        given = look_up(facts, self.field)
        if given is None:
            return self.op is Op.IS_NULL
        return _TESTS[self.op](given, self.value)


@dataclass(frozen=True)
class Group:
    """Several conditions, of which all or any have to hold."""

    every: bool
    parts: tuple["Condition", ...]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that its parts look at."""
        return frozenset().union(*(part.fields for part in self.parts))

    def holds(self, facts: Facts) -> bool:
        """Ask the parts."""
        answers = (part.holds(facts) for part in self.parts)
        return all(answers) if self.every else any(answers)


Condition = Comparison | Group


def parse(data: Any) -> Condition:
    """Read a condition of the data; raise ``ConditionInvalid`` for anything that is not one."""
    if not isinstance(data, Mapping):
        raise ConditionInvalid("a condition is a mapping")
    keys = set(data)
    if keys in ({"all"}, {"any"}):
        parts = data.get("all", data.get("any"))
        if not _is_list(parts) or not parts:
            raise ConditionInvalid("a group has a list of parts")
        return Group("all" in keys, tuple(parse(part) for part in parts))
    return _parse_comparison(data)


def _parse_comparison(data: Mapping[Any, Any]) -> Comparison:
    field = data.get("field")
    value: Any = data.get("value")
    if not isinstance(field, str) or not field or not set(data) <= {"field", "op", "value"}:
        raise ConditionInvalid(f"not a condition: {sorted(map(str, data))}")
    try:
        op = Op(str(data.get("op")))
    except ValueError:
        raise ConditionInvalid(f"unknown op in a condition on {field}") from None
    if op in (Op.NOT_NULL, Op.IS_NULL):
        fits = value is None
    elif op in (Op.IN, Op.NOT_IN):
        fits = _is_list(value) and None not in value
    elif op in (Op.GT, Op.GE, Op.LT, Op.LE):
        fits = _is_number(value)
    else:
        fits = value is not None
    if not fits:
        raise ConditionInvalid(f"a wrong value for {op.value} on {field}")
    return Comparison(field, op, tuple(value) if _is_list(value) else value)


def look_up(facts: Facts, field: str) -> Any:
    """Return what is given for a dotted field, from flat or nested facts; None if it is not."""
    if field in facts:
        return facts[field]
    found: Any = facts
    for name in field.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _same(given: Any, value: Any) -> bool:
    # Python has True == 1; a form does not.
    return isinstance(given, bool) is isinstance(value, bool) and bool(given == value)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda given, value: _is_number(given) and compare(given, value)


# What a given (not null) answer has to do, by op.
_TESTS: Mapping[Op, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        Op.EQ: _same,
        Op.NE: lambda given, value: not _same(given, value),
        Op.GT: _ordered(gt),
        Op.GE: _ordered(ge),
        Op.LT: _ordered(lt),
        Op.LE: _ordered(le),
        Op.IN: lambda given, values: any(_same(given, value) for value in values),
        Op.NOT_IN: lambda given, values: not any(_same(given, value) for value in values),
        Op.NOT_NULL: lambda _given, _value: True,
        Op.IS_NULL: lambda _given, _value: False,
    }
)
