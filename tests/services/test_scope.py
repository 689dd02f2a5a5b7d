"""Scope (管辖范围): agencies and townships have their own cases, and nobody else's."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from models.case import Case
from models.rules.events import Role
from models.rules.reasons import Verdict
from models.rules.states import DeliveryMethod
from services.actors import Officer
from services.deliveries import Choice
from services.errors import Problem
from services.filing import WindowNotOffered
from services.flavours import Wish
from services.lateness import EVERY_WINDOW, owner_of
from services.materials import MaterialUnknown
from services.scope import CaseElsewhere
from services.serving import ServiceWay
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.flavoured import Lacking, body_of, lacking, published
from tests.world import World

HEALTH = "示例县卫生健康局"
FORESTRY = "示例县林业局"
NORTH = "北桥镇便民服务中心"
SOUTH = "南坪乡便民服务中心"
BOTH = (Role.WINDOW, Role.DEPT)


async def handed_in(world: World, window_id: str | None) -> Filed:
    """Return a felling permit (ITEM05, which townships take) handed in at a window."""
    filed = await stages.drafted(world, await make.citizen(world), "ITEM05")
    wish = Wish(another=True, window_id=window_id)
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex, wish)
    return filed


async def seen(world: World, officer: Officer) -> set[object]:
    page = await world.ctx.reviews.queue(officer, None, limit=50, cursor=None)
    return {entry.id for entry in page.entries}


async def alerts(world: World) -> list[tuple[str, str, str]]:
    found = await world.rows("monitor_alerts")
    return [(row["kind"], row["code"], row["actor_id"]) for row in found]


Act = Callable[[World, Officer, Filed], Awaitable[object]]
ACTS: dict[str, Act] = {
    "claim": lambda w, o, f: w.ctx.reviews.claim(o, f.case_id),
    "judge": lambda w, o, f: w.ctx.reviews.put_verdict(o, f.case_id, f.codes[0], Verdict.PASS),
    "accept": lambda w, o, f: w.ctx.reviews.accept(o, f.case_id),
    "original": lambda w, o, f: w.ctx.marks.see_original(o, f.case_id, f.codes[0]),
    "propose": lambda w, o, f: w.ctx.shortfalls.propose(o, f.case_id, f.codes[:1]),
    "confirm": lambda w, o, f: w.ctx.shortfalls.answer(o, f.case_id, f.codes[0], confirmed=True),
    "pick_up": lambda w, o, f: w.ctx.deliveries.pick_up(o, f.case_id, "123456"),
}
READS: dict[str, Act] = {
    "dossier": lambda w, o, f: w.ctx.reviews.show(o, f.case_id),
    "deadlines": lambda w, o, f: w.ctx.deadlines.for_officer(o, f.case_id),
    "notices": lambda w, o, f: w.ctx.notices.of_case_for_staff(o, f.case_id),
    "approval": lambda w, o, f: w.ctx.approvals.ask(o, f.case_id, "核对材料"),
}


@pytest.mark.parametrize("act", ACTS)
async def test_another_units_case_cannot_be_touched(world: World, act: str) -> None:
    """Not there for who asks, and an overreach for who watches (超权限)."""
    filed = await handed_in(world, "W-NORTH")
    strangers = [
        await make.officer(world, BOTH, unit=HEALTH),
        await make.officer(world, unit=SOUTH),
        await make.officer(world, (Role.DEPT,), unit=HEALTH),
    ]
    before = await world.rows("cases"), await world.rows("case_events")
    for stranger in strangers:
        with pytest.raises(CaseElsewhere) as problem:
            await ACTS[act](world, stranger, filed)
        assert (problem.value.code, problem.value.facts) == ("case_unknown", {})
    assert (await world.rows("cases"), await world.rows("case_events")) == before
    assert await alerts(world) == [("OVERREACH", "case_unknown", str(o.id)) for o in strangers]


@pytest.mark.parametrize("read", READS)
async def test_another_units_case_cannot_be_read(world: World, read: str) -> None:
    filed = await handed_in(world, "W-NORTH")
    for stranger in (
        await make.officer(world, BOTH, unit=HEALTH),
        await make.officer(world, (Role.DEPT,), unit=HEALTH),
        await make.officer(world, unit=SOUTH),
    ):
        with pytest.raises(CaseElsewhere):
            await READS[read](world, stranger, filed)
    assert await world.rows("audit_log") == []
    await READS[read](world, await make.officer(world), filed)
    await READS[read](world, await make.officer(world, unit=NORTH), filed)
    await READS[read](world, await make.officer(world, BOTH, unit=FORESTRY), filed)


async def test_a_material_of_another_units_case_is_unknown(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    [first, *_] = await world.rows("materials")
    for unit in (HEALTH, NORTH):
        stranger = await make.officer(world, unit=unit)
        with pytest.raises(MaterialUnknown):
            await world.ctx.materials.open_for_staff(stranger, first["id"])
    assert await world.rows("audit_log") == []
    own = await make.officer(world, unit=filed.item.agency)
    assert (await world.ctx.materials.open_for_staff(own, first["id"])).size > 0


@pytest.mark.requirement("三级平台")
async def test_the_queue_holds_ones_own_units_cases(world: World) -> None:
    north, south = await handed_in(world, "W-NORTH"), await handed_in(world, "W-SOUTH")
    hall = await handed_in(world, None)
    digging = await make.submitted(world, await make.citizen(world))
    all_of_them = {north.case_id, south.case_id, hall.case_id, digging.case_id}
    assert await seen(world, await make.officer(world)) == all_of_them
    assert await seen(world, await make.officer(world, unit=NORTH)) == {north.case_id}
    assert await seen(world, await make.officer(world, unit=SOUTH)) == {south.case_id}
    forestry = await make.officer(world, BOTH, unit=FORESTRY)
    assert await seen(world, forestry) == all_of_them - {digging.case_id}
    assert await seen(world, await make.officer(world, unit=HEALTH)) == set()


async def test_a_lone_department_of_no_agency_sees_nothing(world: World) -> None:
    """Whoever is in the department's role, and in no department, has no case."""
    filed = await make.submitted(world, await make.citizen(world), "ITEM11")
    member = await make.officer(world, (Role.DEPT,), unit=make.CENTRE)
    assert await seen(world, member) == set()
    with pytest.raises(CaseElsewhere):
        await world.ctx.reviews.claim(member, filed.case_id)


