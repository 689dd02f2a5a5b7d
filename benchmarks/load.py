"""The load generator: a program of its own that sends prepared requests and counts the answers.

It reads a plan (JSON) from standard input and prints a tally. Requests are bytes from the start
and answers are read no further than their length, so that it is never the slower side.
"""

import asyncio
import json
import mmap
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path
from typing import cast

import uvloop

ROOT = Path(__file__).parent.parent
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True)
class Plan:
    """What to send: ``requests`` in turn over ``connections`` kept alive.

    No new one is sent after ``seconds``; with ``again`` the first follows the last, else that is
    the end too. ``body`` is a file that follows each of them. Statuses begin with ``expected``.
    """

    port: int
    connections: int
    requests: Sequence[str]
    seconds: float
    again: bool = False
    body: str | None = None
    expected: str = "2"


@dataclass
class Tally:
    """What came back: answers by status, the time of it all, the first that was not expected."""

    statuses: dict[str, int]
    seconds: float
    complaint: str | None

    @property
    def per_second(self) -> float:
        return sum(self.statuses.values()) / self.seconds


class Refused(Exception):
    """The measured server answered something else than success."""


def run(plan: Plan, timeout: float = 60.0) -> Tally:
    """Carry a plan out in a process of its own; raise ``Refused`` for other answers."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=timeout,
        check=False,
    )
    if ran.returncode:
        raise Refused(ran.stderr[-2000:])
    tally = Tally(**json.loads(ran.stdout))
    if tally.complaint is not None:
        raise Refused(f"{tally.statuses}: {tally.complaint}")
    return tally


@dataclass
class _Work:
    """What the connections share."""

    requests: Iterator[bytes]
    body: memoryview | None
    expected: str
    deadline: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    complaint: str | None = None
    last: float = 0.0


class _Talker(asyncio.Protocol):
    """One connection: the next request when the answer is in, until there is none."""

    def __init__(self, work: _Work) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._work = work
        self._transport: asyncio.Transport | None = None
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self) -> None:
        request = None
        if time.perf_counter() < self._work.deadline:
            request = next(self._work.requests, None)
        if self._transport is None or request is None:
            self._finish()
            return
        self._transport.write(request)
        if self._work.body is not None:
            self._transport.write(self._work.body)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, mark, body = self._answer.partition(HEAD_END)
        if not mark or len(body) < _length(head):
            return
        self._answer = b""
        self._count(head, body)
        self.ask()

    def _count(self, head: bytes, body: bytes) -> None:
        work = self._work
        status = head[9:12].decode()
        work.statuses[status] += 1
        work.last = time.perf_counter()
        if not status.startswith(work.expected) and work.complaint is None:
            work.complaint = body[:500].decode(errors="replace")

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._work.complaint = f"the connection broke: {exc!r}"
            self._finish()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _length(head: bytes) -> int:
    lines = head.lower()
    at = lines.find(LENGTH)
    return 0 if at < 0 else int(lines[at + len(LENGTH) :].split(b"\r\n", 1)[0])


async def _carry_out(plan: Plan) -> Tally:
    loop = asyncio.get_running_loop()
    prepared = [request.encode("latin-1") for request in plan.requests]
    work = _Work(
        requests=cycle(prepared) if plan.again else iter(prepared),
        body=_mapped(plan.body) if plan.body else None,
        expected=plan.expected,
    )
    talkers: list[_Talker] = []
    for _ in range(plan.connections):
        _, talker = await loop.create_connection(lambda: _Talker(work), "127.0.0.1", plan.port)
        talkers.append(talker)
    began = time.perf_counter()
    work.deadline = began + plan.seconds
    for talker in talkers:
        talker.ask()
    await asyncio.gather(*(talker.done for talker in talkers))
    return Tally(dict(work.statuses), work.last - began, work.complaint)


def _mapped(path: str) -> memoryview:
    with Path(path).open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_carry_out(Plan(**json.load(sys.stdin)))))))
