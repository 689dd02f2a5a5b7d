"""Child processes that are few, started when first needed, and used again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from services.errors import MaterialUnreadable, Unavailable
from uploads.workers import ChildLimits, Program, Worker, WorkerLost


@dataclass(frozen=True)
class Places:
    """How many children work at once, how long the next waits for a turn, and how long an idle
    one is kept; None keeps it for good."""

    at_once: int = 2
    queue_seconds: float = 30.0
    idle_seconds: float | None = None


class Pool:
    """Children that all run one program; ``down`` is raised when none is to be had."""

    def __init__(
        self,
        limits: ChildLimits,
        program: Program,
        places: Places,
        down: type[Unavailable],
    ) -> None:
        self._limits = limits
        self._program = program
        self._places = places
        self._down = down
        self._turns = asyncio.Semaphore(places.at_once)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._tidying: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def pids(self) -> frozenset[int]:
        """Return the process ids of the children, for operators."""
        return frozenset(worker.pid for worker in (*self._idle, *self._busy))

    async def answer(
        self,
        request: Callable[[], dict[str, Any]],
        data: bytes = b"",
    ) -> dict[str, Any]:
        """Let a child answer, in turn; one that was killed from outside is replaced once.

        ``request`` is asked for anew for each child.

        Raises ``MaterialUnreadable`` for a file that ends the child, and what says that no child
        is to be had.
        """
        async with self._turn():
            try:
                return await self._ask(request(), data)
            except WorkerLost as lost:
                if self._closed:
                    raise self._down from lost
                if not lost.by_somebody_else:
                    raise MaterialUnreadable from lost
            try:
                return await self._ask(request(), data)
            except WorkerLost as lost:
                raise MaterialUnreadable from lost

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._places.queue_seconds):
                await self._turns.acquire()
        except TimeoutError as busy:
            raise self._down from busy
        try:
            if self._closed:
                raise self._down
            yield
        finally:
            self._turns.release()

    async def _ask(self, request: dict[str, Any], data: bytes) -> dict[str, Any]:
        worker = await self._worker()
        self._busy.add(worker)
        answered = False
        try:
            reply = await worker.ask(request, data)
            answered = True
        except WorkerLost as lost:
            if lost.by_itself:
                raise self._down from lost
            raise
        finally:
            self._busy.discard(worker)
            if answered and worker.is_usable:
                self._keep(worker)
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
            return await Worker.start(self._limits, self._program)
        except OSError as failed:
            raise self._down from failed

    def _keep(self, worker: Worker) -> None:
        worker.idle_since = asyncio.get_running_loop().time()
        self._idle.append(worker)
        if self._places.idle_seconds is not None and self._tidying is None and not self._closed:
            self._tidying = asyncio.create_task(self._tidy(self._places.idle_seconds))

    async def _tidy(self, seconds: float) -> None:
        """End each child that nobody asked anything for so long: its memory is given back."""
        now = asyncio.get_running_loop().time
        while (self._idle or self._busy) and not self._closed:
            await asyncio.sleep(seconds / 4)
            while self._idle and now() - self._idle[0].idle_since >= seconds:
                await self._idle.pop(0).stop()
        self._tidying = None

    def abandon(self) -> None:
        """End the children where they are: what they were at is answered as if none were to be
        had, and so is what comes later."""
        self._closed = True
        for worker in self._busy:
            worker.kill()

    async def close(self) -> None:
        """Let running work end, then end the children. What comes later is refused."""
        self._closed = True
        for _ in range(self._places.at_once):
            await self._turns.acquire()
        for _ in range(self._places.at_once):
            self._turns.release()
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.wait([self._tidying])
        while self._idle:
            await self._idle.pop().stop()
