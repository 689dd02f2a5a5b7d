"""WECHATPAY2-SHA256-RSA2048: what the merchant signs, what the platform must have signed."""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

SCHEME = "WECHATPAY2-SHA256-RSA2048"
FRESH_SECONDS = 300
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[!-~]{1,64}")
_SIGNATURE_CHARS = 1024


class NotAuthentic(Exception):
    """The bytes are not provably, or not freshly, the platform's; the text says why."""


class UnknownSerial(NotAuthentic):
    """Whatever it is signed by is not held: perhaps not yet."""

    def __init__(self, serial: str) -> None:
        super().__init__("unknown serial")
        self.serial = serial


class MerchantKey:
    """The merchant's private key."""

    def __init__(self, merchant: str, serial: str, pem: str) -> None:
        self.merchant = merchant
        self._serial = serial
        self._key = _private_key(pem)

    def sign(self, message: bytes) -> str:
        """Return the signature in base64."""
        return base64.b64encode(self._key.sign(message, PKCS1v15(), SHA256())).decode()

    def authorize(self, method: str, target: str, body: bytes, timestamp: int) -> str:
        """Return the Authorization header; ``target`` is path and query exactly as sent."""
        nonce = make_nonce()
        signature = self.sign(canonical(method, target, str(timestamp), nonce, body=body))
        return (
            f'{SCHEME} mchid="{self.merchant}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{self._serial}"'
        )


class PlatformKeys:
    """The platform's keys by serial: its public key's id, or a platform certificate's serial.

    While WeChat Pay moves a merchant from certificates to the public key, both kinds sign.
    """

    def __init__(self, public_keys: Mapping[str, str], certificates: tuple[str, ...] = ()) -> None:
        """Take PEM public keys by id, and PEM certificates; raise ``ValueError``."""
        self._keys = {serial: _public_key(pem) for serial, pem in public_keys.items()}
        for pem in certificates:
            serial, key = certified(x509.load_pem_x509_certificate(pem.encode()))
            self._keys[serial] = key

    @classmethod
    def of(cls, keys: Mapping[str, RSAPublicKey]) -> "PlatformKeys":
        """Return the keys by their serials."""
        made = PlatformKeys({})
        made._keys = dict(keys)
        return made

    def knows(self, serial: str) -> bool:
        return serial in self._keys

    async def renew(self, serial: str) -> bool:
        """Look for a serial that is not known; tell whether it is known then."""
        return self.knows(serial)

    def renew_soon(self, serial: str) -> None:
        """Look for it without keeping anybody waiting."""

    async def aclose(self) -> None:
        """End what is still being looked for."""

    def check(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        """Raise ``NotAuthentic`` unless the platform signed the raw body within 5 minutes.

        ``now`` is in Unix seconds. What costs nothing is looked at first: strangers may ask.
        ``UnknownSerial`` is what no key of ours could prove.
        """
        seen = {name.lower(): value for name, value in headers.items()}
        serial = seen.get("wechatpay-serial", "")
        key = self._keys.get(serial)
        if key is None:
            raise UnknownSerial(serial)
        timestamp = seen.get("wechatpay-timestamp", "")
        nonce = seen.get("wechatpay-nonce", "")
        signature = seen.get("wechatpay-signature", "")
        if not (_TIMESTAMP.fullmatch(timestamp) and _NONCE.fullmatch(nonce)):
            raise NotAuthentic("no timestamp or nonce")
        if abs(now - int(timestamp)) > FRESH_SECONDS:
            raise NotAuthentic("not fresh")
        if not 0 < len(signature) <= _SIGNATURE_CHARS:
            raise NotAuthentic("no signature")
        try:
            raw = base64.b64decode(signature, validate=True)
            # The last letter has bits that mean nothing: one signature is written in one way only.
            if base64.b64encode(raw).decode() != signature:
                raise NotAuthentic("not base64 as it is written")
            key.verify(raw, canonical(timestamp, nonce, body=body), PKCS1v15(), SHA256())
        except (binascii.Error, ValueError, InvalidSignature) as error:
            raise NotAuthentic("wrong signature") from error


def certified(certificate: x509.Certificate) -> tuple[str, RSAPublicKey]:
    """Return a platform certificate's serial, as the platform writes it, and its key."""
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("a platform certificate must hold an RSA key")
    return f"{certificate.serial_number:040X}", key


def canonical(*lines: str, body: bytes) -> bytes:
    """Return the message that is signed: every line and the raw body end with a newline."""
    return "".join(f"{line}\n" for line in lines).encode() + body + b"\n"


def make_nonce() -> str:
    """Return 32 characters that nobody can guess."""
    return secrets.token_hex(16)


@lru_cache(maxsize=4)
def _private_key(pem: str) -> RSAPrivateKey:
    """Return a key; loading and checking one costs a hundred signatures."""
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the merchant's key must be an RSA key")
    return key


def _public_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the platform's key must be an RSA key")
    return key
