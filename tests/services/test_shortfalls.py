"""容缺受理 before acceptance: who proposes, who confirms, what may be promised (T10)."""

from datetime import date
from uuid import uuid4

import pytest

from models.case import Case
from models.promise import ShortfallItem, SignedPromise
from models.rules.events import Role
from models.rules.reasons import DefectReason, Verdict
from models.rules.states import AcceptMode, State
from services.accepting import (
    FixPending,
    ModeNotChosen,
    PromiseNotSigned,
    PromiseOutdated,
    Sanction,
    ShortfallNotConfirmed,
)
from services.access import CaseUnknown
from services.corrections import CorrectionIncomplete
from services.desk import CaseClaimed
from services.flavours import (
    CreditUnrepaired,
    ModeNotAllowed,
    ShortfallNotAllowed,
    ShortfallUnnamed,
    Wish,
)
from services.shortfalls import (
    DeclineReasonMissing,
    OwnProposal,
    PromiseDayInvalid,
    PromiseIncomplete,
    ShortfallDeclined,
    ShortfallNotMissing,
    ShortfallNotProposed,
)
from services.submissions import MaterialsMissing
from services.transitions import StepNotAllowed, StepNotYours
from services.verdicts import VerdictsIncomplete
from tests import make
from tests.services import stages
from tests.services.flavoured import at, body_of, discredit, lacking, published, told
from tests.services.reviewing import material, refused
from tests.world import World


async def _statuses(case_id: object) -> dict[str, str]:
    return {row.code: row.status for row in await ShortfallItem.filter(case_id=case_id)}


@pytest.mark.requirement("容缺材料标注")
@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        (Wish(), MaterialsMissing),
        (Wish(mode=AcceptMode.SHORTFALL), ShortfallUnnamed),
        (Wish(shortfall=("M08",)), MaterialsMissing),
        (Wish(shortfall=("M06", "M05")), ShortfallNotAllowed),
        (Wish(mode=AcceptMode.VERIFY_LATER, shortfall=("M06",)), ModeNotAllowed),
    ],
    ids=["not wished", "none named", "another named", "a core material", "two ways at once"],
)
async def test_only_marked_materials_may_be_left_for_later(
    world: World, wish: Wish, problem: type
) -> None:
    await published(world, body_of("ITEM01"))
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM01")
    await world.ctx.materials.remove(who, filed.case_id, "M06")
    async with refused(world, problem):
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex, wish)


async def test_an_item_without_shortfall_wants_everything_at_once(world: World) -> None:
    await published(world, body_of("ITEM01", shortfall_allowed=False))
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM01")
    await world.ctx.materials.remove(who, filed.case_id, "M06")
    async with refused(world, ModeNotAllowed):
        wish = Wish(shortfall=("M06",))
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex, wish)


async def test_a_wish_is_kept_only_for_what_is_missing(world: World) -> None:
    await published(world, body_of("ITEM01"))
    who = await make.citizen(world)
    whole = await stages.drafted(world, who, "ITEM01")
    wish = Wish(shortfall=("M06",))
    await world.ctx.submissions.submit(who, whole.case_id, uuid4().hex, wish)
    assert ((await whole.case()).wanted_mode, await _statuses(whole.case_id)) == ("NORMAL", {})
    story_case = await stages.drafted(world, who, "ITEM01")
    await world.ctx.materials.remove(who, story_case.case_id, "M06")
    await world.ctx.submissions.submit(who, story_case.case_id, uuid4().hex, wish)
    assert (await story_case.case()).wanted_mode == "SHORTFALL"
    assert await _statuses(story_case.case_id) == {"M06": "WANTED"}


@pytest.mark.parametrize("status", ["CONFIRMED", "NOTIFIED", "OBJECTED", "REPORTED"])
async def test_bad_credit_bars_a_promise_at_every_gate(world: World, status: str) -> None:
    story = await lacking(world)
    await story.promised(world)
    await discredit(world, story.filed, status)
    async with refused(world, CreditUnrepaired):
        await world.ctx.reviews.accept(story.window, story.filed.case_id)
    other = await stages.drafted(world, story.filed.citizen, "ITEM01")
    await world.ctx.materials.remove(story.filed.citizen, other.case_id, "M06")
    async with refused(world, CreditUnrepaired):
        wish = Wish(shortfall=("M06",))
        await world.ctx.submissions.submit(story.filed.citizen, other.case_id, uuid4().hex, wish)


@pytest.mark.parametrize("status", ["PROPOSED", "CANCELLED", "REPAIRED"])
async def test_a_proposal_or_a_repaired_fault_bars_nothing(world: World, status: str) -> None:
    story = await lacking(world)
    await discredit(world, story.filed, status)
    await story.accepted(world)
    assert (await story.filed.case()).accept_mode == "SHORTFALL"


