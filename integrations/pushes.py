"""Wake-up calls: Standard Webhooks (v1, HMAC-SHA-256) to the address that a name resolved to.

The name is resolved once, every address is looked at, and the connection goes to one of those:
a second look-up could give another answer. Redirects are not followed, proxies not asked.
"""

import asyncio
import base64
import hashlib
import hmac
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from integrations.addresses import Address, Network, may_call, read_address
from services.ports.pushing import Push, Pushed

TOTAL_SECONDS = 15.0
GONE = 410
READ_BYTES = 1024


class WebhookPushes:
    """The port ``Pushes``; ``inside`` are the networks of the county that may be called too."""

    def __init__(self, inside: Sequence[Network] = (), *, total: float = TOTAL_SECONDS) -> None:
        self._inside = tuple(inside)
        self._total = total

    def is_fit(self, url: str) -> bool:
        """Tell whether it is a plain http(s) address; http only where a network inside is named."""
        try:
            parts = urlsplit(url)
            # The port is parsed here, and a bad one raises.
            named = parts.hostname is not None and parts.port != 0
        except ValueError:
            return False
        schemes = ("https", "http") if self._inside else ("https",)
        plain = parts.username is None and parts.password is None and not parts.fragment
        return named and plain and parts.scheme in schemes and url.isascii() and url.isprintable()

    async def send(self, url: str, secret: bytes, push: Push) -> Pushed:
        """Call an address once, for 15 s at most with everything."""
        try:
            async with asyncio.timeout(self._total):
                return await self._send(url, secret, push)
        except (ClientError, TimeoutError, OSError, ValueError):
            return Pushed.UNREACHABLE

    async def _send(self, url: str, secret: bytes, push: Push) -> Pushed:
        parts = urlsplit(url)
        if not self.is_fit(url) or parts.hostname is None:
            return Pushed.ADDRESS_FORBIDDEN
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = await _resolve(parts.hostname, port)
        # One bad answer of a name makes all of them bad: it is somebody's trick, or a mistake.
        if not found or not all(may_call(each, self._inside) for each in found):
            return Pushed.ADDRESS_FORBIDDEN
        if parts.scheme == "http" and not all(self._is_inside(each) for each in found):
            return Pushed.ADDRESS_FORBIDDEN
        connector = TCPConnector(
            resolver=_Found(found), use_dns_cache=False, force_close=True, limit=1
        )
        async with ClientSession(
            connector=connector,
            timeout=ClientTimeout(total=self._total),
            cookie_jar=DummyCookieJar(),
            trust_env=False,
        ) as session:
            return await _post(session, url, headers_of(secret, push), push.body)

    def _is_inside(self, address: Address) -> bool:
        return any(address in network for network in self._inside)


async def _post(session: ClientSession, url: str, headers: dict[str, str], body: bytes) -> Pushed:
    async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
        await answer.content.read(READ_BYTES)
        if 200 <= answer.status < 300:
            return Pushed.DELIVERED
        return Pushed.GONE if answer.status == GONE else Pushed.REFUSED


def headers_of(secret: bytes, push: Push) -> dict[str, str]:
    """Return the headers of a message: its id, its time, and the signature over both and the
    body."""
    second = str(int(push.at.timestamp()))
    signed = b".".join((push.id.encode(), second.encode(), push.body))
    made = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "zhangban",
        "webhook-id": push.id,
        "webhook-timestamp": second,
        "webhook-signature": f"v1,{made}",
    }


async def _resolve(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [read_address(str(each[4][0])) for each in found]


class _Found(AbstractResolver):
    """Resolves every name to what was found and looked at before."""

    def __init__(self, found: Sequence[Address]) -> None:
        self._found = found

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(each),
                port=port,
                family=socket.AF_INET if each.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for each in self._found
        ]

    async def close(self) -> None:
        """Nothing is held."""
