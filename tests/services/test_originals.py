"""Story 2: 李秀英 cuts 12 cubic metres of timber; the originals come last (先办后验)."""

import pytest

from models.case import CaseEvent
from models.credit import OriginalCheck
from models.material import Material
from models.notice import Notice
from models.rules.events import Event, Role
from models.rules.originals import Finding, Outcome
from models.rules.states import State
from services.access import CaseUnknown
from services.actors import Actor
from services.events import Decision, EventType, OriginalsFirst
from services.original_lists import (
    Look,
    NothingLacking,
    OriginalNotAsked,
    OriginalsUnseen,
    Sight,
)
from services.transitions import StepNotAllowed, StepNotYours
from tests import make
from tests.services import stages, verifying
from tests.services.reviewing import refused, reviewer
from tests.services.verifying import FOREST_RIGHT, IDENTITY, PUBLIC_NOTICE
from tests.world import World


@pytest.mark.requirement("3个工作日补齐")
async def test_who_brings_the_rest_in_time_gets_the_decision(world: World) -> None:
    """Branch a: a photo on Monday 11 May, the original on the 13th, the licence at once."""
    filed = await verifying.accepted(world)
    clocks = await verifying.running(filed)
    assert clocks["DECISION_PROMISED"] == "2026-05-08"
    world.clock.at = verifying.REVIEWED
    await verifying.step(world, filed, Event.REVIEW_COMPLETE, _forestry())
    assert (await filed.case()).state is State.ORIGINALS_CHECK

    world.clock.at = verifying.FIRST_VISIT
    assert await verifying.look(world, filed, verifying.incomplete()) is None
    case = await filed.case()
    assert (case.state, case.visits, case.decided_at) == (State.ORIGINALS_SUPPLEMENT, 1, None)
    clocks = await verifying.running(filed)
    assert clocks["ORIGINALS_3WD"] == "2026-05-14"
    assert "ORIGINALS_PRESENT" not in clocks
    assert await Notice.exists(case_id=filed.case_id, kind="N19")

    world.clock.at = verifying.SECOND_VISIT
    arrived = await world.ctx.originals.arrived(reviewer(filed), filed.case_id, by_post=False)
    assert arrived.case.state is State.ORIGINALS_CHECK
    warning = await verifying.look(world, filed, verifying.passing(FOREST_RIGHT))
    case = await filed.case()
    assert (case.state, case.decision) == (State.RESULT_READY, "APPROVED")
    assert case.decided_at == world.clock.now()
    # SERVE_10WD from 13 May: ten working days, no holiday between.
    assert (await verifying.running(filed))["SERVE_10WD"] == "2026-05-27"
    code = (await world.ctx.deliveries.show(filed.citizen, filed.case_id)).pickup_code
    await world.ctx.deliveries.pick_up(reviewer(filed), filed.case_id, str(code))
    case = await filed.case()
    assert (case.state, case.visits) == (State.DELIVERED, 2)
    assert warning is not None
    assert "2次" in warning
    assert "max_visits" in warning


@pytest.mark.requirement("核验为最终决定程序")
async def test_the_originals_are_the_last_step_of_the_decision(world: World) -> None:
    filed = await verifying.due(world)
    assert not await Notice.exists(case_id=filed.case_id, kind="N15")
    world.clock.at = verifying.FIRST_VISIT
    await verifying.look(world, filed, verifying.passing())
    rows = [event.row for event in await CaseEvent.filter(case_id=filed.case_id).order_by("seq")]
    assert rows[-3:] == ["T33", "T37", "T34"]
    assert await Notice.filter(case_id=filed.case_id, kind="N15").count() == 1
    clocks = await verifying.running(filed)
    assert {"SERVE_10WD", "RATING_WINDOW", "PICKUP_REMIND"} <= set(clocks)
    assert not {"ORIGINALS_PRESENT", "DECISION_PROMISED", "DECISION_STATUTORY"} & set(clocks)


