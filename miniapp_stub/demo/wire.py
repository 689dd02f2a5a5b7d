"""HTTP for the demo: what a careful client does on a network that breaks."""

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

PATIENCE = 60.0
PAUSE = 0.5


class CheckFailed(Exception):
    """Something was not as it should be."""


class Refused(Exception):
    """The server answered with a problem document."""

    def __init__(self, status: int, body: bytes) -> None:
        try:
            self.problem: dict[str, Any] = json.loads(body)
        except ValueError:
            self.problem = {"detail": body[:200].decode("utf-8", "replace")}
        self.status = status
        self.code = str(self.problem.get("code", ""))
        super().__init__(f"{status} {self.code} {self.problem.get('detail', '')}")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def check(holds: object, what: str) -> None:
    """Raise ``CheckFailed`` unless it holds."""
    if not holds:
        raise CheckFailed(what)


def new_key() -> str:
    """Return an Idempotency-Key."""
    return uuid.uuid4().hex


def multipart(name: str, content: bytes, media: str) -> tuple[bytes, str]:
    """Return a body with one file as ``wx.uploadFile`` sends it, and its content type."""
    boundary = uuid.uuid4().hex
    head = (
        f"--{boundary}\r\nContent-Disposition: form-data; "
        f'name="file"; filename="{name}"\r\nContent-Type: {media}\r\n\r\n'
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


@dataclass
class Wire:
    """One side's connection to a server; ``token`` asks for a new access token when it expired."""

    base: str
    token: Callable[[], str] | None = None
    renew: Callable[[], None] | None = None
    retries: list[str] = field(default_factory=list)

    def get(self, path: str, **more: Any) -> Reply:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        return self.call("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Reply:
        return self.call("PUT", path, body, **more)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        media: str = "application/json",
    ) -> Reply:
        """Send until there is an answer: a lost connection or a 503 is tried again.

        Raises ``Refused`` for any other answer that is not 2xx. What may not happen twice goes
        with ``key``; all else in this demo may be repeated.
        """
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        deadline = time.monotonic() + PATIENCE
        while True:
            sent = {"Content-Type": media, **(headers or {})}
            if key:
                sent["Idempotency-Key"] = key
            if self.token:
                sent["Authorization"] = f"Bearer {self.token()}"
            try:
                return self._send(method, path, content, sent)
            except Refused as refused:
                if refused.status == 401 and self.renew and refused.code == "unauthenticated":
                    self.renew()
                elif refused.status != 503:
                    raise
                reason = str(refused.status)
            except (OSError, HTTPException) as error:
                reason = type(error).__name__
            if time.monotonic() > deadline:
                raise CheckFailed(f"{method} {path}: no answer within {PATIENCE:g} s ({reason})")
            self.retries.append(reason)
            time.sleep(PAUSE)

    def _send(self, method: str, path: str, content: bytes | None, sent: dict[str, str]) -> Reply:
        request = urllib.request.Request(  # noqa: S310 - addresses of this machine
            self.base + path, data=content, headers=sent, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310
                return Reply(reply.status, dict(reply.headers), reply.read())
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read()) from error


def wait_for(what: str, probe: Callable[[], Any], seconds: float = 0.0) -> Any:
    """Return the first truthy answer of a probe; raise ``CheckFailed`` when none came in time.

    It waits for ``seconds``, and never less than for an answer.
    """
    seconds = max(seconds, PATIENCE)
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise CheckFailed(f"waited {seconds:g} s for {what}")
        time.sleep(0.2)
