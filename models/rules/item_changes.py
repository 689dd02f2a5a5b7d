"""What a new version of an item changes, for whoever has to agree to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One place that differs; ``before`` or ``after`` None: it was not or is no longer there.

    ``pointer`` is a JSON pointer; what has a code (a material) is named by it, wherever it stands.
    """

    pointer: str
    before: Any
    after: Any


def changes(old: Any, new: Any, pointer: str = "") -> Iterator[Change]:
    """Yield the smallest places in which two bodies differ, in the order of the new one."""
    one, two = _named(old), _named(new)
    if one is None or two is None:
        if not _same(old, new):
            yield Change(pointer, old, new)
        return
    for name in [*two, *(name for name in one if name not in two)]:
        place = f"{pointer}/{name}"
        if name not in one or name not in two:
            yield Change(place, one.get(name), two.get(name))
        else:
            yield from changes(one[name], two[name], place)


def _same(old: Any, new: Any) -> bool:
    # True is 1 to Python, and is another answer to everybody else.
    return type(old) is type(new) and bool(old == new)


def _named(value: Any) -> Mapping[str, Any] | None:
    """Return the parts of a value by name; None for what has no named parts."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        codes = [each.get("code") for each in value]
        if all(isinstance(code, str) for code in codes) and len(set(codes)) == len(codes):
            return dict(zip(map(str, codes), value, strict=True))
    return None
