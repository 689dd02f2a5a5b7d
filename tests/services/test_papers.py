"""预审+现场 (T14-T16): the originals come to the window, and may show what pictures could not."""

from uuid import uuid4

import pytest

from models.case import ClockInstance
from models.material import Material
from models.notice import Notice
from models.review import Correction, Verdict
from models.rules.events import Role
from models.rules.reasons import DefectReason
from models.rules.states import State
from services.actors import Officer
from services.assessments import Assessment, Checklist, ChecklistUnmet
from services.corrections import (
    CorrectionEmpty,
    CorrectionRepeats,
    DefectNotNew,
    MaterialNotOnList,
    NotOnFirstNotice,
    Point,
)
from services.errors import Problem
from services.transitions import StepNotAllowed, StepNotYours
from services.verdicts import MaterialNotAsked
from tests import make
from tests.make import Filed
from tests.services.flavoured import at
from tests.services.reviewing import form_field, judge, refused, resubmit, reviewer, supply
from tests.world import World


def _defect(code: str, reason: DefectReason = DefectReason.EXPIRED) -> Point:
    return Point(code, False, reason, "请带有效的原件来。")


async def _passed(world: World) -> Filed:
    """Return a house sale whose originals the window waits for."""
    filed = await make.judged(world, await make.citizen(world), "ITEM09")
    await world.ctx.reviews.accept(reviewer(filed), filed.case_id)
    return filed


async def _report(world: World, filed: Filed, *points: Point, by: Officer | None = None) -> None:
    officer = by or reviewer(filed)
    await world.ctx.reviews.paper_defect(officer, filed.case_id, points, "看了原件才发现。")


async def test_a_passed_pre_review_asks_to_the_window(world: World) -> None:
    filed = await _passed(world)
    assert (await filed.case()).state is State.PRE_REVIEW_PASSED
    assert "N08" in {notice.kind for notice in await Notice.filter(case_id=filed.case_id)}
    clock = await ClockInstance.get(case_id=filed.case_id, name="PAPER_SUBMIT")
    # 30 calendar days after 2026-03-02: 24:00 of 2026-04-01 in Shanghai.
    assert clock.due_at.isoformat() == "2026-04-01T16:00:00+00:00"


@pytest.mark.requirement("与原件一致章", "签署意见")
async def test_what_the_window_has_seen_is_marked_and_signed(world: World) -> None:
    filed = await _passed(world)
    await Material.filter(case_id=filed.case_id, code="M02").update(
        verification="DB_MATCHED", verification_source="人口信息"
    )
    window = await make.officer(world)
    signed = Assessment(Checklist(True, True, True, True), "原件与上传的一致,同意受理。")
    await world.ctx.reviews.paper_received(window, filed.case_id, signed)
    found = {each.code: each for each in await Material.filter(case_id=filed.case_id)}
    assert found.pop("M02").verification == "DB_MATCHED"
    assert {each.verification for each in found.values()} == {"ORIGINAL_SEEN"}
    assert {each.verification_source for each in found.values()} == {window.unit}
    assert {each.verified_at for each in found.values()} == {world.clock.now()}
    [event] = [row for row in await world.rows("case_events") if row["row"] == "T15"]
    assert '"opinion":"原件与上传的一致,同意受理。"' in event["data"].replace(": ", ":")


async def test_a_point_that_is_not_in_order_is_no_acceptance(world: World) -> None:
    filed = await _passed(world)
    unmet = Assessment(Checklist(True, True, False, True))
    async with refused(world, ChecklistUnmet) as caught:
        await world.ctx.reviews.paper_received(reviewer(filed), filed.case_id, unmet)
    assert [fault.pointer for fault in caught.value.faults] == ["/checklist/form"]


async def test_an_original_may_show_what_no_picture_could(world: World) -> None:
    filed = await _passed(world)
    world.clock.at = at("2026-03-05")
    await _report(world, filed, _defect("M03"), _defect("M05", DefectReason.ALTERED))
    case = await filed.case()
    assert (case.state, case.round) == (State.CORRECTION_REQUIRED, 1)
    correction = await Correction.get(case_id=filed.case_id)
    assert [point["material_code"] for point in correction.items] == ["M03", "M05"]
    # The window's word on the original is this round's word on the material.
    said = await Verdict.filter(case_id=filed.case_id, verdict="FAIL").order_by("code")
    assert [(each.code, each.reason_code) for each in said] == [
        ("M03", "EXPIRED"),
        ("M05", "ALTERED"),
    ]
    assert "N02" in {notice.kind for notice in await Notice.filter(case_id=filed.case_id)}
    running = await ClockInstance.filter(case_id=filed.case_id, stopped_at=None)
    assert "CORRECTION" in {clock.name for clock in running}
    assert "PAPER_SUBMIT" not in {clock.name for clock in running}


@pytest.mark.requirement("一次性告知")
@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ([_defect("M03", DefectReason.BLURRED)], DefectNotNew),
        ([form_field("location")], DefectNotNew),
        ([_defect("M77")], MaterialNotOnList),
        ([_defect("M90")], MaterialNotAsked),
        ([_defect("M03"), _defect("M03")], CorrectionRepeats),
        ([], CorrectionEmpty),
    ],
    ids=["seen before", "a field", "not on the list", "not asked for", "twice", "nothing"],
)
async def test_what_the_pictures_showed_is_not_found_again(
    world: World, points: list[Point], problem: type[Problem]
) -> None:
    filed = await _passed(world)
    async with refused(world, problem):
        await _report(world, filed, *points)
    kinds: dict[type[Problem], list[str]] = {
        DefectNotNew: ["OUT_OF_ORDER"],
        MaterialNotOnList: ["OVERREACH"],
    }
    alerts = [alert["kind"] for alert in await world.rows("monitor_alerts")]
    assert alerts == kinds.get(problem, [])


async def test_only_a_window_that_waits_for_originals_finds_defects(world: World) -> None:
    filed = await _passed(world)
    department = await make.officer(world, (Role.DEPT,), item=filed)
    async with refused(world, StepNotYours):
        await _report(world, filed, _defect("M03"), by=department)
    await world.ctx.reviews.paper_received(reviewer(filed), filed.case_id)
    async with refused(world, StepNotAllowed):
        await _report(world, filed, _defect("M03"))


@pytest.mark.requirement("一次性告知")
async def test_the_originals_are_looked_at_once_too(world: World) -> None:
    filed = await _passed(world)
    await _report(world, filed, _defect("M03"))
    await supply(world, filed, "M03")
    await resubmit(world, filed)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    await judge(world, filed)
    await world.ctx.reviews.accept(reviewer(filed), filed.case_id)
    async with refused(world, NotOnFirstNotice):
        await _report(world, filed, _defect("M05"))
    # What was named before may still be wrong.
    await _report(world, filed, _defect("M03"))
    assert (await filed.case()).round == 2


async def test_an_applicant_may_turn_back_at_the_door(world: World) -> None:
    filed = await _passed(world)
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    async with refused(world, StepNotAllowed):
        await world.ctx.reviews.paper_received(reviewer(filed), filed.case_id)
