"""One connection to the API that is kept alive, and a client that vanishes."""

import http.client
import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Said:
    """An answer, and how many seconds it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])


class Line:
    """A client of one connection; once it is made, a lost one is an error and not made anew."""

    def __init__(self, port: int, token: str | None = None, timeout: float = 20.0) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self._connection.connect()
        self._connection.auto_open = 0
        self._token = token

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        if key:
            sent["Idempotency-Key"] = key
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        began = time.monotonic()
        self._connection.request(method, path, content, sent)
        reply = self._connection.getresponse()
        answer = reply.read()
        return Said(
            reply.status,
            {name.lower(): value for name, value in reply.getheaders()},
            answer,
            time.monotonic() - began,
        )

    def get(self, path: str) -> Said:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Said:
        return self.call("POST", path, body, key=key)

    def put(self, path: str, body: Any = None) -> Said:
        return self.call("PUT", path, body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def request_bytes(
    method: str,
    path: str,
    token: str,
    body: bytes = b"",
    *,
    length: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return a request as it goes over the wire; ``length`` may promise more than ``body``."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(body) if length is None else length}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def vanish(port: int, request: bytes, seconds: float) -> None:
    """Send a request and reset the connection after so many seconds, whatever has come back."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.settimeout(10)
        client.connect(("127.0.0.1", port))
        client.sendall(request)
        time.sleep(seconds)
