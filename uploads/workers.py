"""One inspecting child process and the conversation with it."""

import asyncio
import signal
import sys
from asyncio import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uploads import messages
from uploads.hop import settle

_ROOT = Path(__file__).resolve().parent.parent
_MEGABYTE = 1024 * 1024
_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


@dataclass(frozen=True)
class ChildLimits:
    """What one child may take: address space, CPU time and wall time per file, files in a life.

    The hungriest good files took 472 MB (25-megapixel WebP with transparency) and 2 s of CPU
    (108 megapixels, progressive); a usual photo takes 130 MB and 0.2 s.
    """

    memory_bytes: int = 600 * _MEGABYTE
    cpu_seconds: int = 4
    wall_seconds: float = 12.0
    jobs: int = 100


class WorkerLost(Exception):
    """The child ended without an answer; ``returncode`` is None when it was too slow."""

    def __init__(self, returncode: int | None) -> None:
        super().__init__(returncode)
        self.returncode = returncode

    @property
    def by_somebody_else(self) -> bool:
        """Tell whether the file had no part in it: the kernel short of memory, an operator."""
        return self.returncode is not None and -self.returncode in _FROM_OUTSIDE

    @property
    def by_itself(self) -> bool:
        """Tell whether the child gave up with an error of its own, which no file can cause."""
        return self.returncode is not None and self.returncode >= 0


class Worker:
    """A running child; made by ``start``, ended by ``stop``."""

    def __init__(self, process: subprocess.Process, limits: ChildLimits) -> None:
        self._process = process
        self._limits = limits
        self._jobs = 0
        self._retired = False

    @classmethod
    async def start(cls, limits: ChildLimits) -> "Worker":
        """Start a fresh interpreter (no fork of this one). Raises ``OSError``."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "uploads.child",
            str(limits.memory_bytes),
            str(limits.cpu_seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            # Ctrl-C in the service's terminal is for the service, which then ends its children.
            start_new_session=True,
            # The environment holds the service's secrets; the child needs none of it.
            env={},
        )
        return cls(process, limits)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Tell whether another file may be given to it."""
        ended = self._process.returncode is not None
        return not (ended or self._retired or self._jobs >= self._limits.jobs)

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the answer. Raises ``WorkerLost``."""
        self._jobs += 1
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                reply = await self._exchange(request)
        except TimeoutError as slow:
            raise WorkerLost(None) from slow
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as lost:
            raise WorkerLost(await self._process.wait()) from lost
        self._retired = bool(reply.get("retire"))
        return reply

    async def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        writer, reader = self._process.stdin, self._process.stdout
        if writer is None or reader is None:
            raise ConnectionError("no pipes")
        writer.write(messages.encode(request))
        await writer.drain()
        prefix = await reader.readexactly(messages.LENGTH.size)
        return messages.decode(await reader.readexactly(messages.length_of(prefix)))

    async def stop(self) -> None:
        """End the child and wait until it is gone, so that it writes no file any more."""
        if self._process.returncode is None:
            self._process.kill()
        await settle(asyncio.ensure_future(self._process.communicate()))
