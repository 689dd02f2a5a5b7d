"""What is read in tests: the pictures, the slot they are for, and what is wrong with them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from models.rules.reading.documents import DocumentKind
from tests.reading.people import Firm, Someone

TODAY = date(2026, 3, 20)
JPEG, PDF = "image/jpeg", "application/pdf"

Picture = tuple[bytes, str]
"""A file's bytes and its MIME type."""


@dataclass(frozen=True)
class Slot:
    """What is asked for: the kinds that are right (each of them if ``every``), and whose."""

    documents: tuple[DocumentKind, ...]
    owner: Someone | Firm | None = None
    seal: bool = False
    every: bool = False
    unexpired: bool = False


@dataclass(frozen=True)
class Case:
    """One material; ``draw`` gives its files in order, ``codes`` are the findings that are right.

    ``says`` is text that must be read exactly, page by page; ``turned`` how each page has to be
    turned.
    """

    name: str
    slot: Slot
    draw: Callable[[], list[Picture]]
    codes: frozenset[str] = frozenset()
    says: tuple[tuple[str, ...], ...] = ()
    turned: tuple[int, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.codes
