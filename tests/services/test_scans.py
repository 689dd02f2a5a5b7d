"""Quarantine: nobody has a file before it was looked through, and nothing is lost by waiting."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from composition import Parts
from models.material import Material, ResultDocument
from models.message import Message
from models.rules.states import State
from models.supervision import MonitorAlert
from services.errors import MaterialInfected
from services.infections import REMOVED
from services.quarantine import FileInfected, FileQuarantined, check_release
from services.slots import Slot, SlotState
from tests import make
from tests.integrations.scanning import DEADLY, NAME, VIRUS, FakeClamd, Mood
from tests.make import Filed
from tests.services.keeping import file_of, folder_of, read, scanned_by, taken, upload
from tests.world import World

HOUR = timedelta(hours=1)


@dataclass
class Guarded:
    """A world whose uploads are looked through."""

    world: World
    parts: Parts
    clamd: FakeClamd

    async def work(self) -> None:
        """Work off the jobs that are due."""
        await self.parts.worker().drain()

    async def sweep(self) -> int:
        return await self.parts.keeping.scans.sweep()

    async def upload(self, filed: Filed, code: str, content: bytes) -> Material:
        return await upload(self.parts, filed, code, content)

    async def slot(self, filed: Filed, code: str) -> Slot:
        slots = await self.parts.context.materials.slots(filed.citizen, filed.case_id)
        return next(each for each in slots if each.requirement.code == code)


@pytest.fixture
async def guarded(world: World, tmp_path: Path) -> AsyncIterator[Guarded]:
    clamd = FakeClamd()
    address = str(tmp_path / "clamd")
    async with clamd.listening(address), scanned_by(world, address) as parts:
        yield Guarded(world, parts, clamd)


@asynccontextmanager
async def broken(clamd: FakeClamd) -> AsyncIterator[None]:
    """Let the scanner give nobody a whole answer for a while."""
    clamd.mood = Mood.HALF
    yield
    clamd.mood = Mood.WELL


def infected(text: str = "infected") -> bytes:
    return make.jpeg(text) + VIRUS


async def test_an_upload_waits_until_it_was_looked_through(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    content = make.pdf("waits")
    material = await guarded.upload(filed, "M03", content)
    held = (await guarded.slot(filed, "M03")).current
    assert held is not None and held.scan == "PENDING"
    with pytest.raises(FileQuarantined):
        await check_release(material.original_key)
    await guarded.work()
    assert content in guarded.clamd.seen
    await check_release(material.original_key)
    held = (await guarded.slot(filed, "M03")).current
    assert held is not None and held.scan == "CLEAN"
    row = await file_of(material.original_key)
    assert (row.scanned_at, row.found) == (guarded.world.clock.now(), None)


async def test_our_own_copies_are_shown_meanwhile(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    material = await guarded.upload(filed, "M03", make.jpeg("a photo"))
    with pytest.raises(FileQuarantined):
        await check_release(material.original_key)
    await check_release(material.working_key)
    await check_release(material.thumbnail_key or "")


async def test_each_upload_is_looked_through_once(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    # Its maker writes the second into it: made again it is another file.
    content = make.pdf("once")
    material = await guarded.upload(filed, "M03", content)
    await guarded.work()
    for _ in range(2):
        await guarded.parts.keeping.scans.scan({"key": material.original_key})
        await guarded.sweep()
    assert guarded.clamd.seen.count(content) == 1


async def test_with_the_scanner_down_it_waits_and_comes_back(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    async with broken(guarded.clamd):
        material = await guarded.upload(filed, "M03", make.pdf("down"))
        await guarded.work()
        assert await guarded.sweep() == 0
        assert (await file_of(material.original_key)).scan == "PENDING"
    # No job is left that would be tried for hours: the sweep comes by each minute.
    assert "file.scan" not in {name for name, _ in await guarded.world.jobs()}
    assert await guarded.sweep() >= 1
    assert (await file_of(material.original_key)).scan == "CLEAN"


async def test_a_file_that_the_scanner_dies_of_keeps_no_other_waiting(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    async with broken(guarded.clamd):
        deadly = await guarded.upload(filed, "M03", make.pdf("deadly") + DEADLY)
        other = await guarded.upload(filed, "M05", make.jpeg("other"))
        await guarded.work()
    guarded.clamd.mood = Mood.DIES
    await guarded.sweep()
    assert (await file_of(other.original_key)).scan == "CLEAN"
    assert (await file_of(deadly.original_key)).scan == "PENDING"


async def test_a_file_that_the_scanner_does_not_take_waits_for_a_larger_limit(
    guarded: Guarded,
) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    guarded.clamd.limit = 100_000
    async with broken(guarded.clamd):
        large = await guarded.upload(filed, "M03", make.pdf("large", pages=30))
        small = await guarded.upload(filed, "M05", make.jpeg("small"))
        await guarded.work()
    assert await guarded.sweep() >= 1
    assert (await file_of(small.original_key)).scan == "CLEAN"
    assert (await file_of(large.original_key)).scan == "PENDING"
    # It is asked again an hour later, and until then not every minute.
    guarded.clamd.limit = 10**9
    await guarded.sweep()
    assert (await file_of(large.original_key)).scan == "PENDING"
    guarded.world.clock.advance(HOUR + timedelta(seconds=1))
    await guarded.sweep()
    assert (await file_of(large.original_key)).scan == "CLEAN"


async def test_a_file_that_the_disk_does_not_give_keeps_no_other_waiting(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    async with broken(guarded.clamd):
        bad = await guarded.upload(filed, "M03", make.pdf("bad sector"))
        other = await guarded.upload(filed, "M05", make.jpeg("other"))
        await guarded.work()
    path = folder_of(guarded.world) / (await file_of(bad.original_key)).place
    path.rename(path.with_suffix(".away"))
    # A name that leads to itself cannot be opened, and is not missing either.
    path.symlink_to(path)
    await guarded.sweep()
    assert (await file_of(other.original_key)).scan == "CLEAN"
    waiting = await file_of(bad.original_key)
    assert (waiting.scan, waiting.scanned_at) == ("PENDING", guarded.world.clock.now())
    path.unlink()
    path.with_suffix(".away").rename(path)
    guarded.world.clock.advance(HOUR + timedelta(seconds=1))
    await guarded.sweep()
    assert (await file_of(bad.original_key)).scan == "CLEAN"


async def test_a_virus_in_a_draft_is_taken_out_and_its_owner_told(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    material = await guarded.upload(filed, "M03", infected())
    await guarded.work()
    row = await file_of(material.original_key)
    assert (row.scan, row.found) == ("INFECTED", NAME)
    with pytest.raises(FileInfected):
        await check_release(material.original_key)
    assert (await guarded.slot(filed, "M03")).state is SlotState.EMPTY
    [message] = await Message.filter(key__startswith="infected:")
    assert message.case_id == filed.case_id and message.data["thing2"] == REMOVED
    assert await MonitorAlert.all().count() == 0
    # It stays as evidence, byte for byte.
    assert await read(guarded.world, material.original_key) == infected()


async def photos_of(guarded: Guarded, filed: Filed, *contents: bytes) -> list[UUID]:
    finishing = guarded.parts.context.uploads.finishing
    sent = []
    for content in contents:
        uploaded, *_ = await finishing.take_whole(filed.citizen, make.chunked(content), "a.jpg")
        sent.append(uploaded.id)
    return sent


async def test_a_virus_in_a_photo_of_several_takes_the_material_out(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    who, put = filed.citizen, guarded.parts.context.pages.put
    ids = await photos_of(guarded, filed, make.jpeg("one"), infected("two"))
    made = await put(who, filed.case_id, "M03", ids)
    assert (made.created, made.held.scan) == (True, "PENDING")
    again = await put(who, filed.case_id, "M03", ids)
    assert (again.created, again.held.scan) == (False, "PENDING")
    held = (await guarded.slot(filed, "M03")).current
    assert held is not None and held.scan == "PENDING"
    await guarded.work()
    assert (await guarded.slot(filed, "M03")).state is SlotState.EMPTY
    [message] = await Message.filter(key__startswith="infected:")
    assert message.case_id == filed.case_id and message.data["thing2"] == REMOVED
    before = [await guarded.world.rows(each) for each in ("materials", "material_pages")]
    with pytest.raises(MaterialInfected):
        await put(who, filed.case_id, "M03", ids)
    assert [await guarded.world.rows(each) for each in ("materials", "material_pages")] == before


async def test_a_virus_in_a_photo_that_was_filed_is_an_alert(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    code = filed.codes[0]
    async with broken(guarded.clamd):
        ids = await photos_of(guarded, filed, make.jpeg("one"), infected("two"))
        await guarded.parts.context.pages.put(filed.citizen, filed.case_id, code, ids)
    await guarded.parts.context.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    await guarded.sweep()
    [alert] = await MonitorAlert.filter(code="file_infected")
    assert alert.case_id == filed.case_id
    held = (await guarded.slot(filed, code)).current
    assert held is not None and held.scan == "INFECTED"


async def test_known_bytes_with_a_virus_are_refused_at_once(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    await guarded.upload(filed, "M03", infected())
    await guarded.work()
    before = await guarded.world.rows("materials"), await guarded.world.rows("stored_files")
    with pytest.raises(MaterialInfected):
        await guarded.upload(filed, "M05", infected())
    assert (
        await guarded.world.rows("materials"),
        await guarded.world.rows("stored_files"),
    ) == before


async def test_a_virus_that_is_found_before_anybody_refers_to_the_file(guarded: Guarded) -> None:
    """The scanner is quicker than the upload's own transaction."""
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    files = guarded.parts.adapters.files
    done = await files.take_in(make.chunked(infected()), max_bytes=10**7, formats=("jpg", "pdf"))
    await guarded.work()
    before = await guarded.world.rows("materials")
    with pytest.raises(MaterialInfected):
        await guarded.parts.context.materials.keep(
            filed.citizen, filed.case_id, "M03", done, "a.jpg"
        )
    assert await guarded.world.rows("materials") == before


