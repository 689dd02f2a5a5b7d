"""Parts of uploads on their way: what came before a connection broke lasts, sealed."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256, SM3
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.errors import StoreUnwritable
from services.ports.files import DataKey, FileCipher, ObjectStore
from services.ports.uploads import Part
from uploads.draft import Draft
from uploads.hop import hop, settle
from uploads.intake import Pace
from uploads.refusals import UploadTooSlow
from uploads.sealed_files import Opening
from uploads.sealing import box_of, fresh_key
from uploads.store import Store

PREFIX = "parts/"
STALE = timedelta(hours=1)
_BATCH = 256 * 1024


@dataclass(frozen=True)
class SealedParts:
    """The adapter behind the port ``UploadParts``.

    A part is closed when it has ``part_bytes`` or is ``part_seconds`` old: what a broken
    connection can cost is no more.
    """

    objects: ObjectStore
    store: Store
    cipher: FileCipher = FileCipher.AES_256_GCM
    part_bytes: int = 8 * 1024 * 1024
    part_seconds: float = 5.0
    pace: Pace = field(default_factory=Pace)

    async def write(
        self, secret: bytes, chunks: AsyncIterator[bytes]
    ) -> AsyncGenerator[Part, None]:
        """Yield each part once it lasts; the last one also when ``chunks`` breaks off."""
        async with self.store.scratch(2 * self.part_bytes) as folder:
            writing = _Writing(self, secret, folder)
            try:
                async for chunk in self._paced(chunks):
                    await writing.take(chunk)
                    if writing.is_full:
                        yield await writing.close()
                        writing.check()
                if writing.size:
                    yield await writing.close()
                    writing.check()
            except (Exception, asyncio.CancelledError) as broken:
                # The connection is gone, not the disk: what came is kept, and then it is told.
                if writing.size and not isinstance(broken, StoreUnwritable):
                    yield await writing.close()
                raise
            finally:
                writing.abandon()

    async def _paced(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        started, received = loop.time(), 0
        while True:
            try:
                async with asyncio.timeout_at(self.pace.due(started, received)):
                    chunk = await anext(chunks, None)
            except TimeoutError as late:
                raise UploadTooSlow from late
            if chunk is None:
                return
            received += len(chunk)
            yield chunk

    async def read(self, secret: bytes, parts: Sequence[Part]) -> AsyncIterator[bytes]:
        """Yield the bytes of parts in their order. Raises ``FileMissing``, ``FileDamaged``."""
        for part in parts:
            opening = Opening(box_of(self.key_of(secret, part.id)), part.size)
            async for sealed in self.objects.get(place_of(part.id)):
                if plain := await hop(opening.feed, sealed):
                    yield plain
            opening.finish()

    async def remove(self, part_ids: Collection[UUID]) -> None:
        """Remove parts; those that are not there are removed."""
        for part_id in part_ids:
            await self.objects.remove(place_of(part_id))

    async def stale(self) -> Collection[UUID]:
        """Return the parts that were written more than an hour ago."""
        found = set()
        before = datetime.now(UTC) - STALE
        async for listed in self.objects.listed(PREFIX):
            if listed.modified_at is None or listed.modified_at < before:
                with suppress(ValueError):
                    found.add(UUID(hex=listed.place.removeprefix(PREFIX)))
        return found

    def key_of(self, secret: bytes, part_id: UUID) -> DataKey:
        """Return the key of one part: a part that is written again has another id."""
        length = len(fresh_key(self.cipher).secret)
        digest = SM3() if self.cipher is FileCipher.SM4_GCM else SHA256()
        made = HKDF(digest, length, None, b"part" + part_id.bytes).derive(secret)
        return DataKey(self.cipher, made)


class _Writing:
    """The part that is being written, one after the other."""

    def __init__(self, parts: SealedParts, secret: bytes, folder: Path) -> None:
        self._parts = parts
        self._secret = secret
        self._folder = folder
        self._batch: list[bytes] = []
        self._held = 0
        self._draft: Draft | None = None
        self._part_id = uuid.uuid4()
        self._began = 0.0
        self._interrupted = False
        self.size = 0

    @property
    def is_full(self) -> bool:
        loop = asyncio.get_running_loop()
        old = loop.time() - self._began >= self._parts.part_seconds
        return self.size >= self._parts.part_bytes or (old and self.size > 0)

    async def take(self, chunk: bytes) -> None:
        if not self.size:
            self._began = asyncio.get_running_loop().time()
        self._batch.append(chunk)
        self._held += len(chunk)
        self.size += len(chunk)
        if self._held >= _BATCH:
            await self._flush()

    async def _flush(self) -> None:
        if self._draft is None:
            self._part_id = uuid.uuid4()
            key = self._parts.key_of(self._secret, self._part_id)
            self._draft = Draft(self._folder / self._part_id.hex, key)
        batch, self._batch, self._held = self._batch, [], 0
        await _on_disk(self._draft.write, batch)

    async def close(self) -> Part:
        """Make the part last, and begin another one; ``check`` tells whether somebody left."""
        running = asyncio.ensure_future(self._close())
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._interrupted = True
            await settle(running)
            return running.result()

    def check(self) -> None:
        """Raise ``CancelledError`` when the client left while a part was being closed."""
        if self._interrupted:
            raise asyncio.CancelledError

    async def _close(self) -> Part:
        await self._flush()
        draft, size, part_id = self._draft, self.size, self._part_id
        self._draft, self.size = None, 0
        if draft is None:
            raise StoreUnwritable
        await _on_disk(draft.finish)
        await self._parts.objects.put(place_of(part_id), draft.path)
        return Part(part_id, size)

    def abandon(self) -> None:
        if self._draft is not None:
            self._draft.close()


def place_of(part_id: UUID) -> str:
    return f"{PREFIX}{part_id.hex}"


async def _on_disk(work: Callable[..., None], *args: object) -> None:
    try:
        await hop(work, *args)
    except OSError as failed:
        raise StoreUnwritable from failed
