from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from integrations.sandbox import Credentials, issue_credentials

from .world import Receiver, Sandbox, sandbox_on, served


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return issue_credentials(tmp_path_factory.mktemp("credentials"))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    taking = Receiver()
    app = web.Application()
    app.router.add_post("/callbacks/{kind}", taking.take)
    async with served(app) as base:
        taking.base = base
        yield taking


@pytest.fixture
async def sandbox(
    tmp_path: Path, credentials: Credentials, receiver: Receiver
) -> AsyncIterator[Sandbox]:
    async with sandbox_on(tmp_path / "state", credentials, notify=receiver.base) as running:
        yield running
