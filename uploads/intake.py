"""Bytes from the network into a temporary file: counted, hashed, paced, never held in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from uploads.draft import Draft
from uploads.hop import hop, settle
from uploads.refusals import MaterialEmpty, MaterialTooLarge, StoreUnwritable, UploadTooSlow

_MEGABYTE = 1024 * 1024


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
    """A complete upload in a temporary file; ``head`` is its first bytes."""

    path: Path
    size: int
    sha256: str
    head: bytes


@dataclass(frozen=True)
class Intake:
    """Writes uploads to disk, ``batch_bytes`` per hop to a thread (memory: thrice that each)."""

    pace: Pace = Pace()
    batch_bytes: int = 512 * 1024

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
        draft = Draft(path)
        try:
            await self._fill(draft, chunks, max_bytes)
            lasting = asyncio.ensure_future(_on_disk(draft.finish))
            try:
                yield Received(path, draft.size, draft.sha256, draft.head)
                await lasting
            finally:
                await settle(lasting)
        finally:
            draft.close()

    async def _fill(self, draft: Draft, chunks: AsyncIterator[bytes], max_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        received = held = 0
        batch: list[bytes] = []
        try:
            async with (
                asyncio.timeout_at(self.pace.due(started, 0)) as patience,
                _writing_behind(draft) as write,
            ):
                async for chunk in chunks:
                    received += len(chunk)
                    held += len(chunk)
                    if received > max_bytes:
                        raise too_large(max_bytes)
                    batch.append(chunk)
                    if held >= self.batch_bytes:
                        await write(batch)
                        batch, held = [], 0
                    patience.reschedule(self.pace.due(started, received))
                if not received:
                    raise MaterialEmpty
                await write(batch)
        except TimeoutError as late:
            raise UploadTooSlow from late


@asynccontextmanager
async def _writing_behind(
    draft: Draft,
) -> AsyncIterator[Callable[[list[bytes]], Awaitable[None]]]:
    """Give a writer that writes one batch while the next is on its way through the network."""
    running: asyncio.Future[None] | None = None

    async def write(batch: list[bytes]) -> None:
        nonlocal running
        if running is not None:
            await running
        running = asyncio.ensure_future(_on_disk(draft.write, batch))

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
