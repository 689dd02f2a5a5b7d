"""Careful HTTP: time-outs, one token that is renewed, second tries, and waiting when told to."""

import base64
import hashlib
import json
import random
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, TypeVar

from jose import jwk, jws

T = TypeVar("T")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TIMEOUT = 30.0
TRIES = 6
LONGEST_PAUSE = 60.0


class Unreachable(Exception):
    """There is no usable answer for now; the next round tries again."""


class NotLetIn(Exception):
    """The server does not take our client id or key: a person has to look at it."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves redirects unfollowed: they would carry the token to an address nobody chose."""

    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = urllib.request.build_opener(_NoRedirects)


@dataclass(frozen=True)
class Reply:
    """An answer, read whole; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Return the body as an object; an empty one when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def code(self) -> str:
        """Return the problem's stable code, nothing for an answer that is no problem."""
        return str(self.json.get("code", ""))


def whole(response: Any) -> Reply:
    """Read an answer to its end."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status, headers, response.read())


def send(method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Any:
    """Send once; return the open answer, whatever its status. Raises OSError, HTTPException."""
    request = urllib.request.Request(  # noqa: S310 - the address comes from the configuration
        url, data=content, headers=dict(headers), method=method
    )
    try:
        return OPENER.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        return error


def encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()


def key_name(pem: str) -> str:
    """Return the name that a key has by itself: its thumbprint (RFC 7638)."""
    public = jwk.construct(pem, "ES256").public_key().to_dict()
    members = {name: public[name] for name in ("crv", "kty", "x", "y")}
    plain = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(plain).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Credentials:
    """Who we are: the key stays here, the server knows its public half."""

    client_id: str
    key: str = field(repr=False)
    kid: str

    def assertion(self, audience: str, now: float) -> str:
        """Return a signed statement of who we are (RFC 7523), for one use within two minutes."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "jti": uuid.uuid4().hex,
            "iat": int(now),
            "exp": int(now) + 120,
        }
        return str(jws.sign(claims, self.key, headers={"kid": self.kid}, algorithm="ES256"))


@dataclass
class Wire:
    """The connection to the county's server."""

    base: str
    credentials: Credentials
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    token: str | None = field(default=None, repr=False)

    def get(self, path: str) -> Reply:
        return self.ask("GET", path, whole)

    def post(self, path: str, body: Mapping[str, Any]) -> Reply:
        return self.ask("POST", path, whole, encoded(body))

    def ask(
        self,
        method: str,
        path: str,
        read: Callable[[Any], T],
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Send until there is an answer, and return what ``read`` made of it.

        Everything that we send may arrive twice without harm, so a lost answer, a 429 and a 5xx
        are simply tried again; a connection that breaks while ``read`` reads is a lost answer.
        Raises ``Unreachable`` after some tries, and ``NotLetIn``.
        """
        renewed = False
        for pause in _pauses():
            try:
                with send(method, self.base + path, content, self._headers(headers)) as response:
                    if response.status == 401 and not renewed:
                        # The token ran out, or the server has forgotten it.
                        self.token, renewed = None, True
                        continue
                    if response.status in (401, 403):
                        raise NotLetIn(f"{method} {path}: {response.status} {whole(response).code}")
                    if response.status != 429 and response.status < 500:
                        return read(response)
                    told = retry_after(response.headers.get("Retry-After"), self.now())
            except (OSError, HTTPException):
                told = None
            self.sleep(pause if told is None else told)
        raise Unreachable(f"{method} {path}")

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        if self.token is None:
            self.token = self._new_token()
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return {**sent, **(more or {})}

    def _new_token(self) -> str:
        address = f"{self.base}/backoffice/v1/token"
        assertion = self.credentials.assertion(address, self.now())
        body = {"client_assertion_type": ASSERTION, "client_assertion": assertion}
        headers = {"Content-Type": "application/json"}
        with send("POST", address, encoded(body), headers) as response:
            reply = whole(response)
        if reply.status == 429 or reply.status >= 500:
            self.sleep(retry_after(reply.headers.get("retry-after"), self.now()) or 1.0)
            raise OSError(f"no token for now: {reply.status}")
        if reply.status != 200:
            raise NotLetIn(f"{reply.status} {reply.code}: check client_id, key and key_name")
        return str(reply.json["access_token"])


def _pauses() -> Iterator[float]:
    """Yield how long to wait after each try: longer each time, and never in step with others."""
    for number in range(TRIES):
        yield min(LONGEST_PAUSE, 0.5 * 2**number) * random.uniform(0.5, 1.0)  # noqa: S311


def retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After asks for (RFC 9110, 10.2.3); None when it does not."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header).timestamp()
    except ValueError:
        return None
    return max(0.0, at - now)
