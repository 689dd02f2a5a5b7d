"""``zhangban doctor`` names what is wrong, and only that."""

import asyncio

import pytest
from pydantic import SecretStr

from commands.installation import content_faults, doctor, migrate, warnings
from models.notice import Notice
from services.transitions import ISSUE
from settings import Environment
from tests import make
from tests.conftest import Servers
from tests.services import stages
from tests.world import World, make_settings


def test_a_sound_installation_has_no_fault(
    servers: Servers, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = "http://127.0.0.1:1"
    settings = make_settings(servers.folder, database, servers.valkey.url(), outside, 1)
    assert asyncio.run(doctor(settings)) == 0
    told = capsys.readouterr().out
    assert told.endswith("ok\n")
    assert f"WeChat Pay: public key {settings.wxpay_pub_key_id}" in told
    without = {"wxpay_pub_key_id": None, "wxpay_pub_key_file": None}
    assert asyncio.run(doctor(settings.model_copy(update=without))) == 0
    assert "WeChat Pay: platform certificates" in capsys.readouterr().out


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


def test_scanner_and_bucket_have_to_answer_and_production_has_to_have_a_scanner(
    servers: Servers, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = "http://127.0.0.1:1"
    settings = make_settings(servers.folder, database, servers.valkey.url(), outside, 1)
    bucket = "s3://bucket/?endpoint=http://127.0.0.1:1&region=r&access_key_id=a&secret_access_key=b"
    away = settings.model_copy(
        update={"clamav_address": "127.0.0.1:1", "objects_url": SecretStr(bucket)}
    )
    assert asyncio.run(doctor(away)) == 1
    told = capsys.readouterr().out
    assert "FAULT the virus scanner at 127.0.0.1:1 does not answer" in told
    assert "FAULT the place where files are kept does not answer" in told
    assert told.endswith("2 fault(s)\n")
    assert [*warnings(settings)] == []
    without = settings.model_copy(update={"env": Environment.PRODUCTION})
    assert [warning.split(":")[0] for warning in warnings(without)] == ["CLAMAV_ADDRESS is not set"]
    assert [*warnings(away.model_copy(update={"env": Environment.PRODUCTION}))] == []


async def test_the_oldest_and_the_newest_notice_are_verified(world: World) -> None:
    for item in ("ITEM05", "ITEM09", "ITEM10"):
        await make.submitted(world, await make.citizen(world), item)
        await stages.do(world, ISSUE)
    oldest, middle, newest = await Notice.all().order_by("id")
    assert [fault async for fault in content_faults(world.parts)] == []
    # A signature of another document, and one by a key that nobody knows any more.
    await Notice.filter(id=newest.id).update(signature=middle.signature)
    await Notice.filter(id=oldest.id).update(signature="e30.e30.e30")
    assert [fault async for fault in content_faults(world.parts)] == [
        f"the notice {oldest.doc_no} does not verify: not signed by a known key",
        f"the notice {newest.doc_no} is not the one that was signed",
    ]
