"""当场更正 (T04, 行政许可法32(三)): a small error is put right at once, and no time is won."""

import pytest

from models.case import CaseEvent
from models.promise import InlineFix
from models.rules.states import State
from services.access import CaseUnknown
from services.cases import NotEditable
from services.desk import CaseClaimed
from services.forms import FieldUnknown, FormInvalid
from services.inline_fixes import FixUnanswered, FixUnknown
from services.transitions import StepNotAllowed
from tests import make
from tests.make import Filed
from tests.services.flavoured import told
from tests.services.reviewing import form_field, judge, notify, refused, reviewer
from tests.world import World


async def _opened(world: World, *fields: str) -> Filed:
    filed = await make.claimed(world, await make.citizen(world))
    await _open(world, filed, *(fields or ("contractor",)))
    return filed


async def _open(world: World, filed: Filed, *fields: str) -> None:
    note = "少写了一个字,改一下就行。"
    await world.ctx.inline_fixes.open(reviewer(filed), filed.case_id, fields, note)


async def _put(world: World, filed: Filed, field: str, value: object) -> None:
    await world.ctx.cases.put_field(filed.citizen, filed.case_id, field, value)


@pytest.mark.requirement("网上六步")
async def test_a_field_is_put_right_while_the_clocks_run_on(world: World) -> None:
    filed = await _opened(world)
    before = await world.rows("clock_instances")
    progress = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert progress.fix == {"fields": ["contractor"], "note": "少写了一个字,改一下就行。"}
    assert progress.waiting_for[0] == "您"
    assert "有处小错误,请当场改好" in await told(world)
    await _put(world, filed, "contractor", "示例县绿源建设工程有限公司")
    await world.ctx.inline_fixes.confirm(filed.citizen, filed.case_id)
    case = await filed.case()
    assert (case.state, case.round) == (State.PRE_REVIEWING, 0)
    event = await CaseEvent.get(case_id=filed.case_id, row="T04")
    assert (event.event, event.actor_role) == ("inline_fix", "APPLICANT")
    assert event.data == {"fields": ["contractor"]}
    assert await world.rows("clock_instances") == before
    assert (await InlineFix.get()).fixed_at == world.clock.now()
    assert case.claimed_by_id == reviewer(filed).id


async def test_nothing_but_the_named_field_can_be_changed(world: World) -> None:
    filed = await _opened(world)
    async with refused(world, NotEditable):
        await _put(world, filed, "area_m2", 500)
    other = await make.citizen(world, make.LI)
    async with refused(world, CaseUnknown):
        await world.ctx.cases.put_field(other, filed.case_id, "contractor", "别人")
    async with refused(world, CaseUnknown):
        await world.ctx.inline_fixes.confirm(other, filed.case_id)


async def test_every_named_field_is_changed_before_it_counts(world: World) -> None:
    filed = await _opened(world, "contractor", "stake_range")
    await _put(world, filed, "contractor", "示例县绿源建设工程有限公司")
    async with refused(world, FixUnanswered) as caught:
        await world.ctx.inline_fixes.confirm(filed.citizen, filed.case_id)
    assert [fault.pointer for fault in caught.value.faults] == ["/form/stake_range"]


async def test_a_field_that_is_needed_is_not_left_empty(world: World) -> None:
    filed = await _opened(world)
    await _put(world, filed, "contractor", None)
    async with refused(world, FormInvalid):
        await world.ctx.inline_fixes.confirm(filed.citizen, filed.case_id)


async def test_nothing_is_open_that_nobody_opened(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    async with refused(world, FixUnknown):
        await world.ctx.inline_fixes.confirm(filed.citizen, filed.case_id)
    async with refused(world, NotEditable):
        await _put(world, filed, "contractor", "另一家")
    async with refused(world, FieldUnknown):
        await _open(world, filed, "contractor", "shoe_size")
    stranger = await make.officer(world)
    async with refused(world, CaseClaimed):
        await world.ctx.inline_fixes.open(stranger, filed.case_id, ["contractor"], "")
    waiting = await make.submitted(world, filed.citizen)
    async with refused(world, StepNotAllowed):
        await world.ctx.inline_fixes.open(reviewer(filed), waiting.case_id, ["contractor"], "")
    async with refused(world, StepNotAllowed):
        await world.ctx.inline_fixes.confirm(filed.citizen, waiting.case_id)


async def test_a_new_opening_takes_the_place_of_the_old_one(world: World) -> None:
    filed = await _opened(world)
    await _open(world, filed, "stake_range")
    assert (await InlineFix.get()).names == ["stake_range"]
    async with refused(world, NotEditable):
        await _put(world, filed, "contractor", "另一家")
    # None at all takes it back.
    await _open(world, filed)
    assert await InlineFix.all().count() == 0
    async with refused(world, NotEditable):
        await _put(world, filed, "stake_range", "K0+100至K0+150")


async def test_a_notice_takes_the_place_of_a_fix(world: World) -> None:
    filed = await _opened(world)
    await judge(world, filed)
    await notify(world, filed, [form_field("area_m2")])
    assert await InlineFix.all().count() == 0
    async with refused(world, StepNotAllowed):
        await world.ctx.inline_fixes.confirm(filed.citizen, filed.case_id)