@pytest.mark.requirement("先行办理后校核")
async def test_who_brings_everything_leaves_with_the_result(world: World) -> None:
    """One visit (上门不超过1次): the originals are checked when the result is fetched."""
    filed = await verifying.due(world)
    world.clock.at = verifying.FIRST_VISIT
    assert await verifying.look(world, filed, verifying.passing()) is None
    code = (await world.ctx.deliveries.show(filed.citizen, filed.case_id)).pickup_code
    await world.ctx.deliveries.pick_up(reviewer(filed), filed.case_id, str(code))
    case = await filed.case()
    assert (case.state, case.visits) == (State.DELIVERED, 1)


@pytest.mark.requirement("与原件一致章")
async def test_what_was_seen_true_is_marked_and_not_asked_for_again(world: World) -> None:
    filed = await verifying.lacking(world)
    marks = dict(await Material.filter(case_id=filed.case_id).values_list("code", "verification"))
    assert marks == {IDENTITY: "DB_MATCHED", FOREST_RIGHT: "NONE", PUBLIC_NOTICE: "ORIGINAL_SEEN"}
    sheet = await world.ctx.originals.mine(filed.citizen, filed.case_id)
    assert [each.code for each in sheet.wanted] == [FOREST_RIGHT]
    [point] = sheet.lacking
    assert (point["name"], point["note"]) == ("林木权属证明", "带来的是照片,请带林权证原件")
    told = (await world.ctx.progress.of_case(filed.citizen, filed.case_id)).timeline[-1]
    assert "林木权属证明(带来的是照片,请带林权证原件)" in told.text
    assert "5月14日" in told.text


async def test_who_comes_first_knows_what_to_bring(world: World) -> None:
    """What a register has confirmed need not be shown (数据库核对一致)."""
    filed = await verifying.due(world)
    sheet = await world.ctx.originals.mine(filed.citizen, filed.case_id)
    assert [each.code for each in sheet.wanted] == [FOREST_RIGHT, PUBLIC_NOTICE]
    other = await make.citizen(world)
    with pytest.raises(CaseUnknown):
        await world.ctx.originals.mine(other, filed.case_id)


@pytest.mark.parametrize(
    "seen",
    [
        verifying.passing(FOREST_RIGHT),
        Look(Outcome.PASS, None, verifying.passing().sights),
        Look(Outcome.PASS, False, verifying.passing().sights),
        Look(Outcome.PASS, True, verifying.incomplete().sights),
        Look(Outcome.INCOMPLETE, True, [Sight(FOREST_RIGHT, Finding.MISSING)]),
    ],
    ids=["one unseen", "nobody compared", "another person", "one missing", "one not told"],
)
async def test_what_was_not_all_seen_does_not_stand(world: World, seen: Look) -> None:
    """T37 and T38 refused: nothing changes, and supervision hears of it."""
    filed = await verifying.due(world)
    async with refused(world, OriginalsUnseen):
        await world.ctx.originals.check(reviewer(filed), filed.case_id, seen)
    [alert] = await world.rows("monitor_alerts")
    assert (alert["kind"], alert["code"]) == ("OUT_OF_ORDER", "originals_unseen")


@pytest.mark.parametrize(
    "seen",
    [
        Look(Outcome.INCOMPLETE, True, verifying.passing().sights),
        Look(Outcome.INCOMPLETE, False, verifying.incomplete().sights),
        Look(
            Outcome.INCOMPLETE,
            True,
            [Sight(FOREST_RIGHT, Finding.FALSE), Sight(PUBLIC_NOTICE, Finding.MISSING)],
        ),
    ],
    ids=["nothing missing", "another person", "one false"],
)
async def test_three_days_are_for_what_can_be_brought(world: World, seen: Look) -> None:
    filed = await verifying.due(world)
    async with refused(world, NothingLacking):
        await world.ctx.originals.check(reviewer(filed), filed.case_id, seen)


