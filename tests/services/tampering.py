"""What the tests of the audit share: a hand that edits rows behind our back, and its discovery."""

from typing import Any

import asyncpg

from services.verification import Tally, verify
from tests.world import World


async def by_hand(world: World, statement: str, *values: Any) -> None:
    """Run a statement as somebody with every right on the database, past every trigger."""
    await tamper(world.database, statement, *values)


async def tamper(connection: asyncpg.Connection, statement: str, *values: Any) -> None:
    await connection.execute("SET session_replication_role = replica")
    try:
        ended = await connection.execute(statement, *values)
    finally:
        await connection.execute("SET session_replication_role = DEFAULT")
    assert not ended.endswith(" 0"), "the test changed nothing"


async def faults(kept: str | None = None) -> list[str]:
    """Return what verification finds: kind and place of each fault."""
    return [f"{fault.kind.value}: {fault.place}" async for fault in verify(Tally(), kept)]
