"""The reference puller, killed at any point and started again, neither loses nor doubles."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from miniapp_stub.conformance.parcels import sha256
from miniapp_stub.conformance.playing import Play
from tests.conformance.pullers import config, stage

ROOT = Path(__file__).parents[2]
POINTS = (
    "leased",
    "kept",
    "material_part",
    "fetched",
    "taken",
    "answered",
    "acknowledged",
    "reported",
    "recorded",
)
CASES = ("photos", "served_again", "material_broken", "following", "event_out_of_order")


@asynccontextmanager
async def running(
    play: Play, folder: Path, point: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the puller as a vendor does; it is killed at the end, whatever it does then."""
    names = {**config(play.base, folder), "poll_seconds": 0.1}
    environment = {f"PULLER_{name.upper()}": str(value) for name, value in names.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "miniapp_stub.puller", "run", "--practice"),
        env={**os.environ, **environment, "PULLER_DIE_AT": point},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def check_kept(play: Play, folder: Path) -> None:
    """Compare what the puller has on its disk with what the county handed out and heard."""
    scenes = play.county.scenes
    parcels = [parcel for scene in scenes for parcel in scene.parcels]
    database = sqlite3.connect(folder / "data" / "puller.sqlite")
    try:
        packages = database.execute("SELECT id, body, state FROM packages").fetchall()
        cases = database.execute("SELECT case_no FROM cases").fetchall()
        sent = database.execute("SELECT event_id, case_no, seq FROM outbox").fetchall()
    finally:
        database.close()
    assert sorted(packages) == sorted((each.id, each.body, "ACKED") for each in parcels)
    assert sorted(cases) == sorted((scene.case_no,) for scene in scenes)
    heard = [
        (str(event["event_id"]), scene.case_no, int(event["seq"]))
        for scene in scenes
        for event in scene.applied.values()
    ]
    assert sorted(sent) == sorted(heard)
    assert len(heard) == 2 * len(scenes)
    files = {file.name: file.read_bytes() for file in (folder / "data" / "materials").iterdir()}
    contents = [
        content
        for parcel in parcels
        for content in (*parcel.materials.values(), *parcel.photos.values())
    ]
    assert files == {sha256(content): content for content in contents}


@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_a_named_point(point: str, tmp_path: Path) -> None:
    async with Play(stage(*CASES, lease_cap=1)) as play:
        async with running(play, tmp_path, point) as process:
            async with asyncio.timeout(30):
                assert await process.wait() == -signal.SIGKILL
        assert not play.county.over
        async with running(play, tmp_path):
            await play.until_over(30, linger=0.5)
        assert play.report().passed, play.report().text()
    check_kept(play, tmp_path)


async def test_killed_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(6)
    async with Play(stage(*CASES, lease_cap=1)) as play:
        for _ in range(6):
            async with running(play, tmp_path):
                await asyncio.sleep(chance.uniform(0.25, 0.6))
        async with running(play, tmp_path):
            await play.until_over(30, linger=0.5)
        assert play.report().passed, play.report().text()
    check_kept(play, tmp_path)


async def test_the_command_and_the_puller_as_the_page_for_vendors_has_it(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    kit = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "conformance", "serve", "--port", "0"),
        *("--only", "photos", "event_parked", "--report", str(report), "--seconds", "30"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert kit.stdout is not None
    base = (await kit.stdout.readline()).decode().split()[1]
    names = {"BASE_URL": base, "CLIENT_ID": "vendor", "KEY_FILE": "conformance_key.pem"}
    puller = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "miniapp_stub.puller", "run", "--practice"),
        cwd=tmp_path,
        env={
            **{**os.environ, "PYTHONPATH": str(ROOT), "PULLER_POLL_SECONDS": "0.2"},
            **{f"PULLER_{name}": value for name, value in names.items()},
        },
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        told = (await kit.stdout.read()).decode()
        assert await kit.wait() == 0, told
    finally:
        puller.terminate()
        await puller.wait()
    assert told.rstrip().endswith("4 passed")
    assert "4 passed" in report.read_text()


async def test_status_tells_what_there_is(tmp_path: Path) -> None:
    async with Play(stage("plain")) as play:
        async with running(play, tmp_path):
            await play.until_over(20, linger=0.5)
        names = config(play.base, tmp_path)
    environment = {f"PULLER_{name.upper()}": str(value) for name, value in names.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "miniapp_stub.puller", "status"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert json.loads(out) == {"packages ACKED": 1, "events SENT": 2}
