"""Results declared before they come: what does not fit the application is held back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from models.case import ClockInstance
from models.material import ResultDeclaration, ResultDocument
from models.rules.calendar import day_of
from models.supervision import MonitorAlert
from services.access import CaseUnknown
from services.declared import ResultData
from services.items import PublishedItem
from services.packages import sha256_of
from services.results import ResultMismatch, ResultNotExpected
from tests import make
from tests.services.backoffice import Scene, open_scene
from tests.services.reviewing import refused
from tests.world import World

NAME = "王建国"
FILE = make.pdf("permit")
DAY = timedelta(days=1)


async def number_of(world: World) -> str:
    return str((await make.person(world))["id_number"])


async def data(scene: Scene) -> ResultData:
    today = day_of(scene.world.clock.now())
    return ResultData(
        sha256=sha256_of(FILE),
        number="示城挖〔2026〕1号",
        holder_name=NAME,
        holder_id_sha256=sha256_of(await number_of(scene.world)),
        issuing_agency=(await item_of(scene)).agency,
        valid_from=today,
        valid_until=today + 365 * DAY,
    )


async def item_of(scene: Scene) -> PublishedItem:
    case = await scene.filed.case()
    return await scene.world.ctx.items.version(case.item_version_id)


@pytest.fixture
async def scene(world: World) -> Scene:
    return await open_scene(world)


async def declare(scene: Scene, said: ResultData) -> bool:
    declared = await scene.world.ctx.declarations.declare(scene.machine, scene.number, said)
    return declared.created


async def hand_in(scene: Scene, content: bytes = FILE) -> bool:
    chunks = make.chunked(content)
    stored = await scene.world.ctx.results.store(scene.machine, scene.number, chunks)
    return stored.created


async def test_a_result_that_fits_is_taken(scene: Scene) -> None:
    assert await declare(scene, await data(scene))
    assert not await declare(scene, await data(scene))
    row = await ResultDeclaration.get()
    assert (row.holder, row.number) == ("APPLICANT", "示城挖〔2026〕1号")
    assert await hand_in(scene)
    assert (await ResultDocument.get()).sha256 == row.sha256


async def test_a_corrected_file_takes_the_place_of_the_first(scene: Scene) -> None:
    await declare(scene, await data(scene))
    mended = make.pdf("mended")
    with pytest.raises(ResultMismatch) as caught:
        await hand_in(scene, mended)
    assert [fault.pointer for fault in caught.value.faults] == ["/sha256"]
    assert not await ResultDocument.exists()
    assert await MonitorAlert.filter(code="result_mismatch").count() == 1
    assert not await declare(scene, replace(await data(scene), sha256=sha256_of(mended)))
    assert await hand_in(scene, mended)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"holder_name": "王建过"}, "/holder_name"),
        ({"holder_id_sha256": "0" * 64}, "/holder_name"),
        ({"issuing_agency": "别的局"}, "/issuing_agency"),
        ({"number": "  "}, "/number"),
        ({"number": "1\u202e2"}, "/number"),
    ],
)
async def test_what_differs_is_named_and_held_back(
    scene: Scene, change: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(ResultMismatch) as caught:
        await declare(scene, replace(await data(scene), **change))
    assert [fault.pointer for fault in caught.value.faults] == [pointer]
    assert not await ResultDeclaration.exists()
    [alert] = await MonitorAlert.filter(code="result_mismatch")
    assert (alert.case_id, alert.owner_role) == (scene.filed.case_id, "BACKOFFICE")
    clocks = ClockInstance.filter(case_id=scene.filed.case_id, name="RESULT_TRANSFER_FIX")
    assert await clocks.count() == 1


async def test_the_days_have_to_make_sense(scene: Scene) -> None:
    good = await data(scene)
    today = good.valid_from
    for said, pointer in (
        (replace(good, valid_until=today - DAY), "/valid_until"),
        (replace(good, valid_from=today - 9 * DAY, valid_until=today - DAY), "/valid_until"),
        (replace(good, valid_from=today + 367 * DAY, valid_until=None), "/valid_from"),
    ):
        with pytest.raises(ResultMismatch) as caught:
            await declare(scene, said)
        assert [fault.pointer for fault in caught.value.faults] == [pointer]
    assert await declare(scene, replace(good, valid_until=today))


async def test_a_number_is_one_cases(scene: Scene) -> None:
    await declare(scene, await data(scene))
    other = await open_scene(scene.world)
    for case in (scene, other):
        held = replace(await data(case), sha256="1" * 64)
        if case is scene:
            assert not await declare(case, held)
            continue
        with pytest.raises(ResultMismatch) as caught:
            await declare(case, held)
        assert [fault.pointer for fault in caught.value.faults] == ["/number"]


async def test_somebody_named_in_the_form_may_hold_it(world: World) -> None:
    """ITEM06 is applied for by a daughter; the allowance is her mother's."""
    scene = await open_scene(world, "ITEM06")
    elder = replace(
        await data(scene),
        holder_name="赵淑芬",
        holder_id_sha256=sha256_of("511499194311051028"),
    )
    assert await declare(scene, elder)
    assert (await ResultDeclaration.get()).holder == "FORM"
    # The mother's name with the daughter's number is nobody.
    with pytest.raises(ResultMismatch):
        await declare(
            scene, replace(elder, holder_id_sha256=sha256_of(await number_of(scene.world)))
        )


async def test_where_a_signature_is_wanted_it_has_to_be_there(scene: Scene) -> None:
    (await item_of(scene)).body["result"]["signed"] = True
    with pytest.raises(ResultMismatch) as caught:
        await hand_in(scene)
    assert [fault.pointer for fault in caught.value.faults] == ["/signature"]
    assert not await ResultDocument.exists()
    assert await hand_in(scene, FILE + b"\n% /ByteRange [0 1 2 3]\n")


async def test_strangers_and_cases_without_a_review_are_refused(world: World, scene: Scene) -> None:
    said = await data(scene)
    other = await make.machine(world, "11511499MB90000238")
    for number in (scene.number, "none"):
        async with refused(world, CaseUnknown):
            await world.ctx.declarations.declare(other, number, said)
    waiting = await make.submitted(world, await make.citizen(world, make.LI), "ITEM10")
    number = str((await waiting.case()).case_no)
    async with refused(world, ResultNotExpected):
        await world.ctx.declarations.declare(scene.machine, number, said)


async def test_a_system_of_other_items_declares_and_hands_in_nothing(scene: Scene) -> None:
    other = await make.machine(scene.world, scene.machine.agency_uscc, "OTHER-ITEM")
    stranger = replace(scene, machine=other)
    async with refused(scene.world, CaseUnknown):
        await declare(stranger, await data(scene))
    async with refused(scene.world, CaseUnknown):
        await hand_in(stranger)
    assert not await ResultDeclaration.exists()
    assert not await ResultDocument.exists()
    item = await item_of(scene)
    own = await make.machine(scene.world, scene.machine.agency_uscc, item.code)
    assert await declare(replace(scene, machine=own), await data(scene))
    assert await hand_in(replace(scene, machine=own))
