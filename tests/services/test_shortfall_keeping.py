"""容缺受理 after acceptance: what was promised comes, is judged, and lets the decision through."""

from uuid import UUID

import pytest

from models.case import ClockInstance
from models.promise import ShortfallItem
from models.rules.reasons import DefectReason
from models.rules.states import State
from models.supervision import MonitorAlert
from services.actors import Officer
from services.cases import NotEditable
from services.events import Decision
from services.lacking import MaterialNotPromised, PromiseExpired
from tests import make
from tests.services import stages
from tests.services.flavoured import Lacking, at, body_of, lacking, told
from tests.services.reviewing import refused
from tests.services.timing import sweep
from tests.world import World

BLURRED = DefectReason.BLURRED.value


async def _statuses(story: Lacking) -> dict[str, str]:
    found = await ShortfallItem.filter(case_id=story.filed.case_id)
    return {row.code: row.status for row in found}


async def test_nothing_is_taken_or_judged_but_what_was_promised(world: World) -> None:
    """After acceptance there is no new correction: the applicant is asked for nothing else."""
    story = await lacking(world)
    await story.accepted(world)
    async with refused(world, MaterialNotPromised):
        await story.supply(world, "M02")
    async with refused(world, MaterialNotPromised):
        await story.supply(world, "M77")
    async with refused(world, MaterialNotPromised):
        await story.judge(world, "M02", BLURRED)
    async with refused(world, NotEditable):
        await world.ctx.materials.remove(story.filed.citizen, story.filed.case_id, "M06")
    async with refused(world, NotEditable):
        await world.ctx.cases.put_field(
            story.filed.citizen, story.filed.case_id, "venue_name", "另一家"
        )


@pytest.mark.requirement("约定时限内补齐")
async def test_what_failed_may_be_supplied_again_until_the_day_is_over(world: World) -> None:
    story = await lacking(world)
    await story.accepted(world)
    await story.supply(world)
    await story.judge(world, reason=BLURRED)
    assert await _statuses(story) == {"M06": "PROMISED"}
    assert (await story.filed.case()).shortfall_status == "OPEN"
    assert "补交的材料不合格,请重新传" in await told(world)
    world.clock.at = at("2026-03-10", "23:59")
    await story.supply(world)
    await story.judge(world)
    assert (await story.filed.case()).shortfall_status == "FULFILLED"


@pytest.mark.requirement("约定时限内补齐")
async def test_after_the_promised_day_nothing_is_taken(world: World) -> None:
    story = await lacking(world)
    await story.accepted(world)
    world.clock.at = at("2026-03-11", "00:00")
    async with refused(world, PromiseExpired):
        await story.supply(world)


async def test_where_lateness_only_alarms_it_is_still_taken(world: World) -> None:
    body = body_of("ITEM01")
    body["acceptance"]["shortfall_expiry"] = "ALERT"
    story = await lacking(world, body=body)
    await story.accepted(world)
    world.clock.at = at("2026-03-12")
    await story.supply(world)
    await story.judge(world)
    assert (await story.filed.case()).shortfall_status == "FULFILLED"


async def test_the_promise_is_kept_when_the_last_material_passes(world: World) -> None:
    story = await lacking(world, "M06", "M08")
    await story.accepted(world, "2026-03-05", "2026-03-09")
    clock = await ClockInstance.get(case_id=story.filed.case_id, name="SHORTFALL")
    # 24:00 of the later of the two days.
    assert clock.due_at.isoformat() == "2026-03-09T16:00:00+00:00"
    await story.supply(world, "M06")
    await story.judge(world, "M06")
    assert (await story.filed.case()).shortfall_status == "OPEN"
    assert await _statuses(story) == {"M06": "FULFILLED", "M08": "PROMISED"}
    async with refused(world, MaterialNotPromised):
        await story.supply(world, "M06")
    await story.supply(world, "M08")
    await story.judge(world, "M08")
    case = await story.filed.case()
    assert (case.state, case.shortfall_status) == (State.ACCEPTED, "FULFILLED")
    # Nothing had been taken over yet: both packages wait, in order.
    assert case.handoff_status == "READY"
    machine = await make.machine(world, story.filed.item.agency_uscc)
    first = await stages.taken_over(world, machine, story.filed)
    second = await stages.taken_over(world, machine, story.filed)
    assert (first["kind"], second["kind"]) == ("ACCEPTED", "SUPPLEMENT")
    assert (await story.filed.case()).handoff_status == "ACKED"


