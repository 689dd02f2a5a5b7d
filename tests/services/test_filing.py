"""What keeps a draft from being filed (T01): an older version of the item, an open application."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from models.case import Case
from models.material import Material
from models.promise import SignedPromise
from models.rules.states import State
from services.access import CaseUnknown
from services.actors import Citizen
from services.cases import NotEditable
from services.filing import (
    CaseOpenAlready,
    CaseOpenOnly,
    ItemVersionOutdated,
    check_alone,
    hindrances,
)
from services.flavours import Wish
from services.submissions import Receipt
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.flavoured import body_of, published
from tests.services.reviewing import refused
from tests.world import World


async def _submit(world: World, filed: Filed, wish: Wish | None = None) -> Receipt:
    return await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex, wish)


async def _plain(world: World, who: Citizen, item: str = "ITEM10") -> Filed:
    """Return a complete draft as the phone opens it, one at a time."""
    filed = await stages.drafted(world, who, item)
    await Case.filter(id=filed.case_id).update(extra_draft=False)
    return filed


def _later(item: str) -> dict[str, Any]:
    """Return a later version: it drops an answer and a material, and asks for a new answer."""
    body = body_of(item)
    fields = body["form_schema"]["properties"]
    del fields["contractor"]
    fields["surface_type"]["enum"] = ["水泥混凝土"]
    fields["phone"] = {"type": "string", "title": "联系电话", "minLength": 5}
    body["form_schema"]["required"] = ["road_section", "area_m2", "phone"]
    body["materials"] = [each for each in body["materials"] if each["code"] != "M06"]
    return body


@pytest.mark.requirement("动态更新")
async def test_a_draft_of_an_older_version_is_moved_before_it_is_filed(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    old = (await filed.case()).item_version_id
    assert not (await hindrances(await filed.case())).outdated
    await published(world, _later("ITEM10"))
    assert (await hindrances(await filed.case())).outdated
    async with refused(world, ItemVersionOutdated):
        await _submit(world, filed)

    moved = await world.ctx.renewals.renew(filed.citizen, filed.case_id)
    assert moved.item.version == "2026.90"
    assert moved.case.item_version_id != old
    # What the new version does not know, or would not take, is gone; the rest is as it was.
    kept = {**make.FORMS["ITEM10"]}
    del kept["contractor"], kept["surface_type"]
    assert moved.form.values == kept
    current = await Material.filter(case_id=filed.case_id, replaced_at=None).order_by("code")
    assert [each.code for each in current] == [code for code in filed.codes if code != "M06"]

    await world.ctx.cases.put_field(filed.citizen, filed.case_id, "phone", "028-00000001")
    await world.ctx.cases.put_field(filed.citizen, filed.case_id, "surface_type", "水泥混凝土")
    await _submit(world, filed)
    case = await filed.case()
    assert (case.state, case.item_version_id) == (State.SUBMITTED, moved.item.version_id)


async def test_moving_a_draft_that_is_current_changes_nothing(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    before = [await world.rows(table) for table in ("cases", "case_forms", "materials")]
    await world.ctx.renewals.renew(filed.citizen, filed.case_id)
    assert [await world.rows(table) for table in ("cases", "case_forms", "materials")] == before


@pytest.mark.requirement("动态更新")
async def test_an_open_case_stays_under_the_version_it_was_filed_under(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    await published(world, _later("ITEM10"))
    async with refused(world, NotEditable):
        await world.ctx.renewals.renew(filed.citizen, filed.case_id)
    opened = await world.ctx.cases.get(filed.citizen, filed.case_id)
    assert opened.item.version != "2026.90"


async def test_nobody_moves_another_persons_draft(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    other = await make.citizen(world, make.LI)
    async with refused(world, CaseUnknown):
        await world.ctx.renewals.renew(other, filed.case_id)


@pytest.mark.parametrize("changed", [True, False])
async def test_a_promise_is_kept_when_its_words_are(world: World, changed: bool) -> None:
    await published(world, body_of("ITEM05"))
    filed = await stages.drafted(world, await make.citizen(world), "ITEM05")
    shown = await world.ctx.commitments.show(filed.citizen, filed.case_id)
    await world.ctx.commitments.sign(filed.citizen, filed.case_id, shown.wording.digest)
    later = body_of("ITEM05")
    later["version"] = "2026.91"
    if changed:
        later["commitment"]["statements"].append("我会在采伐前通知村委会。")
    await published(world, later)
    moved = await world.ctx.renewals.renew(filed.citizen, filed.case_id)
    assert moved.case.wanted_mode == ("NORMAL" if changed else "COMMITMENT")
    signed = await SignedPromise.get(case_id=filed.case_id)
    assert (signed.withdrawn_at is not None) is changed


async def test_a_second_open_application_is_refused_with_the_number_of_the_first(
    world: World,
) -> None:
    who = await make.citizen(world)
    first = await stages.drafted(world, who, "ITEM10")
    number = (await _submit(world, first)).case_no
    second = await _plain(world, who)
    assert (await hindrances(await second.case())).open_case_no == number
    async with refused(world, CaseOpenAlready) as caught:
        await _submit(world, second)
    assert caught.value.facts == {"open_case_no": number}


async def test_another_one_is_filed_when_it_is_wanted(world: World) -> None:
    who = await make.citizen(world)
    await _submit(world, await stages.drafted(world, who, "ITEM10"))
    # Opened as a further draft, or said when it is submitted.
    await _submit(world, await stages.drafted(world, who, "ITEM10"))
    await _submit(world, await _plain(world, who), Wish(another=True))
    assert await Case.filter(state=State.SUBMITTED).count() == 3


async def test_only_an_undecided_application_for_the_same_item_counts(world: World) -> None:
    who = await make.citizen(world)
    withdrawn = await stages.drafted(world, who, "ITEM10")
    await _submit(world, withdrawn)
    await world.ctx.submissions.withdraw(who, withdrawn.case_id, uuid4().hex)
    decided = await stages.reviewed(world)
    await stages.decided(world, decided)
    await _submit(world, await stages.drafted(world, who, "ITEM11"))
    other = await stages.drafted(world, await make.citizen(world, make.LI), "ITEM10")
    await _submit(world, other)
    await _submit(world, await _plain(world, who))


async def test_an_item_may_take_one_application_at_a_time(world: World) -> None:
    """Two drafts that are sent at the same moment: one gets through."""
    await published(world, body_of("ITEM10", one_open_case=True))
    who = await make.citizen(world)
    drafts = [await stages.drafted(world, who, "ITEM10") for _ in range(2)]
    wish = Wish(another=True)
    said = await asyncio.gather(
        *(_submit(world, draft, wish) for draft in drafts), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in said) == ["CaseOpenOnly", "Receipt"]
    assert await Case.filter(state=State.SUBMITTED).count() == 1
    left = next(draft for draft, each in zip(drafts, said, strict=True) if _is_problem(each))
    async with refused(world, CaseOpenOnly):
        await _submit(world, left, wish)


def _is_problem(said: object) -> bool:
    return isinstance(said, CaseOpenOnly)


async def test_nothing_open_is_no_hindrance(world: World) -> None:
    filed = await _plain(world, await make.citizen(world))
    found = await hindrances(await filed.case())
    assert (found.outdated, found.open_case_no) == (False, None)
    opened = await world.ctx.cases.get(filed.citizen, filed.case_id)
    check_alone(found, opened.item, another=False)
