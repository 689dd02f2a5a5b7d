"""Several photos as one material: in the order chosen, once, and each still evidence."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from models.material import Material
from models.material_page import MaterialPage
from models.rules.events import Role
from models.unit import run_in_transaction
from services import manifests
from services.actors import Citizen
from services.cases import NotEditable
from services.errors import MaterialTypeRefused
from services.materials import MaterialNotInCorrection, MaterialUnknown, Upload
from services.pages import PageNotPhoto, PagesTooLarge, PageUnknown
from services.upload_problems import UploadUnfinished
from services.uploads import NewUpload
from tests import make
from tests.make import LI, Filed
from tests.services.test_materials import correcting, read
from tests.world import World

BOTH = (Role.WINDOW, Role.DEPT)


async def sent(world: World, who: Citizen, content: bytes, name: str = "照片.jpg") -> UUID:
    taken = world.ctx.uploads.finishing.take_whole(who, make.chunked(content), name)
    return (await taken)[0].id


async def photos(world: World, who: Citizen, *texts: str) -> list[UUID]:
    return [await sent(world, who, make.jpeg(text), f"{text}.jpg") for text in texts]


async def put(world: World, filed: Filed, ids: Sequence[UUID], code: str = "M02") -> Upload:
    return await world.ctx.pages.put(filed.citizen, filed.case_id, code, ids)


async def kept(world: World) -> tuple[object, object]:
    return await world.rows("materials"), await world.rows("material_pages")


async def names(world: World, who: Citizen, material_id: UUID) -> list[str]:
    return [page.name for page in await world.ctx.pages.of(who, material_id)]


async def test_photos_become_one_material_in_the_order_chosen(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    first, second, third = await photos(world, who, "one", "two", "three")
    made = await put(world, filed, [third, first, second])
    material = made.held.material
    assert (made.created, made.held.name) == (True, "照片3张.pdf")
    assert (material.mime, material.pages, material.width) == ("application/pdf", 3, None)
    assert await names(world, who, material.id) == ["three.jpg", "one.jpg", "two.jpg"]
    document = await read(world, material.original_key)
    assert hashlib.sha256(document).hexdigest() == material.sha256
    sheets = PdfReader(io.BytesIO(document)).pages
    drawn = [sheet["/Resources"]["/XObject"]["/P"]._data for sheet in sheets]  # type: ignore[index]
    pages = await world.ctx.pages.of(who, material.id)
    assert drawn == [await read(world, page.row.working_key) for page in pages]
    # The first page is what is seen of it.
    assert material.thumbnail_key == pages[0].row.thumbnail_key
    # Every original is still there as it came.
    assert [await read(world, page.row.original_key) for page in pages] == [
        make.jpeg("three"),
        make.jpeg("one"),
        make.jpeg("two"),
    ]


async def test_the_same_pages_again_are_one_version(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    ids = await photos(world, who, "one", "two")
    first = await put(world, filed, ids)
    before = await kept(world)
    again = await put(world, filed, ids)
    assert (again.created, again.held.material.id) == (False, first.held.material.id)
    assert await kept(world) == before
    other = await put(world, filed, list(reversed(ids)))
    assert other.created
    assert other.held.material.no == first.held.material.no + 1


async def test_pages_are_moved_added_and_removed_by_their_ids(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    made = await put(world, filed, await photos(world, who, "one", "two", "three"))
    pages = await world.ctx.pages.of(who, made.held.material.id)
    # A day later the uploads are gone, and the pages are not.
    world.clock.advance(timedelta(days=2))
    await world.ctx.uploads.finishing.sweep()
    assert await world.rows("uploads") == []
    (late,) = await photos(world, who, "four")
    chosen = [pages[2].row.id, late, pages[0].row.id]
    moved = await put(world, filed, chosen)
    assert await names(world, who, moved.held.material.id) == ["three.jpg", "four.jpg", "one.jpg"]
    again = await put(world, filed, chosen)
    assert (again.created, again.held.material.id) == (False, moved.held.material.id)


async def test_one_photo_alone_is_the_material_and_can_grow(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    first, second = await photos(world, who, "one", "two")
    alone = (await put(world, filed, [first])).held
    assert (alone.material.mime, alone.name) == ("image/jpeg", "one.jpg")
    assert await world.rows("material_pages") == []
    both = (await put(world, filed, [alone.material.id, second])).held
    assert await names(world, who, both.material.id) == ["one.jpg", "two.jpg"]
    (last, _) = await world.ctx.pages.of(who, both.material.id)
    back = await put(world, filed, [last.row.id])
    assert back.held.material.sha256 == alone.material.sha256


async def test_a_document_is_a_material_alone_and_no_page(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    document = await sent(world, who, make.pdf("paper", 3), "证明.pdf")
    (photo,) = await photos(world, who, "one")
    before = await kept(world)
    for ids in ([document, photo], [photo, document]):
        with pytest.raises(PageNotPhoto):
            await put(world, filed, ids)
    assert await kept(world) == before
    alone = (await put(world, filed, [document])).held
    assert (alone.material.pages, alone.name) == (3, "证明.pdf")


async def test_photos_go_where_a_document_is_wanted(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    item = await world.ctx.cases.items.version((await filed.case()).item_version_id)
    only = next(s["code"] for s in item.materials if s["formats"] == ["pdf"])
    ids = await photos(world, who, "one", "two")
    if next(s["kind"] for s in item.materials if s["code"] == only) == "ONLINE_FORM":
        with pytest.raises(MaterialUnknown):
            await put(world, filed, ids, only)
        return
    with pytest.raises(MaterialTypeRefused):
        await put(world, filed, ids[:1], only)
    assert (await put(world, filed, ids, only)).held.material.pages == 2


async def test_what_is_not_ones_own_or_not_whole_is_refused(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    (mine,) = await photos(world, who, "one")
    li = await make.citizen(world, LI)
    (theirs,) = await photos(world, li, "two")
    other = await make.draft(world, li)
    elsewhere = (await put(world, other, [theirs, (await photos(world, li, "three"))[0]])).held
    pages = await world.ctx.pages.of(li, elsewhere.material.id)
    open_one = await world.ctx.uploads.begin(who, NewUpload(100))
    before = await kept(world)
    for strange in (theirs, uuid4(), pages[0].row.id, elsewhere.material.id):
        with pytest.raises(PageUnknown):
            await put(world, filed, [mine, strange])
    with pytest.raises(UploadUnfinished):
        await put(world, filed, [mine, open_one.id])
    world.clock.advance(timedelta(days=1))
    with pytest.raises(PageUnknown):
        await put(world, filed, [mine])
    assert await kept(world) == before


async def test_all_pages_together_have_a_limit(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    ids = await photos(world, who, "one", "two")
    sizes = [row["stored"] for row in await world.rows("uploads")]
    assert len(sizes) == 2
    total = sum(json.loads(each)["working"]["size"] for each in sizes)
    narrow = replace(world.ctx.pages, max_bytes=total - 1)
    before = await kept(world)
    with pytest.raises(PagesTooLarge):
        await narrow.put(who, filed.case_id, "M02", ids)
    assert await kept(world) == before
    wide = replace(world.ctx.pages, max_bytes=total)
    assert (await wide.put(who, filed.case_id, "M02", ids)).created


async def test_the_rules_of_an_upload_hold_for_pages(world: World) -> None:
    who = await make.citizen(world)
    filed = await correcting(world, who)
    ids = await photos(world, who, "one", "two")
    before = await kept(world)
    with pytest.raises(MaterialNotInCorrection):
        await put(world, filed, ids, filed.codes[0])
    assert await kept(world) == before
    assert (await put(world, filed, ids, filed.codes[1])).created
    await world.ctx.submissions.resubmit(who, filed.case_id, uuid4().hex)
    before = await kept(world)
    with pytest.raises(NotEditable):
        await put(world, filed, list(reversed(ids)), filed.codes[1])
    assert await kept(world) == before


async def test_staff_open_each_page_as_it_came_on_the_record(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    material = (await put(world, filed, await photos(world, who, "one", "two"))).held.material
    officer = await make.officer(world, BOTH)
    for look in (
        world.ctx.pages.of_for_staff(officer, material.id),
        world.ctx.pages.open_for_staff(officer, material.id, 1),
    ):
        with pytest.raises(MaterialUnknown):
            await look
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    assert [page.name for page in await world.ctx.pages.of_for_staff(officer, material.id)] == [
        "one.jpg",
        "two.jpg",
    ]
    second = await world.ctx.pages.open_for_staff(officer, material.id, 2)
    assert await read(world, second.key) == make.jpeg("two")
    clean = await world.ctx.working_copies.for_staff(officer, material.id, page=2)
    assert clean.mime == "image/jpeg"
    for no in (0, 3, -1, 2**40):
        with pytest.raises(PageUnknown):
            await world.ctx.pages.open(who, material.id, no)
    looked = [row for row in await world.rows("audit_log") if row["action"] == "material.read"]
    assert any("page" in str(row["data"]) for row in looked)


async def test_the_archive_has_each_photo_as_it_came(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    made = await put(world, filed, await photos(world, who, "one", "two"))
    entries = await _archived(filed)
    version = f"materials/M02-{made.held.material.no}"
    assert entries[f"{version}.pdf"] == made.held.material.sha256
    assert entries[f"{version}/01.jpg"] == hashlib.sha256(make.jpeg("one")).hexdigest()
    assert entries[f"{version}/02.jpg"] == hashlib.sha256(make.jpeg("two")).hexdigest()


async def _archived(filed: Filed) -> dict[str, str]:
    found = [*(await Material.filter(case_id=filed.case_id))]
    entries = [manifests._of_material(each) for each in found]
    entries += await manifests._pages(found)
    return {entry.path: entry.sha256 for entry in entries}


async def test_pages_go_with_their_draft(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    await put(world, filed, await photos(world, who, "one", "two"))
    assert await MaterialPage.all().count() == 2
    erasing, now = world.ctx.personal_requests.erasing, world.clock.now()
    await run_in_transaction(lambda: erasing.erase(who, now))
    assert await world.rows("material_pages") == []
    await world.ctx.uploads.finishing.sweep()
    assert await world.rows("uploads") == []
