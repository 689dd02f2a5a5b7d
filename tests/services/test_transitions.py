"""The one door: what the table does not allow does not happen."""

import asyncio
from datetime import timedelta

import pytest

from models.case import Case, ClockInstance
from models.rules.events import Event, Role
from models.rules.lifecycle import ROWS, IllegalStep, allowed, row_for
from models.rules.states import State
from models.unit import transaction
from services.actors import Actor
from services.transitions import StepLost, StepNotAllowed, StepNotYours
from tests import make
from tests.world import World


class Door:
    """Opens the door in a transaction."""

    def __init__(self, world: World) -> None:
        self.world = world

    @transaction
    async def step(self, case: Case, event: Event, actor: Actor) -> None:
        item = await self.world.ctx.items.version(case.item_version_id)
        await self.world.ctx.cases.transitions.apply(case, item, event, actor)


async def test_every_pair_without_a_row_is_refused_and_changes_nothing(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world))
    door = Door(world)
    refused = 0
    for state in State:
        await Case.filter(id=filed.case_id).update(state=state)
        for event in Event:
            try:
                row = row_for(state, event)
            except IllegalStep:
                row = None
            roles = [role for role in Role if row is None or not allowed(row, role, Role.WINDOW)]
            if not roles:
                continue
            case = await filed.case()
            kind = StepNotAllowed if row is None else StepNotYours
            with pytest.raises(kind):
                await door.step(case, event, Actor(roles[0], None, None))
            refused += 1
    assert refused > len(State) * len(Event) - len(ROWS) * 3
    assert (await filed.case()).version == 0
    for table in ("case_events", "notices"):
        assert await world.rows(table) == []
    [clock] = await world.rows("clock_instances")
    assert (clock["name"], clock["stopped_at"]) == ("DRAFT_TTL", None)


async def test_a_step_counts_from_the_state_it_saw(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    seen = await filed.case()
    door = Door(world)
    officer = Actor(Role.WINDOW, None, None)
    await door.step(await filed.case(), Event.CLAIM, officer)
    with pytest.raises(StepLost):
        await door.step(seen, Event.CLAIM, officer)
    assert (await filed.case()).version == 2
    assert len(await world.rows("case_events")) == 2


async def test_of_sixteen_claims_one_happens(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    door = Door(world)
    officer = Actor(Role.WINDOW, None, None)
    seen = [await filed.case() for _ in range(16)]
    ends = await asyncio.gather(
        *(door.step(case, Event.CLAIM, officer) for case in seen), return_exceptions=True
    )
    assert sum(end is None for end in ends) == 1
    assert {type(end) for end in ends if end is not None} == {StepLost}


async def test_acceptance_stops_and_starts_the_clocks_of_its_row(world: World) -> None:
    """Story 1's dates: accepted Monday 2026-03-02, 5 and 20 working days."""
    filed = await make.accepted(world, await make.citizen(world))
    clocks = {clock.name: clock for clock in await ClockInstance.filter(case_id=filed.case_id)}
    assert clocks["NOTIFY_5WD"].stopped_at == world.clock.now()
    assert clocks["PRE_REVIEW_SLA"].stopped_at == world.clock.now()
    assert clocks["DECISION_PROMISED"].due_at.isoformat() == "2026-03-09T16:00:00+00:00"
    assert clocks["DECISION_STATUTORY"].due_at.isoformat() == "2026-03-30T16:00:00+00:00"
    assert clocks["DECISION_PROMISED"].provisional is False


async def test_a_change_is_told_after_the_commit_only(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    broadcast = world.ctx.broadcast
    async with broadcast.subscribe(f"case:{filed.case_id}") as messages:
        with pytest.raises(StepNotAllowed):
            await world.ctx.submissions.withdraw(who, filed.case_id, "key-of-a-refusal")
        await world.ctx.submissions.submit(who, filed.case_id, "key-of-a-submission")
        async with asyncio.timeout(3):
            assert await anext(messages) == "1"


async def test_a_clock_that_runs_already_is_started_anew(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    world.clock.advance(timedelta(days=1))
    # Resubmission starts the clocks of submission; here they are still running.
    await Case.filter(id=filed.case_id).update(state=State.CORRECTION_REQUIRED)
    await Door(world).step(await filed.case(), Event.RESUBMIT, filed.citizen.actor)
    clocks = await ClockInstance.filter(case_id=filed.case_id, name="NOTIFY_5WD")
    stopped = [clock for clock in clocks if clock.stopped_at is not None]
    running = [clock for clock in clocks if clock.stopped_at is None]
    assert [clock.stopped_at for clock in stopped] == [world.clock.now()]
    assert [clock.due_at.isoformat() for clock in running] == ["2026-03-10T16:00:00+00:00"]
