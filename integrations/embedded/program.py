"""A program that is kept running: started, watched, started again, ended."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from integrations.embedded.launch import command
from integrations.embedded.process import EmbeddedError, kill_group

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
STEADY = 30.0  # After running this long, a program starts again after the first pause.


@dataclass(frozen=True)
class Program:
    """What to run.

    ``argv`` starts with a path; ``env`` is the whole environment. ``ready`` is asked in a thread
    until it says yes; without it a program is ready when started. ``before`` runs in a thread
    ahead of every start, also of a restart. A program with ``restart`` off must not end at all:
    when it does, the whole run ends with its code.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    restart: bool = True
    before: Callable[[], object] | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class Child:
    """One program and the process that it is at the moment."""

    def __init__(self, program: Program, say: Callable[[str, str], None], grace: float) -> None:
        self.program = program
        self.ready = asyncio.Event()
        self._say = say
        self._grace = grace
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def keep(self) -> int:
        """Run it, again and again if it may restart; return the code of its end."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        while True:
            began = loop.time()
            code = await self._run_once()
            if self._stopping or not self.program.restart:
                return code
            if loop.time() - began > STEADY:
                pause = FIRST_PAUSE
            self._say(self.program.name, f"ended with code {code}, again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def stop(self, task: asyncio.Task[int]) -> None:
        """End it: its signal, the grace time, then the kill of its whole group."""
        self._stopping = True
        if process := self._process:
            with suppress(ProcessLookupError):
                process.send_signal(self.program.stop_signal)
            await asyncio.wait({task}, timeout=self._grace)
            if self._process is not None:
                self._say(self.program.name, f"not ended in {self._grace:g} s, killed")
                self.kill()
                await asyncio.wait({task}, timeout=self._grace)
        task.cancel()
        await asyncio.wait({task})

    def kill(self) -> None:
        """Kill its whole group now."""
        if self._process is not None:
            kill_group(self._process.pid)

    async def _run_once(self) -> int:
        if self.program.before:
            try:
                await asyncio.to_thread(self.program.before)
            except EmbeddedError as error:
                self._say(self.program.name, str(error))
                return 1
        async with self._output() as outlet:
            process = await asyncio.create_subprocess_exec(
                *command(self.program.argv, death_signal=self.program.stop_signal),
                env=self.program.env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=outlet,
                stderr=outlet,
            )
            self._process = process
            watch = asyncio.create_task(self._watch_ready())
            try:
                return await process.wait()
            finally:
                self._process = None
                watch.cancel()
                # What it started itself is in its group, and would hold its ports and pipes.
                kill_group(process.pid)

    async def _watch_ready(self) -> None:
        ready = self.program.ready
        while ready and not await asyncio.to_thread(ready):  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.05)
        self.ready.set()

    @asynccontextmanager
    async def _output(self) -> AsyncIterator[int]:
        """Give a pipe to write to, and say each line that comes out of it.

        A pipe of our own, because waiting for a process must not wait for its pipes.
        """
        inlet, outlet = os.pipe()
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(inlet, "rb", buffering=0)
        )
        pump = asyncio.create_task(self._pump(reader))
        try:
            yield outlet
        finally:
            os.close(outlet)
            await asyncio.wait({pump}, timeout=0.5)
            pump.cancel()
            transport.close()

    async def _pump(self, reader: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await reader.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._say(self.program.name, line.decode(errors="replace"))
        if rest:
            self._say(self.program.name, rest.decode(errors="replace"))
