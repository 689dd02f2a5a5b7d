"""Phone numbers of the mainland, which text messages reach."""

import re

_FULL_WIDTH = {0xFF10 + digit: ord("0") + digit for digit in range(10)} | {0xFF0B: ord("+")}
_MOBILE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")


class PhoneInvalid(ValueError):
    """Not a mobile number. Neither message nor repr repeats it."""


def read_phone(text: str) -> str:
    """Return the number with country code (``+8613800000001``); raise ``PhoneInvalid``."""
    plain = re.sub(r"[\s()-]", "", text.translate(_FULL_WIDTH))
    match = _MOBILE.fullmatch(plain)
    if match is None:
        raise PhoneInvalid("not a mobile number")
    return f"+86{match[1]}"