async def test_bad_credit_bars_a_proposal(world: World) -> None:
    story = await lacking(world)
    await discredit(world, story.filed)
    async with refused(world, CreditUnrepaired):
        await story.proposed(world)


@pytest.mark.parametrize(
    ("codes", "problem"),
    [
        ([], ShortfallNotMissing),
        (["M02"], ShortfallNotAllowed),
        (["M08"], ShortfallNotMissing),
        (["M07"], ShortfallNotMissing),
        (["M06", "M77"], ShortfallNotAllowed),
    ],
    ids=["nothing", "core", "handed in", "not asked for", "not on the list"],
)
async def test_only_what_is_missing_and_marked_is_proposed(
    world: World, codes: list[str], problem: type
) -> None:
    story = await lacking(world)
    async with refused(world, problem):
        await world.ctx.shortfalls.propose(story.window, story.filed.case_id, codes)


async def test_only_the_officer_who_reviews_proposes(world: World) -> None:
    story = await lacking(world)
    other = await make.officer(world)
    async with refused(world, CaseClaimed):
        await world.ctx.shortfalls.propose(other, story.filed.case_id, ["M06"])
    await story.accepted(world)
    async with refused(world, StepNotAllowed):
        await story.proposed(world)


@pytest.mark.requirement("容缺须部门确认")
async def test_the_department_confirms_and_nobody_else(world: World) -> None:
    story = await lacking(world)
    both = await make.officer(world, (Role.WINDOW, Role.DEPT))
    confirm = world.ctx.shortfalls.answer
    async with refused(world, ShortfallNotProposed):
        await confirm(story.department, story.filed.case_id, "M06", confirmed=True)
    await story.proposed(world)
    assert await _statuses(story.filed.case_id) == {"M06": "PROPOSED"}
    async with refused(world, StepNotYours):
        await confirm(story.window, story.filed.case_id, "M06", confirmed=True)
    async with refused(world, ShortfallNotProposed):
        await confirm(story.department, story.filed.case_id, "M08", confirmed=True)
    await confirm(both, story.filed.case_id, "M06", confirmed=True)
    row = await ShortfallItem.get(case_id=story.filed.case_id)
    assert (row.status, row.confirmed_by) == ("CONFIRMED", both.id)
    assert "部分材料可后补,请签容缺承诺" in await told(world)
    [alert] = await world.rows("monitor_alerts")
    assert (alert["kind"], alert["code"]) == ("OVERREACH", "step_not_yours")


async def test_who_proposed_does_not_confirm(world: World) -> None:
    story = await lacking(world)
    both = await make.officer(world, (Role.WINDOW, Role.DEPT))
    await Case.filter(id=story.filed.case_id).update(claimed_by_id=both.id)
    await world.ctx.shortfalls.propose(both, story.filed.case_id, ["M06"])
    async with refused(world, OwnProposal):
        await world.ctx.shortfalls.answer(both, story.filed.case_id, "M06", confirmed=True)
    [alert] = await world.rows("monitor_alerts")
    assert (alert["kind"], alert["code"]) == ("OVERREACH", "own_proposal")


@pytest.mark.requirement("容缺不符当场告知")
async def test_a_refusal_is_told_with_its_reason_at_once(world: World) -> None:
    story = await lacking(world)
    filed, ctx = story.filed, world.ctx
    await story.proposed(world)
    async with refused(world, DeclineReasonMissing):
        await ctx.shortfalls.answer(
            story.department, filed.case_id, "M06", confirmed=False, reason="  "
        )
    await ctx.shortfalls.answer(
        story.department, filed.case_id, "M06", confirmed=False, reason="开业前就要有制度。"
    )
    seen = await ctx.progress.of_case(filed.citizen, filed.case_id)
    [shown] = seen.lacking
    assert (shown["status"], shown["reason"]) == ("DECLINED", "开业前就要有制度。")
    assert "有材料不能后补,请看原因" in await told(world)
    # It is not asked for again, and the material is due like any other.
    async with refused(world, ShortfallDeclined):
        await story.proposed(world)
    async with refused(world, VerdictsIncomplete):
        await ctx.reviews.accept(story.window, filed.case_id)
    await ctx.reviews.put_verdict(
        story.window, filed.case_id, "M02", Verdict.FAIL, DefectReason.BLURRED.value
    )
    async with refused(world, CorrectionIncomplete) as caught:
        await ctx.reviews.issue_correction(
            story.window, filed.case_id, [material("M02")], "请补正。"
        )
    assert [fault.pointer for fault in caught.value.faults] == ["/materials/M06"]


async def test_nothing_is_confirmed_once_the_case_is_accepted(world: World) -> None:
    story = await lacking(world)
    await story.accepted(world)
    async with refused(world, StepNotAllowed):
        await world.ctx.shortfalls.answer(
            story.department, story.filed.case_id, "M06", confirmed=True
        )


