"""What the tests of 先办后验 share: a case whose originals are due, and looks at them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from models.case import Case, ClockInstance
from models.material import Material
from models.rules.calendar import due_on
from models.rules.events import Event, Role
from models.rules.originals import Finding, Outcome
from models.rules.reasons import Verdict
from models.unit import run_in_transaction
from services.actors import SYSTEM, Actor, Officer
from services.items import PublishedItem
from services.original_lists import Look, Sight
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.reviewing import reviewer
from tests.world import World

# Story 2, all in Shanghai time.
SUBMITTED = datetime(2026, 4, 29, 7, 0, tzinfo=UTC)  # Wednesday 15:00
ACCEPTED = datetime(2026, 4, 30, 1, 30, tzinfo=UTC)  # Thursday 9:30
REVIEWED = datetime(2026, 5, 7, 8, 0, tzinfo=UTC)  # Thursday 16:00
FIRST_VISIT = datetime(2026, 5, 11, 2, 0, tzinfo=UTC)  # Monday 10:00
SECOND_VISIT = datetime(2026, 5, 13, 2, 0, tzinfo=UTC)  # Wednesday 10:00
TIMEOUT = datetime(2026, 5, 14, 16, 0, tzinfo=UTC)  # Thursday 24:00

IDENTITY, FOREST_RIGHT, PUBLIC_NOTICE = "M02", "M03", "M05"


async def accepted(world: World, item: str = "ITEM05") -> Filed:
    """Return a case that was accepted as 先办后验; a register has confirmed the ID card."""
    world.clock.at = SUBMITTED
    who = await make.citizen(world, make.LI)
    filed = await stages.drafted(world, who, item)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    await Material.filter(case_id=filed.case_id, code=IDENTITY).update(verification="DB_MATCHED")
    filed.officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    world.clock.at = ACCEPTED
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(filed.officer, filed.case_id, code, Verdict.PASS)
    case = await filed.case()
    actor = filed.officer.acting_as(Role.WINDOW)
    accept = world.ctx.reviews.acceptance.accept
    await run_in_transaction(
        partial(accept, case, await item_of(world, case), Event.ACCEPT_VERIFY_LATER, actor)
    )
    return filed


async def due(world: World, item: str = "ITEM05") -> Filed:
    """Return a case whose originals are due: its review is complete (T33)."""
    filed = await accepted(world, item)
    world.clock.at = REVIEWED
    await step(world, filed, Event.REVIEW_COMPLETE, Actor(Role.BACKOFFICE, "forestry", None))
    return filed


async def lacking(world: World) -> Filed:
    """Return a case to which only a photo of the forest right was brought on 11 May (T38)."""
    filed = await due(world)
    world.clock.at = FIRST_VISIT
    await look(world, filed, incomplete())
    return filed


async def suspected(world: World) -> tuple[Filed, UUID]:
    """Return a case whose forest right one officer holds for false, and that check."""
    filed = await due(world)
    world.clock.at = FIRST_VISIT
    checked = await world.ctx.originals.check(reviewer(filed), filed.case_id, mismatch())
    assert checked.check is not None
    return filed, checked.check.id


def passing(*codes: str) -> Look:
    """Return a look at which everything named was true."""
    wanted = codes or (FOREST_RIGHT, PUBLIC_NOTICE)
    return Look(Outcome.PASS, True, [Sight(code, Finding.TRUE) for code in wanted])


def incomplete(**more: Any) -> Look:
    """Return a look at which the forest right was only a photo."""
    return Look(
        Outcome.INCOMPLETE,
        True,
        [
            Sight(FOREST_RIGHT, Finding.MISSING, "带来的是照片,请带林权证原件"),
            Sight(PUBLIC_NOTICE, Finding.TRUE),
        ],
        **more,
    )


def mismatch(**more: Any) -> Look:
    """Return a look at which the forest right was false."""
    return Look(
        Outcome.MISMATCH,
        True,
        [Sight(FOREST_RIGHT, Finding.FALSE)],
        **{"evidence": ["林权证编号在登记系统中查无此证"], **more},
    )


async def look(world: World, filed: Filed, seen: Look) -> str | None:
    """Record a look; return its warning."""
    checked = await world.ctx.originals.check(reviewer(filed), filed.case_id, seen)
    return checked.warning


async def step(world: World, filed: Filed, event: Event, actor: Actor) -> None:
    """Take a step that a use-case elsewhere takes."""
    case = await filed.case()
    apply = world.ctx.cases.transitions.apply
    await run_in_transaction(partial(apply, case, await item_of(world, case), event, actor))


async def time_out(
    world: World,
    filed: Filed,
    act: Callable[[Case, PublishedItem, datetime, Actor], Awaitable[bool]],
) -> bool:
    """Let a timer call a use-case, in a transaction of its own."""

    async def fire() -> bool:
        case = await Case.filter(id=filed.case_id).select_for_update().get()
        return await act(case, await item_of(world, case), world.clock.now(), SYSTEM)

    return await run_in_transaction(fire)


async def item_of(world: World, case: Case) -> PublishedItem:
    return await world.ctx.items.version(case.item_version_id)


async def running(filed: Filed) -> Mapping[str, str]:
    """Return the last days of the clocks that run, by name."""
    clocks = await ClockInstance.filter(case_id=filed.case_id, stopped_at=None)
    return {clock.name: due_on(clock.due_at).isoformat() for clock in clocks}


async def second(world: World) -> Officer:
    """Return another officer of the department."""
    return await make.officer(world, (Role.DEPT,), item="ITEM05")
