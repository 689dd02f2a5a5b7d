"""The store: bytes are found by their own SHA-256, lie sealed, and appear whole or not at all."""

import asyncio
import hashlib
import re
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.errors import FileDamaged, FileMissing, MaterialInfected, StoreUnwritable
from services.ports.files import FileCipher, FileRegister, KeptFile, NewFile, ObjectStore, Scan
from uploads.draft import Draft
from uploads.hop import hop
from uploads.sealed_files import Opening, SealedFile
from uploads.sealing import CHUNK, box_of, chunks_of, fresh_key, sealed_size

_KEY = re.compile(r"[0-9a-f]{64}")
_DAY_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Putting:
    """A finished file (already synced) on its way into the store; ``made`` by us."""

    key: str
    file: SealedFile
    made: bool = False


class Store:
    """Sealed objects behind the port, what the register knows of them, and work in progress.

    A key is the SHA-256 (hex) of the plain bytes; where they lie is not told by it. ``scratch``
    is a folder of this machine, of whose disk ``reserve_bytes`` stay free.
    """

    def __init__(
        self,
        objects: ObjectStore,
        register: FileRegister,
        scratch: Path,
        *,
        cipher: FileCipher = FileCipher.AES_256_GCM,
        reserve_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        self._objects = objects
        self._register = register
        self._temporary = scratch
        self._cipher = cipher
        self._reserve = reserve_bytes
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)

    @asynccontextmanager
    async def scratch(self, needed_bytes: int) -> AsyncIterator[Path]:
        """Give a folder that disappears at the end.

        Raises ``StoreUnwritable`` when ``needed_bytes`` would eat into the reserve.
        """
        folder = self._temporary / uuid.uuid4().hex
        try:
            await hop(self._open_scratch, folder, needed_bytes)
            yield folder
        finally:
            await hop(shutil.rmtree, folder, True)

    def _open_scratch(self, folder: Path, needed_bytes: int) -> None:
        try:
            if shutil.disk_usage(self._temporary).free - needed_bytes < self._reserve:
                raise StoreUnwritable
            folder.mkdir(mode=0o700)
        except OSError as failed:
            raise StoreUnwritable from failed

    async def put(self, files: Sequence[Putting]) -> None:
        """Keep finished files; what is there already, and whole, is kept as it is.

        First they are asked for, which keeps the sweep from them for a week; then the objects
        are written, each at a place that was never used; then the register names them. Broken
        off anywhere, that leaves what was readable readable, and objects for the sweep.
        Raises ``StoreUnwritable``, ``MaterialInfected``.
        """
        # Where our copy of a picture is the picture, it is a stranger's: that one comes last.
        distinct = {each.key: each for each in sorted(files, key=lambda each: not each.made)}
        known = await self._register.touch({each.key: each.made for each in distinct.values()})
        if any(kept.scan is Scan.INFECTED for kept in known.values()):
            raise MaterialInfected
        writing = (self._written(each, known.get(each.key)) for each in distinct.values())
        # The folder of the files goes with the caller: none may be left writing.
        written = await asyncio.gather(*writing, return_exceptions=True)
        for failed in written:
            if isinstance(failed, BaseException):
                raise failed
        await self._register.record([new for new in written if isinstance(new, NewFile)])

    async def _written(self, putting: Putting, kept: KeptFile | None) -> NewFile | None:
        if kept is not None and not kept.damaged and await self._has(kept):
            return None
        file = putting.file
        place = _new_place()
        await self._objects.put(place, file.path)
        before = None if kept is None else kept.place
        return NewFile(putting.key, place, file.size, file.key, putting.made, before)

    async def _has(self, kept: KeptFile) -> bool:
        wanted = sealed_size(box_of(kept.data_key), kept.size)
        return await self._objects.size(kept.place) == wanted

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` up to and without ``end``.

        Raises ``FileMissing``, ``FileDamaged``, ``StoreUnreadable``. A whole read is checked
        against the key: the last piece is given only when the digest is right.
        """
        kept = await self._register.find(key) if _KEY.fullmatch(key) else None
        if kept is None:
            raise FileMissing
        async for piece in self._read(kept, start, kept.size if end is None else end):
            yield piece

    def opened(self, kept: KeptFile) -> AsyncIterator[bytes]:
        """Yield all of a file, checked against its key; raise as ``read`` does."""
        return self._read(kept, 0, kept.size)

    async def _read(self, kept: KeptFile, start: int, end: int) -> AsyncIterator[bytes]:
        stop = min(end, kept.size)
        whole = (start, stop) == (0, kept.size)
        if start >= stop and not whole:
            return
        first, after = start // CHUNK, chunks_of(stop)
        box = box_of(kept.data_key)
        step = CHUNK + box.overhead
        opening = Opening(box, kept.size, first, after)
        digest = hashlib.sha256() if whole else None
        skipped, left, held = start - first * CHUNK, stop - start, b""
        async for sealed in self._objects.get(
            kept.place, first * step, None if whole else after * step
        ):
            plain = (await hop(_opened, opening, sealed, digest))[skipped:][:left]
            skipped = 0 if plain else skipped
            left -= len(plain)
            if held and plain:
                yield held
            held = plain or held
        opening.finish()
        if digest is not None and digest.hexdigest() != kept.key:
            raise FileDamaged
        if held:
            yield held

    async def check(self, kept: KeptFile) -> None:
        """Read a file whole; raise ``FileMissing``, ``FileDamaged`` or ``StoreUnreadable``."""
        async for _ in self.opened(kept):
            pass

    async def seal(self, kept: KeptFile) -> None:
        """Put a sealed object in the place of one that lies open.

        Raises as ``check`` does, and ``StoreUnwritable``.
        """
        async with self.scratch(kept.size) as folder:
            draft = Draft(folder / "sealed", fresh_key(self._cipher))
            try:
                async for piece in self.opened(kept):
                    await hop(draft.write, [piece])
                await hop(draft.finish)
            except OSError as failed:
                raise StoreUnwritable from failed
            finally:
                draft.close()
            place = _new_place()
            await self._objects.put(place, draft.path)
            if await self._register.moved(kept, place, draft.sealed.key):
                await self._objects.remove(kept.place)

    async def sweep_temporary(self, *, older_than_seconds: float = _DAY_SECONDS) -> int:
        """Remove what crashed uploads left behind; return how many folders."""
        return await hop(self._sweep, time.time() - older_than_seconds)

    def _sweep(self, before: float) -> int:
        swept = 0
        for folder in self._temporary.iterdir():
            # An upload that ends in this moment takes its folder with it.
            with suppress(FileNotFoundError):
                if folder.stat().st_mtime < before:
                    shutil.rmtree(folder)
                    swept += 1
        return swept


def _opened(opening: Opening, sealed: bytes, digest: "hashlib._Hash | None") -> bytes:
    plain = opening.feed(sealed)
    if digest is not None:
        digest.update(plain)
    return plain


def _new_place() -> str:
    # A folder for each day: none grows without end, and a backup finds what is new.
    return f"objects/{datetime.now(UTC):%Y%m%d}/{uuid.uuid4().hex}"