@pytest.mark.requirement("容缺承诺")
@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-03", "2026-03-11", "2027-01-04"])
async def test_a_day_is_promised_from_tomorrow_to_the_promised_decision(
    world: World, day: str
) -> None:
    story = await lacking(world)
    await story.confirmed(world)
    async with refused(world, PromiseDayInvalid) as caught:
        await story.sign(world, day)
    assert [fault.pointer for fault in caught.value.faults] == ["/materials/M06"]


@pytest.mark.parametrize("day", ["2026-03-04", "2026-03-08", "2026-03-10"])
async def test_any_day_between_them_is_taken(world: World, day: str) -> None:
    story = await lacking(world)
    await story.promised(world, day)
    row = await ShortfallItem.get(case_id=story.filed.case_id)
    assert (row.status, row.due_on) == ("PROMISED", date.fromisoformat(day))


async def test_a_promise_names_what_the_department_let_off(world: World) -> None:
    story = await lacking(world)
    filed, sign = story.filed, world.ctx.shortfalls.promise
    day = date(2026, 3, 5)
    async with refused(world, PromiseIncomplete):
        await sign(filed.citizen, filed.case_id, {"M06": day})
    await story.confirmed(world)
    for days in ({}, {"M08": day}, {"M06": day, "M08": day}):
        async with refused(world, PromiseIncomplete):
            await sign(filed.citizen, filed.case_id, days)
    other = await make.citizen(world, make.LI)
    async with refused(world, CaseUnknown):
        await sign(other, filed.case_id, {"M06": day})
    with pytest.raises(CaseUnknown):
        await world.ctx.shortfalls.show(other, filed.case_id)


async def test_a_promise_may_be_signed_anew_until_acceptance(world: World) -> None:
    story = await lacking(world)
    await story.promised(world, "2026-03-05")
    await story.sign(world, "2026-03-09")
    old, new = await SignedPromise.filter(case_id=story.filed.case_id).order_by("id")
    assert (old.withdrawn_at, new.withdrawn_at) == (world.clock.now(), None)
    assert "2026年3月5日" in old.statements[1]
    assert "2026年3月9日" in new.statements[1]
    assert new.digest != old.digest
    await world.ctx.reviews.accept(story.window, story.filed.case_id)
    async with refused(world, StepNotAllowed):
        await story.sign(world, "2026-03-10")


async def test_acceptance_waits_for_the_department_and_the_signature(world: World) -> None:
    story = await lacking(world)
    accept = world.ctx.reviews.accept
    async with refused(world, ShortfallNotConfirmed):
        await accept(story.window, story.filed.case_id)
    await story.proposed(world)
    async with refused(world, ShortfallNotConfirmed):
        await accept(story.window, story.filed.case_id)
    await world.ctx.shortfalls.answer(story.department, story.filed.case_id, "M06", confirmed=True)
    async with refused(world, PromiseNotSigned):
        await accept(story.window, story.filed.case_id)
    await story.sign(world)
    for mode, problem in (
        (AcceptMode.NORMAL, VerdictsIncomplete),
        (AcceptMode.VERIFY_LATER, ModeNotChosen),
        (AcceptMode.COMMITMENT, ModeNotChosen),
    ):
        async with refused(world, problem):
            await accept(story.window, story.filed.case_id, Sanction(mode))
    await accept(story.window, story.filed.case_id, Sanction(AcceptMode.SHORTFALL))
    case = await story.filed.case()
    assert (case.state, case.accept_mode) == (State.ACCEPTED, "SHORTFALL")


async def test_a_day_that_is_over_is_promised_anew_before_acceptance(world: World) -> None:
    story = await lacking(world)
    await story.promised(world, "2026-03-04")
    world.clock.at = at("2026-03-05")
    async with refused(world, PromiseOutdated):
        await world.ctx.reviews.accept(story.window, story.filed.case_id)


async def test_what_was_handed_in_must_pass_all_the_same(world: World) -> None:
    story = await lacking(world)
    await story.promised(world)
    await story.judge(world, "M02", DefectReason.EXPIRED.value)
    async with refused(world, VerdictsIncomplete) as caught:
        await world.ctx.reviews.accept(story.window, story.filed.case_id)
    assert [fault.pointer for fault in caught.value.faults] == ["/materials/M02"]


async def test_acceptance_waits_for_a_fix_on_the_spot(world: World) -> None:
    story = await lacking(world)
    await story.promised(world)
    await world.ctx.inline_fixes.open(
        story.window, story.filed.case_id, ["venue_name"], "少写了一个字。"
    )
    async with refused(world, FixPending):
        await world.ctx.reviews.accept(story.window, story.filed.case_id)
