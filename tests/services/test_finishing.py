"""The end of an upload when nobody waits for it, or when it cannot be looked at just now."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from models.upload import Upload, UploadState
from services import finishing as finishings
from services.actors import Citizen
from services.errors import MaterialTypeRefused, Unavailable
from services.finishing import FINISH, LEASE, Finishing
from services.materials import MaterialUnknown
from services.personal_requests import Kind
from services.upload_problems import UploadBusy, UploadGone
from services.uploads import NewUpload, Uploads
from tests import make
from tests.make import Filed
from tests.uploading import parts_of
from tests.world import World

PHOTO = make.jpeg("at the end")


class Interrupted(Finishing):
    """As a process that dies when the last byte is there."""

    async def finish(self, who: Citizen, upload_id: UUID) -> Upload:
        raise Unavailable


def dying(world: World) -> Uploads:
    uploads = world.ctx.uploads
    return replace(uploads, finishing=Interrupted(**vars(uploads.finishing)))


async def whole(world: World, who: Citizen, content: bytes, filed: Filed | None = None) -> UUID:
    """Return an upload that has all its bytes and was not looked at."""
    slot = NewUpload(len(content), "照片.jpg")
    if filed is not None:
        slot = replace(slot, case_id=filed.case_id, code="M02")
    upload = await world.ctx.uploads.begin(who, slot)
    with pytest.raises(Unavailable):
        await dying(world).append(who, upload.id, 0, make.chunked(content))
    found = await Upload.get(id=upload.id)
    assert (found.shown_state, found.lease) == (UploadState.CHECKING, None)
    return upload.id


async def test_the_worker_finishes_what_its_sender_did_not_stay_for(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    before = len(await world.rows("materials"))
    alone, placed = await whole(world, who, PHOTO), await whole(world, who, PHOTO, filed)
    waiting = [name for name, _ in await world.jobs() if name == FINISH]
    assert len(waiting) == 2
    await world.work()
    # The sender is given some time.
    assert (await Upload.get(id=alone)).shown_state is UploadState.CHECKING
    await world.work(later=True)
    assert (await Upload.get(id=alone)).state is UploadState.STORED
    done = await Upload.get(id=placed)
    assert (done.state, done.lease) == (UploadState.FILED, None)
    materials = await world.rows("materials")
    assert len(materials) == before + 1
    assert done.material_id in {row["id"] for row in materials}
    assert parts_of(world) == []
    # A job that comes twice finds nothing to do.
    await world.ctx.uploads.finishing.run({"upload": str(placed)})
    await world.ctx.uploads.finishing.run({"upload": str(uuid4())})
    assert await world.rows("materials") == materials


async def test_who_comes_back_finishes_it_too(world: World) -> None:
    who = await make.citizen(world)
    upload_id = await whole(world, who, PHOTO)
    done = await world.ctx.uploads.append(who, upload_id, len(PHOTO), make.chunked(b""))
    assert done.state is UploadState.STORED


async def test_a_refusal_by_the_worker_is_told_by_the_upload(world: World) -> None:
    who = await make.citizen(world)
    upload_id = await whole(world, who, b"<html>no photo</html>")
    await world.work(later=True)
    refused = await world.ctx.uploads.look(who, upload_id)
    assert (refused.state, refused.refusal) == (UploadState.REFUSED, "material_type_refused")
    assert refused.refusal_text is not None
    assert refused.refusal_text.endswith("。")
    with pytest.raises(UploadGone):
        await world.ctx.uploads.append(who, upload_id, 21, make.chunked(b""))
    assert parts_of(world) == []


async def test_the_right_to_the_slot_is_asked_at_the_end_again(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    upload_id = await whole(world, who, PHOTO, filed)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    before = await world.rows("materials")
    await world.work(later=True)
    refused = await Upload.get(id=upload_id)
    assert (refused.state, refused.refusal) == (UploadState.REFUSED, "case_not_editable")
    assert await world.rows("materials") == before


async def test_only_one_looks_at_a_time(world: World) -> None:
    who = await make.citizen(world)
    upload_id = await whole(world, who, PHOTO)
    until = world.clock.now() + timedelta(seconds=60)
    await Upload.filter(id=upload_id).update(lease=uuid4(), leased_until=until)
    with pytest.raises(UploadBusy):
        await world.ctx.uploads.finishing.finish(who, upload_id)
    # The job is tried again, and again until whoever was at it is through or dead.
    with pytest.raises(Unavailable):
        await world.ctx.uploads.finishing.run({"upload": str(upload_id)})
    world.clock.advance(timedelta(seconds=60))
    await world.ctx.uploads.finishing.run({"upload": str(upload_id)})
    assert (await Upload.get(id=upload_id)).state is UploadState.STORED


class Slow(Finishing):
    """As a process that comes to its verdict, and is then held up before it is told."""

    async def _place(self, who: Citizen, upload: Upload) -> None:
        try:
            await super()._place(who, upload)
        finally:
            PAUSES[upload.id][0].set()
            await PAUSES[upload.id][1].wait()


PAUSES: dict[UUID, tuple[asyncio.Event, asyncio.Event]] = {}


async def slowly(world: World, who: Citizen, upload_id: UUID) -> Callable[[], asyncio.Task[Upload]]:
    """Let a slow finisher come to its verdict; what is returned lets it tell it."""
    reached, going = PAUSES[upload_id] = (asyncio.Event(), asyncio.Event())
    slow = Slow(**vars(world.ctx.uploads.finishing))
    finishing = asyncio.create_task(slow.finish(who, upload_id))
    await reached.wait()

    def go() -> asyncio.Task[Upload]:
        going.set()
        return finishing

    return go


async def test_who_was_overtaken_refuses_nothing_that_was_filed(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    upload_id = await whole(world, who, PHOTO, filed)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    go = await slowly(world, who, upload_id)
    # Its verdict is a refusal; before it is told, another comes to another one.
    world.clock.advance(LEASE)
    material_id = uuid4()

    class Filing(Finishing):
        async def _place(self, who: Citizen, upload: Upload) -> None:
            upload.state, upload.material_id = UploadState.FILED, material_id

    finishing = world.ctx.uploads.finishing
    await Filing(**vars(finishing)).finish(who, upload_id)
    stood = await world.rows("uploads")
    stands = await go()
    assert (stands.state, stands.material_id) == (UploadState.FILED, material_id)
    assert await world.rows("uploads") == stood


async def test_who_was_overtaken_takes_no_part_from_who_overtook(world: World) -> None:
    who = await make.citizen(world)
    upload_id = await whole(world, who, b"<html>no photo</html>")
    go = await slowly(world, who, upload_id)
    world.clock.advance(LEASE)
    later = await slowly(world, who, upload_id)
    stood, parts = await world.rows("uploads"), parts_of(world)
    assert (await go()).shown_state is UploadState.CHECKING
    assert (await world.rows("uploads"), parts_of(world)) == (stood, parts)
    assert len(parts) == 1
    with pytest.raises(MaterialTypeRefused):
        await later()
    assert (await Upload.get(id=upload_id)).state is UploadState.REFUSED
    assert parts_of(world) == []


async def test_an_end_and_an_erasure_stand_against_a_verdict(world: World) -> None:
    who = await make.citizen(world)
    ended, erased = await whole(world, who, PHOTO), await whole(world, who, PHOTO)
    tell_ended, tell_erased = [await slowly(world, who, each) for each in (ended, erased)]
    await world.ctx.uploads.end(who, ended)
    await world.ctx.personal_requests.ask(who, Kind.ERASURE)
    stood = await world.rows("uploads")
    assert (await tell_ended()).state is UploadState.ENDED
    assert (await tell_erased()).expires_at == world.clock.now()
    assert await world.rows("uploads") == stood
    # Nor does the job, which may still come, give it another life.
    await world.ctx.uploads.finishing.run({"upload": str(erased)})
    assert await world.rows("uploads") == stood


async def test_a_finisher_that_lives_is_not_overtaken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishings, "RENEW_SECONDS", 0.01)
    who = await make.citizen(world)
    upload_id = await whole(world, who, PHOTO)
    go = await slowly(world, who, upload_id)
    world.clock.advance(LEASE - timedelta(seconds=1))
    until = world.clock.now() + LEASE
    for _ in range(500):
        if (await Upload.get(id=upload_id)).leased_until == until:
            break
        await asyncio.sleep(0.01)
    world.clock.advance(timedelta(seconds=2))
    with pytest.raises(UploadBusy):
        await world.ctx.uploads.finishing.finish(who, upload_id)
    assert (await go()).state is UploadState.STORED
    settled = await Upload.get(id=upload_id)
    assert (settled.state, settled.lease, settled.leased_until) == (UploadState.STORED, None, None)


async def test_a_slot_that_is_none_takes_no_upload(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    with pytest.raises(MaterialUnknown):
        await world.ctx.uploads.begin(who, NewUpload(10, "a", filed.case_id, "M99"))
    assert await world.rows("uploads") == []
