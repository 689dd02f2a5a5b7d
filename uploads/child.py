"""The process that opens strangers' files: ``python -m uploads.child MEMORY_BYTES CPU_SECONDS``.

It reads requests from stdin and answers on stdout. A file that is built to do harm costs this
process its life, never the service.
"""

import importlib
import io
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from services.errors import MaterialUnreadable, Problem, StoreUnwritable
from uploads import messages
from uploads.draft import Draft
from uploads.messages import Told, draft_of, sealed_file_of
from uploads.sealed_files import SealedReader
from uploads.sealing import CHUNK

# Pillow and pypdf each cost a tenth of a second; a child that never sees a PDF never pays for it.
_INSPECTORS = {"picture": "uploads.pictures", "document": "uploads.documents"}
_MAX_FILE_BYTES = 64 * 1024 * 1024
_MAX_OPEN_FILES = 64


def serve(work: Callable[[dict[str, Any], bytes], dict[str, Any]]) -> None:
    """Answer requests until there are no more; ``work`` gets each with the bytes that came along.

    The limits stand on the command line.
    """
    memory, cpu = int(sys.argv[1]), float(sys.argv[2])
    # The server's event loop hands its listening socket down: whoever broke in here could take
    # requests with it, and it would keep the port of a server that was killed.
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    requests = sys.stdin.buffer
    # A library that prints must not be able to write into the conversation.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    confine(memory)
    while (request := messages.read(requests)) is not None:
        allow_cpu(cpu)
        reply = answer(work, request, requests.read(request.pop("size", 0)))
        signal.setitimer(signal.ITIMER_PROF, 0)
        messages.write(replies, reply)
        if reply.get("retire"):
            return


def confine(memory: int) -> None:
    """Limit what this process can take, for good."""
    os.umask(0o077)
    os.nice(5)
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
    ):
        resource.setrlimit(what, (limit, limit))


def allow_cpu(seconds: float) -> None:
    """Let the next request use that much; the kernel then ends the process."""
    # The resource limit knows whole seconds only, and stands behind the timer.
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_PROF, seconds)


def answer(
    work: Callable[[dict[str, Any], bytes], dict[str, Any]], request: dict[str, Any], data: bytes
) -> dict[str, Any]:
    """Look at one file; a refusal is an answer like any other."""
    try:
        return {"found": work(request, data)}
    except Problem as refusal:
        return {"refused": refusal.code}
    except MemoryError:
        return {"refused": MaterialUnreadable.code, "retire": True}
    except ImportError:
        raise
    except Exception:
        # The libraries answer broken files with any exception there is, and each one means the
        # same: nobody can open this file.
        return {"refused": MaterialUnreadable.code}


def inspect(job: str, kind: str, source: Told, working: Told, thumbnail: Told) -> dict[str, Any]:
    """Let the inspector of the job see the file, and make what it wrote last."""
    inspector = importlib.import_module(_INSPECTORS[job])
    copies = [Copy(draft_of(each)) for each in (working, thumbnail)]
    with io.BufferedReader(SealedReader(sealed_file_of(source)), CHUNK) as file:
        found: dict[str, Any] = inspector.inspect(file, kind, *copies)
    try:
        for copy in copies:
            copy.last()
    except OSError as failed:
        raise StoreUnwritable from failed
    return found


class Copy(io.RawIOBase):
    """A sealed file that appears when there is something in it."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._draft.size

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._draft.write([piece])
        return len(piece)

    def last(self) -> None:
        """Make what was written last; nothing written is no file."""
        if self._draft.size:
            self._draft.finish()


if __name__ == "__main__":
    serve(lambda request, _: inspect(**request))
