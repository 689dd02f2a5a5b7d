"""Story 4: a food licence, a notice of two points, and an officer who wants a third."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from models.case import Case, ClockInstance
from models.review import Correction, CorrectionOverride
from models.rules.events import Event, Role
from models.rules.states import State
from models.unit import run_in_transaction
from services.access import CaseUnknown
from services.actors import SYSTEM
from services.corrections import NotOnFirstNotice
from services.overrides import OverrideGranted, OverrideNeedless
from services.transitions import StepNotAllowed, StepNotYours
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.flavoured import at, body_of, published
from tests.services.reviewing import (
    form_field,
    judge,
    material,
    notify,
    refused,
    resubmit,
    reviewer,
    supply,
)
from tests.world import World

REASON = "第一次通知时漏看了健康证明过期,申请人同意补。"


async def _noticed(world: World) -> Filed:
    """Submit on Monday 2026-02-09, claim on the 10th, tell two points on Wednesday the 11th."""
    world.clock.at = at("2026-02-09")
    await published(world, body_of("ITEM02"))
    filed = await stages.drafted(world, await make.citizen(world), "ITEM02")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    world.clock.at = at("2026-02-10")
    filed.officer = await make.officer(world)
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    world.clock.at = at("2026-02-11")
    await judge(world, filed, "M04", "M05")
    await notify(world, filed, [material("M04"), material("M05")])
    return filed


async def _answered(world: World) -> Filed:
    """Answer both points on Friday 2026-02-27, into the second pre-review."""
    filed = await _noticed(world)
    world.clock.at = at("2026-02-27")
    await supply(world, filed, "M04", "M05")
    await resubmit(world, filed)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    return filed


async def _due(filed: Filed, name: str) -> datetime:
    clock = await ClockInstance.get(case_id=filed.case_id, name=name, stopped_at=None)
    return clock.due_at


async def steps_alerts(world: World) -> list[dict[str, Any]]:
    """Return the alerts of steps; that the pre-review's one day was missed is on record, too."""
    found = await world.rows("monitor_alerts")
    assert [each["code"] for each in found].count("PRE_REVIEW_SLA") == 1
    return [each for each in found if each["code"] != "PRE_REVIEW_SLA"]


@pytest.mark.requirement("一次性告知", "补正", "网上六步")
async def test_two_points_are_told_answered_and_a_third_is_refused(world: World) -> None:
    filed = await _noticed(world)
    # 15 working days: 02-12, 13, 14 (make-up); 02-24 to 27, 28 (make-up); 03-02 to 06; 09, 10.
    assert await _due(filed, "CORRECTION") == at("2026-03-11", "00:00")
    world.clock.at = at("2026-02-27")
    await supply(world, filed, "M04", "M05")
    await resubmit(world, filed)
    case = await filed.case()
    assert (case.state, case.received_at) == (State.SUBMITTED, world.clock.now())
    # Five working days after Friday the 27th: the 28th counts, so Thursday 2026-03-05.
    assert await _due(filed, "NOTIFY_5WD") == at("2026-03-06", "00:00")
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    await judge(world, filed, "M05", "M06")
    async with refused(world, NotOnFirstNotice) as caught:
        await notify(world, filed, [material("M05"), material("M06")])
    assert [fault.pointer for fault in caught.value.faults] == ["/materials/M06"]
    [alert] = await steps_alerts(world)
    assert (alert["kind"], alert["code"]) == ("OUT_OF_ORDER", "not_on_first_notice")
    # What is on the list and still wrong may be told again.
    await judge(world, filed, "M05")
    await notify(world, filed, [material("M05")])
    case = await filed.case()
    assert (case.state, case.round) == (State.CORRECTION_REQUIRED, 2)


