"""Many cases at once under kills: nothing is lost, doubled or stuck.

``make crash KILLS=500 CASES=50000 SEED=7`` plays more.
"""

import asyncio
import random
from pathlib import Path

import pytest

from tests.crash.points import AFTER, BEFORE, Points, Wire
from tests.crash.proxy import Proxy
from tests.crash.run import Plan, play

SEED = 20261128


def test_nothing_is_lost_or_doubled_under_sixty_kills() -> None:
    played = play(Plan(SEED, kills=60, cases=260, pause=0.8))
    print(played.report())
    assert played.verdict.faults == []
    assert played.finished == played.plan.cases
    # Less would prove less: whoever makes it quicker gives it more to do.
    assert sum(played.kills.values()) >= 20


def message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


BEGUN = message(b"", b"\x00\x03\x00\x00user\0z\0\0")
INSERT = message(b"P", b's1\0INSERT INTO "handoff_packages" VALUES ($1)\0\0\0')
BOUND = message(b"B", b"\0s1\0\0\0\0\0\0\0")
COMMIT = message(b"Q", b"COMMIT;\0")


def wire_of(points: Points) -> Wire:
    wire = points.watcher()
    wire(message(b"", (80877103).to_bytes(4, "big")))
    wire(BEGUN)
    return wire


def test_a_point_is_reached_before_its_commit_and_nothing_else_is() -> None:
    points, done = Points(), list[str]()
    wire = wire_of(points)
    wire(INSERT + BOUND + COMMIT)
    points.arm("accept", BEFORE, lambda: done.append("killed"))
    wire(message(b"Q", b"BEGIN;\0") + COMMIT)
    assert done == []
    # In pieces, as a line brings it, by a statement that was prepared long before.
    stream = message(b"Q", b"BEGIN;\0") + BOUND
    for at in range(0, len(stream), 3):
        wire(stream[at : at + 3])
    with pytest.raises(ConnectionResetError):
        wire(COMMIT)
    assert (done, points.fired) == (["killed"], [("accept", BEFORE)])
    wire(message(b"Q", b"BEGIN;\0") + BOUND)
    assert wire(COMMIT) is None


def test_a_point_after_its_commit_is_reached_once_it_was_sent_on() -> None:
    points, done = Points(), list[str]()
    points.arm("accept", AFTER, lambda: done.append("killed"))
    wire = wire_of(points)
    then = wire(INSERT + BOUND + COMMIT)
    assert (done, points.armed) == ([], {})
    assert then is not None
    then()
    assert done == ["killed"]


async def test_a_line_is_late_sliced_cut_and_silent(tmp_path: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    target = server.sockets[0].getsockname()[1]
    line = Proxy(0, target, random.Random(1))
    await line.start()
    port = line.listens_on

    async def say(words: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(words)
            return await asyncio.wait_for(reader.readexactly(len(words)), 0.5)
        finally:
            writer.close()

    long = bytes(range(256)) * 1000
    assert await say(long) == long
    line.weather.slice, line.weather.latency = 100, 0.01
    assert await say(long[:5000]) == long[:5000]
    line.weather.clear()
    line.weather.half = 1
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await say(long[:1000])
    assert await say(b"again") == b"again"
    line.weather.through.clear()
    with pytest.raises(TimeoutError):
        await say(b"nobody hears this")
    line.weather.clear()
    assert await say(b"again") == b"again"
    await line.stop()
    server.close()
