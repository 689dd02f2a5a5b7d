"""The process that reads: ``python -m uploads.reading.child MEMORY_BYTES CPU_SECONDS``.

It gets the bytes of a file and never a path, writes no file, and asks no network for anything.
"""

import dataclasses
import os
import resource
import sys
from typing import Any

from uploads.child import serve
from uploads.reading.engine import Engine
from uploads.reading.page import look
from uploads.reading.sheets import opened

_NETWORK = frozenset({"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"})
_BEHIND_THE_SERVICE = 10
"""Somebody waits for an answer of the API, and nobody for the end of a reading."""


class NotHere(Exception):
    """Something here wanted the network."""


def refuse_network(event: str, _: object) -> None:
    """Keep what runs in this interpreter from asking another host."""
    if event in _NETWORK:
        raise NotHere(event)


class Reading:
    """Answers requests for pages; the engine is loaded with the first that can be opened."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def __call__(self, request: dict[str, Any], data: bytes) -> dict[str, Any]:
        # What inspects writes copies; what reads writes nothing.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        page = opened(request["mime"], data, request["place"])
        try:
            read = look(page, request["no"], self._loaded())
        except Exception as ours:
            # What could be opened is pixels like any other: this is a fault here, and to end
            # with an error says so.
            raise SystemExit(1) from ours
        return {"page": dataclasses.asdict(read), "of": page.of}

    def _loaded(self) -> Engine:
        if self._engine is None:
            self._engine = Engine()
        return self._engine


def main() -> None:
    sys.addaudithook(refuse_network)
    os.nice(_BEHIND_THE_SERVICE)
    serve(Reading())


if __name__ == "__main__":
    main()
