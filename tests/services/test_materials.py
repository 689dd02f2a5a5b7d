"""Materials: slots, versions, refusals that change nothing, and who may read them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from models.handoff import HandoffPackage
from models.rules.events import Role
from models.rules.reasons import DefectReason
from services.access import CaseUnknown
from services.actors import Citizen
from services.cases import NotEditable
from services.corrections import Point
from services.errors import MaterialTypeRefused, Problem, TooLarge
from services.materials import MaterialNotInCorrection, MaterialUnknown, Upload
from services.slots import Slot, SlotState
from tests import make
from tests.make import LI, Filed
from tests.world import World

BOTH = (Role.WINDOW, Role.DEPT)


def store_of(world: World) -> set[str]:
    """Return the names of everything in the store, finished or not."""
    folder = world.settings.data_dir / "materials"
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


async def kept(world: World) -> tuple[object, set[str]]:
    return await world.rows("materials"), store_of(world)


async def upload(
    world: World, filed: Filed, code: str, content: bytes, name: str = "a.jpg"
) -> Upload:
    chunks = make.chunked(content)
    return await world.ctx.materials.upload(filed.citizen, filed.case_id, code, chunks, name)


async def slot(world: World, filed: Filed, code: str) -> Slot:
    slots = await world.ctx.materials.slots(filed.citizen, filed.case_id)
    return next(each for each in slots if each.requirement.code == code)


async def read(world: World, key: str) -> bytes:
    return b"".join([chunk async for chunk in world.ctx.materials.files.read(key)])


async def correcting(world: World, who: Citizen, item: str = "ITEM10") -> Filed:
    """Return a case whose second file was found wrong, and all others right."""
    filed = await make.claimed(world, who, item)
    officer = filed.officer
    assert officer is not None
    for code in filed.codes:
        wrong = code == filed.codes[1]
        await world.ctx.reviews.put_verdict(
            officer,
            filed.case_id,
            code,
            verdict="FAIL" if wrong else "PASS",
            reason_code="BLURRED" if wrong else None,
            comment="左下角看不清" if wrong else "",
        )
    world.clock.advance(timedelta(minutes=5))
    point = Point(filed.codes[1], False, DefectReason.BLURRED, "请重拍")
    await world.ctx.reviews.issue_correction(officer, filed.case_id, [point], "请补正")
    world.clock.advance(timedelta(minutes=5))
    return filed


async def test_slots_tell_what_the_item_asks_and_what_there_is(world: World) -> None:
    who = await make.citizen(world)
    code = await make.item_code("ITEM10")
    case_id = (await world.ctx.cases.open_draft(who, code, another=False)).opened.case.id
    slots = await world.ctx.materials.slots(who, case_id)
    assert [each.requirement.code for each in slots] == [
        "M01", "M02", "M03", "M04", "M05", "M06", "M90",
    ]  # fmt: skip
    assert {each.state for each in slots} == {SlotState.EMPTY}
    assert [each.requirement.code for each in slots if not each.requirement.upload] == [
        "M01",
        "M90",
    ]
    assert slots[1].spec["formats"] == ["jpg", "png", "pdf"]
    assert slots[1].spec["max_size_mb"] == 20


async def test_an_upload_becomes_the_current_version(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    first = (await slot(world, filed, "M02")).current
    assert first is not None
    content = make.jpeg("another")
    new = await upload(world, filed, "M02", content, "../王建国 身份证.jpg")
    assert new.created
    assert new.held.name == "王建国 身份证.jpg"
    material = new.held.material
    assert (material.no, material.size) == (2, len(content))
    assert material.sha256 == hashlib.sha256(content).hexdigest()
    assert (material.mime, material.width, material.height, material.pages) == (
        "image/jpeg",
        800,
        600,
        1,
    )
    rows = {row["no"]: row for row in await world.rows("materials") if row["code"] == "M02"}
    assert rows[1]["id"] == first.material.id
    assert rows[1]["replaced_at"] == world.clock.at
    assert rows[2]["replaced_at"] is None
    assert "王建国".encode() not in rows[2]["name_sealed"]
    found = await slot(world, filed, "M02")
    assert found.state is SlotState.UPLOADED
    assert found.current is not None
    assert (found.current.material.id, found.current.name) == (material.id, "王建国 身份证.jpg")
    assert await read(world, material.original_key) == content


async def test_the_same_bytes_again_are_the_same_material(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    content = make.jpeg("again")
    first = await upload(world, filed, "M02", content)
    before = await kept(world)
    second = await upload(world, filed, "M02", content, "other name.jpg")
    assert (first.created, second.created) == (True, False)
    assert second.held.material.id == first.held.material.id
    assert await kept(world) == before


async def test_two_uploads_at_once_end_in_one_current_version(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    contents = [make.jpeg(f"copy {number}") for number in range(3)]
    await asyncio.gather(*(upload(world, filed, "M02", content) for content in contents))
    rows = [row for row in await world.rows("materials") if row["code"] == "M02"]
    assert sorted(row["no"] for row in rows) == [1, 2, 3, 4]
    assert [row["no"] for row in rows if row["replaced_at"] is None] == [4]


async def unread() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


@pytest.mark.parametrize("code", ["M01", "M90", "M99", "m02", "", "M02\x00"])
async def test_what_needs_no_file_takes_none(world: World, code: str) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    before = await kept(world)
    with pytest.raises(MaterialUnknown):
        await world.ctx.materials.upload(who, filed.case_id, code, unread(), "a.jpg")
    with pytest.raises(MaterialUnknown):
        await world.ctx.materials.remove(who, filed.case_id, code)
    assert await kept(world) == before


async def test_somebody_elses_case_is_unknown(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world))
    stranger = await make.citizen(world, LI)
    held = (await slot(world, filed, "M02")).current
    assert held is not None
    before = await kept(world)
    materials = world.ctx.materials
    with pytest.raises(CaseUnknown):
        await materials.upload(stranger, filed.case_id, "M02", unread(), "a.jpg")
    with pytest.raises(CaseUnknown):
        await materials.remove(stranger, filed.case_id, "M02")
    with pytest.raises(CaseUnknown):
        await materials.slots(stranger, filed.case_id)
    with pytest.raises(CaseUnknown):
        await materials.upload(stranger, uuid4(), "M02", unread(), "a.jpg")
    for opening in (materials.open_content, materials.open_thumbnail):
        with pytest.raises(MaterialUnknown):
            await opening(stranger, held.material.id)
    assert await kept(world) == before


async def test_a_submitted_case_keeps_its_materials(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.submitted(world, who)
    before = await kept(world)
    with pytest.raises(NotEditable):
        await world.ctx.materials.upload(who, filed.case_id, "M02", unread(), "a.jpg")
    with pytest.raises(NotEditable):
        await world.ctx.materials.remove(who, filed.case_id, "M02")
    assert await kept(world) == before


async def test_submitting_while_the_bytes_come_refuses_the_upload(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    rows = await world.rows("materials")
    content = make.jpeg("late")

    async def slowly() -> AsyncIterator[bytes]:
        yield content[:1000]
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
        yield content[1000:]

    with pytest.raises(NotEditable):
        await world.ctx.materials.upload(who, filed.case_id, "M02", slowly(), "a.jpg")
    assert await world.rows("materials") == rows


def growing(megabytes: int, read: list[int]) -> AsyncIterator[bytes]:
    async def chunks() -> AsyncIterator[bytes]:
        yield make.jpeg("big")
        for _ in range(megabytes):
            read.append(1)
            yield bytes(1024 * 1024)

    return chunks()


@pytest.mark.parametrize(
    ("content", "problem", "code"),
    [
        (b"", Problem, "material_empty"),
        (b"<html><script>alert(1)</script></html>", MaterialTypeRefused, "material_type_refused"),
        (b"GIF89a" + bytes(100), MaterialTypeRefused, "material_type_refused"),
        (b"MZ" + bytes(1000), MaterialTypeRefused, "material_type_refused"),
        (b"\xff\xd8\xff\xe0" + bytes(1000), Problem, "material_unreadable"),
        (b"%PDF-1.7\n" + bytes(1000), Problem, "material_unreadable"),
    ],
)
async def test_a_bad_file_leaves_nothing(
    world: World, content: bytes, problem: type[Problem], code: str
) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    before = await kept(world)
    with pytest.raises(problem) as refused:
        await upload(world, filed, "M02", content)
    assert refused.value.code == code
    assert await kept(world) == before


async def test_the_limit_holds_while_the_bytes_come(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    before = await kept(world)
    read: list[int] = []
    with pytest.raises(TooLarge) as refused:
        await world.ctx.materials.upload(who, filed.case_id, "M02", growing(1000, read), "a.jpg")
    assert refused.value.facts == {"max_bytes": 20 * 1024 * 1024}
    assert len(read) == 20
    assert await kept(world) == before


async def test_removing_takes_the_current_version_out(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    await world.ctx.materials.remove(who, filed.case_id, "M02")
    assert (await slot(world, filed, "M02")).state is SlotState.EMPTY
    with pytest.raises(MaterialUnknown):
        await world.ctx.materials.remove(who, filed.case_id, "M02")
    [row] = [row for row in await world.rows("materials") if row["code"] == "M02"]
    assert row["replaced_at"] == world.clock.at
    new = await upload(world, filed, "M02", make.jpeg("new"))
    assert (new.created, new.held.material.no) == (True, 2)


async def test_verdicts_are_told_with_the_notice_and_not_before(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.judged(world, who)
    assert (await slot(world, filed, "M02")).state is SlotState.UPLOADED
    filed = await correcting(world, await make.citizen(world, LI))
    good, bad = filed.codes[0], filed.codes[1]
    refused = await slot(world, filed, bad)
    assert (refused.state, refused.reason, refused.comment) == (
        SlotState.REFUSED,
        "照片不清楚,请在光线好的地方重新拍。",
        "左下角看不清",
    )
    assert (await slot(world, filed, good)).state is SlotState.PASSED
    await upload(world, filed, bad, make.jpeg("sharper"))
    again = await slot(world, filed, bad)
    assert (again.state, again.reason, again.comment) == (SlotState.UPLOADED, None, None)


async def test_a_correction_opens_only_what_it_names(world: World) -> None:
    who = await make.citizen(world)
    filed = await correcting(world, who)
    named, *others = [filed.codes[1], filed.codes[0], *filed.codes[2:]]
    before = await kept(world)
    for code in others:
        with pytest.raises(MaterialNotInCorrection):
            await world.ctx.materials.upload(who, filed.case_id, code, unread(), "a.jpg")
        with pytest.raises(MaterialNotInCorrection):
            await world.ctx.materials.remove(who, filed.case_id, code)
    assert await kept(world) == before
    assert (await upload(world, filed, named, make.jpeg("sharper"))).created
    await world.ctx.submissions.resubmit(who, filed.case_id, uuid4().hex)


async def test_an_answer_that_asks_for_more_opens_the_empty_slot(world: World) -> None:
    # 伐区调查设计材料 (M06) is needed above 15 cubic metres; the application said 12.
    who = await make.citizen(world)
    filed = await correcting(world, who, "ITEM05")
    with pytest.raises(MaterialNotInCorrection):
        await world.ctx.materials.upload(who, filed.case_id, "M06", unread(), "a.jpg")
    await world.ctx.cases.put_field(who, filed.case_id, "volume_m3", 16)
    assert (await upload(world, filed, "M06", make.jpeg("survey"))).created
    with pytest.raises(MaterialNotInCorrection):
        await world.ctx.materials.upload(who, filed.case_id, "M06", unread(), "a.jpg")


async def test_owners_and_officers_get_the_working_copy(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    content = make.jpeg("paper")
    held = (await upload(world, filed, "M02", content, "照片.png")).held
    material = held.material
    served = await world.ctx.materials.open_content(who, material.id)
    assert (served.sha256, served.mime, served.name) == (
        material.working_sha256,
        "image/jpeg",
        "照片.jpg",
    )
    body = await read(world, served.key)
    assert (hashlib.sha256(body).hexdigest(), len(body)) == (served.sha256, served.size)
    small = await world.ctx.materials.open_thumbnail(who, material.id)
    assert len(await read(world, small.key)) == small.size < served.size
    officer = await make.officer(world, BOTH)
    with pytest.raises(MaterialUnknown):
        await world.ctx.materials.open_for_staff(officer, material.id)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    assert await world.ctx.materials.open_for_staff(officer, material.id) == served
    original = await world.ctx.materials.open_for_staff(officer, material.id, original=True)
    assert (original.sha256, original.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert await read(world, original.key) == content


async def test_a_pdf_has_no_thumbnail(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    content = make.pdf("paper", 2)
    material = (await upload(world, filed, "M02", content)).held.material
    assert (material.pages, material.width, material.thumbnail_key) == (2, None, None)
    with pytest.raises(MaterialUnknown):
        await world.ctx.materials.open_thumbnail(who, material.id)
    served = await world.ctx.materials.open_content(who, material.id)
    assert await read(world, served.key) == content


async def test_machines_get_the_originals_of_their_packages_only(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world))
    other = await make.draft(world, await make.citizen(world, LI))
    package = await HandoffPackage.get(case_id=filed.case_id)
    machine = await make.machine(world, filed.item.agency_uscc)
    elsewhere = replace(machine, agency_uscc="11511499MB9000099X")
    material = next(row for row in await world.rows("materials") if row["case_id"] == filed.case_id)
    strange = next(row for row in await world.rows("materials") if row["case_id"] == other.case_id)
    materials = world.ctx.materials
    served = await materials.open_for_machine(machine, package.id, material["id"])
    content = make.jpeg(f"{material['code']} of {filed.case_id}")
    assert (served.sha256, await read(world, served.key)) == (
        hashlib.sha256(content).hexdigest(),
        content,
    )
    for who, package_id, material_id in (
        (elsewhere, package.id, material["id"]),
        (machine, uuid4(), material["id"]),
        (machine, package.id, strange["id"]),
        (machine, package.id, uuid4()),
    ):
        with pytest.raises(MaterialUnknown):
            await materials.open_for_machine(who, package_id, material_id)
