"""Requests byte by byte, as no decent client sends them."""

import http.client
import select
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.journeys.line import Said

CHINESE = range(0x4E00, 0xA000)


@dataclass(frozen=True)
class Heard(Said):
    """An answer, and how many bytes were sent until it came."""

    sent: int


def speak(port: int, head: bytes, body: Iterable[bytes] = (), seconds: float = 20.0) -> Heard:
    """Send a head and a body, stop as soon as something comes back, and read it."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as client:
        client.sendall(head)
        sent = len(head)
        for chunk in body:
            if select.select([client], [], [], 0)[0]:
                break
            client.sendall(chunk)
            sent += len(chunk)
        reply = http.client.HTTPResponse(client)
        reply.begin()
        headers = {name.lower(): value for name, value in reply.getheaders()}
        return Heard(reply.status, headers, reply.read(), 0.0, sent)


def head_of(method: str, target: str | bytes, *headers: tuple[str, str | bytes]) -> bytes:
    """Return the head of a request with these header lines, exactly as they are given."""
    path = target.encode() if isinstance(target, str) else target
    lines = [method.encode() + b" " + path + b" HTTP/1.1", b"Host: 127.0.0.1"]
    for name, value in headers:
        raw = value.encode() if isinstance(value, str) else value
        lines.append(name.encode() + b": " + raw)
    return b"\r\n".join([*lines, b"", b""])


def check_problem(said: Said) -> Mapping[str, Any]:
    """Check that an answer is a refusal that a person and a machine understand; return it."""
    assert 400 <= said.status < 500, (said.status, said.body[:300])
    assert said.headers["content-type"].startswith("application/problem+json")
    problem: Mapping[str, Any] = said.json
    assert problem["status"] == said.status
    assert problem["type"] == f"urn:zhangban:problem:{problem['code']}"
    assert problem["code"].replace("_", "").isalnum()
    assert problem["code"].islower()
    assert any(ord(letter) in CHINESE for letter in problem["detail"])
    assert problem["request_id"] == said.headers["x-request-id"]
    return problem
