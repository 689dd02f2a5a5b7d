"""HMAC-SHA256 of a unit: what it signs, and what the platform must have signed.

Three kinds of messages have three first lines, so that none can be shown as another. An answer is
bound to the nonce of its request: an old answer, however fresh, answers nothing else.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

FRESH_SECONDS = 300
UNIT, STAMP, NONCE, SIGNATURE = "X-Unit-Code", "X-Timestamp", "X-Nonce", "X-Signature"
REQUEST, ANSWER, CALLBACK = "REQUEST", "ANSWER", "CALLBACK"
_STAMP = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[0-9A-Za-z_-]{16,64}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")


class NotAuthentic(Exception):
    """The bytes are not provably, or not freshly, the platform's; the text says why."""


class UnitKey:
    """The secret that one unit (执收单位) shares with the platform."""

    def __init__(self, unit: str, secret: str) -> None:
        """Raise ``ValueError`` for a secret that could be guessed."""
        if len(secret) < 16:
            raise ValueError("the secret of a unit has 16 characters or more")
        self.unit = unit
        self._secret = secret.encode()

    def request(
        self, method: str, target: str, body: bytes, at: int, nonce: str
    ) -> Mapping[str, str]:
        """Return the headers of a request; ``target`` is path and query exactly as sent."""
        lines = (REQUEST, method, target, self.unit, str(at), nonce)
        return {
            UNIT: self.unit,
            STAMP: str(at),
            NONCE: nonce,
            SIGNATURE: self._sign(*lines, body=body),
        }

    def check_answer(
        self, headers: Mapping[str, str], status: int, body: bytes, asked: str, now: float
    ) -> None:
        """Raise ``NotAuthentic`` unless this answers the request with the nonce ``asked``."""
        self._check(headers, (ANSWER, str(status), asked), body, now)

    def check_callback(self, headers: Mapping[str, str], path: str, body: bytes, now: float) -> str:
        """Return the nonce of what the platform posted to ``path``; raise ``NotAuthentic``."""
        return self._check(headers, (CALLBACK, path), body, now)

    def _check(
        self, headers: Mapping[str, str], about: tuple[str, ...], body: bytes, now: float
    ) -> str:
        # What costs nothing is looked at first: strangers may ask.
        seen = {name.lower(): value for name, value in headers.items()}
        unit, stamp, nonce, signature = (
            seen.get(name.lower(), "") for name in (UNIT, STAMP, NONCE, SIGNATURE)
        )
        if unit != self.unit:
            raise NotAuthentic("another unit")
        if not (_STAMP.fullmatch(stamp) and _NONCE.fullmatch(nonce)):
            raise NotAuthentic("no timestamp or nonce")
        if abs(now - int(stamp)) > FRESH_SECONDS:
            raise NotAuthentic("not fresh")
        if not _SIGNATURE.fullmatch(signature):
            raise NotAuthentic("no signature")
        expected = self._sign(*about, self.unit, stamp, nonce, body=body)
        if not hmac.compare_digest(signature, expected):
            raise NotAuthentic("wrong signature")
        return nonce

    def _sign(self, *lines: str, body: bytes) -> str:
        digest = hashlib.sha256(body).hexdigest()
        message = "".join(f"{line}\n" for line in (*lines, digest))
        return hmac.new(self._secret, message.encode(), hashlib.sha256).hexdigest()


def make_nonce() -> str:
    """Return 32 characters that nobody can guess."""
    return secrets.token_hex(16)
