"""Story 1 up to the decision: a barber promises his hygiene rules (容缺受理), and keeps it."""

from datetime import date

import pytest

from models.case import CaseEvent, ClockInstance
from models.notice import Notice
from models.promise import ShortfallItem, SignedPromise
from models.rules.states import State
from services.events import Decision, EventType, ShortfallOpen, SupplementsWaiting
from services.shortfalls import PromiseDayInvalid
from tests.services import stages
from tests.services.flavoured import at, lacking
from tests.services.reviewing import refused
from tests.world import World


async def _due(world: World, case_id: object) -> dict[str, str]:
    # The hours of the hand-over run beside the case and are another test's matter.
    running = await ClockInstance.filter(case_id=case_id, stopped_at=None).exclude(
        name="PAPER_HANDOVER"
    )
    return {clock.name: clock.due_at.isoformat() for clock in running}


@pytest.mark.requirement("容缺承诺", "约定时限内补齐")
async def test_a_promise_is_made_accepted_and_kept(world: World) -> None:
    story = await lacking(world)
    filed, ctx = story.filed, world.ctx
    assert [notice.kind for notice in await Notice.filter(case_id=filed.case_id)] == ["N01"]
    # 24:00 of 2026-03-09 in Shanghai.
    assert (await _due(world, filed.case_id))["NOTIFY_5WD"] == "2026-03-09T16:00:00+00:00"

    await story.confirmed(world)
    offer = await ctx.shortfalls.show(filed.citizen, filed.case_id)
    assert (offer.earliest, offer.latest) == (date(2026, 3, 4), date(2026, 3, 10))
    assert "按撤回处理" in offer.consequence
    async with refused(world, PromiseDayInvalid) as caught:
        await story.sign(world, "2026-03-11")
    assert caught.value.facts == {"earliest": "2026-03-04", "latest": "2026-03-10"}
    await story.sign(world, "2026-03-10")
    signed = await SignedPromise.get(case_id=filed.case_id)
    assert "公共场所卫生管理制度:我承诺在2026年3月10日24时以前补交。" in signed.statements

    await ctx.reviews.accept(story.window, filed.case_id)
    case = await filed.case()
    assert (case.state, case.accept_mode) == (State.ACCEPTED, "SHORTFALL")
    assert case.shortfall_status == "OPEN"
    assert await _due(world, filed.case_id) == {
        "SHORTFALL": "2026-03-10T16:00:00+00:00",
        "DECISION_PROMISED": "2026-03-10T16:00:00+00:00",
        "DECISION_STATUTORY": "2026-03-31T16:00:00+00:00",
    }
    kinds = [each.kind for each in await Notice.filter(case_id=filed.case_id).order_by("seq")]
    assert sorted(kinds) == ["N01", "N04", "N05"]

    machine = await stages.handed_off(world, filed)
    decided = {"decision": Decision.APPROVED, "document_no": "示卫公许〔2026〕1号"}
    async with refused(world, ShortfallOpen):
        await stages.report(world, machine, filed, EventType.DECIDED, **decided)
    [alert] = await world.rows("monitor_alerts")
    assert (alert["kind"], alert["code"]) == ("OUT_OF_ORDER", "shortfall_open")
    assert alert["actor_role"] == "BACKOFFICE"

    world.clock.at = at("2026-03-06")
    await story.supply(world)
    assert (await filed.case()).shortfall_status == "OPEN"
    await story.judge(world)
    case = await filed.case()
    assert (case.state, case.shortfall_status) == (State.UNDER_REVIEW, "FULFILLED")
    assert (await ShortfallItem.get(case_id=filed.case_id)).status == "FULFILLED"
    step = await CaseEvent.get(case_id=filed.case_id, row="T25")
    assert (step.actor_role, step.at) == ("APPLICANT", world.clock.now())
    assert set(await _due(world, filed.case_id)) == {"DECISION_PROMISED", "DECISION_STATUTORY"}

    # The back-office decides on what it has: the rules come to it in a second package.
    async with refused(world, SupplementsWaiting):
        await stages.report(world, machine, filed, EventType.DECIDED, **decided)
    package = await stages.taken_over(world, machine, filed)
    assert (package["kind"], package["seq"]) == ("SUPPLEMENT", 2)
    assert "M06" in {material["code"] for material in package["materials"]}

    world.clock.at = at("2026-03-09")
    await stages.report(world, machine, filed, EventType.DECIDED, **decided)
    case = await filed.case()
    assert case.decision == "APPROVED"
    assert case.decided_at == at("2026-03-09")
