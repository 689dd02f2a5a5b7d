"""The numbers that people read, write down and type: 办件编号, query code, pickup code.

Randomness is an argument: these functions only shape it.
"""

import re
from datetime import datetime

from models.rules.calendar import day_of

_IMPLEMENTATION = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}[1-6][0-9]{12}")
_HANDLING = re.compile(_IMPLEMENTATION.pattern + r"[0-9]{2}")
_CASE_NUMBER = re.compile(_IMPLEMENTATION.pattern + r"[0-9]{8}[0-9]{4,6}")
_MOST_SERIAL = 999_999

# No 0 O, 1 I L, Z (2), S (5), B (8), U (V): 27 characters that nobody confuses.
QUERY_ALPHABET = "23456789ACDEFGHJKMNPQRTVWXY"
_QUERY_LENGTH = 10
_MISREAD = str.maketrans("ZSBU", "258V")
_FULL_WIDTH = {0xFF01 + place: 0x21 + place for place in range(94)}


def is_implementation_code(text: str) -> bool:
    """实施编码: 18 (USCC of the body) + 1 (level) + 12 (basic code)."""
    return _IMPLEMENTATION.fullmatch(text) is not None


def is_handling_code(text: str) -> bool:
    """业务办理项编码: the implementation code and two digits."""
    return _HANDLING.fullmatch(text) is not None


def is_case_number(text: str) -> bool:
    """办件编号: the implementation code, the day and a serial of 4 to 6 digits."""
    return _CASE_NUMBER.fullmatch(text) is not None


def case_number(implementation_code: str, received_at: datetime, serial: int) -> str:
    """Return the 办件编号 for the ``serial``-th case of an item on its day in China.

    Raise ``ValueError`` for a wrong code, a naive time or a serial outside 1 to 999999.
    """
    if not is_implementation_code(implementation_code):
        raise ValueError("not an implementation code")
    if not 1 <= serial <= _MOST_SERIAL:
        raise ValueError("a serial has 4 to 6 digits")
    return f"{implementation_code}{day_of(received_at):%Y%m%d}{serial:04d}"


def _check_character(body: str) -> str:
    # Weights 1 and 2 are both prime to 27, and so is their difference: one wrong character and
    # two neighbours swapped always show.
    total = sum(QUERY_ALPHABET.index(c) * (1 + place % 2) for place, c in enumerate(body))
    return QUERY_ALPHABET[total % len(QUERY_ALPHABET)]


def query_code(random: bytes) -> str:
    """Shape at least 16 random bytes into ten characters, the last of which checks the others."""
    if len(random) < 16:
        raise ValueError("a query code needs 16 random bytes")
    rest = int.from_bytes(random)
    body = ""
    for _ in range(_QUERY_LENGTH - 1):
        rest, place = divmod(rest, len(QUERY_ALPHABET))
        body += QUERY_ALPHABET[place]
    return body + _check_character(body)


def read_query_code(text: str) -> str | None:
    """Return the code as stored, or None when it was mistyped; forgive case, blanks, dashes."""
    plain = text.translate(_FULL_WIDTH).upper().translate(_MISREAD)
    code = "".join(plain.replace("-", "").split())
    known = len(code) == _QUERY_LENGTH and all(c in QUERY_ALPHABET for c in code)
    return code if known and _check_character(code[:-1]) == code[-1] else None


def pickup_code(random: bytes) -> str:
    """Shape at least 8 random bytes into six digits."""
    if len(random) < 8:
        raise ValueError("a pickup code needs 8 random bytes")
    return f"{int.from_bytes(random) % 1_000_000:06d}"