async def test_a_township_handles_what_was_handed_in_there(world: World) -> None:
    filed = await handed_in(world, "W-NORTH")
    officer = await make.officer(world, unit=NORTH)
    await world.ctx.reviews.claim(officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(officer, filed.case_id, code, Verdict.PASS)
    await world.ctx.reviews.accept(officer, filed.case_id)
    units = {row["unit"] for row in await world.rows("case_events") if row["row"] != "T01"}
    assert NORTH in units
    assert await alerts(world) == []


@pytest.mark.parametrize(
    ("item", "window_id"), [("ITEM05", "nowhere"), ("ITEM10", "W-NORTH"), ("ITEM05", "\u4e2d")]
)
async def test_a_window_takes_what_it_is_there_for(world: World, item: str, window_id: str) -> None:
    filed = await stages.drafted(world, await make.citizen(world), item)
    before = await world.rows("cases")
    with pytest.raises(WindowNotOffered):
        await world.ctx.submissions.submit(
            filed.citizen, filed.case_id, uuid4().hex, Wish(window_id=window_id)
        )
    assert await world.rows("cases") == before


async def test_the_hall_takes_everything(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(
        filed.citizen, filed.case_id, uuid4().hex, Wish(window_id="W-COUNTY")
    )
    assert (await Case.get(id=filed.case_id)).window_id == "W-COUNTY"


async def test_only_its_own_department_confirms_a_shortfall(world: World) -> None:
    case = await lacking(world)
    await case.proposed(world)
    await _confirmed_by_its_own(world, case)


async def _confirmed_by_its_own(world: World, case: Lacking) -> None:
    stranger = await make.officer(world, BOTH, unit=FORESTRY)
    answer = world.ctx.shortfalls.answer
    before = await world.rows("shortfall_items")
    with pytest.raises(CaseElsewhere):
        await answer(stranger, case.filed.case_id, "M06", confirmed=True)
    hall = await make.officer(world, BOTH, unit=make.CENTRE)
    with pytest.raises(Problem, match="step_not_yours"):
        await answer(hall, case.filed.case_id, "M06", confirmed=True)
    assert await world.rows("shortfall_items") == before
    assert [row[1] for row in await alerts(world)] == ["case_unknown", "step_not_yours"]
    await answer(case.department, case.filed.case_id, "M06", confirmed=True)


async def test_a_township_hands_out_what_is_to_be_fetched_there(world: World) -> None:
    """The result may go to a window that had nothing to do with the application."""
    filed = await make.submitted(world, await make.citizen(world))
    choice = Choice(DeliveryMethod.WINDOW, window_id="W-NORTH")
    await published(world, {**body_of("ITEM10"), "delivery": ["WINDOW", "POST"]})
    await world.ctx.deliveries.choose(filed.citizen, filed.case_id, choice)
    north = await make.officer(world, unit=NORTH)
    with pytest.raises(Problem, match="step_not_allowed"):
        await world.ctx.deliveries.pick_up(north, filed.case_id, "123456")
    with pytest.raises(CaseElsewhere):
        await world.ctx.reviews.show(north, filed.case_id)
    with pytest.raises(CaseElsewhere):
        south = await make.officer(world, unit=SOUTH)
        await world.ctx.deliveries.pick_up(south, filed.case_id, "123456")


async def test_who_answers_for_a_case_that_nobody_took(world: World) -> None:
    north, hall = await handed_in(world, "W-NORTH"), await handed_in(world, None)
    clock = (await world.rows("clock_instances"))[0]["name"]
    owners = []
    for filed in (north, hall):
        case = await filed.case()
        item = await world.ctx.items.version(case.item_version_id)
        owners.append((await owner_of(clock, case, item))[1])
    assert owners == [NORTH, EVERY_WINDOW]


async def test_another_units_notice_is_not_served(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    await world.work()
    [notice, *_] = await world.rows("notices")
    stranger = await make.officer(world, unit=NORTH)
    before = await world.rows("notices")
    with pytest.raises(CaseElsewhere):
        await world.ctx.serving.record(stranger, notice["id"], ServiceWay.WINDOW)
    assert await world.rows("notices") == before
    assert await alerts(world) == [("OVERREACH", "case_unknown", str(stranger.id))]
    assert notice["case_id"] == filed.case_id
