"""A file being written: hashed and counted by the same calls that write it."""

import hashlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

from uploads.kinds import HEAD_BYTES

MANY = 64
"""A batch of more pieces than this is gathered first: small writes cost more than a copy."""


class Draft:
    """A new private file at ``path``, made by the first ``write``.

    Its methods block; call them from a thread. They raise ``OSError`` when the disk does not
    take the bytes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.head = b""
        self._sha256 = hashlib.sha256()
        self._file: io.FileIO | None = None

    @property
    def sha256(self) -> str:
        """Return the digest (hex) of what was written so far."""
        return self._sha256.hexdigest()

    def write(self, batch: Sequence[bytes]) -> None:
        # Large pieces go out as they are: gathering them would copy every byte once more.
        pieces = batch if len(batch) <= MANY else [b"".join(batch)]
        for piece in pieces:
            if len(self.head) < HEAD_BYTES:
                self.head = (self.head + piece[:HEAD_BYTES])[:HEAD_BYTES]
            self._sha256.update(piece)
            rest = memoryview(piece)
            while rest:
                rest = rest[self._opened().write(rest) :]
            self.size += len(piece)

    def finish(self) -> None:
        """Make the bytes last, and close. What the disk has must be what was counted."""
        file = self._opened()
        os.fsync(file.fileno())
        written = os.fstat(file.fileno()).st_size
        self.close()
        if written != self.size:
            raise OSError(f"{written} bytes on disk, {self.size} were written")

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
