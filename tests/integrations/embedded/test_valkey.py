"""Valkey from the wheel."""

import os
import signal
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.embedded.account import unprivileged
from integrations.embedded.valkey import Valkey
from tests.integrations.embedded.conftest import needs_root


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, retry=Retry(NoBackoff(), 0))


def test_wants_the_password(valkey: Valkey) -> None:
    stranger = client(f"redis://127.0.0.1:{valkey.port}/0")
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.set("a", "1")
    with client(valkey.url()) as owner:
        assert owner.get("a") is None
        assert owner.set("a", "1")


def test_the_password_is_for_the_owner_only(valkey: Valkey) -> None:
    password = (valkey.data_dir / "password").read_text().strip()
    assert len(password) == 40
    for file in ("password", "valkey.conf"):
        assert (valkey.data_dir / file).stat().st_mode & 0o777 == 0o600
    assert password.encode() not in Path(f"/proc/{valkey.pid}/cmdline").read_bytes()


def test_is_bounded_and_keeps_nothing_on_disk(valkey: Valkey) -> None:
    with client(valkey.url()) as owner:
        assert owner.config_get("maxmemory") == {"maxmemory": str(64 * 1024 * 1024)}
        owner.set("a", "1")
        valkey.stop()
        assert valkey.pid is None
        assert not valkey.is_ready()
        valkey.start()
        assert owner.get("a") is None
    names = {file.name for file in valkey.data_dir.iterdir()}
    assert names == {"password", "valkey.conf", "valkey.log"}


def test_starts_again_after_kill_9(valkey: Valkey) -> None:
    pid = valkey.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    valkey.start()
    assert valkey.pid not in (None, pid)


@needs_root
def test_is_not_root(valkey: Valkey) -> None:
    account = unprivileged()
    assert account
    assert Path(f"/proc/{valkey.pid}").stat().st_uid == account.uid
