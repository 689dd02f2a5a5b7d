"""Keep named programs running in one terminal, and leave nothing behind."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from integrations.embedded.program import Child, Program

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _print(line: str) -> None:
    # A terminal that was closed is no reason to stop half-way; its signal is.
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


@dataclass(frozen=True)
class Supervisor:
    """Starts programs in order, each after the one before it is ready, and ends them in reverse.

    ``started`` is called once, when all are ready. ``ready_timeout`` and ``grace`` are seconds for
    each program.
    """

    programs: Sequence[Program]
    started: Callable[[], None] | None = None
    write: Callable[[str], None] = _print
    ready_timeout: float = 180.0
    grace: float = 10.0

    async def run(self) -> int:
        """Run until a signal (0), or until a program that must not end does (its code).

        A program that is not ready in time ends the run with 1. A second signal kills what is
        left. Call it from the main thread: children die with the thread that started them.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[int] = loop.create_future()
        children: dict[Child, asyncio.Task[int]] = {}
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal, outcome, children)
        try:
            await self._start_all(outcome, children)
            return await outcome
        finally:
            for child, task in reversed(children.items()):
                await child.stop(task)
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def _start_all(
        self, outcome: asyncio.Future[int], children: dict[Child, asyncio.Task[int]]
    ) -> None:
        for program in self.programs:
            child = Child(program, self._say, self.grace)
            children[child] = task = asyncio.create_task(child.keep())
            task.add_done_callback(lambda task: _settle_by(outcome, task))
            ready = asyncio.create_task(child.ready.wait())
            waits: set[asyncio.Future[Any]] = {ready, outcome}
            await asyncio.wait(
                waits, timeout=self.ready_timeout, return_when=asyncio.FIRST_COMPLETED
            )
            ready.cancel()
            if outcome.done():
                return
            if not child.ready.is_set():
                self._say(program.name, f"not ready after {self.ready_timeout:g} s")
                outcome.set_result(1)
                return
        if self.started:
            self.started()

    def _on_signal(
        self, outcome: asyncio.Future[int], children: dict[Child, asyncio.Task[int]]
    ) -> None:
        if not outcome.done():
            outcome.set_result(os.EX_OK)
            return
        for child in children:
            child.kill()

    def _say(self, name: str, line: str) -> None:
        width = max(len(program.name) for program in self.programs)
        self.write(f"{name:<{width}} | {line}")


def _settle_by(outcome: asyncio.Future[int], task: asyncio.Task[int]) -> None:
    if task.cancelled() or outcome.done():
        return
    if error := task.exception():
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())
