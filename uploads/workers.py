"""One child process that opens files, and the conversation with it."""

import asyncio
import signal
import sys
from asyncio import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
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

    The hungriest good files took 281 MB (25 megapixels of WebP without loss) and 1.8 s of CPU
    (25 megapixels of noise as PNG with transparency); a usual photo takes 90 MB and 0.2 s.
    """

    memory_bytes: int = 300 * _MEGABYTE
    cpu_seconds: float = 2.0
    wall_seconds: float = 12.0
    jobs: int = 100


@dataclass(frozen=True)
class Program:
    """What a child runs, and its whole environment: the service's own holds its secrets."""

    module: str = "uploads.child"
    # One arena: each further thread of a decoder would set 64 MB of address space aside.
    environment: Mapping[str, str] = field(default_factory=lambda: {"MALLOC_ARENA_MAX": "1"})


class WorkerLost(Exception):
    """No answer, or none that makes sense; ``returncode`` is None unless the child ended."""

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
        self.idle_since = 0.0

    @classmethod
    async def start(cls, limits: ChildLimits, program: Program | None = None) -> "Worker":
        """Start a fresh interpreter (no fork of this one). Raises ``OSError``."""
        program = program or Program()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            program.module,
            str(limits.memory_bytes),
            str(limits.cpu_seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            # Ctrl-C in the service's terminal is for the service, which then ends its children.
            start_new_session=True,
            env=dict(program.environment),
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

    async def ask(self, request: dict[str, Any], data: bytes = b"") -> dict[str, Any]:
        """Send a request, with a file's bytes behind it, and return the answer.

        Raises ``WorkerLost``.
        """
        self._jobs += 1
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                reply = await self._exchange(request, data)
        except (TimeoutError, ValueError) as unanswered:
            # It may be alive still, and whoever waited for its end would wait for good.
            raise WorkerLost(None) from unanswered
        except (asyncio.IncompleteReadError, ConnectionError) as lost:
            raise WorkerLost(await self._process.wait()) from lost
        self._retired = bool(reply.get("retire"))
        return reply

    async def _exchange(self, request: dict[str, Any], data: bytes) -> dict[str, Any]:
        writer, reader = self._process.stdin, self._process.stdout
        if writer is None or reader is None:
            raise ConnectionError("no pipes")
        writer.write(messages.encode({**request, "size": len(data)} if data else request))
        writer.write(data)
        await writer.drain()
        prefix = await reader.readexactly(messages.LENGTH.size)
        return messages.decode(await reader.readexactly(messages.length_of(prefix)))

    def kill(self) -> None:
        """End the child; whoever waits for its answer hears that it is lost."""
        if self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """End the child and wait until it is gone, so that it writes no file any more."""
        if self._process.returncode is None:
            self._process.kill()
        await settle(asyncio.ensure_future(self._process.communicate()))
