"""The audit chain (全程留痕): each record's hash covers the record and the one before it.

Anybody can recompute it, with nothing but the database's rows and ``sha256sum``:

    hash = SHA-256( previous LF canonical ), written as 64 lower-case hexadecimal digits

``previous`` is the hash of the record before: of the case for an event, of the whole log for an
entry. Before the first event of a case stands SHA-256 of ``zhangban:case:`` and the case's id (36
lower-case characters); before the first entry of the log, SHA-256 of ``zhangban:audit_log``. LF is
one byte 0A. ``canonical`` is one JSON object in UTF-8 of the columns in ``EVENT_FIELDS`` or
``ENTRY_FIELDS``, where

- members are sorted by name (code points), nothing is printed between tokens, absent is ``null``;
- strings escape only ``"``, ``\\`` and the characters below U+0020 (``\\b \\t \\n \\f \\r``, else
  ``\\u00xx`` in lower case);
- numbers are printed in full, without exponent, sign of zero or zeros at the end of a fraction
  (1.50 is ``1.5``, 1e2 is ``100``), so that PostgreSQL's ``jsonb`` may keep them as it likes;
- times are UTC to the microsecond: ``2026-03-02T01:10:00.000000Z``;
- ids are 36 lower-case characters.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

EVENT_FIELDS = (
    "case_id",
    "seq",
    "at",
    "row",
    "event",
    "from_state",
    "to_state",
    "actor_role",
    "actor_id",
    "unit",
    "data",
)
ENTRY_FIELDS = (
    "seq",
    "at",
    "actor_role",
    "actor_id",
    "action",
    "object_type",
    "object_id",
    "data",
)
_TEXT = json.JSONEncoder(ensure_ascii=False)


def genesis_of(case_id: UUID) -> str:
    """Return what stands before the first event of a case."""
    return hashlib.sha256(f"zhangban:case:{case_id}".encode()).hexdigest()


LOG_GENESIS = hashlib.sha256(b"zhangban:audit_log").hexdigest()


def event_hash(previous: str, fields: Mapping[str, Any]) -> str:
    """Return the hash of an event of a case; ``fields`` may hold more than is hashed."""
    return _link(previous, {name: fields[name] for name in EVENT_FIELDS})


def entry_hash(previous: str, fields: Mapping[str, Any]) -> str:
    """Return the hash of an entry of the audit log; ``fields`` may hold more than is hashed."""
    return _link(previous, {name: fields[name] for name in ENTRY_FIELDS})


def _link(previous: str, fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{previous}\n{canonical(fields)}".encode()).hexdigest()


def read_data(text: str) -> Any:
    """Return the value of a JSON text with its numbers as exact as they were written."""
    return json.loads(text, parse_float=Decimal)


def canonical(value: Any) -> str:
    """Return the one text of a value; raise ``TypeError`` for what has none."""
    match value:
        case str():
            text = _TEXT.encode(str(value))
        case None | bool():
            text = _TEXT.encode(value)
        case int() | float() | Decimal():
            text = _number(value)
        case Mapping():
            members = (f"{canonical(name)}:{canonical(value[name])}" for name in sorted(value))
            text = "{" + ",".join(members) + "}"
        case list() | tuple():
            text = "[" + ",".join(map(canonical, value)) + "]"
        case datetime():
            text = f'"{time_text(value)}"'
        case UUID():
            text = f'"{value}"'
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical text")
    return text


def time_text(moment: datetime) -> str:
    """Return an aware time as it is hashed; raise ``ValueError`` for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(timespec="microseconds") + "Z"


def _number(value: float | Decimal) -> str:
    # What a float means is what it prints, which is what was sent to the database.
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        raise TypeError(f"{value} has no canonical text")
    text = f"{exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
