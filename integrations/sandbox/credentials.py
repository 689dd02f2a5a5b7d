"""What both sides of the border know: made on first use, read back ever after."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_FILE = "credentials.json"
_KEY_FILES = {
    "merchant_key": "merchant_key.pem",
    "platform_key": "platform_key.pem",
    "platform_public_key": "platform_public_key.pem",
}


@dataclass(frozen=True)
class Credentials:
    """Secrets of the sandbox. ``platform_key_pem`` is the sandbox's own; the rest is shared.

    Keys are PEM text (PKCS#8, SubjectPublicKeyInfo), each also a file beside ``file``. The
    ``apiv3_key`` is 32 ASCII characters, which are the 32 bytes of the AES key.
    """

    file: Path
    appid: str
    app_secret: str = field(repr=False)
    merchant_id: str
    merchant_serial: str
    merchant_key_file: Path
    merchant_key_pem: str = field(repr=False)
    platform_key_file: Path
    platform_key_pem: str = field(repr=False)
    platform_public_key_id: str
    platform_public_key_file: Path
    platform_public_key_pem: str
    apiv3_key: str = field(repr=False)
    sms_access_key: str
    sms_secret: str = field(repr=False)
    courier_customer: str
    courier_key: str = field(repr=False)
    courier_salt: str = field(repr=False)
    realname_secret_id: str
    realname_secret_key: str = field(repr=False)
    registers_access_key: str
    registers_secret: str = field(repr=False)
    certificates_access_key: str
    certificates_secret: str = field(repr=False)
    h5_appid: str
    h5_secret: str = field(repr=False)
    app_appid: str
    app_secret_open: str = field(repr=False)
    oidc_client_id: str
    oidc_client_secret: str = field(repr=False)
    netid_access_key: str
    netid_secret: str = field(repr=False)
    nontax_unit: str
    nontax_secret: str = field(repr=False)


def issue_credentials(directory: Path) -> Credentials:
    """Return the directory's credentials, making them when there are none.

    Files are readable by their owner only. Two processes that come at once get the same ones.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(directory / ".credentials.lock"):
        file = directory / _FILE
        if not file.exists():
            _generate(directory)
        else:
            _complete(file)
        return read_credentials(file)


def read_credentials(file: Path) -> Credentials:
    """Read credentials that were issued; raise ``OSError`` or ``ValueError`` when they are not."""
    values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    keys: dict[str, Any] = {}
    for name, path in _KEY_FILES.items():
        keys[f"{name}_file"] = file.parent / path
        keys[f"{name}_pem"] = (file.parent / path).read_text(encoding="ascii")
    return Credentials(file=file, **keys, **values)


def _generate(directory: Path) -> None:
    merchant, platform = _rsa_key(), _rsa_key()
    public = platform.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(directory / _KEY_FILES["merchant_key"], _pem(merchant))
    _write(directory / _KEY_FILES["platform_key"], _pem(platform))
    _write(directory / _KEY_FILES["platform_public_key"], public)
    # The JSON file comes last: as long as it is missing, a killed start is repeated as a whole.
    _write(directory / _FILE, json.dumps(_values(), indent=2).encode())


def _complete(file: Path) -> None:
    """Add what an older sandbox did not issue; everything that is known stays."""
    known: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    if _values().keys() - known.keys():
        _write(file, json.dumps(_values() | known, indent=2).encode())


def _values() -> dict[str, str]:
    return {
        "appid": f"wxsandbox{secrets.token_hex(5)}",
        "app_secret": secrets.token_hex(16),
        "merchant_id": f"wxsandbox{secrets.randbelow(10**10):010d}",
        "merchant_serial": secrets.token_hex(20).upper(),
        "platform_public_key_id": f"PUB_KEY_ID_wxsandbox{secrets.randbelow(10**20):020d}",
        "apiv3_key": secrets.token_hex(16),
        "sms_access_key": f"wxsandbox{secrets.token_hex(6)}",
        "sms_secret": secrets.token_hex(20),
        "courier_customer": f"wxsandbox{secrets.token_hex(6).upper()}",
        "courier_key": secrets.token_hex(8),
        "courier_salt": secrets.token_hex(8),
        "realname_secret_id": f"wxsandbox{secrets.token_hex(12)}",
        "realname_secret_key": secrets.token_hex(16),
        "registers_access_key": f"wxsandbox{secrets.token_hex(6)}",
        "registers_secret": secrets.token_hex(20),
        "certificates_access_key": f"wxsandbox{secrets.token_hex(6)}",
        "certificates_secret": secrets.token_hex(20),
        "h5_appid": f"wxsandbox{secrets.token_hex(5)}",
        "h5_secret": secrets.token_hex(16),
        "app_appid": f"wxsandbox{secrets.token_hex(5)}",
        "app_secret_open": secrets.token_hex(16),
        "oidc_client_id": f"wxsandbox{secrets.token_hex(6)}",
        "oidc_client_secret": secrets.token_hex(20),
        "netid_access_key": f"wxsandbox{secrets.token_hex(6)}",
        "netid_secret": secrets.token_hex(20),
        "nontax_unit": f"wxsandbox{secrets.randbelow(10**9):09d}",
        "nontax_secret": secrets.token_hex(20),
    }


def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
