"""Calls to systems of others: bounded in time and size, without redirects, failing as one error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
)
from yarl import URL

from services.errors import OutsideUnavailable

TOTAL_SECONDS = 5.0
CONNECT_SECONDS = 2.0
MAX_ANSWER_BYTES = 1024 * 1024
CONNECTIONS_PER_HOST = 50


class Unreachable(OutsideUnavailable):
    """The connection was not made, or was lost before an answer: another host may be tried."""


@dataclass(frozen=True)
class Reply:
    """An answer of any status; ``body`` is exactly what the headers speak of."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """The one client session of a process; it belongs to the event loop that first uses it."""

    def __init__(
        self,
        *,
        total: float = TOTAL_SECONDS,
        connect: float = CONNECT_SECONDS,
        max_answer: int = MAX_ANSWER_BYTES,
    ) -> None:
        """Take times in seconds and the size of the largest answer in bytes."""
        self._timeout = ClientTimeout(total=total, connect=connect)
        self._max_answer = max_answer
        self._session: ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Send the URL exactly as it is written (signatures cover it) and read the answer.

        Raise ``Unreachable`` when there was no answer, ``OutsideUnavailable`` when it came too
        late, too large or broken. A redirect is an answer like any other and is not followed.
        """
        try:
            async with self._open().request(
                method,
                URL(url, encoded=True),
                data=body,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"}
                | dict(headers or {}),
                allow_redirects=False,
            ) as response:
                answer = bytearray()
                async for chunk in response.content.iter_chunked(65536):
                    answer += chunk
                    if len(answer) > self._max_answer:
                        raise OutsideUnavailable
                return Reply(response.status, response.headers, bytes(answer))
        except (ClientError, TimeoutError, OSError) as error:
            _fail(error)

    async def aclose(self) -> None:
        """Close the connections; a later request opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=0, limit_per_host=CONNECTIONS_PER_HOST),
                timeout=self._timeout,
                cookie_jar=DummyCookieJar(),
            )
        return self._session


def _fail(error: Exception) -> NoReturn:
    lost = (ClientConnectorError, ConnectionTimeoutError, ServerDisconnectedError, ConnectionError)
    problem = Unreachable() if isinstance(error, lost) else OutsideUnavailable()
    # The cause is cut off: it may quote the URL, and WeChat's login puts the AppSecret into it.
    problem.add_note(type(error).__name__)
    raise problem from None
