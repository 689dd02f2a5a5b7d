"""The one-time notice (promise 9): everything at once, and nothing new later."""

from datetime import timedelta

import pytest

from models.case import CaseEvent, ClockInstance
from models.review import Correction
from models.rules.states import State
from services.corrections import (
    CorrectionEmpty,
    CorrectionIncomplete,
    CorrectionNotForItem,
    CorrectionRepeats,
    MaterialNotOnList,
    NotOnFirstNotice,
    Point,
    VerdictMissing,
)
from services.forms import FieldUnknown
from services.materials import MaterialNotInCorrection
from services.submissions import CorrectionUnanswered
from services.transitions import StepNotAllowed, StepNotYours
from tests import make
from tests.services.reviewing import (
    form_field,
    judge,
    material,
    notify,
    refused,
    resubmit,
    reviewer,
    second_round,
    supply,
)
from tests.world import World


@pytest.mark.requirement("一次性告知")
async def test_a_notice_names_everything_and_starts_the_applicants_clock(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04", "M06")
    await notify(world, filed, [material("M04"), material("M06"), form_field("area_m2")])
    case = await filed.case()
    assert (case.state, case.round) == (State.CORRECTION_REQUIRED, 1)
    correction = await Correction.get(case_id=filed.case_id)
    assert correction.issued_by_id == reviewer(filed).id
    assert [(p["material_code"], p["field"], p["name"]) for p in correction.items] == [
        ("M04", None, "施工图及设计文件"),
        ("M06", None, "地下管线分布资料"),
        (None, "area_m2", "面积(平方米)"),
    ]
    event = await CaseEvent.get(case_id=filed.case_id, row="T05")
    assert event.actor_role == "WINDOW"
    running = await ClockInstance.filter(case_id=filed.case_id, stopped_at=None)
    assert {clock.name for clock in running} >= {"CORRECTION"}
    assert not {clock.name for clock in running} & {"NOTIFY_5WD", "PRE_REVIEW_SLA"}


async def test_what_failed_must_be_on_the_notice(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04", "M06")
    async with refused(world, CorrectionIncomplete) as caught:
        await notify(world, filed, [material("M04")])
    assert [fault.pointer for fault in caught.value.faults] == ["/materials/M06"]
    async with refused(world, CorrectionIncomplete):
        await notify(world, filed, [form_field("area_m2")])


@pytest.mark.requirement("清单外材料禁收")
@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ([], CorrectionEmpty),
        ([material("M04"), material("M04")], CorrectionRepeats),
        ([material("M04"), material("M77")], MaterialNotOnList),
        ([material("M04"), material("M02")], VerdictMissing),
        ([material("M04"), form_field("shoe_size")], FieldUnknown),
    ],
    ids=["nothing", "twice", "not on the list", "without a verdict", "no such field"],
)
async def test_a_notice_asks_for_nothing_else(
    world: World, points: list[Point], problem: type
) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    async with refused(world, problem):
        await notify(world, filed, points)


async def test_some_items_are_refused_instead_of_corrected(world: World) -> None:
    """不动产登记暂行条例17: not accepted, with the list."""
    filed = await make.claimed(world, await make.citizen(world), "ITEM09")
    await judge(world, filed, "M02")
    async with refused(world, CorrectionNotForItem):
        await notify(world, filed, [material("M02")])


async def test_only_the_acceptor_in_pre_review_issues_a_notice(world: World) -> None:
    window = await make.officer(world)
    who = await make.citizen(world)
    filed = await make.claimed(world, who, "ITEM11", by=window)
    await judge(world, filed, "M02")
    async with refused(world, StepNotYours):
        await notify(world, filed, [material("M02")])
    waiting = await make.submitted(world, who)
    async with refused(world, StepNotAllowed):
        await world.ctx.reviews.issue_correction(
            window, waiting.case_id, [form_field("area_m2")], ""
        )


