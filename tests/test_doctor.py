"""``zhangban doctor`` names what is wrong, and only that."""

import asyncio

import pytest

from commands.installation import doctor, migrate
from tests.conftest import Servers
from tests.world import make_settings


def test_a_sound_installation_has_no_fault(
    servers: Servers, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = "http://127.0.0.1:1"
    settings = make_settings(servers.folder, database, servers.valkey.url(), outside, 1)
    assert asyncio.run(doctor(settings)) == 0
    assert capsys.readouterr().out.endswith("ok\n")


def test_what_is_missing_is_named(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    outside = "http://127.0.0.1:1"
    servers.postgres.create_database("doctor")
    url = servers.postgres.url("doctor")
    settings = make_settings(servers.folder, url, "redis://127.0.0.1:1/0", outside, 1)
    asyncio.run(migrate(settings))
    capsys.readouterr()
    assert asyncio.run(doctor(settings)) == 1
    told = capsys.readouterr().out
    assert "FAULT no service item is published" in told
    assert "FAULT Redis does not answer" in told
    assert told.endswith("2 fault(s)\n")
    servers.postgres.drop_database("doctor")
