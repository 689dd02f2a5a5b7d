"""The sweep: nothing that is referred to goes, nothing else stays longer than a week."""

import asyncio
import os
from datetime import timedelta
from typing import Any

import pytest

from models.database import rows
from models.material import Material
from models.stored_file import StoredFile
from services.errors import StoreUnwritable
from services.file_sweeps import FileSweeps, Swept
from services.ports.files import ObjectStore
from tests import make
from tests.services.keeping import (
    WEEK,
    age,
    file_of,
    folder_of,
    objects,
    places,
    read,
    taken,
    upload,
)
from tests.world import World

SECOND = timedelta(seconds=1)


async def sweep(world: World) -> Swept:
    return await world.parts.keeping.sweeps.sweep()


async def test_what_nobody_refers_to_goes_after_a_week(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world), "ITEM10")
    loose = await taken(world, make.jpeg("loose"))
    referred = {row["key"] for row in await rows("SELECT key FROM stored_files")} - {
        loose.original.key,
        loose.working.key,
        loose.thumbnail.key if loose.thumbnail else "",
    }
    world.clock.advance(WEEK)
    age(world)
    assert await sweep(world) == Swept(0, 0, 0)
    world.clock.advance(SECOND)
    assert await sweep(world) == Swept(3, 0, 0)
    assert {row["key"] for row in await rows("SELECT key FROM stored_files")} == referred
    assert await places() == objects(world)
    for material in await Material.filter(case_id=filed.case_id):
        assert await read(world, material.original_key)
    assert await sweep(world) == Swept(0, 0, 0)


async def test_a_file_that_came_again_stays_a_week_from_then(world: World) -> None:
    loose = await taken(world, make.jpeg("again"))
    world.clock.advance(WEEK)
    await taken(world, make.jpeg("again"))
    world.clock.advance(WEEK)
    age(world)
    assert await sweep(world) == Swept(0, 0, 0)
    assert await read(world, loose.original.key) == make.jpeg("again")


async def test_what_was_let_go_goes_at_once_when_it_is_old(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world), "ITEM10")
    world.clock.advance(WEEK + SECOND)
    age(world)
    before = len(objects(world))
    await Material.filter(case_id=filed.case_id, code=filed.codes[0]).delete()
    assert await sweep(world) == Swept(3, 0, 0)
    assert len(objects(world)) == before - 3


async def test_objects_that_no_file_is_at_go_after_a_week(world: World) -> None:
    kept = await taken(world, make.jpeg("kept"))
    lost = folder_of(world) / "objects/zz/0123"
    lost.parent.mkdir()
    lost.write_bytes(b"written, and then the power went")
    now = world.clock.now().timestamp()
    os.utime(lost, (now, now))
    world.clock.advance(WEEK)
    assert await sweep(world) == Swept(0, 0, 0)
    world.clock.advance(SECOND)
    await StoredFile.filter(key=kept.original.key).update(touched_at=world.clock.now())
    assert (await sweep(world)).objects == 1
    assert not lost.exists()
    assert await read(world, kept.original.key) == make.jpeg("kept")


async def test_what_somebody_else_keeps_beside_is_theirs(world: World) -> None:
    """Parts of uploads that are not over have an end of their own."""
    part = folder_of(world) / "parts/one/0"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"a part")
    os.utime(part, (0, 0))
    world.clock.advance(10 * WEEK)
    assert await sweep(world) == Swept(0, 0, 0)
    assert part.exists()


class Racing:
    """A store whose owner does something at the moment an object is removed."""

    def __init__(self, objects: ObjectStore, act: Any) -> None:
        self._objects = objects
        self._act = act

    async def remove(self, place: str) -> None:
        await self._act(place)
        await self._objects.remove(place)

    def listed(self, prefix: str) -> Any:
        return self._objects.listed(prefix)


def racing(world: World, act: Any) -> FileSweeps:
    made = world.parts.adapters
    return FileSweeps(world.clock, Racing(made.objects, act), made.files.store)  # type: ignore[arg-type]


async def test_an_upload_that_races_the_sweep_keeps_its_file(world: World) -> None:
    """The row is gone, the object not yet: the same bytes, sent now, must not count on it."""
    content = make.jpeg("racing")
    first = await taken(world, content)
    old = (await file_of(first.original.key)).place
    world.clock.advance(WEEK + SECOND)
    age(world)

    async def again(place: str) -> None:
        if place == old:
            await taken(world, content)

    assert (await racing(world, again).sweep()).files >= 1
    assert (await file_of(first.original.key)).place != old
    assert await read(world, first.original.key) == content
    assert await places() <= objects(world)


async def test_many_uploads_and_sweeps_at_once(world: World) -> None:
    """Whoever was answered finds the file afterwards, whatever was swept meanwhile."""
    filed = await make.draft(world, await make.citizen(world), "ITEM10")
    contents = [make.jpeg(f"many {number}") for number in range(4)]
    await asyncio.gather(*(taken(world, content) for content in contents))
    world.clock.advance(WEEK + SECOND)
    age(world)
    code = filed.codes[0]

    async def sweeping() -> None:
        for _ in range(10):
            await sweep(world)

    async def uploading() -> list[Material]:
        return [await upload(world.parts, filed, code, content) for content in contents]

    _, kept, _ = await asyncio.gather(sweeping(), uploading(), sweeping())
    for material, content in zip(kept, contents, strict=True):
        assert await read(world, material.original_key) == content
        assert await read(world, material.working_key)
        assert await read(world, material.thumbnail_key or "")


async def test_a_sweep_that_broke_off_is_finished_by_the_next(world: World) -> None:
    await taken(world, make.jpeg("broken off"))
    world.clock.advance(WEEK + SECOND)
    age(world)

    async def refuse(place: str) -> None:
        raise StoreUnwritable

    with pytest.raises(StoreUnwritable):
        await racing(world, refuse).sweep()
    assert len(await world.rows("stored_files")) == 2 and len(objects(world)) == 3
    assert await sweep(world) == Swept(2, 1, 0)
    assert objects(world) == set()


async def test_broken_uploads_of_this_machine_go_when_it_starts(world: World) -> None:
    left = folder_of(world) / "tmp/left"
    left.mkdir()
    os.utime(left, (0, 0))
    await world.parts.open()
    assert not left.exists()
