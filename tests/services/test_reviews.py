"""Pre-review: who takes a case, what is said of its materials, what the queue shows."""

import asyncio
from datetime import timedelta

import pytest

from models.case import Case, CaseEvent
from models.material import Material
from models.review import Verdict
from models.rules.events import Role
from models.rules.states import State
from services.access import CaseUnknown
from services.desk import CaseClaimed
from services.items import CursorInvalid
from services.queue import QueueEntry
from services.transitions import StepNotAllowed, StepNotYours
from services.verdicts import (
    MaterialAbsent,
    MaterialNotAsked,
    VerdictReasonMissing,
    VerdictUnknown,
)
from tests import make
from tests.services.reviewing import (
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


async def test_a_claim_is_one_step_and_again_changes_nothing(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    officer = await make.officer(world)
    for _ in range(2):
        case = await world.ctx.reviews.claim(officer, filed.case_id)
        assert (case.state, case.claimed_by_id) == (State.PRE_REVIEWING, officer.id)
    events = await CaseEvent.filter(case_id=filed.case_id).order_by("seq")
    assert [(event.row, event.actor_role) for event in events] == [
        ("T01", "APPLICANT"),
        ("T03", "WINDOW"),
    ]


async def test_a_claimed_case_is_not_taken_by_another(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    second = await make.officer(world)
    async with refused(world, CaseClaimed):
        await world.ctx.reviews.claim(second, filed.case_id)
    async with refused(world, CaseClaimed):
        await world.ctx.reviews.put_verdict(second, filed.case_id, "M02", "PASS")


async def test_of_two_claims_at_once_one_wins(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    officers = [await make.officer(world) for _ in range(4)]
    claims = [world.ctx.reviews.claim(officer, filed.case_id) for officer in officers]
    answers = await asyncio.gather(*claims, return_exceptions=True)
    winners = [o for o, a in zip(officers, answers, strict=True) if isinstance(a, Case)]
    assert [type(a) for a in answers if not isinstance(a, Case)] == [CaseClaimed] * 3
    assert (await filed.case()).claimed_by_id == winners[0].id


async def test_a_draft_is_not_there_for_staff(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world))
    officer = await make.officer(world)
    async with refused(world, CaseUnknown):
        await world.ctx.reviews.claim(officer, filed.case_id)
    async with refused(world, CaseUnknown):
        await world.ctx.reviews.show(officer, filed.case_id)
    assert not (await world.ctx.reviews.queue(officer, None, limit=10, cursor=None)).entries
    page = await world.ctx.reviews.queue(officer, State.DRAFT, limit=10, cursor=None)
    assert not page.entries


async def test_a_department_sees_and_takes_only_what_departments_accept(world: World) -> None:
    who = await make.citizen(world)
    window_item, dept_item = (
        await make.submitted(world, who),
        await make.submitted(world, who, "ITEM11"),
    )
    dept = await make.officer(world, (Role.DEPT,))
    page = await world.ctx.reviews.queue(dept, None, limit=10, cursor=None)
    assert [entry.id for entry in page.entries] == [dept_item.case_id]
    async with refused(world, StepNotYours):
        await world.ctx.reviews.claim(dept, window_item.case_id)
    async with refused(world, StepNotYours):
        await world.ctx.reviews.show(dept, window_item.case_id)
    await world.ctx.reviews.claim(dept, dept_item.case_id)
    event = await CaseEvent.get(case_id=dept_item.case_id, row="T03")
    assert event.actor_role == "DEPT"


async def test_what_a_window_reviewed_for_a_department_goes_on_there(world: World) -> None:
    """青神方案2018: the department checks what the window passes on, and decides."""
    window, dept = await make.officer(world), await make.officer(world, (Role.DEPT,))
    filed = await make.claimed(world, await make.citizen(world), "ITEM11", by=window)
    await judge(world, filed)
    async with refused(world, StepNotYours):
        await world.ctx.reviews.accept(window, filed.case_id)
    case = await world.ctx.reviews.accept(dept, filed.case_id)
    assert case.state is State.AWAIT_PREPAYMENT


async def test_a_department_does_not_take_over_from_a_department(world: World) -> None:
    first, second = [await make.officer(world, (Role.DEPT,)) for _ in range(2)]
    filed = await make.claimed(world, await make.citizen(world), "ITEM11", by=first)
    async with refused(world, CaseClaimed):
        await world.ctx.reviews.put_verdict(second, filed.case_id, "M02", "PASS")


async def test_the_queue_is_by_deadline_and_marks_ones_own(world: World) -> None:
    who = await make.citizen(world)
    early = await make.submitted(world, who)
    world.clock.advance(timedelta(days=1))
    mine = await make.claimed(world, who)
    world.clock.advance(timedelta(days=1))
    others = await make.claimed(world, who)
    waiting = await make.claimed(world, who)
    await judge(world, waiting, "M04")
    await world.ctx.reviews.issue_correction(
        reviewer(waiting), waiting.case_id, [material("M04")], ""
    )
    seen: list[QueueEntry] = []
    cursor = None
    while True:
        page = await world.ctx.reviews.queue(reviewer(mine), None, limit=1, cursor=cursor)
        seen += page.entries
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [entry.id for entry in seen] == [
        early.case_id,
        mine.case_id,
        others.case_id,
        waiting.case_id,
    ]
    assert [(entry.claimed, entry.mine) for entry in seen] == [
        (False, False),
        (True, True),
        (True, False),
        (False, False),
    ]
    assert all(entry.due_at is not None for entry in seen)
    only = await world.ctx.reviews.queue(reviewer(mine), State.SUBMITTED, limit=10, cursor=None)
    assert [entry.id for entry in only.entries] == [early.case_id]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WzEsMiwzXQ", "Wzk5OTk5OTk5OTk5OSwiIiwiIl0"])
async def test_a_cursor_of_ones_own_making_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        await world.ctx.reviews.queue(await make.officer(world), None, limit=1, cursor=cursor)


async def test_a_later_verdict_of_the_round_replaces_the_first(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    say = world.ctx.reviews.put_verdict
    await say(reviewer(filed), filed.case_id, "M02", "FAIL", "BLURRED", comment="看不清")
    await say(reviewer(filed), filed.case_id, "M02", "PASS", "BLURRED")
    verdict = await Verdict.get(case_id=filed.case_id)
    assert (verdict.code, verdict.round, verdict.verdict) == ("M02", 0, "PASS")
    assert (verdict.reason_code, verdict.comment) == (None, "")
    assert verdict.reviewer_id == reviewer(filed).id
    current = await Material.get(case_id=filed.case_id, code="M02", replaced_at=None)
    assert verdict.material_id == current.id


async def test_verdicts_are_refused_on_what_is_not_asked(world: World) -> None:
    # M06 is asked from 15 cubic metres on, M01 is made by the form, M90 is for agents.
    filed = await make.claimed(world, await make.citizen(world), "ITEM05")
    for code in ("M06", "M01", "M90", "M99"):
        async with refused(world, MaterialNotAsked):
            await world.ctx.reviews.put_verdict(
                reviewer(filed), filed.case_id, code, "FAIL", "MISSING"
            )


async def test_a_verdict_needs_its_word_and_reason(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    say = world.ctx.reviews.put_verdict
    async with refused(world, VerdictReasonMissing):
        await say(reviewer(filed), filed.case_id, "M02", "FAIL")
    async with refused(world, VerdictReasonMissing):
        await say(reviewer(filed), filed.case_id, "M02", "FAIL", "UGLY")
    async with refused(world, VerdictUnknown):
        await say(reviewer(filed), filed.case_id, "M02", "SHORTFALL_OK")


async def test_nothing_cannot_pass_but_can_be_missing(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    now = world.clock.now()
    await Material.filter(case_id=filed.case_id, code="M02").update(replaced_at=now)
    async with refused(world, MaterialAbsent):
        await world.ctx.reviews.put_verdict(reviewer(filed), filed.case_id, "M02", "PASS")
    await world.ctx.reviews.put_verdict(reviewer(filed), filed.case_id, "M02", "FAIL", "MISSING")
    assert (await Verdict.get(case_id=filed.case_id)).material_id is None


async def test_verdicts_belong_to_the_pre_review(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    officer = await make.officer(world)
    async with refused(world, StepNotAllowed):
        await world.ctx.reviews.put_verdict(officer, filed.case_id, "M02", "PASS")
    accepted = await make.accepted(world, filed.citizen)
    async with refused(world, StepNotAllowed):
        await world.ctx.reviews.put_verdict(reviewer(accepted), accepted.case_id, "M02", "PASS")


async def test_the_dossier_holds_versions_verdicts_and_corrections(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await second_round(world, filed, "M04")
    dossier = await world.ctx.reviews.show(reviewer(filed), filed.case_id)
    versions = [(m.code, m.no, m.replaced_at is None) for m in dossier.materials]
    assert versions == [
        ("M02", 1, True),
        ("M03", 1, True),
        ("M04", 2, True),
        ("M04", 1, False),
        ("M05", 1, True),
        ("M06", 1, True),
    ]
    assert [v.code for v in dossier.verdicts if v.verdict == "FAIL"] == ["M04"]
    assert [(c.round, c.items[0]["name"]) for c in dossier.corrections] == [(1, "施工图及设计文件")]
    assert dossier.opened.form.values == make.FORMS["ITEM10"]
    assert dossier.mine
    assert not (await world.ctx.reviews.show(await make.officer(world), filed.case_id)).mine


async def test_after_a_resubmission_anybody_may_claim(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    await notify(world, filed, [material("M04")])
    await supply(world, filed, "M04")
    await resubmit(world, filed)
    second = await make.officer(world)
    case = await world.ctx.reviews.claim(second, filed.case_id)
    assert (case.state, case.claimed_by_id) == (State.PRE_REVIEWING, second.id)
    async with refused(world, CaseClaimed):
        await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
