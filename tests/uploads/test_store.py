import asyncio
import hashlib
import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from services.errors import FileDamaged, FileMissing, MaterialInfected, StoreUnwritable
from services.ports.files import DataKey, FileCipher, KeptFile, Scan
from tests.uploads.drawing import tree
from tests.uploads.register import MemoryRegister
from uploads.disk import LocalObjects
from uploads.draft import Draft
from uploads.sealing import fresh_key
from uploads.store import Putting, Store

DATA = bytes(range(256)) * 3000
KEY = hashlib.sha256(DATA).hexdigest()
CIPHERS = [FileCipher.AES_256_GCM, FileCipher.SM4_GCM]


class Shelf:
    """A store over a disk and a register, both to be looked into."""

    def __init__(self, folder: Path, cipher: FileCipher = FileCipher.AES_256_GCM) -> None:
        self.folder = folder
        self.cipher = cipher
        self.register = MemoryRegister()
        self.objects = LocalObjects(folder)
        self.store = Store(
            self.objects, self.register, folder / "tmp", cipher=cipher, reserve_bytes=0
        )

    async def put(self, data: bytes = DATA, *, made: bool = False) -> str:
        key = hashlib.sha256(data).hexdigest()
        async with self.store.scratch(len(data)) as folder:
            draft = Draft(folder / "original", fresh_key(self.cipher))
            draft.write([data])
            draft.finish()
            await self.store.put([Putting(key, draft.sealed, made)])
        return key

    async def read(self, key: str = KEY, start: int = 0, end: int | None = None) -> bytes:
        return b"".join([chunk async for chunk in self.store.read(key, start, end)])

    def path(self, key: str = KEY) -> Path:
        return self.folder / self.register.files[key].place


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def modes(directory: Path) -> set[tuple[str, int]]:
    return {
        ("folder" if path.is_dir() else "file", stat.S_IMODE(path.stat().st_mode))
        for path in directory.rglob("*")
    }


@pytest.mark.parametrize("cipher", CIPHERS)
async def test_put_and_read(tmp_path: Path, cipher: FileCipher) -> None:
    shelf = Shelf(tmp_path, cipher)
    await shelf.put()
    assert await shelf.read() == DATA
    assert tree(tmp_path) == [shelf.register.files[KEY].place]


async def test_what_lies_there_tells_nothing(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put()
    [name] = tree(tmp_path)
    lying = (tmp_path / name).read_bytes()
    assert KEY not in name and KEY[:16] not in name
    assert all(DATA[at : at + 16] not in lying for at in range(0, 256, 16))
    # Every file has a key of its own: equal beginnings do not look alike.
    other = await shelf.put(DATA + b"?")
    assert shelf.path(other).read_bytes()[:64] != lying[:64]
    keys = {each.data_key.secret for each in shelf.register.files.values()}
    assert len(keys) == 2


async def test_put_twice_is_put_once(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put()
    before = shelf.register.files[KEY]
    await shelf.put()
    assert shelf.register.files[KEY] == before
    assert len(tree(tmp_path)) == 1


async def test_put_at_once_is_one_that_can_be_read(shelf: Shelf) -> None:
    await asyncio.gather(*(shelf.put() for _ in range(4)))
    assert await shelf.read() == DATA


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 1),
        (5, 5),
        (9, 4),
        (100, 300_000),
        (65_535, 65_537),
        (65_536, 131_072),
        (767_999, None),
        (768_000, None),
        (5, 10**12),
        (0, 0),
    ],
)
async def test_ranges(tmp_path: Path, cipher: FileCipher, start: int, end: int | None) -> None:
    shelf = Shelf(tmp_path, cipher)
    await shelf.put()
    assert await shelf.read(KEY, start, end) == DATA[start:end]


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 131_072])
async def test_sizes_around_a_chunk(shelf: Shelf, size: int) -> None:
    key = await shelf.put(DATA[:size])
    assert await shelf.read(key) == DATA[:size]
    assert await shelf.read(key, size - 1) == DATA[size - 1 : size]


@pytest.mark.parametrize("key", ["0" * 64, "", "../../etc/passwd", KEY.upper(), KEY + "/.."])
async def test_unknown_and_hostile_keys(shelf: Shelf, key: str) -> None:
    with pytest.raises(FileMissing):
        await shelf.read(key)


