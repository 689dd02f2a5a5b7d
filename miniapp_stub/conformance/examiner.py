"""A client that does on purpose what a vendor's client may do by mistake."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from miniapp_stub.conformance.entrance import PAST
from miniapp_stub.puller.wire import ASSERTION, Credentials, Reply, encoded, send, whole

BASE = "/backoffice/v1"


class Wrong(Exception):
    """The server broke a promise; the text says what was seen."""


class NotSeen(Exception):
    """There is nothing to try it with."""


class NotOffered(Exception):
    """The server does not have this; it is not asked for."""


@dataclass
class Leased:
    """A package as it was leased."""

    row: Mapping[str, Any]
    lease_token: str
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def path(self) -> str:
        return f"{BASE}/packages/{self.id}"

    def ack(self, **other: str) -> dict[str, Any]:
        """Return a right acknowledgement, or one that ``other`` spoils."""
        right = {
            "lease_token": self.lease_token,
            "digest": self.row["digest"],
            "receipt_code": self.content.get("receipt_code"),
        }
        return {**right, **other}


@dataclass
class Examiner:
    """What the checks share: how to call, and the ``subject`` that they are tried with."""

    base: str
    credentials: Credentials
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    token: str = field(default="", repr=False)
    subject: Leased | None = None
    acked: bool = False
    spoilt: bool = False
    """A wrong acknowledgement was taken: what follows cannot be tried with this package."""

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Reply:
        """Send once, with our token or another; raise ``Wrong`` when there is no answer."""
        bearer = self.token if token is None else token
        sent = {"Content-Type": "application/json", **(headers or {})}
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        content = None if body is None else encoded(body)
        try:
            with send(method, self.base + path, content, sent) as response:
                return whole(response)
        except (OSError, HTTPException) as error:
            raise Wrong(f"no answer to {method} {path}: {error!r}") from error

    def ask_token(self, assertion: str) -> Reply:
        body = {"client_assertion_type": ASSERTION, "client_assertion": assertion}
        return self.call("POST", f"{BASE}/token", body, token="")

    def assertion(self, credentials: Credentials | None = None, at: float | None = None) -> str:
        signer = credentials or self.credentials
        return signer.assertion(f"{self.base}{BASE}/token", self.now() if at is None else at)

    def old_assertion(self) -> str:
        return self.assertion(at=self.now() - PAST)

    def lease(self, seconds: int, limit: int = 50) -> list[Leased]:
        asked = {"limit": limit, "seconds": seconds}
        reply = expect(self.call("POST", f"{BASE}/packages/lease", asked), 200)
        token = str(reply.json.get("lease_token"))
        return [Leased(row, token) for row in reply.json["packages"]]

    def having(self) -> Leased:
        """Return the package to try with; raise ``NotSeen`` when there is none."""
        if self.subject is None:
            raise NotSeen("no package waits for this client: accept a case on the test system")
        if self.spoilt:
            raise NotSeen("a wrong acknowledgement was taken for this package before")
        return self.subject

    def acknowledge_wrongly(self, subject: Leased, code: str, what: str, **other: str) -> None:
        """Acknowledge as nobody may; raise ``Wrong`` unless it is refused with this code."""
        reply = self.call("POST", f"{subject.path}/ack", subject.ack(**other))
        self.spoilt = self.spoilt or (reply.status == 200 and not self.acked)
        expect(reply, 409 if code == "lease_lost" else 422, code, what)

    def is_open(self, package_id: str) -> bool:
        """Tell whether the listing has a package that is not acknowledged."""
        cursor = ""
        while True:
            path = f"{BASE}/packages?limit=100{cursor}"
            page = expect(self.call("GET", path), 200).json
            if any(row["id"] == package_id for row in page["packages"]):
                return True
            if not page.get("next_cursor"):
                return False
            cursor = f"&cursor={page['next_cursor']}"


def expect(reply: Reply, status: int, code: str = "", what: str = "") -> Reply:
    """Return the reply; raise ``Wrong`` when it is another one than this."""
    if reply.status != status or (code and reply.code != code):
        wanted = f"{status} {code}".strip()
        raise Wrong(
            f"{what or 'it'} answered {reply.status} {reply.code}".rstrip() + f", not {wanted}"
        )
    return reply


def hold(holds: object, seen: str) -> None:
    """Raise ``Wrong`` unless it holds."""
    if not holds:
        raise Wrong(seen)


def stranger() -> str:
    """Return an id that nobody has."""
    return str(uuid.uuid4())
