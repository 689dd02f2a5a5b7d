"""Files are opened in child processes only: a few at once, the rest wait their turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import MaterialUnreadable
from uploads.kinds import Kind
from uploads.refusals import INSPECTION_REFUSALS, InspectionDown
from uploads.workers import ChildLimits, Worker, WorkerLost


@dataclass(frozen=True)
class Finding:
    """What a file turned out to be; a size in pixels for a picture only."""

    pages: int
    width: int | None
    height: int | None
    working_mime: str


class Inspector:
    """Inspects files in at most ``at_once`` children, started when first needed.

    A file that does not get its turn within ``queue_seconds`` is answered ``InspectionDown``.
    """

    def __init__(
        self,
        limits: ChildLimits | None = None,
        *,
        at_once: int = 2,
        queue_seconds: float = 30.0,
    ) -> None:
        self._limits = limits or ChildLimits()
        self._at_once = at_once
        self._queue_seconds = queue_seconds
        self._turns = asyncio.Semaphore(at_once)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._closed = False

    @property
    def pids(self) -> frozenset[int]:
        """Return the process ids of the children, for operators."""
        return frozenset(worker.pid for worker in (*self._idle, *self._busy))

    async def inspect(self, source: Path, kind: Kind, working: Path, thumbnail: Path) -> Finding:
        """Check the file at ``source``; a picture's copies are written to the other two paths.

        Raises ``MaterialUnreadable`` or a subclass for a file that cannot be opened or kills the
        child, ``InspectionDown`` when no child is to be had, ``StoreUnwritable``.
        """
        request = {
            "job": "picture" if kind.is_picture else "document",
            "source": str(source),
            "kind": kind.value,
            "working": str(working),
            "thumbnail": str(thumbnail),
        }
        async with self._turn():
            try:
                reply = await self._once(request)
            except WorkerLost as lost:
                if not lost.by_somebody_else:
                    raise MaterialUnreadable from lost
                reply = await self._again(request, working, thumbnail)
        if "found" in reply:
            return Finding(**reply["found"])
        raise INSPECTION_REFUSALS.get(reply["refused"], MaterialUnreadable)

    async def _again(
        self, request: dict[str, Any], working: Path, thumbnail: Path
    ) -> dict[str, Any]:
        for leftover in (working, thumbnail):
            leftover.unlink(missing_ok=True)
        try:
            return await self._once(request)
        except WorkerLost as lost:
            raise MaterialUnreadable from lost

    async def _once(self, request: dict[str, Any]) -> dict[str, Any]:
        worker = await self._worker()
        self._busy.add(worker)
        answered = False
        try:
            reply = await worker.ask(request)
            answered = True
        except WorkerLost as lost:
            if lost.by_itself:
                raise InspectionDown from lost
            raise
        finally:
            self._busy.discard(worker)
            if answered and worker.is_usable:
                self._idle.append(worker)
            else:
                await worker.stop()
        return reply

    async def _worker(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_usable:
                return worker
            await worker.stop()
        try:
            return await Worker.start(self._limits)
        except OSError as failed:
            raise InspectionDown from failed

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._turns.acquire()
        except TimeoutError as busy:
            raise InspectionDown from busy
        try:
            if self._closed:
                raise InspectionDown
            yield
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Let running inspections end, then end the children. What comes later is refused."""
        self._closed = True
        for _ in range(self._at_once):
            await self._turns.acquire()
        for _ in range(self._at_once):
            self._turns.release()
        while self._idle:
            await self._idle.pop().stop()
