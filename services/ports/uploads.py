"""The ports of files on their way: where their parts lie, and how photos become one document."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.ports import StoredFile


@dataclass(frozen=True)
class Part:
    """Some bytes of an upload that last; ``size`` counts the plain ones."""

    id: UUID
    size: int


class UploadParts(Protocol):
    """Keeps the bytes of unfinished uploads, each part sealed under a key made of a secret."""

    def write(self, secret: bytes, chunks: AsyncIterator[bytes]) -> AsyncGenerator[Part, None]:
        """Yield each part once it lasts; the last one also when ``chunks`` breaks off.

        Raises ``StoreUnwritable``, ``Malformed`` for a body that is too slow, and whatever
        ``chunks`` raises, after what came before was yielded.
        """
        ...

    def read(self, secret: bytes, parts: Sequence[Part]) -> AsyncIterator[bytes]:
        """Yield the bytes of parts in their order. Raises ``FileMissing``, ``FileDamaged``."""
        ...

    async def remove(self, part_ids: Collection[UUID]) -> None:
        """Remove parts; those that are not there are removed. Raises ``StoreUnwritable``."""
        ...

    async def stale(self) -> Collection[UUID]:
        """Return the parts that were written more than an hour ago."""
        ...


class Album(Protocol):
    """Puts photos together."""

    def check(self, mime: str, formats: Collection[str]) -> None:
        """Raise ``MaterialTypeRefused`` for a kind that a material is not taken in."""
        ...

    def bind(self, photos: Sequence[StoredFile]) -> AsyncIterator[bytes]:
        """Yield a PDF with a photo to a page; equal photos in the same order give equal bytes.

        The photos are working copies. Raises what reading them raises.
        """
        ...
