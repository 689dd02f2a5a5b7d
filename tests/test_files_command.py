"""``zhangban files``: what an operator reads, and how it ends."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from commands import files
from composition import compose
from models.stored_file import StoredFile
from settings import Settings
from tests import make
from tests.conftest import Servers
from tests.world import make_settings

LIMIT = 10**7


@pytest.fixture
def settings(servers: Servers, database: str, tmp_path: Path) -> Settings:
    made = make_settings(servers.folder, database, servers.valkey.url(), "http://127.0.0.1:1", 1)
    return made.model_copy(update={"data_dir": tmp_path})


def run(settings: Settings, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = asyncio.run(files.files(settings, words))
    said = capsys.readouterr().out
    return status, "\n".join(line for line in said.splitlines() if "[info" not in line)


async def store(settings: Settings, text: str) -> Path:
    """Keep an upload that nobody refers to; return its object."""
    parts = compose(settings)
    await parts.open()
    try:
        done = await parts.adapters.files.take_in(
            make.chunked(make.jpeg(text)), max_bytes=LIMIT, formats=("jpg",)
        )
        row = await StoredFile.get(key=done.original.key)
    finally:
        await parts.close()
    return settings.data_dir / "materials" / row.place


async def forget(settings: Settings) -> None:
    parts = compose(settings)
    await parts.open()
    try:
        before = parts.adapters.clock.now() - timedelta(days=8)
        await StoredFile.all().update(touched_at=before)
    finally:
        await parts.close()


def test_files_are_counted_read_and_swept(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings, capsys, "status") == (0, "ok")
    path = asyncio.run(store(settings, "one"))
    status, said = run(settings, capsys, "status")
    assert status == 0
    assert said.splitlines()[0].startswith("AES_256_GCM MADE: 2 file(s), ")
    assert said.splitlines()[1].startswith("AES_256_GCM UNSCANNED: 1 file(s), ")
    right = (0, "3 file(s) right, 0 sealed, 0 damaged or gone")
    assert run(settings, capsys, "scrub") == right
    nothing = (0, "0 file(s) right, 0 sealed, 0 damaged or gone")
    assert run(settings, capsys, "scrub", "--unsealed") == nothing
    path.unlink()
    status, said = run(settings, capsys, "scrub", "--limit", "3")
    assert (status, said.splitlines()[-1]) == (1, "2 file(s) right, 0 sealed, 1 damaged or gone")
    status, said = run(settings, capsys, "status")
    assert (status, said.splitlines()[-1]) == (1, "FAULT 1 file(s) damaged or gone")
    kept = "0 file(s) that nobody referred to, 0 object(s) of no file, 0 broken upload(s) removed"
    assert run(settings, capsys, "sweep") == (0, kept)
    asyncio.run(forget(settings))
    assert run(settings, capsys, "sweep") == (0, kept.replace("0", "3", 1))
    assert [file for file in (settings.data_dir / "materials").rglob("*") if file.is_file()] == []


def test_a_store_that_does_not_answer_is_said(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    away = "s3://bucket/?endpoint=http://127.0.0.1:1&region=r&access_key_id=a&secret_access_key=b"
    remote = settings.model_copy(update={"objects_url": SecretStr(away)})
    assert run(remote, capsys, "sweep") == (1, "FAULT store_unreadable")
