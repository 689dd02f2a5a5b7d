"""Identifiers that sort by the time of their making (UUIDv7, RFC 9562)."""

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """Return a UUIDv7: 48 bits of milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = (
        milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (2**62 - 1)
    )
    return UUID(int=value)
