"""``zhangban handoff``: what an operator sees of the hand-off, and mends."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from commands import handoff
from models.handoff import HandoffPackage
from services.handoff_desk import ResendReasonMissing
from settings import Settings
from tests import make
from tests.conftest import Servers
from tests.services import stages
from tests.services.reviewing import refused
from tests.world import World, make_settings


@pytest.fixture
def settings(servers: Servers, database: str, tmp_path: Path) -> Settings:
    made = make_settings(servers.folder, database, servers.valkey.url(), "http://127.0.0.1:1", 1)
    return made.model_copy(update={"data_dir": tmp_path})


def test_nothing_waits_and_an_unknown_package_is_said_so(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asyncio.run(handoff.run(settings, ["list"])) == 0
    assert asyncio.run(handoff.run(settings, ["show", str(uuid4())])) == 1
    assert "package_unknown" in capsys.readouterr().err


async def test_a_package_is_found_shown_and_sent_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    async def said(*words: str) -> list[str]:
        capsys.readouterr()
        await handoff.do(world.parts, handoff.parser().parse_args(words))
        return capsys.readouterr().out.splitlines()

    filed = await stages.reviewed(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    package = str((await HandoffPackage.get(case_id=filed.case_id)).id)
    [line] = await said("list")
    assert line.startswith(f"{package}  READY  {machine.agency_uscc}")
    assert line.endswith("due 2026-03-02 14:30:00")
    await stages.taken_over(world, machine, filed)
    assert await said("list") == []
    [line] = await said("list", "--status", "ACKED")
    assert f"acknowledged by {machine.client_id} 2026-03-02 09:10:00" in line
    async with refused(world, ResendReasonMissing):
        await said("resend", package)
    assert await said("resend", package, "--reason", "后台丢失") == ["ready again"]
    _, *history = await said("show", package)
    assert [each.split()[2] for each in history] == ["LEASED", "ACKED", "RESENT"]
    assert history[-1].endswith("RESENT 后台丢失")
    assert len(await said("list", "--case", str((await filed.case()).case_no))) == 1
    assert await said("list", "--returned") == []
