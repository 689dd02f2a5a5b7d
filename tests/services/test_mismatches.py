"""What is false ends the case when two officers say so (T41); what nobody brings ends it too."""

from datetime import timedelta
from uuid import uuid4

import pytest

from models.case import CaseEvent
from models.credit import CreditEvent
from models.material import Material
from models.notice import Notice
from models.rules.events import Role
from models.rules.states import State
from services import credit
from services.original_ends import CheckJudged, CheckUnknown, SecondOfficerNeeded
from services.original_lists import MismatchPending, MismatchUnproven
from services.transitions import StepNotYours
from tests import make
from tests.services import verifying
from tests.services.reviewing import refused, reviewer, standing
from tests.services.verifying import FOREST_RIGHT
from tests.world import World

OPINION = "已向登记机构核实。"


async def test_one_officer_alone_ends_nothing(world: World) -> None:
    filed, check_id = await verifying.suspected(world)
    case = await filed.case()
    assert (case.state, case.visits) == (State.ORIGINALS_CHECK, 1)
    assert await world.rows("credit_events") == []
    async with refused(world, SecondOfficerNeeded):
        await world.ctx.originals.confirm(reviewer(filed), filed.case_id, check_id, OPINION)
    [alert] = await world.rows("monitor_alerts")
    assert (alert["kind"], alert["code"]) == ("OVERREACH", "second_officer_needed")
    async with refused(world, MismatchPending):
        await verifying.look(world, filed, verifying.passing())


async def test_a_second_officer_ends_the_case_and_credit_is_only_proposed(world: World) -> None:
    """T41: 终止办理告知书 and 失信信息记录告知书, and nothing held against her yet."""
    filed, check_id = await verifying.suspected(world)
    officer = await verifying.second(world)
    await world.ctx.originals.confirm(officer, filed.case_id, check_id, OPINION)
    case = await filed.case()
    assert (case.state, case.decision, case.verify_later_mark) == (State.TERMINATED, None, True)
    event = await CaseEvent.get(case_id=filed.case_id, row="T41")
    kinds = [n.kind for n in await Notice.filter(case_id=filed.case_id, seq=event.seq)]
    assert sorted(kinds) == ["N11", "N20"]
    assert event.data["reason_code"] == "FALSE_ORIGINAL"
    material = await Material.get(case_id=filed.case_id, code=FOREST_RIGHT)
    assert material.verification == "MISMATCH"
    proposed = await CreditEvent.get(case_id=filed.case_id)
    assert (proposed.status, proposed.behaviour) == ("PROPOSED", "FALSE_ORIGINAL")
    assert set(proposed.proposed_by) == {str(reviewer(filed).id), str(officer.id)}
    assert not await credit.has_bad(filed.citizen.account_id)
    assert await verifying.running(filed) == {}
    async with refused(world, CheckJudged):
        await world.ctx.originals.confirm(officer, filed.case_id, check_id, OPINION)


async def test_another_person_is_another_behaviour(world: World) -> None:
    filed = await verifying.due(world)
    seen = verifying.mismatch()
    stranger = type(seen)(seen.outcome, False, (), "", ["身份证照片与到场人不符"])
    checked = await world.ctx.originals.check(reviewer(filed), filed.case_id, stranger)
    assert checked.check is not None
    officer = await verifying.second(world)
    await world.ctx.originals.confirm(officer, filed.case_id, checked.check.id, OPINION)
    assert (await CreditEvent.get(case_id=filed.case_id)).behaviour == "IDENTITY_MISMATCH"


async def test_what_a_second_officer_does_not_see_goes_on(world: World) -> None:
    filed, check_id = await verifying.suspected(world)
    officer = await verifying.second(world)
    await world.ctx.originals.dismiss(officer, filed.case_id, check_id, "编号看错了一位。")
    assert await world.rows("credit_events") == []
    await verifying.look(world, filed, verifying.passing())
    assert (await filed.case()).state is State.RESULT_READY
    log = [row["action"] for row in await world.rows("audit_log")]
    assert log[-2:] == ["originals.suspect", "originals.dismiss_mismatch"]


