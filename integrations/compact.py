"""Compact JWS as strictly as their RFC has them (RFC 7515, 8725): python-jose is too lenient."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, NoReturn

ALGORITHM = "ES256"
TOKEN_CHARS = 4096
HEADER_CHARS = 256


def read_header(token: str) -> Mapping[str, Any]:
    """Return the header of a token whose three parts are canonical base64url.

    A lenient decoder reads the same token in many spellings; only the canonical one is taken.
    The header is read before the library sees it: nothing but alg, typ and kid may be there.
    """
    parts = token.split(".")
    if len(parts) != 3 or len(parts[0]) > HEADER_CHARS:
        raise ValueError("not a token")
    decoded = [decode(part) for part in parts]
    header = json.loads(decoded[0], parse_constant=refuse)
    if not header.keys() <= {"alg", "typ", "kid"} or header["alg"] != ALGORITHM:
        raise ValueError("not a header that we take")
    return header  # type: ignore[no-any-return]


def decode(part: str) -> bytes:
    """Return the bytes of canonical base64url; raise ``ValueError`` for any other spelling."""
    raw = part.encode("ascii")
    data = urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    if urlsafe_b64encode(data).rstrip(b"=") != raw:
        raise ValueError("not canonical base64url")
    return data


def refuse(constant: str) -> NoReturn:
    """Be no number: for JSON's NaN and Infinity."""
    raise ValueError(constant)
