"""The port of the second factor (RFC 6238)."""

from datetime import datetime
from typing import Protocol


class OneTimeCodes(Protocol):
    """Codes of six digits that change every 30 seconds."""

    def secret(self) -> str:
        """Return a fresh secret (base32)."""
        ...

    def uri(self, secret: str, username: str) -> str:
        """Return what an authenticator app reads from a QR code (``otpauth://``)."""
        ...

    def step(self, secret: str, code: str, now: datetime) -> int | None:
        """Return the time step whose code this is, the present one or a neighbour; else None."""
        ...
