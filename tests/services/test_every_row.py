"""Every row of the table through the one door: taken as it is written, refused to everybody else.

The guards of the rows are the matter of their use-cases and of those tests.
"""

from functools import partial

from models.case import Case, CaseEvent, ClockInstance
from models.notice import Notice
from models.rules.calendar import day_of
from models.rules.clock_table import ClockName
from models.rules.events import Event, Role
from models.rules.lifecycle import allowed
from models.rules.row import Row
from models.rules.states import State
from models.rules.transitions import ROWS
from models.unit import run_in_transaction
from services.actors import Actor, Citizen
from services.items import PublishedItem
from services.transitions import StepNotYours
from tests import make
from tests.services.reviewing import refused
from tests.services.running import case_of
from tests.world import World

# A promise has a day of its own; these clocks are begun beside the steps.
GIVEN = ClockName.SHORTFALL


async def take(world: World, case: Case, row: Row, role: Role) -> None:
    """Take a row as somebody in a role."""
    item = await world.ctx.items.version(case.item_version_id)
    dues = {GIVEN: day_of(world.clock.now())} if GIVEN in row.starts else {}

    async def step() -> None:
        held = await Case.filter(id=case.id).select_for_update().get()
        await world.ctx.cases.transitions.apply(
            held, item, row.event, Actor(role, None, None), dues=dues
        )

    await run_in_transaction(step)


async def standing(world: World, who: Citizen, row: Row, state: State) -> Case:
    """Return a case that stands before a row, with every clock running that the row may touch."""
    case = await case_of(world, who, state=state, received_at=world.clock.now())
    clocks = world.ctx.cases.transitions.clocks
    for name in {*row.stops, *row.pauses, *row.resumes} - set(row.starts) - {GIVEN}:
        if name in (ClockName.DECISION_PROMISED, ClockName.DECISION_STATUTORY, ClockName.EXTENSION):
            continue  # begun by steps only; their tests are those of the procedures
        await run_in_transaction(partial(clocks.begin, case, name, world.clock.now()))
    return case


async def test_every_row_is_taken_as_it_is_written_and_by_nobody_else(world: World) -> None:
    who = await make.citizen(world)
    for row in ROWS:
        for state in sorted(row.sources):
            case = await standing(world, who, row, state)
            item = await world.ctx.items.version(case.item_version_id)
            roles = [role for role in Role if allowed(row, role, item.acceptor)]
            stranger = next(role for role in Role if role not in roles)
            async with refused(world, StepNotYours):
                await take(world, case, row, stranger)
            await take(world, case, row, roles[0])
            await check_taken(row, state, await Case.get(id=case.id), item)


async def check_taken(row: Row, state: State, case: Case, item: PublishedItem) -> None:
    """Check that a case stands after a row as the table has it."""
    target = row.target or state
    assert (case.state, case.version) == (target, 1), row.id
    event = await CaseEvent.get(case_id=case.id)
    assert (event.row, event.event) == (row.id, row.event.value)
    assert (event.from_state, event.to_state) == (state.value, target.value), row.id
    assert event.hash == case.audit_head != ""
    owed = [notice.kind for notice in await Notice.filter(case_id=case.id)]
    assert sorted(owed) == sorted(kind.name for kind in row.notices), row.id
    clocks = await ClockInstance.filter(case_id=case.id, stopped_at=None)
    running = {clock.name for clock in clocks}
    assert not running & ({name.value for name in row.stops} - {name.value for name in row.starts})
    if target.closed:
        assert running <= {"RATING_WINDOW", "RECEIPT_TRANSFER"}, row.id
    else:
        known = {name.value for name in row.starts if name is GIVEN or item.limit(name)}
        assert known <= running, row.id


def test_the_fifty_rows_are_all_here() -> None:
    assert [row.id for row in ROWS] == [f"T{number:02d}" for number in range(1, 51)]
    assert {row.event for row in ROWS} == set(Event)
