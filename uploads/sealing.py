"""Sealed files: chunks of 64 KiB, each with its own tag, so that any of them opens alone.

A chunk is sealed under the file's own key with its number and whether it is the last one as the
nonce (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). No chunk can be
changed, moved, left out, added or cut off unnoticed. A key seals one file once, so a nonce never
comes twice. 64 KiB is where AES-256-GCM is fastest here.
"""

import os
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from services.errors import FileDamaged
from services.ports.files import DataKey, FileCipher

CHUNK = 64 * 1024
Bytes = bytes | bytearray | memoryview


class Box(Protocol):
    """Seals and opens chunks under one key; ``overhead`` is what sealing adds to each."""

    @property
    def overhead(self) -> int: ...

    def seal(self, number: int, plain: memoryview, sealed: memoryview, *, last: bool) -> None:
        """Write the sealed chunk into ``sealed``, which is ``overhead`` longer than it."""
        ...

    def open(self, number: int, sealed: Bytes, *, last: bool) -> bytes:
        """Raise ``FileDamaged`` for anything but this chunk of this file."""
        ...


class AesBox:
    """AES-256-GCM (NIST SP 800-38D)."""

    overhead = 16

    def __init__(self, secret: bytes) -> None:
        self._aead = AESGCM(secret)

    def seal(self, number: int, plain: memoryview, sealed: memoryview, *, last: bool) -> None:
        self._aead.encrypt_into(_nonce(number, last), plain, None, sealed)

    def open(self, number: int, sealed: Bytes, *, last: bool) -> bytes:
        try:
            return self._aead.decrypt(_nonce(number, last), sealed, None)
        except InvalidTag as changed:
            raise FileDamaged from changed


class Sm4Box:
    """SM4-GCM (GB/T 32907, RFC 8998), for installations that are examined for it (密评)."""

    overhead = 16

    def __init__(self, secret: bytes) -> None:
        self._cipher = SM4(secret)

    def seal(self, number: int, plain: memoryview, sealed: memoryview, *, last: bool) -> None:
        encryptor = Cipher(self._cipher, GCM(_nonce(number, last))).encryptor()
        sealed[: len(plain)] = encryptor.update(plain)
        encryptor.finalize()
        sealed[len(plain) :] = encryptor.tag

    def open(self, number: int, sealed: Bytes, *, last: bool) -> bytes:
        body, tag = sealed[: -self.overhead], bytes(sealed[-self.overhead :])
        try:
            decryptor = Cipher(self._cipher, GCM(_nonce(number, last), tag)).decryptor()
            return decryptor.update(body) + decryptor.finalize()
        except (InvalidTag, ValueError) as changed:
            raise FileDamaged from changed


class OpenBox:
    """Files that were stored before sealing began."""

    overhead = 0

    def __init__(self, secret: bytes) -> None:
        pass

    def seal(self, number: int, plain: memoryview, sealed: memoryview, *, last: bool) -> None:
        sealed[:] = plain

    def open(self, number: int, sealed: Bytes, *, last: bool) -> bytes:
        return bytes(sealed)


_BOXES: dict[FileCipher, Callable[[bytes], Box]] = {
    FileCipher.AES_256_GCM: AesBox,
    FileCipher.SM4_GCM: Sm4Box,
    FileCipher.NONE: OpenBox,
}


def fresh_key(cipher: FileCipher) -> DataKey:
    """Return a new random key."""
    return DataKey(cipher, os.urandom(cipher.key_bytes))


def box_of(key: DataKey) -> Box:
    return _BOXES[key.cipher](key.secret)


def chunks_of(size: int) -> int:
    """Return how many chunks a file of ``size`` plain bytes has: nothing is one, too."""
    return max(1, -(-size // CHUNK))


def sealed_size(box: Box, size: int) -> int:
    """Return how many bytes a file of ``size`` plain bytes takes."""
    return size + chunks_of(size) * box.overhead


def plain_size(box: Box, sealed: int) -> int:
    """Return how many plain bytes there are in a file that takes ``sealed`` bytes."""
    chunks = max(1, -(-sealed // (CHUNK + box.overhead)))
    return max(0, sealed - chunks * box.overhead)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))