@pytest.mark.requirement("超权限/超时限/逆程序")
async def test_a_supervisor_lets_a_notice_go_further_and_it_shows(world: World) -> None:
    """It takes a reason and a supervisor, and leaves an alert."""
    filed = await _answered(world)
    supervisor = await make.officer(world, (Role.SUPERVISOR,))
    granted = await world.ctx.overrides.grant(supervisor, filed.case_id, REASON)
    assert (granted.round, granted.used_at) == (2, None)
    await judge(world, filed, "M06")
    await notify(world, filed, [material("M06")])
    correction = await Correction.get(case_id=filed.case_id, round=2)
    assert (correction.override_reason, correction.override_by) == (REASON, supervisor.id)
    assert (await CorrectionOverride.get()).used_at == world.clock.now()
    [alert] = await steps_alerts(world)
    assert (alert["kind"], alert["light"], alert["code"]) == (
        "OUT_OF_ORDER",
        "YELLOW",
        "correction_override",
    )
    assert alert["actor_id"] == str(reviewer(filed).id)


async def test_a_leave_is_for_one_notice(world: World) -> None:
    filed = await _answered(world)
    supervisor = await make.officer(world, (Role.SUPERVISOR,))
    await world.ctx.overrides.grant(supervisor, filed.case_id, REASON)
    async with refused(world, OverrideGranted):
        await world.ctx.overrides.grant(supervisor, filed.case_id, REASON)
    await judge(world, filed, "M06")
    await notify(world, filed, [material("M06")])
    async with refused(world, StepNotAllowed):
        await world.ctx.overrides.grant(supervisor, filed.case_id, REASON)
    await supply(world, filed, "M06")
    await resubmit(world, filed)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    await judge(world, filed)
    async with refused(world, NotOnFirstNotice):
        await notify(world, filed, [form_field("business_scope")])


async def test_a_leave_that_was_not_needed_is_not_used(world: World) -> None:
    filed = await _answered(world)
    supervisor = await make.officer(world, (Role.SUPERVISOR,))
    await world.ctx.overrides.grant(supervisor, filed.case_id, REASON)
    await judge(world, filed, "M05")
    await notify(world, filed, [material("M05")])
    assert (await CorrectionOverride.get()).used_at is None
    assert await steps_alerts(world) == []


async def test_only_a_supervisor_gives_leave_and_not_to_themselves(world: World) -> None:
    filed = await _answered(world)
    for role in (Role.WINDOW, Role.DEPT):
        other = await make.officer(world, (role,))
        async with refused(world, StepNotYours):
            await world.ctx.overrides.grant(other, filed.case_id, REASON)
    both = await make.officer(world, (Role.WINDOW, Role.SUPERVISOR))
    await world.ctx.overrides.grant(both, filed.case_id, REASON)
    await Case.filter(id=filed.case_id).update(claimed_by_id=both.id)
    filed.officer = both
    await judge(world, filed, "M06")
    async with refused(world, NotOnFirstNotice):
        await notify(world, filed, [material("M06")])


async def test_the_first_notice_needs_no_leave(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    supervisor = await make.officer(world, (Role.SUPERVISOR,))
    async with refused(world, OverrideNeedless):
        await world.ctx.overrides.grant(supervisor, filed.case_id, REASON)
    async with refused(world, CaseUnknown):
        await world.ctx.overrides.grant(supervisor, uuid4(), REASON)


@pytest.mark.requirement("一次性告知")
async def test_after_a_correction_that_ran_out_one_applies_anew_at_once(world: World) -> None:
    """Variant: no answer until 24:00 of 2026-03-10."""
    filed = await _noticed(world)
    world.clock.at = at("2026-03-11", "00:00")
    item = await world.ctx.items.version((await filed.case()).item_version_id)

    async def run_out() -> None:
        case = await Case.filter(id=filed.case_id).select_for_update().get()
        event = Event.CORRECTION_TIMEOUT
        await world.ctx.cases.transitions.apply(case, item, event, SYSTEM)

    await run_in_transaction(run_out)
    assert (await filed.case()).state is State.WITHDRAWN_DEEMED
    again = await stages.drafted(world, filed.citizen, "ITEM02")
    await Case.filter(id=again.case_id).update(extra_draft=False)
    await world.ctx.submissions.submit(filed.citizen, again.case_id, uuid4().hex)
    assert (await again.case()).state is State.SUBMITTED
