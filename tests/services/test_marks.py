"""与原件一致 and 数据库核对一致: marks on one uploaded version, and on no other."""

from functools import partial

import pytest

from models.material import Material
from models.rules.events import Role
from models.unit import run_in_transaction
from services.access import CaseUnknown
from services.marks import NothingToMark, database_matched
from services.transitions import StepNotAllowed, StepNotYours
from tests import make
from tests.services.reviewing import judge, material, notify, refused, resubmit, reviewer, supply
from tests.world import World


async def _marks(case_id: object) -> dict[str, tuple[str, str | None]]:
    found = await Material.filter(case_id=case_id, replaced_at=None)
    return {each.code: (each.verification, each.verification_source) for each in found}


@pytest.mark.requirement("与原件一致章")
async def test_an_officer_marks_what_they_have_seen_and_nothing_else(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    for _ in range(2):
        seen = await world.ctx.marks.see_original(reviewer(filed), filed.case_id, "M02")
        assert (seen.verification, seen.verified_at) == ("ORIGINAL_SEEN", world.clock.now())
    marks = await _marks(filed.case_id)
    assert marks.pop("M02") == ("ORIGINAL_SEEN", "示例县政务服务中心")
    assert set(marks.values()) == {("NONE", None)}
    [entry] = await world.rows("audit_log")
    assert (entry["action"], entry["object_id"]) == ("material.original_seen", str(seen.id))
    assert (entry["actor_role"], entry["actor_id"]) == ("WINDOW", str(reviewer(filed).id))


@pytest.mark.requirement("数据库核对一致")
async def test_a_register_outweighs_a_look(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await world.ctx.marks.see_original(reviewer(filed), filed.case_id, "M02")
    matched = partial(database_matched, filed.case_id, "M02", "企业登记信息", world.clock.now())
    await run_in_transaction(matched)
    assert (await _marks(filed.case_id))["M02"] == ("DB_MATCHED", "企业登记信息")
    await world.ctx.marks.see_original(reviewer(filed), filed.case_id, "M02")
    assert (await _marks(filed.case_id))["M02"] == ("DB_MATCHED", "企业登记信息")


async def test_what_is_uploaded_anew_has_no_mark(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await world.ctx.marks.see_original(reviewer(filed), filed.case_id, "M04")
    await judge(world, filed, "M04")
    await notify(world, filed, [material("M04")])
    await supply(world, filed, "M04")
    await resubmit(world, filed)
    assert (await _marks(filed.case_id))["M04"] == ("NONE", None)
    old = await Material.get(case_id=filed.case_id, code="M04", no=1)
    assert old.verification == "ORIGINAL_SEEN"


async def test_a_mark_is_the_windows_and_for_a_case_that_goes_on(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.claimed(world, who)
    department = await make.officer(world, (Role.DEPT,))
    async with refused(world, StepNotYours):
        await world.ctx.marks.see_original(department, filed.case_id, "M02")
    async with refused(world, NothingToMark):
        await world.ctx.marks.see_original(reviewer(filed), filed.case_id, "M90")
    draft = await make.draft(world, who)
    async with refused(world, CaseUnknown):
        await world.ctx.marks.see_original(reviewer(filed), draft.case_id, "M02")
    await world.ctx.submissions.withdraw(who, filed.case_id, "withdraw-it-all")
    async with refused(world, StepNotAllowed):
        await world.ctx.marks.see_original(reviewer(filed), filed.case_id, "M02")
