"""Parts of uploads on disk: what lasts, what is read back, what is left when something breaks."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from services.errors import FileDamaged, FileMissing, StoreUnwritable
from services.ports.files import FileCipher
from services.ports.uploads import Part
from tests.uploads.drawing import chunked, tree
from tests.uploads.register import MemoryRegister
from uploads.disk import LocalObjects
from uploads.intake import Pace
from uploads.parts import SealedParts
from uploads.refusals import UploadTooSlow
from uploads.store import Store

SECRET = bytes(range(32))
MEGABYTE = 1024 * 1024


def parts_in(folder: Path, **more: object) -> SealedParts:
    objects = LocalObjects(folder)
    store = Store(objects, MemoryRegister(), folder / "tmp", reserve_bytes=0)
    return SealedParts(objects, store, **more)  # type: ignore[arg-type]


async def written(parts: SealedParts, data: bytes, size: int = 64 * 1024) -> list[Part]:
    return [part async for part in parts.write(SECRET, chunked(data, size))]


async def whole(parts: SealedParts, found: list[Part], secret: bytes = SECRET) -> bytes:
    return b"".join([chunk async for chunk in parts.read(secret, found)])


@pytest.mark.parametrize("size", [1, 64 * 1024, 300_000, MEGABYTE, 3 * MEGABYTE + 5])
@pytest.mark.parametrize("cipher", [FileCipher.AES_256_GCM, FileCipher.SM4_GCM])
async def test_bytes_come_back_in_their_order(
    tmp_path: Path, size: int, cipher: FileCipher
) -> None:
    parts = parts_in(tmp_path, part_bytes=MEGABYTE, cipher=cipher)
    data = os.urandom(size)
    found = await written(parts, data)
    assert sum(part.size for part in found) == size
    assert all(part.size <= MEGABYTE + 64 * 1024 for part in found)
    assert await whole(parts, found) == data
    assert len(tree(tmp_path / "parts")) == len(found)
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_nothing_lies_open_and_nobody_else_reads_it(tmp_path: Path) -> None:
    parts = parts_in(tmp_path)
    found = await written(parts, b"CANARY" * 50_000)
    (file,) = [path for path in (tmp_path / "parts").rglob("*") if path.is_file()]
    assert b"CANARY" not in file.read_bytes()
    with pytest.raises(FileDamaged):
        await whole(parts, found, bytes(32))
    # The same bytes again are other bytes on disk: each part has a key of its own.
    (again,) = await written(parts, b"CANARY" * 50_000)
    other = tmp_path / "parts" / again.id.hex
    assert other.read_bytes() != file.read_bytes()


async def test_a_changed_or_lost_part_is_told(tmp_path: Path) -> None:
    parts = parts_in(tmp_path)
    found = await written(parts, bytes(200_000))
    file = tmp_path / "parts" / found[0].id.hex
    good = file.read_bytes()
    for bad in (good[:-1], good[:1000], b"x" + good[1:], good + b"x"):
        file.write_bytes(bad)
        with pytest.raises(FileDamaged):
            await whole(parts, found)
    file.unlink()
    with pytest.raises(FileMissing):
        await whole(parts, found)


async def test_what_came_before_a_break_is_a_part(tmp_path: Path) -> None:
    parts = parts_in(tmp_path)
    data = os.urandom(700_000)

    async def breaking() -> AsyncIterator[bytes]:
        async for chunk in chunked(data):
            yield chunk
        raise ConnectionResetError

    found = []
    with pytest.raises(ConnectionResetError):
        async for part in parts.write(SECRET, breaking()):
            found.append(part)  # noqa: PERF401  # what came before the error counts
    assert await whole(parts, found) == data
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("delay", [0, 0.002, 0.01, 0.03, 0.08])
async def test_a_client_that_vanishes_leaves_whole_parts(tmp_path: Path, delay: float) -> None:
    parts = parts_in(tmp_path, part_bytes=200_000)
    data = os.urandom(5 * MEGABYTE)
    found: list[Part] = []

    async def receive() -> None:
        async with aclosing(parts.write(SECRET, chunked(data))) as coming:
            async for part in coming:
                found.append(part)  # noqa: PERF401

    task = asyncio.create_task(receive())
    await asyncio.sleep(delay)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    kept = await whole(parts, found)
    assert kept == data[: len(kept)]
    # Each object is a part that was told of: nothing is left over.
    assert len(tree(tmp_path / "parts") if found else []) == len(found)
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_an_old_part_is_closed_though_it_is_small(tmp_path: Path) -> None:
    parts = parts_in(tmp_path, part_seconds=0.05)

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 100
            await asyncio.sleep(0.06)
        yield b"x" * 100

    found = [part async for part in parts.write(SECRET, slowly())]
    assert len(found) > 1
    assert await whole(parts, found) == b"x" * 400


async def test_who_is_too_slow_is_stopped_and_keeps_what_came(tmp_path: Path) -> None:
    parts = parts_in(tmp_path, pace=Pace(deadline_seconds=0.1))

    async def stalled() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await asyncio.sleep(60)

    found = []
    with pytest.raises(UploadTooSlow):
        async for part in parts.write(SECRET, stalled()):
            found.append(part)  # noqa: PERF401
    assert await whole(parts, found) == b"x" * 1000


async def test_a_disk_that_refuses_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    parts = parts_in(tmp_path)
    folder = tmp_path / "parts"
    folder.write_text("a file where the folder should be")
    with pytest.raises(StoreUnwritable):
        await written(parts, bytes(300_000))
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_parts_are_removed_once_and_again(tmp_path: Path) -> None:
    parts = parts_in(tmp_path, part_bytes=100_000)
    found = await written(parts, bytes(500_000))
    await parts.remove([found[0].id])
    assert len(tree(tmp_path / "parts")) == len(found) - 1
    await parts.remove([part.id for part in found])
    await parts.remove([uuid4()])
    assert tree(tmp_path / "parts") == []


async def test_only_what_is_old_is_stale(tmp_path: Path) -> None:
    parts = parts_in(tmp_path)
    (part,) = await written(parts, b"x")
    assert await parts.stale() == set()
    (file,) = [path for path in (tmp_path / "parts").rglob("*") if path.is_file()]
    os.utime(file, (0, 0))
    assert await parts.stale() == {part.id}
