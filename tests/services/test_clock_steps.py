"""The clocks of a step: what starts anew, what ends, what a lost step leaves alone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from models.case import Case
from models.rules.events import Event, Role
from models.rules.states import State
from models.unit import transaction
from services.actors import Actor
from services.transitions import StepLost
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.world import World

APPLICANT = Actor(Role.APPLICANT, None, None)


async def submitted(world: World) -> Filed:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, "key-of-the-first")
    return filed


@transaction
async def step(world: World, case: Case, event: Event, actor: Actor) -> None:
    item = await world.ctx.items.version(case.item_version_id)
    await world.ctx.cases.transitions.apply(case, item, event, actor)


async def clocks(world: World) -> Mapping[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(await world.rows("clock_instances"), key=lambda row: row["started_at"]):
        found.setdefault(row["name"], []).append(row)
    return found


async def test_a_clock_that_still_runs_is_ended_and_started_anew(world: World) -> None:
    filed = await submitted(world)
    began = world.clock.now()
    await Case.filter(id=filed.case_id).update(state=State.CORRECTION_REQUIRED)
    world.clock.advance(timedelta(days=1))
    await step(world, await filed.case(), Event.RESUBMIT, APPLICANT)
    now = world.clock.now()
    for name in ("PRE_REVIEW_SLA", "NOTIFY_5WD"):
        old, new = (await clocks(world))[name]
        assert (old["started_at"], old["stopped_at"]) == (began, now)
        assert (new["started_at"], new["stopped_at"]) == (now, None)


async def test_closing_ends_every_clock(world: World) -> None:
    filed = await submitted(world)
    await step(world, await filed.case(), Event.WITHDRAW, APPLICANT)
    found = await clocks(world)
    assert set(found) == {"DRAFT_TTL", "PRE_REVIEW_SLA", "NOTIFY_5WD"}
    assert all(row["stopped_at"] == world.clock.now() for rows in found.values() for row in rows)


async def test_a_lost_step_touches_no_clock_and_no_case(world: World) -> None:
    filed = await submitted(world)
    seen = await filed.case()
    await Case.filter(id=filed.case_id).update(version=seen.version + 1)
    before = [await world.rows(name) for name in ("clock_instances", "notices", "case_events")]
    with pytest.raises(StepLost):
        await step(world, seen, Event.WITHDRAW, APPLICANT)
    after = [await world.rows(name) for name in ("clock_instances", "notices", "case_events")]
    assert after == before
    assert (await filed.case()).state is State.SUBMITTED
    assert seen.state is State.SUBMITTED
