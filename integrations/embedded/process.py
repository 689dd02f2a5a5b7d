"""Looking after one process by its number, whether or not it is a child of this one."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class EmbeddedError(Exception):
    """An embedded server could not do what it was told; the text says why."""


def is_alive(pid: int) -> bool:
    """Say whether the process runs; a dead child is reaped on the way, a zombie is dead."""
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):
        # The state follows the name in brackets, which may itself hold anything (proc(5)).
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def wait_until(holds: Callable[[], bool], timeout: float) -> bool:
    """Ask every 10 ms, for at most ``timeout`` seconds; return the last answer."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def stop_process(pid: int, how: signal.Signals, grace: float) -> None:
    """Signal the process, wait ``grace`` seconds, then kill it and its group."""
    with suppress(ProcessLookupError):
        os.kill(pid, how)
    if wait_until(lambda: not is_alive(pid), grace):
        return
    kill_group(pid)
    wait_until(lambda: not is_alive(pid), 5.0)


def kill_group(pid: int) -> None:
    """Kill every process of the group that this process leads; nothing happens if none is left."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
