"""Versions of an item: what tells one body from another, and which number comes next."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest_of(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of the canonical JSON of a body."""
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by: 2026.10 comes after 2026.9."""
    return tuple(int(part) for part in version.split("."))


def next_version(version: str) -> str:
    """Return the number that comes next: 2026.3 after 2026.2, 2026.1 after 2026."""
    *first, last = version_key(version)
    return ".".join(map(str, [*first, last + 1] if first else [last, 1]))