async def test_every_point_must_be_answered(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04", "M06")
    await notify(world, filed, [material("M04"), material("M06"), form_field("area_m2")])
    await supply(world, filed, "M04")
    # A field that was written again with the value it had is not an answer.
    await world.ctx.cases.put_field(filed.citizen, filed.case_id, "area_m2", 12.5)
    async with refused(world, CorrectionUnanswered) as caught:
        await resubmit(world, filed)
    pointers = [fault.pointer for fault in caught.value.faults]
    assert pointers == ["/materials/M06", "/form/area_m2"]
    await supply(world, filed, "M06")
    await world.ctx.cases.put_field(filed.citizen, filed.case_id, "area_m2", 13)
    await resubmit(world, filed)
    assert (await filed.case()).state is State.SUBMITTED


async def test_a_material_that_a_new_answer_makes_needless_is_answered(world: World) -> None:
    """ITEM05 asks for M06 above 15 cubic metres only."""
    who = await make.citizen(world)
    filed = await make.draft(world, who, "ITEM05")
    await world.ctx.cases.put_field(who, filed.case_id, "volume_m3", 18)
    await supply(world, filed, "M06")
    filed.codes.append("M06")
    await world.ctx.submissions.submit(who, filed.case_id, "submit-of-18-m3")
    filed.officer = await make.officer(world)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    await judge(world, filed, "M06")
    await notify(world, filed, [material("M06"), form_field("volume_m3")])
    world.clock.advance(timedelta(minutes=1))
    await world.ctx.cases.put_field(who, filed.case_id, "volume_m3", 12)
    await resubmit(world, filed)
    assert (await filed.case()).state is State.SUBMITTED


async def test_no_value_of_the_form_is_kept_with_the_notice(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed)
    await notify(world, filed, [form_field("road_section")])
    value = make.FORMS["ITEM10"]["road_section"]
    kept = f"{await world.rows('corrections')}{await world.rows('case_events')}"
    assert value not in kept
    assert value not in kept.encode().decode("unicode_escape", errors="ignore")
    # The same value in another case has another index: cases cannot be compared.
    other = await make.claimed(world, filed.citizen)
    await judge(world, other)
    await notify(world, other, [form_field("road_section")])
    indexes = {c.items[0]["value_index"] for c in await Correction.all()}
    assert len(indexes) == 2


@pytest.mark.requirement("一次性告知")
async def test_the_second_round_may_not_find_something_new(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await second_round(world, filed, "M04")
    await judge(world, filed, "M03")
    async with refused(world, NotOnFirstNotice) as caught:
        await notify(world, filed, [material("M03")])
    assert [fault.pointer for fault in caught.value.faults] == ["/materials/M03"]
    await judge(world, filed)
    async with refused(world, NotOnFirstNotice):
        await notify(world, filed, [form_field("area_m2")])


async def test_the_second_round_may_speak_of_what_is_new_or_was_named(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    await notify(world, filed, [material("M04"), form_field("stake_range")])
    await supply(world, filed, "M04")
    for name, value in {"stake_range": "K0+100至K0+150", "area_m2": 99}.items():
        await world.ctx.cases.put_field(filed.citizen, filed.case_id, name, value)
    await resubmit(world, filed)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    await judge(world, filed, "M04")
    # stake_range was named; area_m2 was not, but it is not what it was.
    await notify(world, filed, [material("M04"), form_field("stake_range"), form_field("area_m2")])
    case = await filed.case()
    assert (case.state, case.round) == (State.CORRECTION_REQUIRED, 2)


async def test_the_third_round_compares_with_the_second(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await second_round(world, filed, "M04")
    await judge(world, filed, "M04")
    await notify(world, filed, [material("M04")])
    await supply(world, filed, "M04")
    await world.ctx.cases.put_field(filed.citizen, filed.case_id, "area_m2", 50)
    await resubmit(world, filed)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    await judge(world, filed)
    async with refused(world, NotOnFirstNotice):
        await notify(world, filed, [form_field("contractor")])
    await notify(world, filed, [form_field("area_m2")])
    assert (await filed.case()).round == 3


async def test_what_passed_in_the_second_round_is_not_new_in_the_third(world: World) -> None:
    """ITEM05: M06 comes with a corrected answer, after the first notice."""
    filed = await make.claimed(world, await make.citizen(world), "ITEM05")
    await judge(world, filed, "M03")
    await notify(world, filed, [material("M03"), form_field("volume_m3")])
    await world.ctx.cases.put_field(filed.citizen, filed.case_id, "volume_m3", 18)
    await supply(world, filed, "M03", "M06")
    filed.codes.append("M06")
    await resubmit(world, filed)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    await judge(world, filed, "M03")
    await notify(world, filed, [material("M03")])
    await supply(world, filed, "M03")
    await resubmit(world, filed)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    await judge(world, filed, "M06")
    async with refused(world, NotOnFirstNotice):
        await notify(world, filed, [material("M06")])


async def test_what_is_not_on_the_notice_stays_as_it_was_reviewed(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    await notify(world, filed, [material("M04")])
    async with refused(world, MaterialNotInCorrection):
        await supply(world, filed, "M03")
