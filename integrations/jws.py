"""Signed tokens (RFC 7515) before a library sees them: canonical, short, and with a plain header.

A lenient decoder reads the same token in many spellings; only the canonical one is taken.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from typing import Any, NoReturn


def read_header(token: str, names: Collection[str], longest: int) -> Mapping[str, Any]:
    """Return the header of a token of three parts; raise ``ValueError`` for any other name.

    ``crit``, ``jwk``, ``jku`` and the like let the token say how it is to be believed.
    """
    parts = token.split(".")
    if len(parts) != 3 or len(parts[0]) > longest:
        raise ValueError("not a token")
    decoded = [_decode(part) for part in parts]
    header = json.loads(decoded[0], parse_constant=refuse_constant)
    if not isinstance(header, dict) or not header.keys() <= set(names):
        raise ValueError("not a plain header")
    return header


def refuse_constant(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(constant)


def _decode(part: str) -> bytes:
    raw = part.encode("ascii")
    data = urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    if urlsafe_b64encode(data).rstrip(b"=") != raw:
        raise ValueError("not canonical base64url")
    return data
