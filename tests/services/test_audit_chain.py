"""The chain of a case: whatever is edited by hand, with every trigger off, is found and named."""

import asyncio
import re

import asyncpg
import pytest

from commands.audit import audit
from models.ids import uuid7
from models.rules.chain import event_hash, genesis_of, read_data
from services.verification import PAGE, Tally, verify
from tests import make
from tests.conftest import Servers
from tests.make import Filed
from tests.services.tampering import by_hand, faults, tamper
from tests.world import World, make_settings

COPY = """
WITH copy AS (
  INSERT INTO cases SELECT more.* FROM cases AS old, jsonb_populate_record(old,
    jsonb_build_object('id', $2::uuid, 'case_no', NULL, 'query_code', NULL, 'lookup_index', NULL,
      'audit_head', $3::text)) AS more
  WHERE old.id = $1
)
INSERT INTO case_events SELECT more.* FROM case_events AS old, jsonb_populate_record(old,
  jsonb_build_object('id', nextval(pg_get_serial_sequence('case_events', 'id')), 'case_id',
    $2::uuid, 'hash', $3::text)) AS more
WHERE old.case_id = $1"""


async def _accepted(world: World) -> tuple[Filed, str]:
    """Return a case with three events (T01, T03, T09), and how findings name it."""
    filed = await make.accepted(world, await make.citizen(world))
    case = await filed.case()
    return filed, f"case {case.id} ({case.case_no})"


@pytest.mark.requirement("全程留痕、不得单独收件")
async def test_every_step_is_chained_to_the_one_before(world: World) -> None:
    filed, _ = await _accepted(world)
    previous = genesis_of(filed.case_id)
    rows = await world.database.fetch(
        "SELECT *, data::text AS text FROM case_events WHERE case_id = $1 ORDER BY seq",
        filed.case_id,
    )
    assert [row["row"] for row in rows] == ["T01", "T03", "T09"]
    for row in rows:
        assert row["hash"] == event_hash(previous, {**row, "data": read_data(row["text"])})
        previous = row["hash"]
    assert (await filed.case()).audit_head == previous


async def test_what_nobody_touched_verifies(world: World) -> None:
    await _accepted(world)
    await make.submitted(world, await make.citizen(world, make.LI))
    await make.draft(world, await make.citizen(world))
    tally = Tally()
    assert [fault async for fault in verify(tally)] == []
    assert (tally.cases, tally.events, tally.unsealed_events) == (2, 4, 0)
    assert tally.sealed_from == world.clock.now()


@pytest.mark.parametrize(
    "change",
    [
        "to_state = 'REJECTED'",
        "at = at - interval '1 microsecond'",
        "actor_id = 'somebody'",
        "unit = NULL",
        'data = data || \'{"reason": "x"}\'',
        "\"row\" = 'T10'",
        "event = 'accept_shortfall'",
        "actor_role = 'SYSTEM'",
    ],
)
async def test_an_edited_event_is_found(world: World, change: str) -> None:
    filed, name = await _accepted(world)
    statement = f"UPDATE case_events SET {change} WHERE case_id = $1 AND seq = 2"
    await by_hand(world, statement, filed.case_id)
    assert await faults() == [f"event changed: {name} seq 2"]


async def test_a_deleted_event_is_found(world: World) -> None:
    filed, name = await _accepted(world)
    await by_hand(world, "DELETE FROM case_events WHERE case_id = $1 AND seq = 2", filed.case_id)
    assert await faults() == [f"event missing: {name} seq 2"]


async def test_a_cut_off_end_is_found(world: World) -> None:
    filed, name = await _accepted(world)
    await by_hand(world, "DELETE FROM case_events WHERE case_id = $1 AND seq >= 2", filed.case_id)
    assert await faults() == [f"event missing: {name} seq 2 to 3", f"head mismatch: {name}"]


async def test_a_case_without_any_of_its_events_is_found(world: World) -> None:
    filed, name = await _accepted(world)
    await by_hand(world, "DELETE FROM case_events WHERE case_id = $1", filed.case_id)
    assert await faults() == [f"event missing: {name} seq 1 to 3", f"head mismatch: {name}"]


async def test_a_changed_head_is_found(world: World) -> None:
    filed, name = await _accepted(world)
    statement = "UPDATE cases SET audit_head = repeat('0', 64) WHERE id = $1"
    await by_hand(world, statement, filed.case_id)
    assert await faults() == [f"head mismatch: {name}"]
    await by_hand(world, "UPDATE cases SET audit_head = '' WHERE id = $1", filed.case_id)
    assert await faults() == [f"head mismatch: {name}"]


