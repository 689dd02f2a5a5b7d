"""The audit log: acts recorded with what they did, anchors over all cases, and every edit found."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from models.database import DatabaseLost
from models.rules.chain import LOG_GENESIS, entry_hash, read_data
from models.rules.events import Role
from models.unit import transaction
from services.access import CaseUnknown
from services.actors import Actor
from services.audit import APPEND
from services.materials import MaterialUnknown
from services.staff import StaffRefused
from services.transitions import StepNotYours
from tests import make
from tests.make import Filed
from tests.services.tampering import by_hand, faults
from tests.world import World

SOMEBODY = Actor(Role.SUPERVISOR, "s-1", "示例县政务服务中心")


class Broken(Exception):
    """Something goes wrong after the act was recorded."""


@dataclass
class Acts:
    """Use-cases of a test that record what they do."""

    world: World

    @transaction
    async def act(self, name: str, *, breaks: bool = False) -> None:
        await self.world.parts.audit.record(SOMEBODY, name, "thing", uuid4(), {"share": 0.50})
        if breaks:
            raise Broken


async def log(world: World) -> list[dict[str, Any]]:
    found = await world.database.fetch("SELECT *, data::text AS text FROM audit_log ORDER BY seq")
    return [dict(row) for row in found]


@asynccontextmanager
async def held(world: World, table: str) -> AsyncIterator[asyncpg.Connection]:
    """Let somebody else have a table's rows for as long as the block lasts."""
    other = await asyncpg.connect(world.settings.database_url.get_secret_value())
    try:
        async with other.transaction():
            await other.execute(f'SELECT 1 FROM "{table}" FOR UPDATE')
            yield other
    finally:
        await other.close()


async def filed_case(world: World) -> tuple[Filed, str]:
    filed = await make.accepted(world, await make.citizen(world))
    return filed, f"case {filed.case_id} ({(await filed.case()).case_no})"


@pytest.mark.requirement("全程留痕、不得单独收件")
async def test_acts_are_numbered_and_chained(world: World) -> None:
    acts = Acts(world)
    await asyncio.gather(*(acts.act(f"thing.act{number}") for number in range(12)))
    entries = await log(world)
    assert [entry["seq"] for entry in entries] == list(range(1, 13))
    assert {entry["action"] for entry in entries} == {f"thing.act{n}" for n in range(12)}
    previous = LOG_GENESIS
    for entry in entries:
        assert entry["previous"] == previous
        assert entry["hash"] == entry_hash(previous, {**entry, "data": read_data(entry["text"])})
        previous = entry["hash"]
    assert await world.rows("audit_heads") == [{"name": "log", "seq": 12, "hash": previous}]
    assert await faults() == []


async def test_an_act_that_is_undone_is_not_recorded(world: World) -> None:
    acts = Acts(world)
    await acts.act("thing.done")
    with pytest.raises(Broken):
        await acts.act("thing.undone", breaks=True)
    await acts.act("thing.done_again")
    assert [entry["action"] for entry in await log(world)] == ["thing.done", "thing.done_again"]
    assert await faults() == []


async def test_without_its_record_an_act_does_not_happen(world: World) -> None:
    officer = await make.officer(world, username="held")
    async with held(world, "audit_heads"):
        with pytest.raises(DatabaseLost):
            await world.ctx.staff.login("held", make.PASSWORD)
    assert await log(world) == []
    await world.ctx.staff.login("held", make.PASSWORD)
    [entry] = await log(world)
    assert (entry["action"], entry["object_id"]) == ("staff.login", str(officer.id))
    assert (entry["actor_role"], entry["actor_id"]) == ("WINDOW", str(officer.id))
    assert entry["at"] == world.clock.now()


async def test_logins_of_staff_are_recorded_and_locked_accounts_too(world: World) -> None:
    await make.officer(world, (Role.SUPERVISOR,), "watcher")
    await world.ctx.staff.login("watcher", make.PASSWORD)
    for _ in range(5):
        with pytest.raises(StaffRefused):
            await world.ctx.staff.login("watcher", "wrong")
    assert [entry["action"] for entry in await log(world)] == ["staff.login", "staff.locked"]


async def test_who_opens_a_dossier_or_a_material_is_on_record(world: World) -> None:
    filed, _ = await filed_case(world)
    other = await make.officer(world)
    await world.ctx.reviews.show(other, filed.case_id)
    [material] = await world.database.fetch("SELECT id FROM materials WHERE code = 'M02'")
    await world.ctx.materials.open_for_staff(other, material["id"], original=True)
    read, opened = await log(world)
    assert (read["action"], read["object_id"]) == ("case.read", str(filed.case_id))
    assert (opened["action"], opened["object_id"]) == ("material.read", str(material["id"]))
    assert read["actor_id"] == opened["actor_id"] == str(other.id)
    assert json.loads(opened["text"]) == {"case_id": str(filed.case_id), "original": True}
    person = await make.person(world)
    assert person["name"] not in str(await log(world))


