"""A file being written: hashed and counted by the same calls that write it."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from uploads.kinds import HEAD_BYTES


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
        self._file: BinaryIO | None = None

    @property
    def sha256(self) -> str:
        """Return the digest (hex) of what was written so far."""
        return self._sha256.hexdigest()

    def write(self, batch: Iterable[bytes]) -> None:
        data = b"".join(batch)
        if len(self.head) < HEAD_BYTES:
            self.head = (self.head + data[:HEAD_BYTES])[:HEAD_BYTES]
        self._sha256.update(data)
        self._opened().write(data)
        self.size += len(data)

    def finish(self) -> None:
        """Make the bytes last, and close. What the disk has must be what was counted."""
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())
        written = os.fstat(file.fileno()).st_size
        self.close()
        if written != self.size:
            raise OSError(f"{written} bytes on disk, {self.size} were written")

    def close(self) -> None:
        """Close without promising anything; harmless after ``finish``."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            opened = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            # Unbuffered writes may be short; the buffer passes large batches straight on.
            self._file = os.fdopen(opened, "wb")
        return self._file
