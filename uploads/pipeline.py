"""The adapter behind the port ``MaterialFiles``: take in, check, store, read back."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from services.errors import MaterialTypeRefused
from services.ports import StoredFile, TakenIn
from services.ports.files import FileCipher, FileRegister, ObjectStore
from uploads.disk import LocalObjects
from uploads.hop import hop
from uploads.inspect import Inspector
from uploads.intake import Intake, Pace, Received
from uploads.kinds import Kind, allowed_kinds, kind_of, type_sentence
from uploads.sealed_files import SealedFile
from uploads.store import Putting, Store
from uploads.workers import ChildLimits

_NAMES = ("original", "working", "thumbnail")


@dataclass(frozen=True)
class LocalMaterialFiles:
    """Materials, sealed. Nothing is kept of what is refused or breaks off."""

    store: Store
    intake: Intake
    inspector: Inspector

    @classmethod
    def under(
        cls,
        directory: Path,
        register: FileRegister,
        *,
        objects: ObjectStore | None = None,
        cipher: FileCipher = FileCipher.AES_256_GCM,
        pace: Pace | None = None,
        child: ChildLimits | None = None,
        inspections: int = 2,
        reserve_bytes: int = 256 * 1024 * 1024,
    ) -> Self:
        """Build the pipeline over a data directory, which is made when it is absent.

        Objects lie in it too, unless ``objects`` says where. ``inspections`` is how many files
        are opened at once, each in a child of its own; ``reserve_bytes`` of the disk stay free.
        """
        return cls(
            store=Store(
                objects or LocalObjects(directory),
                register,
                directory / "tmp",
                cipher=cipher,
                reserve_bytes=reserve_bytes,
            ),
            intake=Intake(pace or Pace(), cipher=cipher),
            inspector=Inspector(child, at_once=inspections),
        )

    async def take_in(
        self, chunks: AsyncIterator[bytes], *, max_bytes: int, formats: Collection[str]
    ) -> TakenIn:
        """Store an upload: the original as it came, and for a picture a copy without metadata.

        Raises ``TooLarge``, ``MaterialTypeRefused``, ``MaterialUnreadable``, ``MaterialEmpty``,
        ``UploadTooSlow`` (or their subclasses) and ``Unavailable``.
        """
        async with self.store.scratch(2 * max_bytes) as folder:
            path, working, thumbnail = (folder / name for name in _NAMES)
            async with self.intake.receive(chunks, path, max_bytes=max_bytes) as received:
                kind = _kind_among(received, allowed_kinds(formats))
                seen = await self.inspector.inspect(received.file, kind, working, thumbnail)
            finding = seen.finding
            original = StoredFile(received.sha256, received.sha256, received.size, kind.value)
            putting = [Putting(original.key, received.file)]
            made = [
                await _made(seen.working, finding.working_mime, putting),
                await _made(seen.thumbnail, Kind.JPEG.value, putting),
            ]
            await self.store.put(putting)
            return TakenIn(
                original=original,
                working=made[0] or original,
                thumbnail=made[1],
                pages=finding.pages,
                width=finding.width,
                height=finding.height,
            )

    async def keep(
        self, chunks: AsyncIterator[bytes], *, max_bytes: int, mime: str, made: bool = False
    ) -> StoredFile:
        """Store bytes of a trusted kind as they are; what they are must be what ``mime`` says.

        ``made``: by us, so that nobody has to look for viruses in them. Raises ``TooLarge``,
        ``MaterialTypeRefused``, ``MaterialEmpty``, ``UploadTooSlow`` and ``Unavailable``.
        """
        async with self.store.scratch(max_bytes) as folder:
            path = folder / "original"
            async with self.intake.receive(chunks, path, max_bytes=max_bytes) as received:
                kind = _kind_among(received, [kind for kind in Kind if kind.value == mime])
            await self.store.put([Putting(received.sha256, received.file, made)])
            return StoredFile(received.sha256, received.sha256, received.size, kind.value)

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` up to and without ``end``.

        Raises ``FileMissing`` or ``FileDamaged`` while iterating.
        """
        return self.store.read(key, start, end)

    async def sweep_temporary(self) -> int:
        """Remove what crashes left behind more than a day ago; return how many uploads."""
        return await self.store.sweep_temporary()

    async def close(self) -> None:
        """End the child processes."""
        await self.inspector.close()


def _kind_among(received: Received, allowed: Collection[Kind]) -> Kind:
    kind = kind_of(received.head)
    if kind is None or kind not in allowed:
        raise MaterialTypeRefused(type_sentence(allowed))
    return kind


async def _made(file: SealedFile | None, mime: str, putting: list[Putting]) -> StoredFile | None:
    """Describe a file that a child has made; the child's own word is not taken for it."""
    if file is None:
        return None
    sha256 = await hop(file.digest)
    putting.append(Putting(sha256, file, made=True))
    return StoredFile(sha256, sha256, file.size, mime)
