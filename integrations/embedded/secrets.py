"""Secrets of a development installation: made on first use, kept beside its data."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

# Production looks for this mark, wherever the file was copied to.
DOCUMENT_MARK = b"wxsandbox: signs nothing that has legal force\n"
NAMES = (
    "window01",
    "dept01",
    "finance01",
    "supervisor01",
    "township01",
    "auditor01",
    "admin01",
)
# What makes any password of this many kinds of characters.
KINDS = "-Aa1"


@dataclass(frozen=True)
class DevelopmentSecrets:
    """Keys and passwords; ``passwords`` are those of the seeded staff."""

    token_key_file: Path
    document_key_file: Path
    machine_key_file: Path
    field_key: str
    index_key: str
    passwords: Mapping[str, str]


def development_secrets(folder: Path) -> DevelopmentSecrets:
    """Return the folder's secrets, making what is missing; files are their owner's only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    token_key = folder / "token_key.pem"
    if not token_key.exists():
        write_secret(token_key, _p256_key())
    document_key = folder / "document_key.pem"
    if not document_key.exists():
        write_secret(document_key, DOCUMENT_MARK + _p256_key())
    machine_key = folder / "backoffice_key.pem"
    if not machine_key.exists():
        write_secret(machine_key, _p256_key())
    book = folder / "secrets.json"
    if not book.exists():
        write_secret(book, json.dumps(_values(), indent=1).encode())
    values = json.loads(book.read_text())
    known = values["passwords"]
    wanting = [name for name in NAMES if not known.get(name, "").endswith(KINDS)]
    if wanting:
        known.update({name: _password() for name in wanting})
        write_secret(book, json.dumps(values, indent=1).encode())
    return DevelopmentSecrets(
        token_key, document_key, machine_key, values["field_key"], values["index_key"], known
    )


def _values() -> dict[str, object]:
    return {
        "field_key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "index_key": base64.b64encode(secrets.token_bytes(32)).decode(),
        "passwords": {name: _password() for name in NAMES},
    }


def _password() -> str:
    return secrets.token_urlsafe(12) + KINDS


def _p256_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_secret(file: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, all of it or nothing."""
    # A start that was killed half-way must not leave half a key behind.
    temporary = file.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
