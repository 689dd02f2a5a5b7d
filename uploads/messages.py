"""What goes between a process of the service and its child: 4 bytes of length, then JSON."""

import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

from services.ports.files import DataKey, FileCipher
from uploads.draft import Draft
from uploads.sealed_files import SealedFile

Told = dict[str, Any]

LENGTH = struct.Struct(">I")
MAX_BYTES = 1024 * 1024
"""A page that is full of print is read in 50 KB."""


def encode(message: dict[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    return LENGTH.pack(len(body)) + body


def length_of(prefix: bytes) -> int:
    """Return the length that a prefix announces; raise ``ValueError`` when it is absurd."""
    (length,) = LENGTH.unpack(prefix)
    if length > MAX_BYTES:
        raise ValueError(f"a message of {length} bytes")
    return int(length)


def decode(body: bytes) -> dict[str, Any]:
    """Raise ``ValueError`` for anything but a JSON object."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("not an object")
    return message


def read(stream: BinaryIO) -> dict[str, Any] | None:
    """Return the next message of a blocking stream, None at its end."""
    prefix = stream.read(LENGTH.size)
    if len(prefix) < LENGTH.size:
        return None
    return decode(stream.read(length_of(prefix)))


def write(stream: BinaryIO, message: dict[str, Any]) -> None:
    stream.write(encode(message))
    stream.flush()


def told(path: Path, key: DataKey, size: int = 0) -> Told:
    """Return where a sealed file is and what opens it; the key goes over the pipe only."""
    return {
        "path": str(path),
        "cipher": key.cipher.value,
        "secret": key.secret.hex(),
        "size": size,
    }


def sealed_file_of(what: Told) -> SealedFile:
    return SealedFile(Path(what["path"]), _key_of(what), what["size"])


def draft_of(what: Told) -> Draft:
    return Draft(Path(what["path"]), _key_of(what))


def _key_of(what: Told) -> DataKey:
    return DataKey(FileCipher(what["cipher"]), bytes.fromhex(what["secret"]))
