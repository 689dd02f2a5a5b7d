"""Ports that a checkout keeps: chosen once, written down, used again when they are free."""

import json
import random
import socket
from pathlib import Path

from integrations.embedded.process import EmbeddedError, wait_until

# Below the range from which Linux takes ports for outgoing connections (32768 and up).
_RANGE = range(20000, 30000)


def is_free(port: int) -> bool:
    """Say whether a server could listen on 127.0.0.1 at this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


def remembered_port(book: Path, name: str, patience: float = 2.0) -> int:
    """Return the port written in the book (a JSON file) for this name, else a new free one.

    A port that is taken is given up after ``patience`` seconds: its user may be the last run on
    its way out. Only the holder of the checkout's lock may call this.
    """
    ports: dict[str, int] = json.loads(book.read_text()) if book.exists() else {}
    kept = ports.get(name)
    if kept is not None and wait_until(lambda: is_free(kept), patience):
        return kept
    ports[name] = _new_port(set(ports.values()))
    book.parent.mkdir(parents=True, exist_ok=True)
    new = book.with_suffix(".new")
    new.write_text(json.dumps(ports, indent=1, sort_keys=True))
    new.replace(book)
    return ports[name]


def _new_port(taken: set[int]) -> int:
    candidates = [port for port in _RANGE if port not in taken]
    for port in random.sample(candidates, 200):
        if is_free(port):
            return port
    raise EmbeddedError("no free port between 20000 and 29999")
