"""Watermarks (水印): what is handed out says what it is for."""

from typing import Protocol

from services.ports import StoredFile


class Watermarks(Protocol):
    async def stamped(self, file: StoredFile, text: str) -> StoredFile:
        """Return a copy of a working copy with a faint text all over it.

        The same file and text give the same copy; a kind that nothing can be drawn on comes back
        as it is. Raises ``MaterialUnreadable`` or ``Unavailable``.
        """
        ...
