"""Time-based one-time codes (RFC 6238) by pyotp."""

import hmac
from datetime import datetime

import pyotp

DIGITS = 6
STEP_SECONDS = 30
# A phone's clock may be half a minute off.
NEIGHBOURS = (0, -1, 1)


class PyotpCodes:
    """SHA-1, six digits, 30 seconds: what every authenticator app can do."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def secret(self) -> str:
        return pyotp.random_base32()

    def uri(self, secret: str, username: str) -> str:
        return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=self._issuer)

    def step(self, secret: str, code: str, now: datetime) -> int | None:
        if len(code) != DIGITS or not code.isascii() or not code.isdigit():
            return None
        present = int(now.timestamp()) // STEP_SECONDS
        totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
        for step in (present + by for by in NEIGHBOURS):
            if hmac.compare_digest(totp.generate_otp(step), code):
                return step
        return None