@pytest.mark.parametrize(
    "codes",
    [(FOREST_RIGHT, PUBLIC_NOTICE, "M06"), (FOREST_RIGHT, PUBLIC_NOTICE, IDENTITY)],
    ids=["not for 12 cubic metres", "confirmed by a register"],
)
async def test_no_original_beyond_the_list_is_asked_for(
    world: World, codes: tuple[str, ...]
) -> None:
    filed = await verifying.due(world)
    async with refused(world, OriginalNotAsked):
        await verifying.look(world, filed, verifying.passing(*codes))
    async with refused(world, OriginalNotAsked):
        await verifying.look(world, filed, verifying.passing(*codes[:2], codes[0]))


async def test_a_window_alone_does_not_decide(world: World) -> None:
    filed = await verifying.due(world)
    window = await make.officer(world, (Role.WINDOW,))
    async with refused(world, StepNotYours):
        await world.ctx.originals.check(window, filed.case_id, verifying.passing())


async def test_what_was_lacking_has_to_be_there_before_it_is_looked_at(world: World) -> None:
    filed = await verifying.lacking(world)
    async with refused(world, StepNotAllowed):
        await verifying.look(world, filed, verifying.passing(FOREST_RIGHT))


async def test_nothing_arrives_where_nothing_lacks(world: World) -> None:
    """T39 refused."""
    filed = await verifying.due(world)
    async with refused(world, StepNotAllowed):
        await world.ctx.originals.arrived(reviewer(filed), filed.case_id, by_post=False)


async def test_a_case_of_another_mode_has_no_originals_to_check(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT))
    async with refused(world, CaseUnknown):
        await world.ctx.originals.check(officer, filed.case_id, verifying.passing())
    sheet = await world.ctx.originals.mine(filed.citizen, filed.case_id)
    assert (list(sheet.wanted), list(sheet.lacking)) == ([], [])


async def test_the_same_look_twice_is_one_decision(world: World) -> None:
    filed = await verifying.due(world)
    await verifying.look(world, filed, verifying.passing())
    async with refused(world, StepNotAllowed):
        await verifying.look(world, filed, verifying.passing())
    assert await OriginalCheck.filter(case_id=filed.case_id).count() == 1


async def test_originals_by_post_are_no_visit(world: World) -> None:
    filed = await verifying.due(world)
    world.clock.at = verifying.FIRST_VISIT
    await verifying.look(world, filed, verifying.incomplete(by_post=True))
    world.clock.at = verifying.SECOND_VISIT
    await world.ctx.originals.arrived(reviewer(filed), filed.case_id, by_post=True)
    event = await CaseEvent.get(case_id=filed.case_id, row="T39")
    assert (event.actor_role, event.actor_id) == ("APPLICANT", str(filed.citizen.account_id))
    assert event.data["recorded_by"] == str(reviewer(filed).id)
    assert (await filed.case()).visits == 0


async def test_a_fee_after_the_decision_is_asked_for_then(world: World) -> None:
    """ITEM10: 12.5 square metres of asphalt at 300.00 yuan."""
    filed = await verifying.due(world, "ITEM10")
    sheet = await world.ctx.originals.mine(filed.citizen, filed.case_id)
    codes = [each.code for each in sheet.wanted]
    assert await world.rows("fees") == []
    await verifying.look(world, filed, verifying.passing(*codes))
    assert (await filed.case()).state is State.AWAIT_PAYMENT
    [fee] = await world.rows("fees")
    assert fee["amount_fen"] == 375_000


@pytest.mark.requirement("核验为最终决定程序")
async def test_the_back_office_cannot_decide_before_the_originals(world: World) -> None:
    filed = await verifying.accepted(world)
    machine = await stages.handed_off(world, filed)
    async with refused(world, OriginalsFirst):
        await stages.report(
            world,
            machine,
            filed,
            EventType.DECIDED,
            decision=Decision.APPROVED,
            document_no="示林许〔2026〕1号",
        )


def _forestry() -> Actor:
    return Actor(Role.BACKOFFICE, "forestry", None)
