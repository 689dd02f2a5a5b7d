"""Named points: what a transaction has done when it is about to be committed, read off the wire.

The line to PostgreSQL is watched (protocol 3.0: Parse, Bind and Query). A point is armed with a
deed for the moment before its COMMIT is sent on, which then never arrives, or for the moment after,
when its answer is not back yet.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# A transaction is known by a statement that only it sends.
POINTS: Mapping[str, str] = {
    "material": 'INSERT INTO "materials"',
    "submit": 'INSERT INTO "notices"',
    "accept": 'INSERT INTO "handoff_packages"',
    "lease": "SET status = 'LEASED'",
    "acknowledge": 'UPDATE "handoff_packages"',
    "event": 'INSERT INTO "backoffice_events"',
    "order": 'INSERT INTO "payment_orders"',
    "settle": 'INSERT INTO "payment_events"',
}
SSL_REQUEST = struct.pack("!I", 80877103)
BEFORE, AFTER = "before", "after"
SIDES = (BEFORE, AFTER)

Deed = Callable[[], None]


@dataclass
class Points:
    """The armed points; each fires once."""

    armed: dict[tuple[str, str], Deed] = field(default_factory=dict)
    fired: list[tuple[str, str]] = field(default_factory=list)

    def arm(self, name: str, side: str, deed: Deed) -> None:
        self.armed[(name, side)] = deed

    def take(self, done: set[str], side: str) -> Deed | None:
        """Return the deed of the point that a transaction has reached, once."""
        for point in [each for each in self.armed if each[1] == side]:
            if any(POINTS[point[0]] in sql for sql in done):
                self.fired.append(point)
                return self.armed.pop(point)
        return None

    def watcher(self) -> "Wire":
        return Wire(self)


@dataclass
class Wire:
    """What one connection has sent since its last BEGIN."""

    points: Points
    begun: bool = False
    left: bytes = b""
    statements: dict[bytes, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def __call__(self, piece: bytes) -> Deed | None:
        self.left += piece
        then: Deed | None = None
        while (message := self._next()) is not None:
            then = self._read(*message) or then
        return then

    def _next(self) -> tuple[bytes, bytes] | None:
        """Return the next whole message; what begins a connection has no kind."""
        head = 1 if self.begun else 0
        if len(self.left) < head + 4:
            return None
        (length,) = struct.unpack_from("!I", self.left, head)
        end = head + length
        if len(self.left) < end:
            return None
        kind, body = self.left[:head], self.left[head + 4 : end]
        self.left, self.begun = self.left[end:], self.begun or body[:4] != SSL_REQUEST
        return kind, body

    def _read(self, kind: bytes, body: bytes) -> Deed | None:
        if kind == b"P":
            name, sql = body.split(b"\0")[:2]
            self.statements[name] = sql.decode(errors="replace")
        elif kind == b"B":
            self.done.add(self.statements.get(body.split(b"\0")[1], ""))
        elif kind == b"Q":
            return self._query(body)
        return None

    def _query(self, body: bytes) -> Deed | None:
        if body.startswith((b"BEGIN", b"ROLLBACK")):
            self.done = set()
        if not body.startswith(b"COMMIT"):
            self.done.add(body.decode(errors="replace"))
            return None
        done, self.done = self.done, set()
        before = self.points.take(done, BEFORE)
        if before is not None:
            before()
            raise ConnectionResetError
        return self.points.take(done, AFTER)
