"""Submitting: what a draft needs, what it becomes, and that two copies are one."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from models.case import ClockInstance
from models.rules.states import State
from services.access import CaseUnknown
from services.applicants import RealNameRequired
from services.errors import Problem
from services.forms import FormInvalid
from services.idempotency import KeyReused
from services.submissions import MaterialsMissing, PermitNotRequired
from services.transitions import StepNotAllowed
from tests import make
from tests.world import World


@pytest.mark.requirement("网上预审")
async def test_a_submitted_case_has_its_numbers_clocks_and_event(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    receipt = await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    case = await filed.case()
    assert case.state is State.SUBMITTED
    assert receipt.case_no == f"{filed.item.impl_code}202603020001"
    assert len(receipt.query_code) == 10
    assert case.received_at == world.clock.now()
    running = await ClockInstance.filter(case_id=case.id, stopped_at=None)
    clocks = {clock.name: clock for clock in running}
    # Story 1: submitted on Monday 2026-03-02, the notice is due on 03-09, pre-review on 03-03.
    assert set(clocks) == {"NOTIFY_5WD", "PRE_REVIEW_SLA"}
    assert clocks["NOTIFY_5WD"].due_at.isoformat() == "2026-03-09T16:00:00+00:00"
    assert clocks["PRE_REVIEW_SLA"].due_at.isoformat() == "2026-03-03T16:00:00+00:00"
    [event] = await world.rows("case_events")
    assert (event["row"], event["from_state"], event["to_state"]) == ("T01", "DRAFT", "SUBMITTED")


async def test_serials_count_per_item_and_day(world: World) -> None:
    who = await make.citizen(world)
    first = await (await make.submitted(world, who)).case()
    second = await (await make.submitted(world, who)).case()
    world.clock.advance(timedelta(days=1))
    third = await (await make.submitted(world, who)).case()
    numbers = [case.case_no[-12:] for case in (first, second, third) if case.case_no]
    assert numbers == ["202603020001", "202603020002", "202603030001"]


async def test_sixteen_copies_are_one_submission(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    key = uuid4().hex
    receipts = await asyncio.gather(
        *(world.ctx.submissions.submit(who, filed.case_id, key) for _ in range(16))
    )
    assert len(set(receipts)) == 1
    assert len(await world.rows("case_events")) == 1
    assert len(await world.rows("given_answers")) == 1


async def test_a_key_stands_for_one_request(world: World) -> None:
    who = await make.citizen(world)
    first, second = await make.draft(world, who), await make.draft(world, who)
    key = uuid4().hex
    await world.ctx.submissions.submit(who, first.case_id, key)
    with pytest.raises(KeyReused):
        await world.ctx.submissions.submit(who, second.case_id, key)
    assert (await second.case()).state is State.DRAFT


async def test_a_second_submission_under_another_key_is_refused(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.submitted(world, who)
    with pytest.raises(StepNotAllowed):
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    assert len(await world.rows("case_events")) == 1


async def _refused(world: World, filed: make.Filed, kind: type[Problem]) -> Problem:
    with pytest.raises(kind) as caught:
        await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    case = await filed.case()
    assert (case.state, case.case_no, case.version) == (State.DRAFT, None, 0)
    assert await world.rows("case_events") == []
    assert [row["name"] for row in await world.rows("clock_instances")] == ["DRAFT_TTL"]
    assert await world.rows("case_serials") == []
    return caught.value


async def test_without_a_real_name_nothing_is_submitted(world: World) -> None:
    who = await make.citizen(world, real_name=False)
    filed = await make.draft(world, who)
    await _refused(world, filed, RealNameRequired)


async def test_missing_fields_are_told_all_at_once(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    for name in ("contractor", "area_m2"):
        await world.ctx.cases.put_field(who, filed.case_id, name, None)
    problem = await _refused(world, filed, FormInvalid)
    assert [fault.pointer for fault in problem.faults] == ["/area_m2", "/contractor"]


async def test_missing_materials_are_told_all_at_once(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    await world.ctx.materials.remove(who, filed.case_id, "M04")
    await world.ctx.materials.remove(who, filed.case_id, "M06")
    problem = await _refused(world, filed, MaterialsMissing)
    assert [fault.pointer for fault in problem.faults] == ["/materials/M04", "/materials/M06"]


async def test_who_needs_no_permit_is_told_at_once(world: World) -> None:
    """行政许可法32(1); 森林法56: trees on one's own plot."""
    who = await make.citizen(world)
    filed = await make.draft(world, who, "ITEM05")
    await world.ctx.cases.put_field(who, filed.case_id, "land_type", "自留地")
    problem = await _refused(world, filed, PermitNotRequired)
    assert problem.facts == {"basis": "森林法56"}


async def test_somebody_elses_draft_does_not_exist(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world))
    other = await make.citizen(world, make.LI)
    with pytest.raises(CaseUnknown):
        await world.ctx.submissions.submit(other, filed.case_id, uuid4().hex)
    assert (await filed.case()).state is State.DRAFT


async def test_withdrawing_ends_every_clock(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.submitted(world, who)
    await world.ctx.submissions.withdraw(who, filed.case_id, uuid4().hex)
    assert (await filed.case()).state is State.WITHDRAWN
    assert await ClockInstance.filter(case_id=filed.case_id, stopped_at=None).count() == 0


async def test_submitting_costs_at_most_12_statements(world: World) -> None:
    who = await make.citizen(world)
    await make.submitted(world, who)  # the item's version and the calendar are kept by now
    filed = await make.draft(world, who)
    with world.statements() as seen:
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    assert len(seen) <= 12, "\n".join(seen)