async def test_who_is_refused_has_read_nothing(world: World) -> None:
    filed, _ = await filed_case(world)
    department = await make.officer(world, (Role.DEPT,))
    with pytest.raises(StepNotYours):
        await world.ctx.reviews.show(department, filed.case_id)
    with pytest.raises(CaseUnknown):
        await world.ctx.reviews.show(department, uuid4())
    with pytest.raises(MaterialUnknown):
        await world.ctx.materials.open_for_staff(department, uuid4())
    assert await log(world) == []


async def test_a_reader_does_not_wait_for_the_log_and_is_recorded_all_the_same(
    world: World,
) -> None:
    filed, _ = await filed_case(world)
    officer = await make.officer(world)
    async with held(world, "audit_heads"):
        dossier = await world.ctx.reviews.show(officer, filed.case_id)
        assert dossier.opened.case.id == filed.case_id
        [(name, payload)] = [job for job in await world.jobs() if job[0] == APPEND]
    assert name == APPEND and await log(world) == []
    await world.parts.handlers[APPEND](payload)
    await world.parts.handlers[APPEND](payload)  # a job may come twice
    [entry] = await log(world)
    assert (entry["action"], entry["object_id"]) == ("case.read", str(filed.case_id))
    assert entry["actor_id"] == str(officer.id)
    assert entry["at"] == world.clock.now()
    assert await faults() == []


