"""Stored files: the register knows every one, and what is referred to cannot go."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr
from tortoise import Tortoise, fields
from tortoise.exceptions import IntegrityError

from composition import compose
from models.material import Material, ResultDocument
from models.stored_file import StoredFile
from services.errors import FileDamaged, StoreUnwritable
from services.ports.files import DataKey, FileCipher, NewFile, Scan
from services.stored_files import REFERENCES
from tests import make
from tests.integrations.bucket import FakeBucket
from tests.services.keeping import file_of, folder_of, objects, places, read, taken, upload
from tests.services.test_keys import FAST, keys_of, quiet, second
from tests.world import World

# Columns that are called a key and name something else.
NO_FILES = {
    ("given_answers", "key"),
    ("messages", "key"),
    ("payment_differences", "key"),
    ("stored_files", "key"),
}


def test_every_column_that_names_a_file_is_known(world: World) -> None:
    """Whoever adds a key column says whether it keeps a file."""
    apps = Tortoise.apps
    assert apps is not None
    found = {
        (model._meta.db_table, name)
        for model in apps["models"].values()
        for name, field in model._meta.fields_map.items()
        if isinstance(field, fields.CharField) and (name == "key" or name.endswith("_key"))
    }
    # Two columns are made by the database out of a mandate's proof.
    made = {("mandates", "proof_key"), ("mandates", "proof_original_key")}
    assert found - NO_FILES == set(REFERENCES) - made


async def test_the_database_keeps_what_the_list_says(world: World) -> None:
    found = await world.database.fetch(
        "SELECT conrelid::regclass::text AS name, attname AS column FROM pg_constraint"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
        " WHERE contype = 'f' AND confrelid = 'stored_files'::regclass"
    )
    assert {(row["name"], row["column"]) for row in found} == set(REFERENCES)
    indexes = await world.database.fetch("SELECT tablename, indexdef FROM pg_indexes")
    for table, column in REFERENCES:
        led = [row for row in indexes if row["tablename"] == table]
        assert any(f"({column})" in row["indexdef"] for row in led), (table, column)


async def test_a_file_that_is_referred_to_cannot_be_deleted(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world), "ITEM10")
    [material, *_] = await Material.filter(case_id=filed.case_id)
    for key in (material.original_key, material.working_key, material.thumbnail_key):
        with pytest.raises(IntegrityError):
            await StoredFile.filter(key=key).delete()
    with pytest.raises(IntegrityError):
        await ResultDocument.create(
            case_id=filed.case_id,
            key=uuid4().hex * 2,
            sha256="0" * 64,
            size=1,
            mime="application/pdf",
            source="x",
            created_at=world.clock.now(),
        )
    assert await read(world, material.original_key)


async def test_what_is_stored_is_known_with_a_key_that_lies_sealed(world: World) -> None:
    done = await taken(world, make.jpeg("known"))
    assert await places() == objects(world)
    original = await file_of(done.original.key)
    assert (original.size, original.cipher) == (done.original.size, "AES_256_GCM")
    assert original.touched_at == original.checked_at == world.clock.now()
    assert original.scan == "UNSCANNED"
    assert done.thumbnail is not None
    assert (await file_of(done.thumbnail.key)).scan == "MADE"
    kept = await world.parts.adapters.stored.find(done.original.key)
    assert kept is not None and original.key_sealed is not None
    assert len(kept.data_key.secret) == 32
    assert kept.data_key.secret not in original.key_sealed


async def test_without_its_row_nobody_can_read_it(world: World) -> None:
    done = await taken(world, make.jpeg("forgotten"))
    [place] = [(await file_of(done.original.key)).place]
    await StoredFile.filter(key=done.original.key).delete()
    assert place in objects(world)
    # A row that names the object, without what sealed its key, opens nothing.
    assert await world.parts.adapters.stored.find(done.original.key) is None


async def test_the_same_bytes_again_are_the_same_file(world: World) -> None:
    content = make.jpeg("twice")
    await taken(world, content)
    before, lying = await world.rows("stored_files"), objects(world)
    world.clock.advance(timedelta(days=3))
    await taken(world, content)
    after = await world.rows("stored_files")
    assert objects(world) == lying
    assert [{**row, "touched_at": None} for row in after] == [
        {**row, "touched_at": None} for row in before
    ]
    assert {row["touched_at"] for row in after} == {world.clock.now()}


async def test_uploads_at_once_are_one_file_that_can_be_read(world: World) -> None:
    content = make.jpeg("at once")
    done = await asyncio.gather(*(taken(world, content) for _ in range(6)))
    assert len({each.original.key for each in done}) == 1
    assert len(await world.rows("stored_files")) == 3
    assert await places() <= objects(world)
    assert await read(world, done[0].original.key) == content


async def test_a_stranger_may_send_what_we_made(world: World) -> None:
    """A working copy that somebody uploads is looked through like any upload."""
    register = world.parts.adapters.stored
    key = await make.registered()
    await StoredFile.filter(key=key).update(scan="MADE")
    await register.touch({key: True})
    assert (await file_of(key)).scan == "MADE"
    await register.touch({key: False})
    assert (await file_of(key)).scan == "UNSCANNED"


async def test_of_two_that_record_the_same_bytes_the_first_stays(world: World) -> None:
    register = world.parts.adapters.stored
    data_key = DataKey(FileCipher.AES_256_GCM, bytes(32))
    first, second = (
        NewFile("ab" * 32, f"objects/aa/{name}", 5, data_key, made=name == "first")
        for name in ("first", "second")
    )
    await register.record([first])
    await register.record([second])
    found = await register.find("ab" * 32)
    assert found is not None
    # What the second says of it counts: it is a stranger's.
    assert (found.place, found.scan) == ("objects/aa/first", Scan.UNSCANNED)
    # Whoever found that very place wanting may replace it, once.
    instead = NewFile("ab" * 32, "objects/aa/third", 5, data_key, False, "objects/aa/first")
    late = NewFile("ab" * 32, "objects/aa/fourth", 5, data_key, False, "objects/aa/first")
    await register.record([instead])
    await register.record([late])
    found = await register.find("ab" * 32)
    assert found is not None and found.place == "objects/aa/third"


async def test_a_key_that_nobody_knows_is_damage(world: World) -> None:
    done = await taken(world, make.jpeg("lost key"))
    key = done.original.key
    sealed = (await file_of(key)).key_sealed
    assert sealed is not None
    await StoredFile.filter(key=key).update(key_sealed=bytes([1, 250]) + sealed[2:])
    found = await world.parts.adapters.stored.find(key)
    assert found is not None and found.damaged
    await taken(world, make.jpeg("lost key"))
    assert await read(world, key) == make.jpeg("lost key")


async def test_objects_may_lie_in_a_service_that_speaks_s3(world: World) -> None:
    bucket = FakeBucket()
    async with bucket.listening() as address:
        settings = world.settings.model_copy(update={"objects_url": SecretStr(address)})
        parts = compose(settings, world.clock)
        filed = await make.draft(world, await make.citizen(world), "ITEM10")
        before = len(objects(world))
        material = await upload(parts, filed, filed.codes[0], make.jpeg("in a bucket"))
        assert len(bucket.objects) == 3 and len(objects(world)) == before
        kept = b"".join([c async for c in parts.adapters.files.read(material.original_key)])
        assert kept == make.jpeg("in a bucket")
        assert all(make.jpeg("in a bucket")[:32] not in lying for lying in bucket.objects.values())
        place = (await file_of(material.original_key)).place
        bucket.objects[f"county/{place}"] = bucket.objects[f"county/{place}"][:-1]
        with pytest.raises(FileDamaged):
            _ = [c async for c in parts.adapters.files.read(material.original_key)]
        bucket.refusing = 10**9
        with pytest.raises(StoreUnwritable):
            await upload(parts, filed, filed.codes[0], make.jpeg("never in a bucket"))
        await parts.adapters.close()
    current = await Material.get(case_id=filed.case_id, code=filed.codes[0], replaced_at=None)
    assert current.id == material.id


@pytest.mark.parametrize("cipher", ["AES_256_GCM", "SM4_GCM"])
async def test_the_cipher_is_chosen_for_new_files(world: World, cipher: str) -> None:
    old = await taken(world, make.jpeg("old"))
    settings = world.settings.model_copy(update={"file_cipher": cipher})
    parts = compose(settings, world.clock)
    filed = await make.draft(world, await make.citizen(world), "ITEM10")
    material = await upload(parts, filed, filed.codes[0], make.jpeg("new"))
    await parts.adapters.close()
    for key in (material.original_key, material.working_key, material.thumbnail_key or ""):
        assert (await file_of(key)).cipher == cipher
        assert await read(world, key)
    assert (await file_of(old.original.key)).cipher == "AES_256_GCM"
    assert await read(world, old.original.key) == make.jpeg("old")


async def test_keys_of_files_move_to_the_active_key(world: World) -> None:
    """And a file is read with either, without its bytes being touched."""
    done = await taken(world, make.jpeg("rotated"))
    before = await file_of(done.original.key)
    path = folder_of(world) / before.place
    lying = path.read_bytes()
    crypto = second(world)
    tally = await keys_of(world, crypto).rotate(quiet, per_second=FAST)
    assert tally.renewed["stored_files.key_sealed"] == 3 and tally.faults == 0
    after = await file_of(done.original.key)
    assert after.key_sealed is not None and after.key_sealed[1] == 2
    assert (after.place, path.read_bytes()) == (before.place, lying)
    found = await replace(world.parts.adapters.stored, crypto=crypto).find(done.original.key)
    assert found is not None and not found.damaged
