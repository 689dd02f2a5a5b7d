"""The platform's certificates: made here, handed out sealed, and followed by newer ones.

A merchant that sends its requests without ``Wechatpay-Serial``, or with a certificate's serial,
is answered and called back under the newest certificate; one that names the public key, by that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from .answers import rfc3339
from .store import Store

_LIFE = timedelta(days=5 * 365)
# The one before the newest is still listed: what it signed may be on its way.
_LISTED = 2


@dataclass(frozen=True)
class Certificate:
    serial: str
    pem: str
    key: rsa.RSAPrivateKey
    since: float
    until: float

    def listed(self, sealed: dict[str, str]) -> dict[str, object]:
        """Return its entry in the answer of ``/v3/certificates``."""
        return {
            "serial_no": self.serial,
            "effective_time": rfc3339(self.since),
            "expire_time": rfc3339(self.until),
            "encrypt_certificate": {
                name: sealed[name] for name in ("algorithm", "nonce", "associated_data")
            }
            | {"ciphertext": sealed["ciphertext"]},
        }


@dataclass
class Platform:
    """``by_certificate``: how the merchant's last request wanted to be answered."""

    store: Store
    now: Callable[[], float]
    by_certificate: bool = False

    def certificates(self) -> list[Certificate]:
        """Return what is handed out, the newest first; the first is made when it is asked for."""
        if not self._rows():
            self.rotate()
        return self._rows()

    def rotate(self) -> str:
        """Sign with a new certificate from now on; return its serial."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        since = datetime.fromtimestamp(self.now(), UTC).replace(microsecond=0)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "wxsandbox platform")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since - timedelta(minutes=1))
            .not_valid_after(since + _LIFE)
            .sign(key, SHA256())
        )
        self.store.run(
            "INSERT INTO platform_certificates (pem, key_pem) VALUES (?, ?)",
            made.public_bytes(serialization.Encoding.PEM).decode(),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ).decode(),
        )
        return _serial(made)

    def _rows(self) -> list[Certificate]:
        rows = self.store.all(
            "SELECT pem, key_pem FROM platform_certificates ORDER BY seq DESC LIMIT ?", _LISTED
        )
        return [_certificate(row["pem"], row["key_pem"]) for row in rows]


@cache
def _certificate(pem: str, key_pem: str) -> Certificate:
    made = x509.load_pem_x509_certificate(pem.encode())
    key = load_pem_private_key(key_pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    since, until = made.not_valid_before_utc, made.not_valid_after_utc
    return Certificate(_serial(made), pem, key, since.timestamp(), until.timestamp())


def _serial(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:040X}"
