"""One run for one checkout."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integrations.embedded.process import EmbeddedError


class AlreadyRunningError(EmbeddedError):
    """Another process holds the lock; ``pid`` says which, 0 if it did not say."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"already running in this folder (process {pid})")
        self.pid = pid


@contextmanager
def only_one(file: Path) -> Iterator[None]:
    """Hold the lock file; the kernel lets it go however this process ends.

    Raises ``AlreadyRunningError`` at once when another process holds it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            said = held.read().strip()
            raise AlreadyRunningError(int(said) if said.isdigit() else 0) from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        yield
