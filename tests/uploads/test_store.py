import asyncio
import hashlib
import os
import stat
import time
from pathlib import Path

import pytest

from tests.uploads.drawing import tree
from uploads.refusals import FileDamaged, FileMissing, StoreUnwritable
from uploads.store import Store

DATA = bytes(range(256)) * 3000
KEY = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, reserve_bytes=0)


async def put(store: Store, data: bytes = DATA, key: str = KEY) -> None:
    async with store.scratch(len(data)) as folder:
        (folder / "original").write_bytes(data)
        (folder / "original").chmod(0o600)
        await store.put({folder / "original": key})


async def read(store: Store, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(key, start, end)])


def modes(directory: Path) -> set[tuple[str, int]]:
    return {
        ("folder" if path.is_dir() else "file", stat.S_IMODE(path.stat().st_mode))
        for path in directory.rglob("*")
    }


async def test_put_and_read(store: Store, tmp_path: Path) -> None:
    await put(store)
    assert await read(store, KEY) == DATA
    assert tree(tmp_path) == [f"objects/{KEY[:2]}/{KEY[2:4]}/{KEY}"]


async def test_put_twice_is_put_once(store: Store, tmp_path: Path) -> None:
    await asyncio.gather(*(put(store) for _ in range(4)))
    assert len(tree(tmp_path)) == 1
    assert await read(store, KEY) == DATA


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (5, 5), (9, 4), (100, 300_000), (767_999, None), (768_000, None), (5, 10**12), (0, 0)],
)
async def test_ranges(store: Store, start: int, end: int | None) -> None:
    await put(store)
    assert await read(store, KEY, start, end) == DATA[start:end]


@pytest.mark.parametrize("key", ["0" * 64, "", "../../etc/passwd", KEY.upper(), KEY + "/.."])
async def test_unknown_and_hostile_keys(store: Store, key: str) -> None:
    with pytest.raises(FileMissing):
        await read(store, key)


async def test_only_the_owner_may_read_and_nobody_execute(store: Store, tmp_path: Path) -> None:
    await put(store)
    assert modes(tmp_path) == {("folder", 0o700), ("file", 0o600)}


async def test_damage_is_found_before_the_last_byte(store: Store, tmp_path: Path) -> None:
    await put(store)
    (path,) = (tmp_path / "objects").rglob(KEY)
    path.write_bytes(DATA[:-1] + b"?")
    got = b""
    with pytest.raises(FileDamaged):
        async for chunk in store.read(KEY):
            got += chunk
    assert len(got) < len(DATA)
    await put(store)
    assert await read(store, KEY) == DATA


async def test_the_reserve_stays_free(tmp_path: Path) -> None:
    full = Store(tmp_path, reserve_bytes=1 << 60)
    with pytest.raises(StoreUnwritable):
        async with full.scratch(1):
            pass
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_disk_that_refuses(store: Store, tmp_path: Path) -> None:
    (tmp_path / "objects").rmdir()
    (tmp_path / "objects").write_bytes(b"")
    with pytest.raises(StoreUnwritable):
        await put(store)
    assert tree(tmp_path) == ["objects"]


async def test_only_old_leftovers_are_swept(store: Store, tmp_path: Path) -> None:
    for name, age in (("old", 90_000), ("young", 80_000)):
        folder = tmp_path / "tmp" / name
        folder.mkdir()
        (folder / "original").write_bytes(b"x")
        then = time.time() - age
        os.utime(folder, (then, then))
    await put(store)
    assert await store.sweep_temporary() == 1
    assert tree(tmp_path / "tmp") == ["young/original"]
    assert await read(store, KEY) == DATA
