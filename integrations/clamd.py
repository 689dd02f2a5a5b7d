"""The virus scanner clamd, over its socket: a file goes in by INSTREAM and one line comes back.

The clients on PyPI read files a kilobyte at a time, know no Unix socket when they are asynchronous,
and take an answer that broke off for none at all, which reads like "nothing was found".
"""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import closing, suppress

from services.errors import ScannerDown, ScanRefused

_CONNECT_SECONDS = 5.0
_TOTAL_SECONDS = 300.0
_MOST_ANSWER = 4096
_PIECE = 256 * 1024
_LENGTH = struct.Struct(">I")
_FOUND = re.compile(r"stream: (?P<name>.+) FOUND")
_CLEAN = "stream: OK"
_TOO_LARGE = "INSTREAM size limit exceeded. ERROR"


class Clamd:
    """The adapter of ``Scanner``; ``address`` is the path of a Unix socket, or ``host:port``.

    It looks through a large document for seconds: after ``silence_seconds`` without a sign of it
    there will be none.
    """

    def __init__(self, address: str, *, silence_seconds: float = 60.0) -> None:
        self._address = address
        self._silence = silence_seconds

    async def scan(self, chunks: AsyncIterator[bytes]) -> str | None:
        """Return the name of what was found, None when nothing was.

        Raises ``ScannerDown``, ``ScanRefused``, and what ``chunks`` raises.
        """
        with closing(await self._connected()) as line:
            try:
                async with asyncio.timeout(_TOTAL_SECONDS):
                    # It answers and hangs up while bytes are still on their way when they are too
                    # many: what it said counts, not that the line broke.
                    with suppress(ConnectionError):
                        await self._send(line, chunks)
                    return _read(await self._answer(line))
            except (TimeoutError, ConnectionError) as lost:
                raise ScannerDown from lost

    async def _connected(self) -> socket.socket:
        host, _, port = self._address.rpartition(":")
        is_path = self._address.startswith("/")
        line = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        line.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await loop.sock_connect(line, self._address if is_path else (host, int(port)))
        except (TimeoutError, OSError) as refused:
            line.close()
            raise ScannerDown from refused
        return line

    async def _send(self, line: socket.socket, chunks: AsyncIterator[bytes]) -> None:
        await self._say(line, b"zINSTREAM\0")
        async for chunk in chunks:
            for start in range(0, len(chunk), _PIECE):
                piece = chunk[start : start + _PIECE]
                await self._say(line, _LENGTH.pack(len(piece)) + piece)
        await self._say(line, _LENGTH.pack(0))

    async def _say(self, line: socket.socket, data: bytes) -> None:
        async with asyncio.timeout(self._silence):
            await asyncio.get_running_loop().sock_sendall(line, data)

    async def _answer(self, line: socket.socket) -> str:
        said = b""
        while not said.endswith(b"\0"):
            async with asyncio.timeout(self._silence):
                piece = await asyncio.get_running_loop().sock_recv(line, _MOST_ANSWER)
            said += piece
            if not piece or len(said) > _MOST_ANSWER:
                raise ScannerDown
        return said[:-1].decode("utf-8", "replace")


def _read(line: str) -> str | None:
    """Take the lines that are known for an answer, and no other."""
    if line == _CLEAN:
        return None
    if line == _TOO_LARGE:
        raise ScanRefused
    found = _FOUND.fullmatch(line)
    if found is None:
        raise ScannerDown
    return found["name"]
