"""The ports of keeping: where objects are, what is known of them, who looks for viruses."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class StoredObject:
    """An object as its store lists it; ``modified_at`` None where the store does not tell."""

    place: str
    size: int
    modified_at: datetime | None


class ObjectStore(Protocol):
    """Objects by the place that they were given: ``objects/ab/...``, ``parts/...``.

    A place is made of lower-case letters, digits, ``-``, ``_``, ``.`` and ``/``. An object
    appears whole or not at all, and what ``put`` has returned from lasts. Nothing here knows
    what the bytes mean, or whose they are.
    """

    async def put(self, place: str, path: Path) -> None:
        """Make the file at ``path`` the object at ``place``, instead of one that may be there.

        The file is the store's from then on: it may have been moved. Raises ``StoreUnwritable``.
        """
        ...

    def get(self, place: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` up to and without ``end``, or to the object's end.

        Raises ``FileMissing`` and ``StoreUnreadable`` while iterating.
        """
        ...

    async def size(self, place: str) -> int | None:
        """Return the size in bytes, None when nothing is there. Raises ``StoreUnreadable``."""
        ...

    async def remove(self, place: str) -> None:
        """Remove the object; one that is not there is removed. Raises ``StoreUnwritable``."""
        ...

    def listed(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Yield the objects whose place begins with ``prefix``, which ends in ``/``.

        Objects that come or go meanwhile may be among them. Raises ``StoreUnreadable``.
        """
        ...


class FileCipher(StrEnum):
    """How the bytes of an object are sealed; NONE is what was stored before sealing began."""

    AES_256_GCM = "AES_256_GCM"
    SM4_GCM = "SM4_GCM"
    NONE = "NONE"

    @property
    def key_bytes(self) -> int:
        return {FileCipher.AES_256_GCM: 32, FileCipher.SM4_GCM: 16}.get(self, 0)


@dataclass(frozen=True)
class DataKey:
    """The key of one file and of nothing else."""

    cipher: FileCipher
    secret: bytes = field(repr=False)


class Scan(StrEnum):
    """What is known of a stored file's harmlessness."""

    MADE = "MADE"
    """We made it ourselves: a copy of the pixels, a printed notice."""
    UNSCANNED = "UNSCANNED"
    """It came when no scanner was configured."""
    PENDING = "PENDING"
    CLEAN = "CLEAN"
    INFECTED = "INFECTED"

    @property
    def keeps_it_in(self) -> bool:
        """Tell whether nobody may have the file now."""
        return self in (Scan.PENDING, Scan.INFECTED)


@dataclass(frozen=True)
class KeptFile:
    """A file that the register knows: ``key`` is the SHA-256 (hex) of its ``size`` plain bytes.

    ``damaged``: what lies at ``place`` is not what was stored.
    """

    key: str
    place: str
    size: int
    data_key: DataKey
    scan: Scan = Scan.UNSCANNED
    damaged: bool = False


@dataclass(frozen=True)
class NewFile:
    """An object that was just written; ``instead_of`` is the place that was found wanting.

    ``made``: by us, so that nobody has to look for viruses in it.
    """

    key: str
    place: str
    size: int
    data_key: DataKey
    made: bool
    instead_of: str | None = None


class FileRegister(Protocol):
    """Which files there are, where, and under which keys."""

    async def find(self, key: str) -> KeptFile | None: ...

    async def touch(self, made: Mapping[str, bool]) -> Mapping[str, KeptFile]:
        """Return which of these keys are known; no sweep takes those for a week from now.

        ``made`` tells of each key whether it is something that we made.
        """
        ...

    async def record(self, files: Sequence[NewFile]) -> None:
        """Take note of objects that were written.

        Where somebody else has meanwhile recorded the same bytes, theirs stays.
        """
        ...

    async def moved(self, kept: KeptFile, place: str, data_key: DataKey) -> bool:
        """Take note that a file's bytes lie at another place; False when it is gone or moved."""
        ...


class FileKeeping(Protocol):
    """What is done to stored files at night."""

    async def check(self, kept: KeptFile) -> None:
        """Read a file whole; raise ``FileMissing``, ``FileDamaged`` or ``StoreUnreadable``."""
        ...

    async def seal(self, kept: KeptFile) -> None:
        """Put a sealed object in the place of one that lies open; raise as ``check`` does."""
        ...

    def opened(self, kept: KeptFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes, checked; raise as ``check`` does."""
        ...

    async def sweep_temporary(self) -> int:
        """Remove what crashes left behind more than a day ago; return how many uploads."""
        ...


class Scanner(Protocol):
    """Looks for viruses."""

    async def scan(self, chunks: AsyncIterator[bytes]) -> str | None:
        """Return the name of what was found, None when nothing was.

        Raises ``ScannerDown``, ``ScanRefused`` (more bytes than it takes), and what ``chunks``
        raises.
        """
        ...
