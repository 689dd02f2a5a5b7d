"""Patterns of form fields: only such as are answered at once, whatever somebody types.

``re`` tries every way in which a text may fit and lets nothing else run meanwhile, so a pattern
is parsed and counted before any text meets it.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

LONGEST = 200
MOST_WAYS = 10**6
UNBOUNDED = 1000  # a repeat without an end counts as this many ways

# The parser of the standard library: there is no public door to the parsed pattern.
_PARSER: Any = import_module("re._parser")
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_BRANCHES = frozenset({"BRANCH", "GROUPREF_EXISTS"})
_BACK = frozenset({"GROUPREF"})


def is_quick(pattern: object) -> bool:
    """Whether a value is a pattern without a repeat or branch in a repeat, or too many of them."""
    if not isinstance(pattern, str) or len(pattern) > LONGEST:
        return False
    try:
        parsed = _PARSER.parse(pattern)
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    found = list(_choices(parsed, inside=False))
    ways = 1
    for choice in found:
        ways *= choice
    return 0 not in found and ways <= MOST_WAYS


def _choices(parsed: Any, *, inside: bool) -> Iterator[int]:
    """Yield in how many ways each part can fit; 0 for one that multiplies another's."""
    for op, value in parsed:
        name = str(op)
        repeats = name in _REPEATS
        if name in _BACK or (inside and (repeats or name in _BRANCHES)):
            yield 0
        elif repeats:
            yield min(value[1] - value[0], UNBOUNDED) + 1
        elif name == "BRANCH":
            yield len(value[1])
        for part in _parts(value):
            yield from _choices(part, inside=inside or repeats)


def _parts(value: Any) -> Iterator[Any]:
    """Yield the patterns within a part, however the parser keeps them."""
    if isinstance(value, _PARSER.SubPattern):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _parts(each)