async def test_a_reading_that_cannot_be_recorded_shows_nothing(world: World) -> None:
    """Neither the log nor the queue can be written: as without a database, nobody reads."""
    filed, _ = await filed_case(world)
    officer = await make.officer(world)
    async with held(world, "audit_heads") as other:
        await other.execute("LOCK TABLE pgqueuer IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseLost):
            await world.ctx.reviews.show(officer, filed.case_id)


# Anchors


async def test_an_anchor_covers_every_event_so_far(world: World) -> None:
    await filed_case(world)
    first = await world.parts.audit.anchor()
    await make.submitted(world, await make.citizen(world, make.LI))
    second = await world.parts.audit.anchor()
    third = await world.parts.audit.anchor()
    events = await world.rows("case_events")
    assert [event["id"] for event in events] == [1, 2, 3, 4]
    lines = [f"{e['id']} {e['case_id']} {e['seq']} {e['hash']}\n" for e in events]
    digest = hashlib.sha256(("\n" + "".join(lines[:3])).encode()).hexdigest()
    assert vars(first.covered) == {"after": 0, "through": 3, "events": 3, "digest": digest}
    digest = hashlib.sha256(f"{digest}\n{lines[3]}".encode()).hexdigest()
    assert vars(second.covered) == {"after": 3, "through": 4, "events": 1, "digest": digest}
    assert (third.covered.events, third.covered.through) == (0, 4)
    assert [entry["action"] for entry in await log(world)] == ["audit.anchor"] * 3
    assert await faults(second.value) == []


async def test_an_anchor_waits_for_who_writes_a_smaller_number(world: World) -> None:
    filed, _ = await filed_case(world)
    slow = await asyncpg.connect(world.settings.database_url.get_secret_value())
    begun = slow.transaction()
    await begun.start()
    # A step in flight has number 4; a later one, number 5, is done before it.
    await slow.execute("SELECT nextval(pg_get_serial_sequence('case_events', 'id'))")
    await slow.execute("LOCK TABLE case_events IN ROW EXCLUSIVE MODE")
    await make.submitted(world, await make.citizen(world, make.LI))
    anchoring = asyncio.create_task(world.parts.audit.anchor())
    await asyncio.sleep(0.3)
    assert not anchoring.done() and await log(world) == []
    await slow.execute(
        """INSERT INTO case_events (id, case_id, seq, at, "row", event, from_state, to_state,
             actor_role, data, hash)
           SELECT 4, case_id, 4, at, "row", event, from_state, to_state, actor_role, data, hash
           FROM case_events WHERE case_id = $1 AND seq = 3""",
        filed.case_id,
    )
    await begun.commit()
    await slow.close()
    anchor = await anchoring
    assert (anchor.covered.through, anchor.covered.events) == (5, 5)


async def test_of_two_anchors_at_once_each_event_is_covered_once(world: World) -> None:
    await filed_case(world)
    taken = await asyncio.gather(*(world.parts.audit.anchor() for _ in range(4)))
    assert {anchor.covered.through for anchor in taken} == {3}
    spans = [json.loads(entry["text"]) for entry in await log(world)]
    assert (spans[0]["after"], spans[0]["through"]) == (0, 3)
    assert sum(span["events"] for span in spans) == 3
    assert await faults() == []


async def test_a_whole_case_that_vanished_is_found(world: World) -> None:
    filed, _ = await filed_case(world)
    await make.submitted(world, await make.citizen(world, make.LI))
    anchor = await world.parts.audit.anchor()
    for table in ("case_events", "clock_instances", "cases"):
        key = "id" if table == "cases" else "case_id"
        await by_hand(world, f'DELETE FROM "{table}" WHERE {key} = $1', filed.case_id)
    assert await faults() == [f"anchor mismatch: audit_log {anchor.seq}"]


async def test_a_cut_off_end_with_a_matching_head_is_found(world: World) -> None:
    """Who also sets the head and the count of the case back leaves a chain that holds."""
    filed, _ = await filed_case(world)
    await by_hand(world, "DELETE FROM case_events WHERE case_id = $1 AND seq = 3", filed.case_id)
    await by_hand(
        world,
        "UPDATE cases SET version = 2, audit_head = (SELECT hash FROM case_events e"
        " WHERE e.case_id = cases.id AND e.seq = 2) WHERE id = $1",
        filed.case_id,
    )
    assert await faults() == []  # nothing was anchored yet
    other = await make.accepted(world, await make.citizen(world, make.LI))
    anchor = await world.parts.audit.anchor()
    await by_hand(world, "DELETE FROM case_events WHERE case_id = $1 AND seq = 3", other.case_id)
    await by_hand(
        world,
        "UPDATE cases SET version = 2, audit_head = (SELECT hash FROM case_events e"
        " WHERE e.case_id = cases.id AND e.seq = 2) WHERE id = $1",
        other.case_id,
    )
    assert await faults() == [f"anchor mismatch: audit_log {anchor.seq}"]


async def test_a_history_written_anew_is_found(world: World) -> None:
    """All hashes of a case computed again, which needs no secret: the anchor tells."""
    filed, _ = await filed_case(world)
    anchor = await world.parts.audit.anchor()
    await by_hand(
        world,
        "UPDATE case_events SET hash = repeat('a', 64) WHERE case_id = $1 AND seq = 3",
        filed.case_id,
    )
    assert f"anchor mismatch: audit_log {anchor.seq}" in await faults()


async def test_events_of_before_the_hashes_are_covered_from_the_first_anchor_on(
    world: World,
) -> None:
    filed, name = await filed_case(world)
    await by_hand(world, "UPDATE case_events SET hash = ''")
    await by_hand(world, "UPDATE cases SET audit_head = ''")
    anchor = await world.parts.audit.anchor()
    assert await faults() == []
    await by_hand(world, "UPDATE case_events SET unit = 'x' WHERE seq = 2")
    assert await faults() == [f"anchor mismatch: audit_log {anchor.seq}"]
    newer = await make.submitted(world, await make.citizen(world, make.LI))
    await by_hand(world, "UPDATE case_events SET hash = '' WHERE case_id = $1", newer.case_id)
    await by_hand(world, "UPDATE cases SET audit_head = '' WHERE id = $1", newer.case_id)
    assert await faults() == [
        f"anchor mismatch: audit_log {anchor.seq}",
        f"hash of an event removed: case {newer.case_id} seq 1",
    ]
    assert name and filed


async def test_a_case_that_is_gone_leaves_its_events_behind(world: World) -> None:
    filed, _ = await filed_case(world)
    await by_hand(world, "DELETE FROM cases WHERE id = $1", filed.case_id)
    assert await faults() == [f"case missing: case {filed.case_id} seq {n}" for n in (1, 2, 3)]


# The log itself


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE audit_log SET actor_id = 'x' WHERE seq = 2", ["log row changed: audit_log 2"]),
        ("UPDATE audit_log SET data = '{}' WHERE seq = 2", ["log row changed: audit_log 2"]),
        (
            "UPDATE audit_log SET previous = repeat('0', 64) WHERE seq = 3",
            ["log row changed: audit_log 3"] * 2,
        ),
        ("DELETE FROM audit_log WHERE seq = 2", ["log row missing: audit_log 2"]),
        ("DELETE FROM audit_log WHERE seq = 4", ["log row missing: audit_log 4"]),
        ("DELETE FROM audit_log", ["log row missing: audit_log 1 to 4"]),
        (
            "UPDATE audit_heads SET hash = repeat('0', 64)",
            ["head mismatch: audit_log 4"],
        ),
        ("UPDATE audit_heads SET seq = 3", ["head mismatch: audit_log 3"] * 2),
        ("DELETE FROM audit_heads", ["head mismatch: audit_log"]),
    ],
)
async def test_an_edit_of_the_log_is_found(
    world: World, statement: str, expected: list[str]
) -> None:
    acts = Acts(world)
    for number in range(4):
        await acts.act(f"thing.act{number}")
    assert await faults() == []
    await by_hand(world, statement)
    assert await faults() == expected


async def test_an_anchor_that_was_kept_elsewhere_tells_of_a_log_written_anew(
    world: World,
) -> None:
    await filed_case(world)
    kept = (await world.parts.audit.anchor()).value
    assert await faults(kept) == []
    await by_hand(world, "DELETE FROM audit_log")
    await by_hand(world, "UPDATE audit_heads SET seq = 0, hash = $1", LOG_GENESIS)
    assert await faults() == []  # within the database nothing is left to tell
    assert await faults(kept) == ["log row missing: audit_log 1"]
    await Acts(world).act("thing.act")
    assert await faults(kept) == ["anchor mismatch: audit_log 1"]
    assert await faults("nonsense") == ["log row missing: audit_log nonsense"]
