"""One contract for every place where objects are kept."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations.objects import RemoteObjects
from services.errors import FileMissing, StoreUnreadable, StoreUnwritable
from services.ports.files import ObjectStore
from tests.integrations.bucket import FakeBucket
from uploads.disk import LocalObjects

PLACE = "objects/ab/0123"
BYTES = os.urandom(300_000)


def local(folder: Path) -> ObjectStore:
    return LocalObjects(folder / "files")


@pytest.fixture(params=["disk", "memory", "s3"])
async def objects(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ObjectStore]:
    if request.param == "disk":
        yield local(tmp_path)
    elif request.param == "memory":
        yield RemoteObjects.at("memory://")
    else:
        async with FakeBucket().listening() as address:
            yield RemoteObjects.at(address)


async def put(objects: ObjectStore, folder: Path, data: bytes, place: str = PLACE) -> None:
    source = folder / "source"
    source.write_bytes(data)
    await objects.put(place, source)
    assert not source.exists()


async def got(
    objects: ObjectStore, place: str = PLACE, start: int = 0, end: int | None = None
) -> bytes:
    return b"".join([chunk async for chunk in objects.get(place, start, end)])


async def places(objects: ObjectStore, prefix: str) -> dict[str, int]:
    return {each.place: each.size async for each in objects.listed(prefix)}


async def test_what_was_put_is_there(objects: ObjectStore, tmp_path: Path) -> None:
    await put(objects, tmp_path, BYTES)
    assert await got(objects) == BYTES
    assert await objects.size(PLACE) == len(BYTES)


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (1, 2), (7, 270_001), (299_999, None), (0, 10**9), (300_000, None), (5, 5), (9, 3)],
)
async def test_a_part_of_it(
    objects: ObjectStore, tmp_path: Path, start: int, end: int | None
) -> None:
    await put(objects, tmp_path, BYTES)
    assert await got(objects, PLACE, start, end) == BYTES[start:end]


async def test_another_takes_its_place(objects: ObjectStore, tmp_path: Path) -> None:
    await put(objects, tmp_path, b"first and longer")
    await put(objects, tmp_path, b"second")
    assert await got(objects) == b"second"
    assert await places(objects, "objects/") == {PLACE: 6}


async def test_nothing_is_an_object_too(objects: ObjectStore, tmp_path: Path) -> None:
    await put(objects, tmp_path, b"")
    assert (await got(objects), await objects.size(PLACE)) == (b"", 0)


async def test_what_is_not_there(objects: ObjectStore) -> None:
    assert await objects.size(PLACE) is None
    with pytest.raises(FileMissing):
        await got(objects)
    await objects.remove(PLACE)


async def test_removed_is_gone(objects: ObjectStore, tmp_path: Path) -> None:
    await put(objects, tmp_path, BYTES)
    await put(objects, tmp_path, BYTES, "objects/ab/other")
    await objects.remove(PLACE)
    assert await objects.size(PLACE) is None
    assert await places(objects, "objects/") == {"objects/ab/other": len(BYTES)}


async def test_a_list_has_what_begins_so(objects: ObjectStore, tmp_path: Path) -> None:
    assert await places(objects, "objects/") == {}
    wanted = {f"objects/{number % 7:02x}/{number}": 1 for number in range(30)}
    for place in (*wanted, "parts/one/0", "parts/two/0"):
        await put(objects, tmp_path, b"x", place)
    assert await places(objects, "objects/") == wanted
    assert await places(objects, "parts/one/") == {"parts/one/0": 1}


async def test_a_source_that_is_not_there_leaves_the_old(
    objects: ObjectStore, tmp_path: Path
) -> None:
    await put(objects, tmp_path, b"old")
    with pytest.raises(StoreUnwritable):
        await objects.put(PLACE, tmp_path / "absent")
    assert await got(objects) == b"old"


async def test_many_at_once_leave_one_of_them(objects: ObjectStore, tmp_path: Path) -> None:
    sources = [tmp_path / f"source{number}" for number in range(8)]
    for number, source in enumerate(sources):
        source.write_bytes(bytes([number]) * 100_000)
    await asyncio.gather(*(objects.put(PLACE, source) for source in sources))
    left = await got(objects)
    assert len(left) == 100_000 and len(set(left)) == 1


@pytest.mark.parametrize(
    "place", ["", "../x", "a/../../x", "/etc/passwd", "a//b", "a/.", "A", "a\0"]
)
async def test_a_place_on_disk_is_no_path(tmp_path: Path, place: str) -> None:
    objects = local(tmp_path)
    source = tmp_path / "source"
    source.write_bytes(b"x")
    with pytest.raises(FileMissing):
        await objects.put(place, source)
    assert source.exists() and [*(tmp_path / "files").iterdir()] == []


async def test_nobody_else_may_read_the_disk(tmp_path: Path) -> None:
    await put(local(tmp_path), tmp_path, b"x")
    for folder in ("files", "files/objects", "files/objects/ab"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700


async def test_a_disk_that_is_full_or_gone_is_said(tmp_path: Path) -> None:
    objects = local(tmp_path)
    (tmp_path / "files/objects").write_bytes(b"in the way")
    source = tmp_path / "source"
    source.write_bytes(b"x")
    with pytest.raises(StoreUnwritable):
        await objects.put(PLACE, source)
    with pytest.raises(StoreUnreadable):
        await got(objects)


async def test_a_large_object_goes_in_parts_and_appears_with_the_last(tmp_path: Path) -> None:
    bucket, data = FakeBucket(), os.urandom(20 * 1024 * 1024)
    async with bucket.listening() as address:
        objects = RemoteObjects.at(address)
        await put(objects, tmp_path, data)
        assert bucket.parts == {}
        assert bucket.objects == {f"county/{PLACE}": data}
        # Nothing is kept in memory: three parts of at most 8 MB.
        assert bucket.asked.count(f"PUT county/{PLACE}") == 3
        assert await got(objects, PLACE, 9_000_000, 9_000_010) == data[9_000_000:9_000_010]


async def test_what_breaks_in_the_middle_makes_no_object_appear(tmp_path: Path) -> None:
    # The beginning of the upload and one part of it, then nothing any more.
    bucket = FakeBucket(objects={f"county/{PLACE}": b"old"}, answering=2)
    source = tmp_path / "source"
    source.write_bytes(os.urandom(20 * 1024 * 1024))
    async with bucket.listening() as address:
        objects = RemoteObjects.at(address)
        with pytest.raises(StoreUnwritable):
            await objects.put(PLACE, source)
        bucket.answering = 10**9
        assert await got(objects) == b"old"
    assert source.exists()


async def test_a_moment_of_weakness_is_tried_again(tmp_path: Path) -> None:
    bucket = FakeBucket()
    async with bucket.listening() as address:
        objects = RemoteObjects.at(address)
        bucket.refusing = 2
        await put(objects, tmp_path, b"x")
        bucket.refusing = 2
        assert await got(objects) == b"x"


async def test_wrong_credentials_are_said(tmp_path: Path) -> None:
    async with FakeBucket().listening() as address:
        objects = RemoteObjects.at(address.replace("access_key_id=", "access_key_id=not-"))
        source = tmp_path / "source"
        source.write_bytes(b"x")
        with pytest.raises(StoreUnwritable):
            await objects.put(PLACE, source)
        with pytest.raises(StoreUnreadable):
            await objects.size(PLACE)


async def unusable(objects: ObjectStore, folder: Path) -> None:
    source = folder / "source"
    source.write_bytes(b"x")
    with pytest.raises(StoreUnwritable):
        await objects.put(PLACE, source)
    assert source.exists()
    with pytest.raises(StoreUnreadable):
        await got(objects)
    with pytest.raises(StoreUnreadable):
        await places(objects, "objects/")
    with pytest.raises(StoreUnwritable):
        await objects.remove(PLACE)


async def test_a_service_that_is_not_there_is_said(tmp_path: Path) -> None:
    keys = "access_key_id=a&secret_access_key=b"
    address = f"s3://bucket/here?endpoint=http://127.0.0.1:1&region=r&{keys}"
    await unusable(RemoteObjects.at(address), tmp_path)


async def test_a_service_that_hangs_is_said_in_time(tmp_path: Path) -> None:
    bucket = FakeBucket(hanging=True)
    async with bucket.listening() as address:
        objects = RemoteObjects.at(address, call_seconds=0.2, bytes_seconds=0.2)
        async with asyncio.timeout(20):
            await unusable(objects, tmp_path)


@pytest.mark.parametrize("address", ["fs:///etc", "http://host/", "s3:///?x", "nothing"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ValueError):
        RemoteObjects.at(address)