async def test_only_the_owner_may_read_and_nobody_execute(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put()
    assert modes(tmp_path) == {("folder", 0o700), ("file", 0o600)}


STEP = 65_536 + 16
TAMPERED = {
    "a bit": lambda lying: lying[:70_000] + bytes([lying[70_000] ^ 1]) + lying[70_001:],
    "a bit of the last": lambda lying: lying[:-1] + bytes([lying[-1] ^ 1]),
    "chunks swapped": lambda lying: lying[STEP : 2 * STEP] + lying[:STEP] + lying[2 * STEP :],
    "a chunk left out": lambda lying: lying[:STEP] + lying[2 * STEP :],
    "a chunk twice": lambda lying: lying[:STEP] + lying,
    "cut between chunks": lambda lying: lying[: 4 * STEP],
    "cut within a chunk": lambda lying: lying[:-20],
    "something behind it": lambda lying: lying + b"?",
    "nothing": lambda lying: b"",
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED.keys())
@pytest.mark.parametrize("cipher", CIPHERS)
async def test_damage_is_found_before_the_last_byte(
    tmp_path: Path, cipher: FileCipher, change: object
) -> None:
    shelf = Shelf(tmp_path, cipher)
    await shelf.put()
    path = shelf.path()
    assert callable(change)
    path.write_bytes(change(path.read_bytes()))
    got = b""
    with pytest.raises(FileDamaged):
        async for chunk in shelf.store.read(KEY):
            got += chunk
    assert len(got) < len(DATA)
    assert DATA.startswith(got)


async def test_a_range_is_checked_too(shelf: Shelf) -> None:
    await shelf.put()
    lying = shelf.path().read_bytes()
    shelf.path().write_bytes(lying[:STEP] + bytes(STEP) + lying[2 * STEP :])
    assert await shelf.read(KEY, 0, 65_536) == DATA[:65_536]
    assert await shelf.read(KEY, 131_072, 200_000) == DATA[131_072:200_000]
    with pytest.raises(FileDamaged):
        await shelf.read(KEY, 65_536, 65_537)


async def test_another_file_in_its_place_is_no_file(shelf: Shelf) -> None:
    await shelf.put()
    other = await shelf.put(DATA[::-1])
    shelf.path().write_bytes(shelf.path(other).read_bytes())
    with pytest.raises(FileDamaged):
        await shelf.read()


async def test_what_is_wanting_is_written_anew_somewhere_else(shelf: Shelf) -> None:
    await shelf.put()
    old = shelf.path()
    old.write_bytes(old.read_bytes()[:-1])
    await shelf.put()
    assert await shelf.read() == DATA
    assert shelf.path() != old and old.exists()


async def test_what_the_scrub_found_damaged_is_written_anew(shelf: Shelf) -> None:
    await shelf.put()
    old = shelf.path()
    # Its size is right: only the scrub can know.
    old.write_bytes(bytes(old.stat().st_size))
    await shelf.put()
    with pytest.raises(FileDamaged):
        await shelf.read()
    shelf.register.files[KEY] = replace(shelf.register.files[KEY], damaged=True)
    await shelf.put()
    assert await shelf.read() == DATA


async def test_what_is_gone_is_said_and_comes_again(shelf: Shelf) -> None:
    await shelf.put()
    shelf.path().unlink()
    with pytest.raises(FileMissing):
        await shelf.read()
    await shelf.put()
    assert await shelf.read() == DATA


async def test_bytes_with_a_virus_are_known_again(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put()
    shelf.register.files[KEY] = replace(shelf.register.files[KEY], scan=Scan.INFECTED)
    with pytest.raises(MaterialInfected):
        await shelf.put()
    assert len(tree(tmp_path)) == 1


async def test_what_lay_open_before_is_read_and_sealed(shelf: Shelf, tmp_path: Path) -> None:
    place = f"objects/{KEY[:2]}/{KEY[2:4]}/{KEY}"
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_bytes(DATA)
    kept = KeptFile(KEY, place, len(DATA), DataKey(FileCipher.NONE, b""))
    shelf.register.files[KEY] = kept
    assert await shelf.read() == DATA
    assert await shelf.read(KEY, 65_000, 66_000) == DATA[65_000:66_000]
    await shelf.store.seal(kept)
    assert await shelf.read() == DATA
    assert [tmp_path / name for name in tree(tmp_path)] == [shelf.path()]
    assert DATA[:32] not in shelf.path().read_bytes()
    # Somebody else has sealed it meanwhile: theirs stays, and can be read.
    sealed = shelf.register.files[KEY]
    with pytest.raises(FileMissing):
        await shelf.store.seal(kept)
    assert shelf.register.files[KEY] == sealed


async def test_what_lay_open_and_was_changed_is_not_sealed(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects/old").write_bytes(DATA[:-1] + b"?")
    kept = KeptFile(KEY, "objects/old", len(DATA), DataKey(FileCipher.NONE, b""))
    shelf.register.files[KEY] = kept
    with pytest.raises(FileDamaged):
        await shelf.store.seal(kept)
    assert tree(tmp_path) == ["objects/old"] and shelf.register.files[KEY] == kept


async def test_the_reserve_stays_free(tmp_path: Path) -> None:
    full = Store(LocalObjects(tmp_path), MemoryRegister(), tmp_path / "tmp", reserve_bytes=1 << 60)
    with pytest.raises(StoreUnwritable):
        async with full.scratch(1):
            pass
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_disk_that_refuses(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "objects").write_bytes(b"")
    with pytest.raises(StoreUnwritable):
        await shelf.put()
    assert tree(tmp_path) == ["objects"]
    assert shelf.register.files == {}


async def test_only_old_leftovers_are_swept(shelf: Shelf, tmp_path: Path) -> None:
    for name, age in (("old", 90_000), ("young", 80_000)):
        folder = tmp_path / "tmp" / name
        folder.mkdir()
        (folder / "original").write_bytes(b"x")
        then = time.time() - age
        os.utime(folder, (then, then))
    await shelf.put()
    assert await shelf.store.sweep_temporary() == 1
    assert tree(tmp_path / "tmp") == ["young/original"]
    assert await shelf.read() == DATA
