"""A file being written: counted, hashed and sealed by the same calls that write it."""

import hashlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

from services.ports.files import DataKey
from uploads.kinds import HEAD_BYTES
from uploads.sealed_files import SealedFile
from uploads.sealing import CHUNK, box_of, chunks_of, sealed_size


class Draft:
    """A new private file at ``path``, sealed under ``key``, made by the first ``write``.

    Its methods block; call them from a thread. They raise ``OSError`` when the disk does not
    take the bytes. ``size``, ``head`` and ``sha256`` are of the plain bytes.
    """

    def __init__(self, path: Path, key: DataKey) -> None:
        self.path = path
        self.size = 0
        self.head = b""
        self._key = key
        self._box = box_of(key)
        self._number = 0
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._sha256 = hashlib.sha256()
        self._file: io.FileIO | None = None
        self._ended = False

    @property
    def sha256(self) -> str:
        """Return the digest (hex) of what was written, once it has ended."""
        return self._sha256.hexdigest()

    @property
    def sealed(self) -> SealedFile:
        """Return the file as others read it, once it has ended."""
        return SealedFile(self.path, self._key, self.size)

    def write(self, batch: Sequence[bytes]) -> None:
        """Take the next pieces."""
        for piece in batch:
            if len(self.head) < HEAD_BYTES:
                self.head = (self.head + piece[:HEAD_BYTES])[:HEAD_BYTES]
            self.size += len(piece)
            self._waiting += len(piece)
        self._pieces += batch
        # The last chunk is sealed as the last, so one is kept until it is known not to be.
        if self._waiting > CHUNK:
            plain = memoryview(b"".join(self._pieces))
            whole = (len(plain) - 1) // CHUNK * CHUNK
            self._put(plain[:whole], last=False)
            self._pieces, self._waiting = [bytes(plain[whole:])], len(plain) - whole

    def _put(self, plain: memoryview, *, last: bool) -> None:
        """Hash, seal and write whole chunks, or the last one.

        Each in one go for all of them: in between, two threads would fight for the interpreter.
        """
        self._sha256.update(plain)
        number = chunks_of(len(plain))
        sealed = memoryview(bytearray(len(plain) + number * self._box.overhead))
        step = CHUNK + self._box.overhead
        for at in range(number):
            piece = plain[at * CHUNK : (at + 1) * CHUNK]
            self._box.seal(self._number, piece, sealed[at * step : (at + 1) * step], last=last)
            self._number += 1
        while sealed:
            sealed = sealed[self._opened().write(sealed) :]

    def end(self, batch: Sequence[bytes] = ()) -> None:
        """Take the last pieces, if any: the file is whole then, and can be read."""
        self.write(batch)
        if not self._ended:
            self._put(memoryview(b"".join(self._pieces)), last=True)
            self._pieces, self._ended = [], True

    def finish(self) -> None:
        """Make the bytes last, and close. What the disk has must be what was counted."""
        self.end()
        file = self._opened()
        os.fsync(file.fileno())
        written = os.fstat(file.fileno()).st_size
        self.close()
        if written != sealed_size(self._box, self.size):
            raise OSError(f"{written} bytes on disk for {self.size} that were written")

    def close(self) -> None:
        """Close without promising anything; harmless after ``finish``."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> io.FileIO:
        if self._file is None:
            # Without a buffer there is nothing left that could fail when it is closed.
            self._file = io.FileIO(self.path, "xb", opener=_private)
        return self._file


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
