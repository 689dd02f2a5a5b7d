"""A line between two programs that can be made bad: late, in slices, cut, half, or silent."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

PIECE = 65536
RESET = struct.pack("ii", 1, 0)


@dataclass
class Weather:
    """How the line is now; ``clear`` is what it is between two faults.

    ``latency``: at most so many seconds before each piece; ``slice``: so many bytes at a time;
    ``half``: so many answers break off in the middle; while ``through`` is not set nothing comes
    through at all.
    """

    latency: float = 0.0
    slice: int = 0
    half: int = 0
    through: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.through.set()

    def clear(self) -> None:
        self.latency, self.slice, self.half = 0.0, 0, 0
        self.through.set()


# Looks at what a client sends before it is sent on, and returns what is to be done right after;
# raises ``ConnectionResetError`` for what must not arrive.
Watcher = Callable[[bytes], Callable[[], None] | None]


@dataclass
class Proxy:
    """Listens on ``port`` and passes everything on to ``target`` (127.0.0.1)."""

    port: int
    target: int
    chance: random.Random
    watch: Callable[[], Watcher] | None = None
    weather: Weather = field(default_factory=Weather)
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    @property
    def listens_on(self) -> int:
        """Return the port, also where 0 left the choice to the system."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.reset()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def reset(self) -> None:
        """Cut every connection, as a machine does that lost its memory."""
        for writer in list(self._open):
            _cut(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._join(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            _cut(writer)
            return
        self._open |= {writer, onward}
        watcher = self.watch() if self.watch else None
        try:
            both = (
                asyncio.create_task(self._pass(reader, onward, watcher, answers=False)),
                asyncio.create_task(self._pass(there, writer, None, answers=True)),
            )
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        finally:
            self._open -= {writer, onward}
            for each in (writer, onward):
                with suppress(OSError, RuntimeError):
                    each.close()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        watcher: Watcher | None,
        *,
        answers: bool,
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                then = watcher(piece) if watcher is not None else None
                if not await self._send(piece, writer, answers=answers):
                    return
                if then is not None:
                    then()

    async def _send(self, piece: bytes, writer: asyncio.StreamWriter, *, answers: bool) -> bool:
        now = self.weather
        if now.latency:
            await asyncio.sleep(now.latency * self.chance.random())
        await now.through.wait()
        if answers and now.half and len(piece) > 1:
            now.half -= 1
            writer.write(piece[: len(piece) // 2])
            await writer.drain()
            _cut(writer)
            return False
        step = now.slice or len(piece)
        for start in range(0, len(piece), step):
            writer.write(piece[start : start + step])
            await writer.drain()
            if now.slice:
                await asyncio.sleep(0)
        return True


def _cut(writer: asyncio.StreamWriter) -> None:
    """Reset a connection, so that its other end hears of it at once."""
    with suppress(OSError, RuntimeError):
        held = writer.get_extra_info("socket")
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    with suppress(OSError, RuntimeError):
        writer.transport.abort()