async def test_an_added_event_is_found(world: World) -> None:
    filed, name = await _accepted(world)
    await by_hand(
        world,
        """INSERT INTO case_events (case_id, seq, at, "row", event, from_state, to_state,
             actor_role, data, hash)
           SELECT case_id, 4, at, "row", event, from_state, to_state, actor_role, data, hash
           FROM case_events WHERE case_id = $1 AND seq = 3""",
        filed.case_id,
    )
    assert await faults() == [f"event changed: {name} seq 4", f"head mismatch: {name}"]


async def test_a_removed_hash_is_found(world: World) -> None:
    filed, name = await _accepted(world)
    statement = "UPDATE case_events SET hash = '' WHERE case_id = $1 AND seq = 3"
    await by_hand(world, statement, filed.case_id)
    assert await faults() == [
        f"hash of an event removed: {name} seq 3",
        f"head mismatch: {name}",
    ]


async def test_events_of_before_the_hashes_are_told_not_blamed(world: World) -> None:
    filed = await make.judged(world, await make.citizen(world))
    await by_hand(world, "UPDATE case_events SET hash = '' WHERE case_id = $1", filed.case_id)
    await by_hand(world, "UPDATE cases SET audit_head = '' WHERE id = $1", filed.case_id)
    # The next step begins the chain; what came before is told, and is no finding.
    assert filed.officer is not None
    await world.ctx.reviews.accept(filed.officer, filed.case_id)
    tally = Tally()
    assert [fault async for fault in verify(tally)] == []
    assert (tally.cases, tally.events) == (1, 3)
    assert (tally.unsealed_cases, tally.unsealed_events) == (1, 2)
    assert tally.sealed_from == world.clock.now()
    statement = "UPDATE case_events SET unit = 'x' WHERE case_id = $1 AND seq = 3"
    await by_hand(world, statement, filed.case_id)
    assert [each.split(":")[0] for each in await faults()] == ["event changed"]


@pytest.mark.parametrize("table", ["case_events", "audit_log"])
@pytest.mark.parametrize("act", ["UPDATE {} SET at = now()", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_database_itself_refuses_to_forget(world: World, table: str, act: str) -> None:
    await _accepted(world)
    await world.parts.audit.anchor()
    before = await world.rows(table)
    assert before
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await world.database.execute(act.format(table))
    assert await world.rows(table) == before


async def test_pages_join_without_a_gap(world: World) -> None:
    """More cases than are read at once, each with a chain of its own."""
    filed = await make.submitted(world, await make.citizen(world))
    event = dict(await world.database.fetchrow("SELECT *, data::text AS text FROM case_events"))
    copies = sorted(uuid7() for _ in range(PAGE + 1))
    for id_ in copies:
        fields = {**event, "case_id": id_, "data": read_data(event["text"])}
        hashed = event_hash(genesis_of(id_), fields)
        await world.database.execute(COPY, filed.case_id, id_, hashed)
    tally = Tally()
    assert [fault async for fault in verify(tally)] == []
    assert (tally.cases, tally.events) == (PAGE + 2, PAGE + 2)
    await by_hand(world, "DELETE FROM case_events WHERE case_id = $1", copies[-1])
    assert await faults() == [
        f"event missing: case {copies[-1]} seq 1",
        f"head mismatch: case {copies[-1]}",
    ]


def test_the_command_ends_with_1_when_something_was_edited(
    servers: Servers, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = "http://127.0.0.1:1"
    settings = make_settings(servers.folder, database, servers.valkey.url(), outside, 1)
    assert asyncio.run(audit(settings, ["verify"])) == 0
    assert capsys.readouterr().out.endswith("newest anchor: none\nok\n")
    assert asyncio.run(audit(settings, ["seal"])) == 0
    value = capsys.readouterr().out.strip()
    assert re.fullmatch(r"1:[0-9a-f]{64}", value)
    assert asyncio.run(audit(settings, ["verify", "--anchor", value])) == 0
    assert value in capsys.readouterr().out

    async def edit() -> None:
        connection = await asyncpg.connect(database)
        await tamper(connection, "UPDATE audit_log SET actor_role = 'WINDOW'")
        await connection.close()

    asyncio.run(edit())
    assert asyncio.run(audit(settings, ["verify", "--anchor", value])) == 1
    told = capsys.readouterr().out
    assert "FAULT log row changed: audit_log 1: the row does not match its hash\n" in told
    assert told.endswith("1 fault(s)\n")
