"""JSON that has one meaning only: what two readers could take for different things is refused."""

import json
from typing import Any, NoReturn


def load_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object; raise ``ValueError`` for NaN, a name twice, or anything else."""
    value = json.loads(content, parse_constant=_refuse, object_pairs_hook=_unique)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name twice")
    return named


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
