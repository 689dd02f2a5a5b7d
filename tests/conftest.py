"""Fixtures: one PostgreSQL and one Valkey per run, a database for each test, no other host."""

import asyncio
import random
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from commands.installation import migrate, seed
from integrations.embedded.port import is_free
from integrations.embedded.postgres import Postgres
from integrations.embedded.valkey import Valkey
from models.rules.chain import LOG_GENESIS
from tests.databases import TEMPLATE, Databases, read_contents
from tests.seen import ScriptedReader
from tests.world import World, make_settings, open_world

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True, scope="session")
def _closed_sockets() -> Iterator[None]:
    """Connections to other hosts are errors, whoever tries."""
    original = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {address[0]}")
        original(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    yield
    patch.undo()


@dataclass(frozen=True)
class Servers:
    """The run's servers and its keys."""

    folder: Path
    postgres: Postgres
    valkey: Valkey


def _free_port() -> int:
    # Below the ports that outgoing connections take, and elsewhere for each run.
    candidates = (random.randrange(20000, 30000) for _ in count())
    return next(port for port in candidates if is_free(port))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Start PostgreSQL and Valkey; make the migrated and seeded template database."""
    with tempfile.TemporaryDirectory(prefix="zhangban-tests-") as name:
        folder = Path(name)
        postgres = Postgres(folder / "postgres", _free_port(), fast=True)
        postgres.start()
        valkey = Valkey(folder / "valkey", _free_port())
        valkey.start()
        postgres.create_database(TEMPLATE)
        settings = make_settings(
            folder, postgres.url(TEMPLATE), valkey.url(), "http://127.0.0.1:1", 1
        )
        asyncio.run(migrate(settings))
        asyncio.run(seed(settings))
        asyncio.run(_empty_log(postgres.url(TEMPLATE)))
        try:
            yield Servers(folder, postgres, valkey)
        finally:
            valkey.stop()
            postgres.stop()
            postgres.remove()


async def _empty_log(url: str) -> None:
    """Let every test begin with an empty audit log, as if nobody had recorded the seed."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SET session_replication_role = replica; DELETE FROM audit_log;"
            f" UPDATE audit_heads SET seq = 0, hash = '{LOG_GENESIS}' WHERE name = 'log'"
        )
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Iterator[Databases]:
    contents = asyncio.run(read_contents(servers.postgres.url(TEMPLATE)))
    made = Databases(servers.postgres, contents)
    yield made
    made.close()


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """Return the URL of a fresh database of this test."""
    name = databases.take()
    yield databases.postgres.url(name)
    databases.give_back(name)


_numbers = count(1)


@pytest.fixture
async def valkey_url(servers: Servers) -> str:
    """Return the URL of an empty database of Valkey."""
    url = servers.valkey.url(next(_numbers) % 16)
    redis = Redis.from_url(url)
    await redis.flushdb()
    await redis.aclose()
    return url


@pytest.fixture
async def world(servers: Servers, database: str, valkey_url: str) -> AsyncIterator[World]:
    """Return a world of this test alone."""
    async with open_world(servers.folder, database, valkey_url) as opened:
        yield opened


@pytest.fixture
def reader() -> ScriptedReader:
    """Return the reader of ``read_world``, which sees what the test says."""
    return ScriptedReader()


@pytest.fixture
async def read_world(
    servers: Servers, database: str, valkey_url: str, reader: ScriptedReader
) -> AsyncIterator[World]:
    """Return a world in which materials are read."""
    async with open_world(servers.folder, database, valkey_url, reader) as opened:
        yield opened
