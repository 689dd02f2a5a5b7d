"""The port of the machine that reads materials, and what it gives."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.rules.reading.values import Box, Code, Line, PageReading, Quality, Reading, Side
from services.errors import Unavailable

__all__ = [
    "Box",
    "Code",
    "Line",
    "MaterialReader",
    "PageReading",
    "Quality",
    "ReaderDown",
    "Reading",
    "Sheet",
    "Side",
]


class ReaderDown(Unavailable):
    """No material can be read by the machine just now; a person still can."""

    code = "reader_down"
    sentence = "系统暂时不能自动检查照片,不影响提交。"


@dataclass(frozen=True)
class Sheet:
    """A file to read: its MIME type, its size in bytes, its bytes as they come.

    ``pages`` is what intake counted, for what is left out without being opened.
    """

    mime: str
    size: int
    chunks: AsyncIterator[bytes]
    pages: int = 1


class MaterialReader(Protocol):
    """Looks at pictures and documents; nothing of theirs is kept or leaves this machine."""

    async def read(self, sheets: Sequence[Sheet]) -> Reading:
        """Read the files of one material in their order, each with all its pages.

        Raises ``MaterialUnreadable`` for a file that no attempt can open or that kills the
        reader, ``ReaderDown`` when another attempt may help.
        """
        ...
