"""A scanner at the wire: clamd's own protocol, and the ways in which it fails."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
DEADLY = b"deadly to scanners"
NAME = "Eicar-Test-Signature"


class Mood(StrEnum):
    """How it answers."""

    WELL = "WELL"
    SILENT = "SILENT"
    HALF = "HALF"
    NONSENSE = "NONSENSE"
    ERROR = "ERROR"
    DIES = "DIES"
    DEAF = "DEAF"


@dataclass
class FakeClamd:
    """What clamd 1.4 does with INSTREAM; ``limit`` is its StreamMaxLength in bytes.

    ``seen`` has the bytes of each stream that was looked through.
    """

    mood: Mood = Mood.WELL
    limit: int = 25 * 1024 * 1024
    seen: list[bytes] = field(default_factory=list)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        if self.mood is Mood.DEAF:
            await asyncio.sleep(60)
        stream = b""
        while length := struct.unpack(">I", await reader.readexactly(4))[0]:
            if len(stream) + length > self.limit:
                # It says so at once and hangs up, whatever is still on its way.
                writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                await writer.drain()
                return
            stream += await reader.readexactly(length)
            if self.mood is Mood.DIES and DEADLY in stream:
                return
        self.seen.append(stream)
        if self.mood is Mood.SILENT:
            await asyncio.sleep(60)
        found = f"stream: {NAME} FOUND\0" if VIRUS in stream else "stream: OK\0"
        said = {
            Mood.HALF: found[:8],
            Mood.NONSENSE: "HTTP/1.1 200 OK\0",
            Mood.ERROR: "stream: Can't allocate memory ERROR\0",
        }
        writer.write(said.get(self.mood, found).encode())
        await writer.drain()

    @asynccontextmanager
    async def listening(self, path: str | None = None) -> AsyncIterator[str]:
        """Answer on a Unix socket, or on a port; give the address."""
        talks: set[asyncio.Task[None]] = set()

        def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talks.add(asyncio.create_task(self._answer(reader, writer)))

        if path is not None:
            server = await asyncio.start_unix_server(answer, path)
            address = path
        else:
            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield address
        finally:
            server.close()
            for talk in talks:
                talk.cancel()
            await asyncio.gather(*talks, return_exceptions=True)
            # A transport that was closed is gone a turn later.
            await asyncio.sleep(0)
