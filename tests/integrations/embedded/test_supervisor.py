"""Programs that are kept running, and that nothing outlives."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from integrations.embedded.process import is_alive, wait_until
from integrations.embedded.program import Program
from integrations.embedded.supervisor import Supervisor

ROOT = Path(__file__).parents[3]
# Notes when it starts and when it is told to end, and stays until then.
NOTER = """
import os, signal, sys, time
name, notes = sys.argv[1:3]
def note(what):
    with open(notes, "a") as file:
        file.write(f"{what} {name} {os.getpid()}\\n")
def end(*_):
    note("end")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
time.sleep(0.2)
note("start")
print("hello from", name, flush=True)
while True:
    time.sleep(60)
"""


def program(name: str, code: str, *arguments: str) -> Program:
    return Program(name, [sys.executable, "-c", code, *arguments], dict(os.environ), restart=False)


def noter(name: str, notes: Path) -> Program:
    def ready() -> bool:
        return notes.exists() and f"start {name} " in notes.read_text()

    return Program(
        name, [sys.executable, "-c", NOTER, name, str(notes)], dict(os.environ), ready=ready
    )


def noted(notes: Path) -> list[str]:
    return [line.rpartition(" ")[0] for line in notes.read_text().splitlines()]


def pids(notes: Path) -> list[int]:
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [int(line.rpartition(" ")[2]) for line in lines if line.startswith("start")]


async def until(notes: Path, starts: int) -> list[int]:
    async with asyncio.timeout(10):
        while len(found := pids(notes)) < starts:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[asyncio.Task[int]]:
    """Run it inside, and end it by a signal, as Ctrl-C would."""
    task = asyncio.create_task(supervisor.run())
    await asyncio.sleep(0)  # From here on the signal is handled.
    yield task
    if not task.done():
        os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(task, 15) == 0


async def test_starts_in_order_and_ends_in_reverse(tmp_path: Path) -> None:
    notes, said, started = tmp_path / "notes", list[str](), asyncio.Event()
    programs = [noter("a", notes), noter("second", notes), noter("c", notes)]
    async with running(Supervisor(programs, started.set, said.append)):
        await asyncio.wait_for(started.wait(), 10)
    assert noted(notes) == [
        "start a", "start second", "start c", "end c", "end second", "end a",
    ]  # fmt: skip
    assert said == [
        "a      | hello from a",
        "second | hello from second",
        "c      | hello from c",
    ]


async def test_a_killed_program_starts_again(tmp_path: Path) -> None:
    notes, said = tmp_path / "notes", list[str]()
    async with running(Supervisor([noter("a", notes), noter("b", notes)], write=said.append)):
        first, other = await until(notes, 2)
        began = time.monotonic()
        os.kill(first, signal.SIGKILL)
        *_, again = await until(notes, 3)
        assert time.monotonic() - began > 0.5
        assert again != first
        assert is_alive(other)
    assert "a | ended with code -9, again in 0.5 s" in said
    assert noted(notes)[2:] == ["start a", "end b", "end a"]


async def test_the_end_of_one_that_must_not_end_ends_all(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    programs = [noter("a", notes), program("b", "raise SystemExit(7)"), noter("c", notes)]
    assert await asyncio.wait_for(Supervisor(programs).run(), 10) == 7
    # Without a question to ask, b counts as ready when started: c may have got so far.
    assert noted(notes)[0] == "start a"
    assert noted(notes)[-1] == "end a"


async def test_never_ready_ends_with_1(tmp_path: Path) -> None:
    notes, said = tmp_path / "notes", list[str]()
    never = Program(
        "never", [sys.executable, "-c", "import time; time.sleep(60)"], {}, ready=lambda: False
    )
    supervisor = Supervisor([never, noter("b", notes)], None, said.append, ready_timeout=0.3)
    assert await asyncio.wait_for(supervisor.run(), 10) == 1
    assert said == ["never | not ready after 0.3 s"]
    assert not notes.exists()


async def test_one_that_will_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    notes, said, started = tmp_path / "notes", list[str](), asyncio.Event()
    code = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open(sys.argv[1], "w") as file:
    file.write(f"start child {child.pid}\\n")
time.sleep(60)
"""
    stubborn = program("a", code, str(notes))
    async with running(Supervisor([stubborn], started.set, said.append, grace=0.3)) as task:
        [child] = await until(notes, 1)
        assert is_alive(child)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(task, 10) == 0
    assert wait_until(lambda: not is_alive(child), 5)
    assert said == ["a | not ended in 0.3 s, killed"]


@pytest.mark.parametrize("size", [200_000, 3])
async def test_long_and_broken_lines_pass_through(size: int) -> None:
    said = list[str]()
    code = f"import sys; sys.stdout.buffer.write(b'x' * {size} + b'\\xff\\nlast'); sys.exit(3)"
    assert await Supervisor([program("a", code)], write=said.append).run() == 3
    assert said == [f"a | {'x' * size}\ufffd", "a | last"]


def test_nothing_outlives_a_supervisor_killed_with_9(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    code = f"""
import asyncio
from pathlib import Path
from integrations.embedded.supervisor import Supervisor
from tests.integrations.embedded.test_supervisor import noter
notes = Path({str(notes)!r})
asyncio.run(Supervisor([noter("a", notes), noter("b", notes)]).run())
"""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    with supervisor:
        assert wait_until(lambda: len(pids(notes)) == 2, 10)
        children = pids(notes)
        assert all(is_alive(child) for child in children)
        supervisor.kill()
    assert wait_until(lambda: not any(is_alive(child) for child in children), 5)
    assert sorted(noted(notes)[2:]) == ["end a", "end b"]
