"""Passwords of staff: long, of several kinds of characters, and not what everybody takes.

GB/T 22239-2019, 8.1.4.1 asks for complexity; NIST SP 800-63B for length and a list of the worst.
"""

import string

LEAST, MOST = 12, 128
KINDS = 3
# What is left of a common password when its digits and signs are taken away.
_WORST = (
    "password passwd passw pass admin administrator root guest welcome letmein iloveyou "
    "qwerty qwertyuiop qwert asdf asdfghjkl zxcvbnm qazwsx qazwsxedc abc abcd abcdef woaini "
    "zhangban zwfw zhengwu huawei china test testtest changeme secret login user hello"
)
COMMON = frozenset(_WORST.split())


def is_good(password: str, username: str) -> bool:
    """Tell whether a password may be used by who has this username."""
    if not LEAST <= len(password) <= MOST:
        return False
    folded = password.casefold()
    if username and username.casefold() in folded:
        return False
    if {_letters(folded), _letters(_spelt(folded))} & COMMON or len(set(password)) < LEAST // 2:
        return False
    return sum(map(bool, _kinds(password))) >= KINDS


def _letters(text: str) -> str:
    return "".join(each for each in text if each.isalpha())


def _spelt(folded: str) -> str:
    """Return ``password`` for ``p@ssw0rd-2026``."""
    core = folded.strip(string.digits + string.punctuation)
    return core.translate(str.maketrans("0134@$5", "oieaass"))


def _kinds(password: str) -> tuple[bool, bool, bool, bool]:
    return (
        any(each.islower() for each in password),
        any(each.isupper() for each in password),
        any(each.isdigit() for each in password),
        any(not each.isalnum() for each in password),
    )
