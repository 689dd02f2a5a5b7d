"""What goes between the API process and the inspecting child: 4 bytes of length, then JSON."""

import json
import struct
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")
MAX_BYTES = 64 * 1024


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