async def test_a_wrong_suspicion_costs_the_applicant_no_day(world: World) -> None:
    filed = await verifying.lacking(world)
    world.clock.at = verifying.SECOND_VISIT
    checked = await world.ctx.originals.check(
        reviewer(filed), filed.case_id, verifying.mismatch(by_post=True)
    )
    assert checked.check is not None
    world.clock.at = verifying.TIMEOUT
    assert not await verifying.time_out(world, filed, world.ctx.originals.ends.timed_out)
    assert (await filed.case()).state is State.ORIGINALS_SUPPLEMENT
    world.clock.at += timedelta(hours=10)
    officer = await verifying.second(world)
    await world.ctx.originals.dismiss(officer, filed.case_id, checked.check.id, OPINION)
    # Friday 15 May; 18, 19 and 20 May are the three working days after it.
    assert (await verifying.running(filed))["ORIGINALS_3WD"] == "2026-05-20"


@pytest.mark.parametrize("more", [{"evidence": []}, {"evidence": ["x"], "sights": ()}])
async def test_a_mismatch_needs_its_object_and_its_evidence(
    world: World, more: dict[str, object]
) -> None:
    """T41 refused before it starts."""
    filed = await verifying.due(world)
    seen = verifying.mismatch(evidence=more["evidence"])
    if "sights" in more:
        seen = type(seen)(seen.outcome, True, (), "", seen.evidence)
    async with refused(world, MismatchUnproven):
        await world.ctx.originals.check(reviewer(filed), filed.case_id, seen)


async def test_only_the_department_judges_and_only_its_own_checks(world: World) -> None:
    """T41 refused."""
    filed, check_id = await verifying.suspected(world)
    window = await make.officer(world, (Role.WINDOW,))
    async with refused(world, StepNotYours):
        await world.ctx.originals.confirm(window, filed.case_id, check_id, OPINION)
    async with refused(world, CheckUnknown):
        officer = await verifying.second(world)
        await world.ctx.originals.confirm(officer, filed.case_id, uuid4(), OPINION)


@pytest.mark.requirement("终止办理+信用档案", "3个工作日补齐")
async def test_nothing_by_the_fourteenth_ends_the_case(world: World) -> None:
    """Branch b: 14 May 24:00; the reason is told, credit is proposed and no more (T40)."""
    filed = await verifying.lacking(world)
    world.clock.at = verifying.TIMEOUT - timedelta(seconds=1)
    before = await standing(world)
    assert not await verifying.time_out(world, filed, world.ctx.originals.ends.timed_out)
    assert await standing(world) == before
    world.clock.at = verifying.TIMEOUT
    assert await verifying.time_out(world, filed, world.ctx.originals.ends.timed_out)
    case = await filed.case()
    assert (case.state, case.verify_later_mark) == (State.TERMINATED, True)
    event = await CaseEvent.get(case_id=filed.case_id, row="T40")
    assert "林木权属证明" in event.data["text"]
    assert event.data["reason_code"] == "ORIGINALS_NOT_SUPPLIED"
    kinds = [n.kind for n in await Notice.filter(case_id=filed.case_id, seq=event.seq)]
    assert sorted(kinds) == ["N11", "N20"]
    proposed = await CreditEvent.get(case_id=filed.case_id)
    assert (proposed.status, proposed.confirmed_at) == ("PROPOSED", None)
    assert not await credit.has_bad(filed.citizen.account_id)


async def test_who_never_came_has_nothing_held_against_them(world: World) -> None:
    """T50: 60 calendar days after 7 May, 6 July 24:00."""
    filed = await verifying.due(world)
    assert (await verifying.running(filed))["ORIGINALS_PRESENT"] == "2026-07-06"
    world.clock.at = verifying.REVIEWED + timedelta(days=60)
    before = await standing(world)
    assert not await verifying.time_out(world, filed, world.ctx.originals.ends.no_show)
    assert await standing(world) == before
    world.clock.at += timedelta(hours=8)
    assert await verifying.time_out(world, filed, world.ctx.originals.ends.no_show)
    assert (await filed.case()).state is State.TERMINATED
    event = await CaseEvent.get(case_id=filed.case_id, row="T50")
    kinds = [n.kind for n in await Notice.filter(case_id=filed.case_id, seq=event.seq)]
    assert kinds == ["N11"]
    assert await world.rows("credit_events") == []


async def test_who_came_is_no_no_show(world: World) -> None:
    """T50 refused: the originals are here, so it is the office that has to look."""
    filed = await verifying.lacking(world)
    await world.ctx.originals.arrived(reviewer(filed), filed.case_id, by_post=False)
    world.clock.at += timedelta(days=90)
    before = await standing(world)
    assert not await verifying.time_out(world, filed, world.ctx.originals.ends.no_show)
    assert await standing(world) == before
