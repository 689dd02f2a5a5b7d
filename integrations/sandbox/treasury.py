"""The signatures of the treasury's platform: what is verified, what is signed, and for whom."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from .credentials import Credentials
from .store import Store

_FRESH = 300
_NONCE = re.compile(r"[0-9A-Za-z_-]{16,64}")


class TreasuryRefused(Exception):
    """The treasury does not do this; status and code are its own."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class TreasurySigner:
    """One unit and its secret. A nonce of a request is good once."""

    credentials: Credentials
    store: Store
    now: Callable[[], float]

    def check_request(self, method: str, target: str, headers: dict[str, str], body: bytes) -> str:
        """Return the nonce of a request that the unit signed; raise ``TreasuryRefused``."""
        unit, stamp = headers.get("X-Unit-Code", ""), headers.get("X-Timestamp", "")
        nonce, given = headers.get("X-Nonce", ""), headers.get("X-Signature", "")
        if unit != self.credentials.nontax_unit:
            raise TreasuryRefused(401, "UNIT_UNKNOWN", "执收单位不存在")
        if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(self.now() - int(stamp)) > _FRESH:
            raise TreasuryRefused(401, "TIMESTAMP_INVALID", "时间戳与平台时间相差超过5分钟")
        if not _NONCE.fullmatch(nonce):
            raise TreasuryRefused(401, "NONCE_INVALID", "随机串不合法")
        expected = self._sign("REQUEST", method, target, unit, stamp, nonce, body=body)
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise TreasuryRefused(401, "SIGNATURE_INVALID", "签名错误")
        self._spend(nonce)
        return nonce

    def answer(self, status: int, asked: str, body: bytes) -> dict[str, str]:
        """Return the headers that prove an answer to the request with the nonce ``asked``."""
        return self._headers("ANSWER", str(status), asked, body=body)

    def callback(self, path: str, body: bytes) -> dict[str, str]:
        """Return the headers that prove what is posted to a path of the unit's."""
        return self._headers("CALLBACK", path, body=body)

    def _spend(self, nonce: str) -> None:
        now = self.now()
        with self.store.transaction():
            self.store.run("DELETE FROM treasury_nonces WHERE at < ?", now - 2 * _FRESH)
            known = self.store.run(
                "INSERT OR IGNORE INTO treasury_nonces VALUES (?, ?)", nonce, now
            )
        if known == 0:
            raise TreasuryRefused(401, "NONCE_USED", "随机串已经用过")

    def _headers(self, *about: str, body: bytes) -> dict[str, str]:
        unit, stamp = self.credentials.nontax_unit, str(int(self.now()))
        nonce = secrets.token_hex(16)
        return {
            "X-Unit-Code": unit,
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": self._sign(*about, unit, stamp, nonce, body=body),
        }

    def _sign(self, *lines: str, body: bytes) -> str:
        digest = hashlib.sha256(body).hexdigest()
        message = "".join(f"{line}\n" for line in (*lines, digest)).encode()
        secret = self.credentials.nontax_secret.encode()
        return hmac.new(secret, message, hashlib.sha256).hexdigest()
