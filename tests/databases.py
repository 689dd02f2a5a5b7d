"""Databases of the tests: each test gets one that holds what the template holds."""

import asyncio
import io
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg

from integrations.embedded.postgres import Postgres

TEMPLATE = "zhangban_template"

TABLES = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0"""

SEQUENCES = """
SELECT sequencename AS name, coalesce(last_value, start_value) AS value,
  last_value IS NOT NULL AS used
FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"""

# Whoever makes, changes or drops a table, a trigger, a column or a function leaves a trace here.
SCHEMA = " UNION ALL ".join(
    f"SELECT '{catalog}', count(*), max(xmin::text::bigint) FROM {catalog}"
    for catalog in ("pg_class", "pg_attribute", "pg_trigger", "pg_constraint", "pg_proc", "pg_type")
)

OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


class SchemaChanged(Exception):
    """A test left other tables than it found."""


@dataclass(frozen=True)
class Contents:
    """What the template holds: its schema's traces, its rows by table, and its sequences."""

    schema: list[asyncpg.Record]
    rows: Mapping[str, bytes]
    digests: Mapping[str, str]
    sequences: list[asyncpg.Record]


async def read_contents(url: str) -> Contents:
    """Return what a database holds."""
    connection = await asyncpg.connect(url)
    try:
        found = [row["relname"] for row in await connection.fetch(TABLES)]
        rows: dict[str, bytes] = {}
        for table in found:
            kept = io.BytesIO()
            await connection.copy_from_table(table, output=kept, format="binary")
            rows[table] = kept.getvalue()
        digests = {table: await _digest(connection, table) for table in found}
        schema = await connection.fetch(SCHEMA)
        return Contents(schema, rows, digests, await connection.fetch(SEQUENCES))
    finally:
        await connection.close()


async def restore(url: str, contents: Contents) -> None:
    """Make a used database hold what the template holds; end its sessions first.

    A copy of the template costs ten times as much. Raises ``SchemaChanged``.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.fetch(OTHERS)
        if await connection.fetch(SCHEMA) != contents.schema:
            raise SchemaChanged(url.rpartition("/")[2])
        held = {row["relname"] for row in await connection.fetch(TABLES)} | set(contents.rows)
        touched = [table for table in sorted(held) if await _differs(connection, table, contents)]
        # Keys and triggers (some tables refuse to forget) do not act for a replica.
        await connection.execute("SET session_replication_role = replica")
        async with connection.transaction():
            for table in touched:
                await connection.execute(f'DELETE FROM "{table}"')
                if kept := contents.rows.get(table):
                    await connection.copy_to_table(table, source=io.BytesIO(kept), format="binary")
            for row in contents.sequences:
                await connection.execute("SELECT setval($1::text::regclass, $2, $3)", *row.values())
        if touched:
            names = ", ".join(f'"{table}"' for table in touched)
            await connection.execute(f"VACUUM {names}")
    finally:
        await connection.close()


async def _differs(connection: asyncpg.Connection, table: str, contents: Contents) -> bool:
    kept = contents.digests.get(table)
    return kept is None or await _digest(connection, table) != kept


async def _digest(connection: asyncpg.Connection, table: str) -> str:
    query = f"""SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM "{table}" t"""
    return str(await connection.fetchval(query))


@dataclass
class Databases:
    """Databases for one test each; a used one is restored while another test runs."""

    postgres: Postgres
    contents: Contents
    aside: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    numbers: Any = field(default_factory=lambda: count(1))
    ready: deque[Future[str]] = field(default_factory=deque)

    def take(self) -> str:
        """Return the name of a database that holds what the template holds."""
        while len(self.ready) < 2:  # this one, and the next test's
            self.ready.append(self.aside.submit(self._make))
        return self.ready.popleft().result()

    def give_back(self, name: str) -> None:
        self.ready.append(self.aside.submit(self._clean, name))

    def close(self) -> None:
        self.aside.shutdown()

    def _make(self) -> str:
        name = f"t{next(self.numbers)}"
        self.postgres.create_database(name, template=TEMPLATE)
        return name

    def _clean(self, name: str) -> str:
        try:
            asyncio.run(restore(self.postgres.url(name), self.contents))
        except (SchemaChanged, asyncpg.PostgresError, OSError):
            self.postgres.drop_database(name)
            return self._make()
        return name
