"""What a client's bodies have to hold: the county refuses what it cannot read."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Check = Callable[[Any], bool]


def _text(longest: int) -> Check:
    return lambda value: isinstance(value, str) and 0 < len(value) <= longest


def _number(least: int, most: int) -> Check:
    return lambda value: type(value) is int and least <= value <= most


def _digest(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-fA-F]{64}", value) is not None


def _moment(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


LEASE: Mapping[str, Check] = {"limit": _number(1, 50), "seconds": _number(30, 3600)}
ACK: Mapping[str, Check] = {
    "lease_token": _text(100),
    "digest": _digest,
    "receipt_code": _text(64),
}
EXTEND: Mapping[str, Check] = {"lease_token": _text(100), "seconds": _number(30, 3600)}
CODES = ("SCHEMA", "DIGEST", "MATERIAL_UNREADABLE", "UNAVAILABLE", "OTHER")
# The reason's name is ``text``; ``reason`` is what an earlier draft called it.
RETURN: Mapping[str, Check] = {
    "lease_token": _text(100),
    "code": lambda value: value in CODES,
    "text": _text(300),
    "reason": _text(300),
}
EVENT: Mapping[str, Check] = {
    "event_id": _text(64),
    "case_no": _text(50),
    "seq": _number(1, 1_000_000),
    "type": _text(64),
    "occurred_at": _moment,
    "payload": lambda value: isinstance(value, dict),
}
DEFAULTS: Mapping[str, int] = {"limit": 10, "seconds": 600}
OPTIONAL = {"limit", "seconds", "text", "reason"}


def fault_of(body: Any, wanted: Mapping[str, Check]) -> str | None:
    """Return what is wrong with a body, None when it is as it has to be."""
    if not isinstance(body, dict):
        return "the body is no JSON object"
    if unknown := sorted(set(body) - set(wanted)):
        return f"unknown: {', '.join(unknown)}"
    wrong = [
        name
        for name, holds in wanted.items()
        if not (holds(body[name]) if name in body else name in OPTIONAL)
    ]
    return f"missing or wrong: {', '.join(wrong)}" if wrong else None
