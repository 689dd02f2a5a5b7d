"""The second factor of staff: a code of the moment, or one of the recovery codes on paper."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.staff import StaffMember
from services.ports import Crypto, OneTimeCodes

SECRET_PURPOSE = "staff.totp"  # noqa: S105
RECOVERY_PURPOSE = "staff.recovery"
RECOVERY_CODES = 10
# No letters or digits that look alike.
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
HALF = 5


@dataclass(frozen=True)
class Given:
    """A right answer, and what has to be kept so that it is the last of its kind."""

    columns: Mapping[str, Any]
    by_recovery: bool = False


def check(
    crypto: Crypto, codes: OneTimeCodes, member: StaffMember, otp: str, now: datetime
) -> Given | None:
    """Return what a right code uses up, None for a wrong one or one that was used.

    The caller holds the member's row, so that two at once do not use the same code.
    """
    if member.totp_sealed is None:
        return None
    secret = crypto.open(member.totp_sealed, SECRET_PURPOSE).decode()
    step = codes.step(secret, otp.strip(), now)
    if step is not None:
        return Given({"totp_step": step}) if step > member.totp_step else None
    mark = _index(crypto, otp)
    if mark not in member.recovery:
        return None
    return Given({"recovery": [each for each in member.recovery if each != mark]}, True)


def new_recovery(crypto: Crypto) -> tuple[Sequence[str], list[str]]:
    """Return fresh recovery codes, to be shown once, and what is kept of them."""
    shown = ["-".join((_half(), _half())) for _ in range(RECOVERY_CODES)]
    return shown, [_index(crypto, code) for code in shown]


def _half() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(HALF))


def _index(crypto: Crypto, code: str) -> str:
    return crypto.index(code.strip().upper().replace("-", ""), RECOVERY_PURPOSE).hex()
