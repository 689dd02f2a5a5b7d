"""A file as one long string of bytes of which a block at a time is in memory."""

import os
import re
from typing import BinaryIO

_BLOCK = 256 * 1024


class Blocks:
    """The bytes of ``source``, which need only be able to read and to seek."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.size = source.seek(0, os.SEEK_END)
        self._start = 0
        self._block = b""

    def at(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start`` on, fewer where the file ends."""
        block, offset = self._from(start, length)
        return block[offset : offset + length]

    def search(self, pattern: re.Pattern[bytes], start: int, longest: int) -> int | None:
        """Return where the first match at or behind ``start`` begins.

        A match has at most ``longest`` bytes: so much is looked at again across blocks.
        """
        while start < self.size:
            block, offset = self._from(start, longest)
            if match := pattern.search(block, offset):
                return self._start + match.start()
            start = max(self._start + len(block) - longest + 1, start + 1)
            if self._start + len(block) >= self.size:
                return None
        return None

    def _from(self, start: int, length: int) -> tuple[bytes, int]:
        """Return a block that has ``length`` bytes from ``start`` on, and where they begin."""
        end = min(start + length, self.size)
        if not self._start <= start <= end <= self._start + len(self._block):
            self.source.seek(start)
            self._start, self._block = start, self.source.read(max(length, _BLOCK))
        return self._block, start - self._start
