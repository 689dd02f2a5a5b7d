"""Drafts: one per citizen and item, saved field by field, gone when deleted."""

import asyncio
from typing import Any

import pytest

from models.case import Case, CaseForm
from models.rules.states import State
from services.access import CaseUnknown
from services.cases import ApplicantTypeRefused, NotEditable
from services.errors import Problem
from services.forms import FieldUnknown, FormInvalid
from services.items import ItemUnknown
from services.transitions import StepNotAllowed
from tests import make
from tests.world import World


async def test_an_item_has_one_draft_unless_another_is_asked(world: World) -> None:
    who, code = await make.citizen(world), await make.item_code("ITEM10")
    cases = world.ctx.cases
    first = await cases.open_draft(who, code, another=False)
    again = await cases.open_draft(who, code, another=False)
    assert (first.created, again.created) == (True, False)
    assert again.opened.case.id == first.opened.case.id
    other = await cases.open_draft(who, code, another=True)
    assert other.created and other.opened.case.id != first.opened.case.id


async def test_sixteen_taps_make_one_draft(world: World) -> None:
    who, code = await make.citizen(world), await make.item_code("ITEM10")
    drafts = await asyncio.gather(
        *(world.ctx.cases.open_draft(who, code, another=False) for _ in range(16))
    )
    assert len({draft.opened.case.id for draft in drafts}) == 1
    assert sum(draft.created for draft in drafts) == 1
    assert await Case.all().count() == 1


async def test_an_item_for_enterprises_is_not_for_a_person(world: World) -> None:
    who = await make.citizen(world)
    with pytest.raises(ApplicantTypeRefused):
        await world.ctx.cases.open_draft(who, await make.item_code("ITEM01"), another=False)
    with pytest.raises(ItemUnknown):
        await world.ctx.cases.open_draft(who, "no-such-item", another=False)
    assert await Case.all().count() == 0


async def test_fields_are_saved_one_by_one_and_sealed(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    opened = await world.ctx.cases.put_field(who, filed.case_id, "contractor", "绿源公司")
    assert opened.form.values["contractor"] == "绿源公司"
    stored = await CaseForm.get(case_id=filed.case_id)
    assert "绿源".encode() not in stored.sealed
    cleared = await world.ctx.cases.put_field(who, filed.case_id, "contractor", None)
    assert "contractor" not in cleared.form.values
    assert cleared.form.revision == opened.form.revision + 1


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("surface_type", "泥土", FormInvalid),
        ("area_m2", "12", FormInvalid),
        ("area_m2", -1, FormInvalid),
        ("contractor", "长" * 101, FormInvalid),
        ("planned_start", "2026-02-30", FormInvalid),
        ("salary", 1, FieldUnknown),
        ("__proto__", "x", FieldUnknown),
    ],
)
async def test_a_wrong_value_changes_nothing(
    world: World, field: str, value: Any, kind: type[Problem]
) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    before = await world.rows("case_forms")
    with pytest.raises(kind):
        await world.ctx.cases.put_field(who, filed.case_id, field, value)
    assert await world.rows("case_forms") == before


async def test_a_mistyped_id_number_in_a_form_is_told_at_once(world: World) -> None:
    who = await make.citizen(world)
    code = await make.item_code("ITEM06")
    case = (await world.ctx.cases.open_draft(who, code, another=False)).opened.case
    with pytest.raises(FormInvalid) as caught:
        await world.ctx.cases.put_field(who, case.id, "elder_id_number", "511499194311051027")
    assert [fault.pointer for fault in caught.value.faults] == ["/elder_id_number"]
    right = "511499194311051028"
    opened = await world.ctx.cases.put_field(who, case.id, "elder_id_number", right)
    assert opened.form.values == {"elder_id_number": right}


async def test_two_phones_lose_no_field(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    put = world.ctx.cases.put_field
    await asyncio.gather(
        put(who, filed.case_id, "road_section", "东大街"),
        put(who, filed.case_id, "contractor", "绿源公司"),
        put(who, filed.case_id, "area_m2", 7),
    )
    values = (await world.ctx.cases.get(who, filed.case_id)).form.values
    assert (values["road_section"], values["contractor"], values["area_m2"]) == (
        "东大街",
        "绿源公司",
        7,
    )


async def test_after_submission_the_form_stays_as_it_is(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.submitted(world, who)
    before = await world.rows("case_forms")
    with pytest.raises(NotEditable):
        await world.ctx.cases.put_field(who, filed.case_id, "area_m2", 1)
    assert await world.rows("case_forms") == before


async def test_a_deleted_draft_is_gone_from_the_list_and_makes_room(world: World) -> None:
    who = await make.citizen(world)
    code = await make.item_code("ITEM10")
    draft = await world.ctx.cases.open_draft(who, code, another=False)
    await world.ctx.cases.delete_draft(who, draft.opened.case.id)
    page, following = await world.ctx.cases.list(who, limit=10, before=None)
    assert (list(page), following) == ([], None)
    assert (await world.ctx.cases.open_draft(who, code, another=False)).created


async def test_what_was_submitted_cannot_be_deleted(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    with pytest.raises(StepNotAllowed):
        await world.ctx.cases.delete_draft(filed.citizen, filed.case_id)
    assert (await filed.case()).state is State.SUBMITTED


async def test_somebody_elses_case_does_not_exist(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world))
    other = await make.citizen(world, make.LI)
    cases = world.ctx.cases
    before = await world.rows("case_forms")
    with pytest.raises(CaseUnknown):
        await cases.get(other, filed.case_id)
    with pytest.raises(CaseUnknown):
        await cases.put_field(other, filed.case_id, "area_m2", 1)
    with pytest.raises(CaseUnknown):
        await cases.delete_draft(other, filed.case_id)
    assert await world.rows("case_forms") == before
    assert (await cases.list(other, limit=10, before=None))[0] == []


async def test_the_list_pages_from_new_to_old(world: World) -> None:
    who, code = await make.citizen(world), await make.item_code("ITEM10")
    made = [
        (await world.ctx.cases.open_draft(who, code, another=True)).opened.case.id for _ in range(5)
    ]
    seen: list[Any] = []
    before = None
    while True:
        page, before = await world.ctx.cases.list(who, limit=2, before=before)
        seen += [case.id for case, _ in page]
        if before is None:
            break
    assert seen == sorted(made, reverse=True)
