"""What runs on this machine, as far as a test has to know."""

from contextlib import suppress
from pathlib import Path


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def command_of(pid: int) -> str:
    """Return the command line of a process, nothing when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def children(parent: int) -> list[int]:
    """Return the processes that this one started."""
    found = []
    for pid in processes():
        with suppress(OSError):
            # The name in brackets may hold anything (proc(5)).
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if int(stat[1]) == parent:
                found.append(pid)
    return found