async def test_a_virus_in_what_was_filed_is_an_alert_for_who_handles_it(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    async with broken(guarded.clamd):
        material = await guarded.upload(filed, filed.codes[0], infected())
    await guarded.parts.context.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    await guarded.sweep()
    [alert] = await MonitorAlert.filter(code="file_infected")
    assert (alert.case_id, alert.light, alert.owner_role) == (filed.case_id, "RED", "WINDOW")
    assert alert.data == {"file": material.original_key, "found": NAME}
    # What was filed is not changed behind anybody's back.
    current = await Material.get(id=material.id)
    assert current.replaced_at is None
    assert (await filed.case()).state is State.SUBMITTED
    assert await Message.filter(key__startswith="infected:").count() == 0


async def test_a_result_is_looked_through_too(guarded: Guarded) -> None:
    world = guarded.world
    filed = await make.accepted(world, await make.citizen(world))
    machine = await make.machine(world, filed.item.agency_uscc)
    case = await filed.case()
    assert case.case_no is not None
    content = make.pdf("result") + VIRUS
    stored = await guarded.parts.context.results.store(machine, case.case_no, make.chunked(content))
    with pytest.raises(FileQuarantined):
        await check_release(stored.document.key)
    await guarded.work()
    with pytest.raises(FileInfected):
        await check_release(stored.document.key)
    [alert] = await MonitorAlert.filter(code="file_infected")
    assert alert.case_id == filed.case_id
    # The same result again is refused, and the one that is there stays.
    with pytest.raises(MaterialInfected):
        await guarded.parts.context.results.store(machine, case.case_no, make.chunked(content))
    assert await ResultDocument.filter(case_id=filed.case_id).count() == 1


async def test_notices_are_ours_and_wait_for_nobody(guarded: Guarded) -> None:
    filed = await make.submitted(guarded.world, await make.citizen(guarded.world))
    async with broken(guarded.clamd):
        await guarded.work()
        await guarded.parts.issuing.sweep()
    keys = [row["file_key"] for row in await guarded.world.rows("notices")]
    assert keys and all(keys)
    for key in keys:
        assert (await file_of(key)).scan == "MADE"
        await check_release(key)
    assert filed.case_id


async def test_what_came_before_the_scanner_is_looked_through_and_served(guarded: Guarded) -> None:
    old = await taken(guarded.world, make.pdf("before the scanner"))
    assert (await file_of(old.original.key)).scan == "UNSCANNED"
    await check_release(old.original.key)
    await guarded.sweep()
    assert (await file_of(old.original.key)).scan == "CLEAN"


async def test_without_a_scanner_nothing_waits_for_one(guarded: Guarded) -> None:
    filed = await make.draft(guarded.world, await make.citizen(guarded.world), "ITEM10")
    async with broken(guarded.clamd):
        material = await guarded.upload(filed, "M03", make.pdf("left behind"))
    # The installation goes on without.
    assert await guarded.world.parts.keeping.scans.sweep() >= 1
    assert (await file_of(material.original_key)).scan == "UNSCANNED"
    await check_release(material.original_key)
