"""Uploads on their way: what is taken note of, and the bytes that lie there, agree."""

import asyncio
import os
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.database import DatabaseLost
from models.unit import transaction
from models.upload import Upload, UploadState
from services.actors import Citizen
from services.ports.uploads import Part
from services.upload_limits import MAX_DAY_BYTES, MAX_HELD, MAX_HELD_BYTES
from services.upload_problems import UploadBusy, UploadsTooMany
from services.uploads import NewUpload, Uploads
from tests import make
from tests.uploading import parts_of
from tests.world import World

PHOTO = make.jpeg("agreed")
HALF = PHOTO[:5000]


class Holds:
    """A checksum that is right."""

    holds = True

    def update(self, chunk: bytes) -> None:
        pass


async def begun(world: World) -> tuple[Citizen, UUID]:
    who = await make.citizen(world)
    return who, (await world.ctx.uploads.begin(who, NewUpload(len(PHOTO)))).id


async def agreed(world: World, upload_id: UUID) -> int:
    """Return the offset; every byte before it lies there, and nothing else."""
    known = [row["id"].hex for row in await world.rows("upload_parts")]
    assert parts_of(world) == sorted(known)
    return int((await Upload.get(id=upload_id)).received)


@pytest.mark.parametrize("digest", [None, Holds()])
async def test_a_phone_that_leaves_during_the_commit_takes_no_byte_along(
    world: World, digest: Holds | None
) -> None:
    reached, going = asyncio.Event(), asyncio.Event()

    class Slow(Uploads):
        @transaction
        async def _commit(self, upload: Upload, parts: list[Part]) -> None:
            await super()._commit(upload, parts)
            reached.set()
            await going.wait()

    who, upload_id = await begun(world)
    slow = Slow(**vars(world.ctx.uploads))
    sending = asyncio.create_task(slow.append(who, upload_id, 0, make.chunked(HALF), digest))
    await reached.wait()
    sending.cancel()
    await asyncio.sleep(0.05)
    going.set()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await agreed(world, upload_id) == len(HALF)
    rest = make.chunked(PHOTO[len(HALF) :])
    done = await world.ctx.uploads.append(who, upload_id, len(HALF), rest)
    assert done.state is UploadState.STORED


@pytest.mark.parametrize("happened", [True, False])
async def test_a_lost_database_costs_no_byte_that_it_kept(world: World, happened: bool) -> None:
    class Lost(Uploads):
        async def _commit(self, upload: Upload, parts: list[Part]) -> None:
            if happened:
                await super()._commit(upload, parts)
            raise DatabaseLost

    who, upload_id = await begun(world)
    with pytest.raises(DatabaseLost):
        await Lost(**vars(world.ctx.uploads)).append(who, upload_id, 0, make.chunked(HALF))
    # What was not taken note of goes once no commit of it can be on its way.
    for name in parts_of(world):
        os.utime(world.settings.data_dir / "materials" / "parts" / name, (0, 0))
    await world.ctx.uploads.finishing.sweep()
    assert await agreed(world, upload_id) == (len(HALF) if happened else 0)


async def test_parts_that_the_commit_refused_go_at_once(world: World) -> None:
    class Overtaken(Uploads):
        async def _commit(self, upload: Upload, parts: list[Part]) -> None:
            other: dict[str, Any] = {"lease": uuid4()}
            await Upload.filter(id=upload.id).update(**other)
            await super()._commit(upload, parts)

    who, upload_id = await begun(world)
    with pytest.raises(UploadBusy):
        await Overtaken(**vars(world.ctx.uploads)).append(who, upload_id, 0, make.chunked(HALF))
    assert parts_of(world) == []
    assert await agreed(world, upload_id) == 0


async def lying(world: World, who: Citizen, number: int, size: int) -> None:
    """Let files of a person lie here, stored and in no slot."""
    until = world.clock.now() + timedelta(days=1)
    row: dict[str, Any] = {"name_sealed": b"-", "key_sealed": b"-", "expires_at": until}
    row |= {"account_id": who.account_id, "size": size, "received": size}
    row |= {"state": UploadState.STORED, "created_at": world.clock.now()}
    await Upload.bulk_create([Upload(**row) for _ in range(number)])


async def test_giving_files_up_again_and_again_does_not_fill_the_store(world: World) -> None:
    who = await make.citizen(world)
    uploads = world.ctx.uploads
    stored, _ = await uploads.finishing.take_whole(who, make.chunked(PHOTO), "照片.jpg")
    await uploads.end(who, stored.id)
    await Upload.filter(id=stored.id).update(size=MAX_DAY_BYTES - 1000)
    before = await world.rows("uploads")
    for further in (
        uploads.finishing.take_whole(who, make.chunked(PHOTO), "照片.jpg"),
        uploads.begin(who, NewUpload(len(PHOTO))),
    ):
        with pytest.raises(UploadsTooMany):
            await further
    assert await world.rows("uploads") == before
    # One that was given up before its last byte came left nothing behind.
    await Upload.filter(id=stored.id).update(stored=None)
    assert (await uploads.begin(who, NewUpload(len(PHOTO)))).state is UploadState.OPEN


@pytest.mark.parametrize(
    ("number", "size"), [(MAX_HELD - 1, 1), (1, MAX_HELD_BYTES - 2 * len(PHOTO) + 1000)]
)
async def test_stored_files_count_with_those_on_their_way(
    world: World, number: int, size: int
) -> None:
    who = await make.citizen(world)
    await lying(world, who, number, size)
    uploads = world.ctx.uploads

    def taken(content: bytes) -> Coroutine[Any, Any, object]:
        return uploads.finishing.take_whole(who, make.chunked(content), "照片.jpg")

    # One more fits in, whether it comes whole or in pieces; of two at once only one does.
    both = (taken(PHOTO), taken(make.jpeg("another")))
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert [type(answer) for answer in answers].count(UploadsTooMany) == 1
    full = await world.rows("uploads")
    assert len(full) == number + 1
    for further in (taken(make.jpeg("third")), uploads.begin(who, NewUpload(len(PHOTO)))):
        with pytest.raises(UploadsTooMany):
            await further
    assert await world.rows("uploads") == full
    # What was given up or has expired makes room, and others have their own.
    li = await make.citizen(world, make.LI)
    assert (await uploads.begin(li, NewUpload(len(PHOTO)))).state is UploadState.OPEN
    await Upload.filter(account_id=who.account_id, sha256=None).update(state=UploadState.ENDED)
    assert (await uploads.begin(who, NewUpload(len(PHOTO)))).state is UploadState.OPEN
