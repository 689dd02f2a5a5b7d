"""Files that were stored before there was a register: they are taken over, read, and sealed."""

import importlib

from models.material import Material
from services.scrubs import Scrubbed
from tests import make
from tests.services.keeping import folder_of, objects, places, read
from tests.world import World

MIGRATION = "models.migrations.0016_stored_files"


async def test_an_installation_from_before_goes_on(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    await world.parts.issuing.sweep()
    stored = {row["key"]: await read(world, row["key"]) for row in await world.rows("stored_files")}
    materials = await Material.filter(case_id=filed.case_id)
    # As it was: no register, and every file open under its own digest.
    for path in [folder_of(world) / place for place in objects(world)]:
        path.unlink()
    for key, content in stored.items():
        old = folder_of(world) / "objects" / key[:2] / key[2:4] / key
        old.parent.mkdir(parents=True)
        old.write_bytes(content)
    [taking_over] = importlib.import_module(MIGRATION).Migration.operations[1:]
    await world.database.execute(taking_over.reverse_sql)
    await world.database.execute("DELETE FROM stored_files")
    await world.database.execute(taking_over.sql)
    rows = {row["key"]: row for row in await world.rows("stored_files")}
    assert set(rows) == set(stored)
    assert {row["cipher"] for row in rows.values()} == {"NONE"}
    for material in materials:
        assert rows[material.original_key]["scan"] == "UNSCANNED"
        assert rows[material.thumbnail_key or ""]["scan"] == "MADE"
    for key, content in stored.items():
        assert await read(world, key) == content
        assert await read(world, key, 5, 9) == content[5:9]
    # They come before anything else that is read at night.
    done = await world.parts.keeping.scrubs.scrub(len(stored))
    assert done == Scrubbed(sealed=len(stored))
    assert await places() == objects(world)
    for key, content in stored.items():
        assert await read(world, key) == content
    lying = b"".join((folder_of(world) / place).read_bytes() for place in objects(world))
    assert all(content[:32] not in lying for content in stored.values())
