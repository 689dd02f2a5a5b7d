"""Become another program, as another account if asked, that dies with the one who started it.

A small program of its own, started by path: what it does between fork and exec would not be safe
in a process with threads. It imports the standard library only.
"""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def command(
    argv: Sequence[str],
    *,
    owner: tuple[int, int] | None = None,
    stdin: Path | None = None,
    log: Path | None = None,
    death_signal: signal.Signals | None = signal.SIGTERM,
) -> list[str]:
    """Return the command line that runs ``argv`` through this launcher.

    ``owner`` is (uid, gid); ``stdin`` and ``log`` are opened before the change of account.
    ``death_signal`` is sent when the process that calls this function, which must also be the one
    to start the command, is gone.
    """
    options = [f"--parent={os.getpid()}"]
    if owner:
        options += [f"--uid={owner[0]}", f"--gid={owner[1]}"]
    if stdin:
        options.append(f"--stdin={stdin}")
    if log:
        options.append(f"--log={log}")
    if death_signal:
        options.append(f"--death-signal={int(death_signal)}")
    # Without site-packages Python starts in a third of the time.
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), *options, "--", *argv]


def _redirect(stdin: str | None, log: str | None) -> None:
    if stdin:
        os.dup2(os.open(stdin, os.O_RDONLY), 0)
    if log:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)


def _change_account(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _die_with(parent: int, death_signal: int) -> None:
    """The kernel forgets this at a change of account and keeps it over exec."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal)
    # The parent may have died before the kernel was told.
    if os.getppid() != parent:
        sys.exit(f"the parent {parent} is gone")


def main(arguments: list[str]) -> None:
    """Parse, prepare, and replace this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--stdin")
    parser.add_argument("--log")
    parser.add_argument("--death-signal", type=int)
    end = arguments.index("--")
    given = parser.parse_args(arguments[:end])
    argv = arguments[end + 1 :]
    # A group of its own: Ctrl-C in the terminal reaches the supervisor only, which keeps the order.
    with suppress(PermissionError):
        os.setsid()
    _redirect(given.stdin, given.log)
    program: str | int = argv[0]
    if given.uid is not None:
        # Opened now, because the other account may not be able to reach the folder it is in.
        program = os.open(argv[0], os.O_RDONLY | os.O_CLOEXEC)
        os.chdir("/")
        _change_account(given.uid, given.gid)
    if given.death_signal:
        _die_with(given.parent, given.death_signal)
    os.execve(program, argv, os.environ)  # noqa: S606  (becoming it is the purpose)


if __name__ == "__main__":
    main(sys.argv[1:])
