"""Connections to Redis (or Valkey) that fail fast, and the pause after a failure."""

import asyncio

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

TIMEOUT_SECONDS = 0.3
PAUSE_SECONDS = 1.0
CONNECTIONS = 64


def make_pool(url: str) -> BlockingConnectionPool:
    """Return a pool whose calls end after 0.3 s, whatever the server does.

    The client's own defaults wait over 40 s on a frozen server (10 retries of 5 s).
    """
    return BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def connect(pool: BlockingConnectionPool) -> Redis:
    """Return a client on the pool; closing it leaves the pool open."""
    return Redis(connection_pool=pool)


class Pause:
    """After a failure, leave Redis alone for a second, so that a request pays for it once."""

    def __init__(self, seconds: float = PAUSE_SECONDS) -> None:
        self._seconds = seconds
        self._until = float("-inf")

    @property
    def active(self) -> bool:
        return asyncio.get_running_loop().time() < self._until

    def begin(self) -> None:
        self._until = asyncio.get_running_loop().time() + self._seconds
