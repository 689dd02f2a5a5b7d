"""Sealed files on disk and on their way out: read from any place, or chunk by chunk."""

import hashlib
import io
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from services.errors import FileDamaged
from services.ports.files import DataKey
from uploads.sealing import CHUNK, Box, box_of, chunks_of, plain_size


@dataclass(frozen=True)
class SealedFile:
    """A whole sealed file at ``path``; ``size`` counts its plain bytes."""

    path: Path
    key: DataKey
    size: int

    @classmethod
    def at(cls, path: Path, key: DataKey) -> Self | None:
        """Return the file that lies at ``path``, its size told by the disk; None for none."""
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return None
        return cls(path, key, plain_size(box_of(key), size))

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the plain bytes. Blocks; raises ``FileDamaged``."""
        # From front to back no chunk is needed twice.
        with io.BufferedReader(SealedReader(self, kept_chunks=1), CHUNK) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class SealedReader(io.RawIOBase):
    """The plain bytes of a sealed file, to be read in any order. Raises ``FileDamaged``.

    ``kept_chunks`` opened ones are kept (4 MB): a parser of documents jumps to and fro.
    """

    def __init__(self, file: SealedFile, *, kept_chunks: int = 64) -> None:
        self._file = file.path.open("rb", buffering=0)
        self._box = box_of(file.key)
        self._size = file.size
        self._last = chunks_of(file.size) - 1
        self._at = 0
        self._kept = kept_chunks
        self._opened: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, target: Any) -> int:
        wanted = memoryview(target).cast("B")
        filled = 0
        while filled < len(wanted) and self._at < self._size:
            number, within = divmod(self._at, CHUNK)
            piece = self._chunk(number)[within : within + len(wanted) - filled]
            wanted[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._at += len(piece)
        return filled

    def _chunk(self, number: int) -> bytes:
        if number in self._opened:
            self._opened.move_to_end(number)
            return self._opened[number]
        step = CHUNK + self._box.overhead
        self._file.seek(number * step)
        plain = self._box.open(number, self._file.read(step), last=number == self._last)
        self._opened[number] = plain
        if len(self._opened) > self._kept:
            self._opened.popitem(last=False)
        return plain

    def close(self) -> None:
        self._file.close()
        super().close()


class Opening:
    """Opens a sealed file, or some of its chunks, while their bytes arrive in pieces."""

    def __init__(self, box: Box, size: int, first: int = 0, end: int | None = None) -> None:
        """Expect the chunks from ``first`` up to and without ``end`` of ``size`` plain bytes."""
        self._box = box
        self._last = chunks_of(size) - 1
        self._number = first
        self._end = self._last + 1 if end is None else end
        self._tail = size - self._last * CHUNK
        self._held = bytearray()

    def feed(self, piece: bytes) -> bytes:
        """Return what can be opened by now; raise ``FileDamaged``."""
        self._held += piece
        plain = []
        position = 0
        with memoryview(self._held) as held:
            while self._number < self._end:
                stop = position + self._step()
                if stop > len(held):
                    break
                is_last = self._number == self._last
                plain.append(self._box.open(self._number, held[position:stop], last=is_last))
                self._number += 1
                position = stop
        del self._held[:position]
        return b"".join(plain)

    def finish(self) -> None:
        """Raise ``FileDamaged`` unless exactly the expected bytes have come."""
        if self._number < self._end or self._held:
            raise FileDamaged

    def _step(self) -> int:
        is_last = self._number == self._last
        return (self._tail if is_last else CHUNK) + self._box.overhead
