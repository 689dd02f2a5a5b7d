"""Real servers on free ports, removed afterwards."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.embedded.placement import remove_data
from integrations.embedded.port import remembered_port
from integrations.embedded.postgres import Postgres
from integrations.embedded.valkey import Valkey

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The data of the tests of this folder."""
    folder = tmp_path_factory.mktemp("cluster")
    server = Postgres(folder / "postgres", remembered_port(folder / "ports", "p"), fast=True)
    server.prepare()
    yield server
    server.remove()


@pytest.fixture
def postgres(cluster: Postgres) -> Postgres:
    """A started server; what a test leaves in it stays, so each takes names of its own."""
    if not cluster.is_ready():
        cluster.start()
    return cluster


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A started server."""
    server = Valkey(tmp_path / "valkey", remembered_port(tmp_path / "ports", "v"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter; pytest's own is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="zhangban-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    remove_data(folder)
