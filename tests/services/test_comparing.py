"""What is corrected stays the applicant's until it is resubmitted; then versions stand side by
side."""

from datetime import timedelta

import pytest

from models.material import Material
from models.rules.events import Role
from services import manifests
from services.errors import Invalid
from services.materials import MaterialUnknown
from services.transitions import StepNotAllowed
from services.verdicts import PageUnknown
from tests import make, seen
from tests.make import Filed
from tests.seen import ScriptedReader
from tests.services.reviewing import form_field, judge, material, notify, resubmit, reviewer, supply
from tests.world import World


async def shown(world: World, filed: Filed, code: str) -> list[tuple[int, bool]]:
    dossier = await world.ctx.reviews.show(reviewer(filed), filed.case_id)
    current = dossier.current
    return [(m.no, m.id in current) for m in dossier.materials if m.code == code]


async def test_an_office_sees_corrections_when_they_are_resubmitted(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    await notify(world, filed, [material("M04")])
    await supply(world, filed, "M04")
    tried = await Material.get(case_id=filed.case_id, code="M04", no=2)
    await supply(world, filed, "M04")
    assert await shown(world, filed, "M04") == [(1, True)]
    with pytest.raises(MaterialUnknown):
        await world.ctx.materials.open_for_staff(reviewer(filed), tried.id)
    await resubmit(world, filed)
    # What was tried in between was never filed, then or later.
    assert await shown(world, filed, "M04") == [(3, True), (1, False)]
    with pytest.raises(MaterialUnknown):
        await world.ctx.materials.open_for_staff(reviewer(filed), tried.id)


async def test_a_field_is_the_applicants_until_it_is_resubmitted(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    before = make.FORMS["ITEM10"]["road_section"]
    await judge(world, filed)
    await notify(world, filed, [form_field("road_section")])
    world.clock.advance(timedelta(minutes=1))
    await world.ctx.cases.put_field(filed.citizen, filed.case_id, "road_section", "人民路东段")
    own = await world.ctx.cases.get(filed.citizen, filed.case_id)
    assert own.form.values["road_section"] == "人民路东段"
    dossier = await world.ctx.reviews.show(reviewer(filed), filed.case_id)
    assert dossier.opened.form.values["road_section"] == before
    await resubmit(world, filed)
    dossier = await world.ctx.reviews.show(reviewer(filed), filed.case_id)
    assert dossier.opened.form.values["road_section"] == "人民路东段"


async def test_what_was_never_resubmitted_is_not_what_was_filed(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    await notify(world, filed, [material("M04")])
    await supply(world, filed, "M04")
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, "withdrawn-once")
    assert await shown(world, filed, "M04") == [(1, True)]
    case = await filed.case()
    item = await world.ctx.items.version(case.item_version_id)
    kept = await manifests.of_case(case, item, b"{}", retention="10年")
    assert [(m["code"], m["no"]) for m in kept.body["materials"] if m["code"] == "M04"] == [
        ("M04", 1)
    ]
    assert not [entry for entry in kept.entries if entry.path.startswith("materials/M04-2")]


async def test_an_original_is_not_compared_with_what_nobody_filed(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    await notify(world, filed, [material("M04")])
    await supply(world, filed, "M04")
    before = await world.rows("materials")
    officer = await make.officer(world, (Role.WINDOW,))
    with pytest.raises(StepNotAllowed):
        await world.ctx.marks.see_original(officer, filed.case_id, "M04")
    assert await world.rows("materials") == before


async def test_findings_are_of_the_version_that_the_office_sees(
    read_world: World, reader: ScriptedReader
) -> None:
    reader.sees = seen.reading(seen.page())
    filed = await make.draft(read_world, await make.citizen(read_world), "ITEM08")
    await read_world.work()
    reader.sees = seen.reading(seen.page(*seen.PORTRAIT))
    await supply(read_world, filed, "M02")
    await read_world.work()
    await read_world.ctx.submissions.submit(filed.citizen, filed.case_id, "submit-once")
    filed.officer = await make.officer(read_world, (Role.WINDOW, Role.DEPT), item=filed)
    await read_world.ctx.reviews.claim(filed.officer, filed.case_id)
    await judge(read_world, filed, "M02")
    await notify(read_world, filed, [material("M02")])
    reader.sees = seen.id_card()
    await supply(read_world, filed, "M02")
    await read_world.work()
    dossier = await read_world.ctx.reviews.show(reviewer(filed), filed.case_id)
    old = next(m for m in dossier.materials if m.code == "M02" and m.id in dossier.current)
    told = [each.finding.code.value for each in dossier.looks[old.id].told]
    assert (old.replaced_at is not None, told) == (True, ["page_missing"])


async def test_versions_side_by_side_say_what_changed(
    read_world: World, reader: ScriptedReader
) -> None:
    reader.sees = seen.reading(seen.page())
    filed = await make.draft(read_world, await make.citizen(read_world), "ITEM08")
    old = (*seen.PORTRAIT[:3], "住址 示例县旧街1号", seen.PORTRAIT[5])
    for portrait in (old, seen.PORTRAIT):
        reader.sees = seen.id_card(portrait)
        if portrait is old:
            await supply(read_world, filed, "M02")
            await read_world.work()
            await read_world.ctx.submissions.submit(filed.citizen, filed.case_id, "submit-once")
            filed.officer = await make.officer(read_world, (Role.WINDOW, Role.DEPT), item=filed)
            await read_world.ctx.reviews.claim(filed.officer, filed.case_id)
            await judge(read_world, filed, "M02")
            await notify(read_world, filed, [material("M02")])
        else:
            await supply(read_world, filed, "M02")
            await read_world.work()
            await resubmit(read_world, filed)
    found = await read_world.ctx.comparing.versions(reviewer(filed), filed.case_id, "M02")
    assert [(each.current, [str(name) for name in each.changed]) for each in found] == [
        (True, ["ADDRESS"]),
        (False, []),
    ]
    assert [[said.verdict for said in each.verdicts] for each in found] == [[], ["FAIL"]]
    texts = {text for each in found for _, _, text in each.fields}
    assert "示例县旧街1号" in texts
    assert not {seen.NUMBER, seen.NAME} & texts


async def test_a_verdict_may_point_at_a_page(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    before = await world.rows("verdicts")
    say = world.ctx.reviews.put_verdict
    with pytest.raises(PageUnknown) as refusal:
        await say(reviewer(filed), filed.case_id, "M04", "FAIL", "BLURRED", page=2)
    assert isinstance(refusal.value, Invalid)
    assert await world.rows("verdicts") == before
    await say(reviewer(filed), filed.case_id, "M04", "FAIL", "BLURRED", page=1)
    [row] = await world.rows("verdicts")
    assert (row["code"], row["page"]) == ("M04", 1)
