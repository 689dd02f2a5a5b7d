"""Models and migrations agree, and the database agrees with both."""

from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector

from tests.world import World


async def test_no_change_of_the_models_lacks_its_migration(world: World) -> None:
    apps = Tortoise.apps
    assert apps is not None
    detector = MigrationAutodetector(apps, world.parts.database["apps"])
    missing = [operation for writer in await detector.changes() for operation in writer.operations]
    assert missing == []


async def test_every_column_of_the_models_is_in_the_database(world: World) -> None:
    found = await world.database.fetch(
        "SELECT table_name, column_name, is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'public'"
    )
    columns = {(row["table_name"], row["column_name"]): row["is_nullable"] for row in found}
    apps = Tortoise.apps
    assert apps is not None
    for model in apps["models"].values():
        for name, column in model._meta.fields_db_projection.items():
            key = (model._meta.db_table, column)
            assert key in columns, key
            nullable = model._meta.fields_map[name].null
            assert columns[key] == ("YES" if nullable else "NO"), key


async def test_every_unique_key_of_the_models_is_in_the_database(world: World) -> None:
    found = await world.database.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    indexes = {row["indexname"]: row["indexdef"] for row in found}
    apps = Tortoise.apps
    assert apps is not None
    wanted = [
        (model, constraint)
        for model in apps["models"].values()
        for constraint in model._meta.constraints
    ]
    assert len(wanted) > 15
    for model, constraint in wanted:
        assert constraint.name in indexes, f"{model.__name__} lacks {constraint.name}"
        assert ("WHERE" in indexes[constraint.name]) == (constraint.condition is not None)


async def test_what_belongs_to_a_case_is_found_by_an_index(world: World) -> None:
    """A partial index does not count, but for leaving out the rows without a case."""
    found = await world.database.fetch(
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    belongs = await world.database.fetch(
        "SELECT conrelid::regclass::text AS name, attname AS column FROM pg_constraint"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
        " WHERE contype = 'f' AND confrelid = 'cases'::regclass"
    )
    assert len(belongs) > 15
    lacking = []
    for row in belongs:
        name, column = row["name"], row["column"]
        led = [each["indexdef"] for each in found if each["tablename"] == name]
        led = [each for each in led if f"({column}" in each]
        rest = [each.partition(f" WHERE ({column} IS NOT NULL)")[0] for each in led]
        if all(" WHERE " in each for each in rest):
            lacking.append(f"{name}.{column}")
    assert lacking == []
