"""Bytes from the network into a temporary file: counted, hashed, paced, never held in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.errors import StoreUnwritable
from services.ports.files import FileCipher
from uploads.draft import Draft
from uploads.hop import hop, settle
from uploads.refusals import MaterialEmpty, MaterialTooLarge, UploadTooSlow
from uploads.sealed_files import SealedFile
from uploads.sealing import fresh_key

_MEGABYTE = 1024 * 1024
_LARGEST_BATCH = 512 * 1024
_FIRST_BATCH = 192 * 1024
_LEAST_BATCH = 64 * 1024
_NEAR_SECONDS = 5.0


@dataclass(frozen=True)
class Pace:
    """How slow an upload may be.

    An upload ends when ``deadline_seconds`` are over, or when after ``grace_seconds`` it has
    brought fewer than ``bytes_per_second`` on average. The server's own time-outs restart with
    each byte, so a client that drips would hold its connection for ever.
    """

    deadline_seconds: float = 600.0
    grace_seconds: float = 15.0
    bytes_per_second: float = 4096.0

    def due(self, started: float, received: int) -> float:
        """Return the loop time at which an upload with ``received`` bytes is too slow."""
        earned = self.grace_seconds + received / self.bytes_per_second
        return started + min(self.deadline_seconds, earned)


@dataclass(frozen=True)
class Received:
    """A complete upload in a sealed temporary file; ``head`` is its first bytes."""

    file: SealedFile
    sha256: str
    head: bytes

    @property
    def size(self) -> int:
        return self.file.size


class Intake:
    """Writes uploads to disk, a batch per hop to a thread, each sealed before it is written.

    ``batches_bytes`` are for all uploads together, two batches for each (and as much again while
    they are sealed): one upload alone is written in large ones, for hops cost as much as hashing,
    and a crowd in small ones.
    """

    def __init__(
        self,
        pace: Pace | None = None,
        *,
        cipher: FileCipher = FileCipher.AES_256_GCM,
        batches_bytes: int = 4 * _MEGABYTE,
    ) -> None:
        self.pace = pace or Pace()
        self._cipher = cipher
        self._batches = batches_bytes
        self._running = 0

    def _batch(self, received: int) -> int:
        """Return how many bytes to gather: few at first, so that writing begins at once."""
        share = self._batches // (2 * max(1, self._running))
        return max(_LEAST_BATCH, min(_LARGEST_BATCH, _FIRST_BATCH + received // 8, share))

    @asynccontextmanager
    async def receive(
        self, chunks: AsyncIterator[bytes], path: Path, *, max_bytes: int
    ) -> AsyncIterator[Received]:
        """Write ``chunks`` to a new file at ``path``, and make it last before the block is left.

        Within the block the file is whole and can be read, while the disk is still busy with it.
        Raises ``MaterialTooLarge`` as soon as ``max_bytes`` are exceeded, ``MaterialEmpty``,
        ``UploadTooSlow``, ``StoreUnwritable`` (on leaving, too), and whatever ``chunks`` raises.
        The file then remains for the caller to remove with its folder.
        """
        draft = Draft(path, fresh_key(self._cipher))
        try:
            self._running += 1
            try:
                await self._fill(draft, chunks, max_bytes)
            finally:
                self._running -= 1
            lasting = asyncio.ensure_future(_on_disk(draft.finish))
            try:
                yield Received(draft.sealed, draft.sha256, draft.head)
                await lasting
            finally:
                await settle(lasting)
        finally:
            draft.close()

    async def _fill(self, draft: Draft, chunks: AsyncIterator[bytes], max_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        due = self.pace.due(started, 0)
        received = held = 0
        batch: list[bytes] = []
        try:
            async with (
                asyncio.timeout_at(due) as patience,
                _writing_behind() as write,
            ):
                async for chunk in chunks:
                    received += len(chunk)
                    held += len(chunk)
                    if received > max_bytes:
                        raise too_large(max_bytes)
                    batch.append(chunk)
                    if held >= self._batch(received):
                        await write(draft.write, batch)
                        batch, held = [], 0
                    # Setting a timer anew for every piece would cost more than hashing it.
                    if due - loop.time() < _NEAR_SECONDS:
                        due = self.pace.due(started, received)
                        patience.reschedule(due)
                if not received:
                    raise MaterialEmpty
                await write(draft.end, batch)
        except TimeoutError as late:
            raise UploadTooSlow from late


Write = Callable[[list[bytes]], None]


@asynccontextmanager
async def _writing_behind() -> AsyncIterator[Callable[[Write, list[bytes]], Awaitable[None]]]:
    """Give a writer that writes one batch while the next is on its way through the network."""
    running: asyncio.Future[None] | None = None

    async def write(work: Write, batch: list[bytes]) -> None:
        nonlocal running
        if running is not None:
            await running
        running = asyncio.ensure_future(_on_disk(work, batch))

    try:
        yield write
        if running is not None:
            await running
    finally:
        if running is not None:
            await settle(running)


async def _on_disk(work: Callable[..., None], *args: object) -> None:
    try:
        await hop(work, *args)
    except OSError as failed:
        raise StoreUnwritable from failed


def too_large(max_bytes: int) -> MaterialTooLarge:
    """Return the refusal that names the limit."""
    facts = {"max_bytes": max_bytes}
    if max_bytes < _MEGABYTE:
        return MaterialTooLarge(facts=facts)
    megabytes = max_bytes // _MEGABYTE
    return MaterialTooLarge(f"文件超过{megabytes}MB,请压缩或重新拍照后上传。", facts=facts)
