"""Bytes from the network into a temporary file: counted, hashed, paced, never held in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from uploads.draft import Draft
from uploads.hop import hop
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
    """Writes uploads to disk, ``batch_bytes`` per hop to a thread (memory: twice that each)."""

    pace: Pace = Pace()
    batch_bytes: int = 512 * 1024

    async def receive(
        self, chunks: AsyncIterator[bytes], path: Path, *, max_bytes: int
    ) -> Received:
        """Write ``chunks`` to a new file at ``path`` and make it last.

        Raises ``MaterialTooLarge`` as soon as ``max_bytes`` are exceeded, ``MaterialEmpty``,
        ``UploadTooSlow``, ``StoreUnwritable``, and whatever ``chunks`` raises. The file then
        remains for the caller to remove with its folder.
        """
        draft = Draft(path)
        try:
            await self._fill(draft, chunks, max_bytes)
            await _on_disk(draft.finish)
        finally:
            draft.close()
        return Received(path, draft.size, draft.sha256, draft.head)

    async def _fill(self, draft: Draft, chunks: AsyncIterator[bytes], max_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        received = held = 0
        batch: list[bytes] = []
        try:
            async with asyncio.timeout_at(self.pace.due(started, 0)) as patience:
                async for chunk in chunks:
                    received += len(chunk)
                    held += len(chunk)
                    if received > max_bytes:
                        raise too_large(max_bytes)
                    batch.append(chunk)
                    if held >= self.batch_bytes:
                        await _on_disk(draft.write, batch)
                        batch, held = [], 0
                    patience.reschedule(self.pace.due(started, received))
        except TimeoutError as late:
            raise UploadTooSlow from late
        if not received:
            raise MaterialEmpty
        await _on_disk(draft.write, batch)


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
