"""The scrub: every file is read again, and what is wrong is told, marked and healed."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.material import Material
from models.stored_file import StoredFile
from models.supervision import MonitorAlert
from services.errors import FileDamaged, StoreUnreadable
from services.scrubs import STORE_IS_DOWN, Scrubbed
from tests import make
from tests.services.keeping import file_of, folder_of, objects, places, read, taken, upload
from tests.world import World

HOUR = timedelta(hours=1)


async def scrub(world: World, limit: int = 100) -> Scrubbed:
    return await world.parts.keeping.scrubs.scrub(limit)


async def path_of(world: World, key: str) -> Path:
    return folder_of(world) / (await file_of(key)).place


def damage(path: Path) -> None:
    lying = path.read_bytes()
    path.write_bytes(lying[:100] + bytes([lying[100] ^ 1]) + lying[101:])


async def test_the_oldest_comes_first_and_so_many_at_a_time(world: World) -> None:
    for number in range(2):
        await taken(world, make.jpeg(f"number {number}"))
        world.clock.advance(HOUR)
    before = {row["key"]: row["checked_at"] for row in await world.rows("stored_files")}
    assert await scrub(world, 4) == Scrubbed(right=4)
    checked = [
        row for row in await world.rows("stored_files") if row["checked_at"] == world.clock.now()
    ]
    assert len(checked) == 4
    left = set(before) - {row["key"] for row in checked}
    assert all(before[key] == max(before.values()) for key in left)
    world.clock.advance(HOUR)
    assert await scrub(world, 2) == Scrubbed(right=2)
    assert {(await file_of(key)).checked_at for key in left} == {world.clock.now()}
    assert await MonitorAlert.all().count() == 0


@pytest.mark.parametrize("harm", ["damaged", "missing"])
async def test_what_is_wrong_is_told_once_marked_and_healed(world: World, harm: str) -> None:
    filed = await make.draft(world, await make.citizen(world), "ITEM10")
    code = filed.codes[0]
    content = make.jpeg("to be harmed")
    material = await upload(world.parts, filed, code, content)
    path = await path_of(world, material.original_key)
    if harm == "damaged":
        damage(path)
    else:
        path.unlink()
    world.clock.advance(HOUR)
    assert (await scrub(world)).wrong == 1
    assert (await scrub(world)).wrong == 1
    [alert] = await MonitorAlert.all()
    assert (alert.code, alert.light, alert.case_id) == (f"file_{harm}", "RED", filed.case_id)
    assert (alert.owner_role, alert.owner_unit) == ("SUPERVISOR", filed.item.agency)
    assert alert.data == {"file": material.original_key}
    assert (await file_of(material.original_key)).damaged_at == world.clock.now()
    assert (await world.ctx.alert_meter.open())[("OUT_OF_ORDER", "RED")] == 1
    # Its own owner, or anybody else with the same bytes, heals it.
    await taken(world, content)
    healed = await file_of(material.original_key)
    assert healed.damaged_at is None
    assert await read(world, material.original_key) == content
    assert (await MonitorAlert.get(id=alert.id)).resolved_at == world.clock.now()
    assert (await scrub(world)).wrong == 0


async def test_what_comes_back_by_itself_is_right_again(world: World) -> None:
    done = await taken(world, make.jpeg("unplugged"))
    path = await path_of(world, done.original.key)
    path.rename(path.with_suffix(".away"))
    assert (await scrub(world)).wrong == 1
    path.with_suffix(".away").rename(path)
    assert (await scrub(world)).wrong == 0
    assert (await file_of(done.original.key)).damaged_at is None


async def test_a_file_of_nobody_is_told_too(world: World) -> None:
    done = await taken(world, make.jpeg("nobody's"))
    damage(await path_of(world, done.original.key))
    assert (await scrub(world)).wrong == 1
    [alert] = await MonitorAlert.all()
    assert (alert.case_id, alert.owner_role, alert.owner_unit) == (None, "SUPERVISOR", "")


async def block(world: World, key: str) -> Path:
    """Let the disk give an error for one file: a name that leads to itself cannot be opened."""
    path = await path_of(world, key)
    path.rename(path.with_suffix(".away"))
    path.symlink_to(path)
    return path


async def test_a_disk_that_does_not_answer_proves_nothing(world: World) -> None:
    await taken(world, make.jpeg("disk"))
    root = folder_of(world) / "objects"
    root.rename(root.with_suffix(".away"))
    root.write_bytes(b"")
    with pytest.raises(StoreUnreadable):
        await scrub(world)
    assert [each for each in await world.rows("stored_files") if each["damaged_at"]] == []
    assert await MonitorAlert.all().count() == 0


async def test_a_disk_that_does_not_answer_is_not_asked_for_every_file(world: World) -> None:
    for number in range(4):
        await taken(world, make.jpeg(f"disk {number}"))
    files = len(await world.rows("stored_files"))
    assert files > 2 * STORE_IS_DOWN - 1
    root = folder_of(world) / "objects"
    root.rename(root.with_suffix(".away"))
    root.write_bytes(b"")
    world.clock.advance(HOUR)
    with pytest.raises(StoreUnreadable):
        await scrub(world)
    now = world.clock.now()
    tried = [each for each in await world.rows("stored_files") if each["checked_at"] == now]
    assert len(tried) == STORE_IS_DOWN


async def test_one_file_that_cannot_be_read_keeps_no_other_from_being_read(world: World) -> None:
    done = await taken(world, make.jpeg("bad sector"))
    path = await block(world, done.original.key)
    world.clock.advance(HOUR)
    await taken(world, make.jpeg("behind it"))
    await StoredFile.exclude(key=done.original.key).update(checked_at=world.clock.now())
    world.clock.advance(HOUR)
    others = len(await world.rows("stored_files")) - 1
    for _ in range(2):
        assert await scrub(world) == Scrubbed(right=others, unread=1)
    bad = await file_of(done.original.key)
    assert (bad.damaged_at, bad.checked_at) == (None, world.clock.now())
    [alert] = await MonitorAlert.all()
    assert (alert.code, alert.light, alert.data) == (
        "file_unreadable",
        "RED",
        {"file": done.original.key},
    )
    path.unlink()
    path.with_suffix(".away").rename(path)
    assert await scrub(world) == Scrubbed(right=others + 1)


async def test_a_file_that_was_written_anew_meanwhile_is_not_blamed(world: World) -> None:
    done = await taken(world, make.jpeg("anew"))
    register = world.parts.adapters.stored
    old = await register.find(done.original.key)
    assert old is not None
    damage(await path_of(world, done.original.key))
    await StoredFile.filter(key=done.original.key).update(damaged_at=world.clock.now())
    await taken(world, make.jpeg("anew"))
    assert not await world.parts.keeping.scrubs._wrong(old, FileDamaged())
    assert (await file_of(done.original.key)).damaged_at is None


async def test_what_lies_open_from_before_is_read_and_then_sealed(world: World) -> None:
    """As a folder of a developer looks like that was made before files were sealed."""
    filed = await make.draft(world, await make.citizen(world), "ITEM10")
    [material, *_] = await Material.filter(case_id=filed.case_id)
    key = material.original_key
    content = await read(world, key)
    place = f"objects/{key[:2]}/{key[2:4]}/{key}"
    (folder_of(world) / place).parent.mkdir(parents=True)
    (folder_of(world) / place).write_bytes(content)
    new = await path_of(world, key)
    new.unlink()
    await StoredFile.filter(key=key).update(place=place, cipher="NONE", key_sealed=None)
    assert await read(world, key) == content
    seal = world.parts.keeping.scrubs
    assert await seal.scrub(100, unsealed_only=True) == Scrubbed(sealed=1)
    assert (await file_of(key)).cipher == "AES_256_GCM"
    assert place not in objects(world)
    assert await places() == objects(world)
    assert await read(world, key) == content
    assert content[:64] not in (await path_of(world, key)).read_bytes()
    assert await seal.scrub(100, unsealed_only=True) == Scrubbed()
