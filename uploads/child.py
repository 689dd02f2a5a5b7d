"""The process that opens strangers' files: ``python -m uploads.child MEMORY_BYTES CPU_SECONDS``.

It reads requests from stdin and answers on stdout. A file that is built to do harm costs this
process its life, never the service.
"""

import importlib
import os
import resource
import sys
from typing import Any

from services.errors import MaterialUnreadable, Problem
from uploads import messages

# Pillow and pypdf each cost a tenth of a second; a child that never sees a PDF never pays for it.
_INSPECTORS = {"picture": "uploads.pictures", "document": "uploads.documents"}
_MAX_FILE_BYTES = 64 * 1024 * 1024
_MAX_OPEN_FILES = 64


def main() -> None:
    memory, cpu = int(sys.argv[1]), int(sys.argv[2])
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
        reply = answer(request)
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


def allow_cpu(seconds: int) -> None:
    """Let the next request use that much; the kernel then ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Inspect one file; a refusal is an answer like any other."""
    try:
        inspector = importlib.import_module(_INSPECTORS[request.pop("job")])
        return {"found": inspector.inspect(**request)}
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


if __name__ == "__main__":
    main()
