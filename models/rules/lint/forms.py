"""Forms: what the phone needs to show a field, and nothing that reaches beyond the form."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from models.rules.lint import kinds, patterns
from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_KINDS = ("string", "number", "integer", "boolean", "array", "object")
DEEPEST = 12


def fields_not_described(body: Body, _: Policy) -> Iterator[Hit]:
    """A field has a name of letters, a Chinese title, a type, a widget and bounds."""
    for name, definition in body["form_schema"]["properties"].items():
        if not _is_described(str(name), definition):
            yield Hit(f"/form_schema/properties/{name}", str(definition.get("title", name)))


def _is_described(name: str, definition: Mapping[str, Any]) -> bool:
    hints = definition.get("x-ui")
    shown = isinstance(hints, Mapping) and bool(hints.get("widget"))
    title = definition.get("title")
    titled = isinstance(title, str) and not title.isascii()
    kind = definition.get("type")
    return bool(_NAME.fullmatch(name)) and shown and titled and _is_bounded(kind, definition)


_LENGTH = kinds.whole(0, 10**6)
_BOUNDS: Mapping[str, kinds.Fits] = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), kinds.number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _LENGTH),
    "multipleOf": lambda value: kinds.number(value) and value > 0,
}


def _is_bounded(kind: object, definition: Mapping[str, Any]) -> bool:
    needed: dict[object, tuple[str, ...]] = {
        "string": ("minLength", "maxLength"),
        "number": ("minimum", "maximum"),
        "integer": ("minimum", "maximum"),
        "array": ("minItems", "maxItems", "items"),
    }
    if not all(fits(definition[key]) for key, fits in _BOUNDS.items() if key in definition):
        return False
    if "enum" in definition:
        return isinstance(definition["enum"], list) and bool(definition["enum"])
    return kind in _KINDS and all(key in definition for key in needed.get(kind, ()))


def form_open(body: Body, _: Policy) -> Iterator[Hit]:
    """Only what is on the form can be filled in, and what is required is on it."""
    schema = body["form_schema"]
    closed = schema.get("type") == "object" and schema.get("additionalProperties") is False
    if not closed or not set(schema["required"]) <= set(schema["properties"]):
        yield Hit("/form_schema")


def form_refers_out(body: Body, _: Policy) -> Iterator[Hit]:
    """A reference would be fetched from somewhere else, at every submission."""
    for pointer, key, _value in _walk(body["form_schema"], "/form_schema"):
        if key in ("$ref", "$dynamicRef", "$recursiveRef"):
            yield Hit(pointer, key)


def bad_patterns(body: Body, _: Policy) -> Iterator[Hit]:
    """A pattern that no form could be checked by, or not before the person has gone home."""
    for pointer, key, value in _walk(body["form_schema"], "/form_schema"):
        if key == "patternProperties":
            found: tuple[object, ...] = tuple(value) if isinstance(value, Mapping) else ()
        elif key == "pattern" and not isinstance(value, Mapping):  # a field may have this name
            found = (value,)
        else:
            continue
        if not all(map(patterns.is_quick, found)):
            yield Hit(pointer)


def form_too_deep(body: Body, _: Policy) -> Iterator[Hit]:
    """A form within a form within a form is not for people."""
    deep = next((p for p, _k, _v in _walk(body["form_schema"], "") if p.count("/") > DEEPEST), None)
    if deep:
        yield Hit("/form_schema")


def _walk(value: Any, pointer: str, depth: int = 0) -> Iterator[tuple[str, str, Any]]:
    if depth > DEEPEST + 2:
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield f"{pointer}/{key}", str(key), each
            yield from _walk(each, f"{pointer}/{key}", depth + 1)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _walk(each, f"{pointer}/{place}", depth + 1)


_R = Severity.REFUSES
# fmt: off
RULES = (
    Rule("form_field_not_described", _R, "表单字段“{}”没有写全:名称、类型、控件、取值范围都要有。",
         "GB/T 39554.2 事项要素: 表单", fields_not_described),
    Rule("form_open", _R, "表单要写明全部字段,必填的要在表单里。", "新乡方案2018 要素一致",
         form_open),
    Rule("form_refers_out", _R, "表单不能引用别处的内容({})。", "design: nothing is fetched",
         form_refers_out),
    Rule("form_pattern_wrong", _R, "表单里的格式要求写得不对。", "design", bad_patterns),
    Rule("form_too_deep", _R, "表单套的层数太多。", "适老化: 表单简单", form_too_deep),
)
# fmt: on