async def test_a_refusal_needs_no_promise_to_be_kept(world: World) -> None:
    """T29: what stands in the way of a permit does not stand in the way of a refusal."""
    story = await lacking(world)
    await story.accepted(world)
    await stages.decided(world, story.filed, Decision.REJECTED)
    case = await story.filed.case()
    assert case.decision == "REJECTED"
    assert await ClockInstance.filter(case_id=case.id, name="SHORTFALL", stopped_at=None) == []
    async with refused(world, NotEditable):
        await story.supply(world)


@pytest.mark.parametrize("passes", [True, False])
async def test_what_waits_for_an_officer_is_not_the_applicants_delay(
    world: World, passes: bool
) -> None:
    story = await lacking(world)
    await story.accepted(world)
    case_id = story.filed.case_id
    world.clock.at = at("2026-03-10", "23:30")
    await story.supply(world)
    await sweep(world, at("2026-03-11", "00:00"))
    case = await story.filed.case()
    assert (case.state, case.shortfall_status) == (State.ACCEPTED, "OPEN")
    alert = await MonitorAlert.get(case_id=case_id, code="SHORTFALL")
    assert (alert.kind, alert.light, alert.owner_role) == ("OVERTIME", "RED", "WINDOW")
    world.clock.at = at("2026-03-11", "09:00")
    if passes:
        await story.judge(world)
        await sweep(world, at("2026-03-12", "00:00"))
        assert (await story.filed.case()).shortfall_status == "FULFILLED"
    else:
        await story.judge(world, reason=BLURRED)
        await sweep(world)
        case = await story.filed.case()
        assert (case.state, case.shortfall_status) == (State.WITHDRAWN_DEEMED, "OVERDUE")
        assert await _statuses(story) == {"M06": "OVERDUE"}


async def test_before_acceptance_nothing_is_supplied_in_passing(world: World) -> None:
    """What comes during the pre-review comes by a correction, so that nothing changes unseen."""
    story = await lacking(world)
    await story.promised(world)
    async with refused(world, NotEditable):
        await story.supply(world, "M06")


async def test_what_came_waits_in_the_queue_until_somebody_has_looked(world: World) -> None:
    story = await lacking(world)
    await story.accepted(world)

    async def waiting(officer: Officer) -> list[UUID]:
        page = await world.ctx.reviews.queue(officer, None, limit=10, cursor=None)
        return [entry.id for entry in page.entries]

    assert await waiting(story.window) == []
    await story.supply(world)
    assert await waiting(story.window) == [story.filed.case_id]
    # The item is the window's; its department was asked before and is not any more.
    assert await waiting(story.department) == []
    page = await world.ctx.reviews.queue(story.window, State.SUBMITTED, limit=10, cursor=None)
    assert page.entries == []
    await story.judge(world, reason=BLURRED)
    assert await waiting(story.window) == []


async def test_what_came_for_a_case_that_has_ended_waits_for_nobody(world: World) -> None:
    story = await lacking(world)
    await story.accepted(world)
    await story.supply(world)
    await stages.decided(world, story.filed, Decision.REJECTED)
    assert await _statuses(story) == {"M06": "PROMISED"}
    page = await world.ctx.reviews.queue(story.window, None, limit=10, cursor=None)
    assert page.entries == []


async def test_silence_that_accepts_asks_for_no_promised_material(world: World) -> None:
    """T13 after a promise was signed: the law has accepted what there was."""
    story = await lacking(world)
    await story.promised(world)
    await sweep(world, at("2026-03-10", "00:00"))
    case = await story.filed.case()
    assert (case.accept_mode, case.shortfall_status) == ("DEEMED", "NONE")
    async with refused(world, NotEditable):
        await story.supply(world)
    progress = await world.ctx.progress.of_case(story.filed.citizen, story.filed.case_id)
    assert "supply_promised" not in [action.code for action in progress.actions]
