"""Materials are read after the upload; people answer what the machine says."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from models.material import Material
from models.reading import FindingAnswer, MaterialReading
from models.rules.events import Role
from services.access import CaseUnknown
from services.actors import Officer
from services.filing import MaterialsBlocked
from services.findings import Look
from services.materials import MaterialUnknown
from services.second_looks import FindingUnknown, LookDecided, NotToBeInsisted, Pointed
from services.slots import Slot
from services.suggestions import SuggestionUnknown
from tests import make, seen
from tests.make import LI, Filed
from tests.seen import ScriptedReader
from tests.world import World

ITEM, CARD = "ITEM11", "M02"


@dataclass
class Bench:
    """A draft whose ID card is uploaded and whatever the reader sees is read."""

    world: World
    filed: Filed
    reader: ScriptedReader

    async def upload(self, content: bytes | None = None) -> UUID:
        content = content or make.jpeg(uuid4().hex)
        done = await self.world.ctx.materials.upload(
            self.filed.citizen, self.filed.case_id, CARD, make.chunked(content), "card.jpg"
        )
        return done.held.material.id

    async def slot(self) -> Slot:
        slots = await self.world.ctx.materials.slots(self.filed.citizen, self.filed.case_id)
        return next(each for each in slots if each.requirement.code == CARD)

    async def look(self) -> Look:
        look = (await self.slot()).look
        assert look is not None
        return look

    async def codes(self) -> list[str]:
        return [told.finding.code.value for told in (await self.look()).told]

    async def submit(self) -> str:
        ctx = self.world.ctx
        done = await ctx.submissions.submit(self.filed.citizen, self.filed.case_id, uuid4().hex)
        return done.state

    async def officer(self) -> Officer:
        return await make.officer(self.world, (Role.WINDOW, Role.DEPT), item=self.filed)


@pytest.fixture
async def bench(read_world: World, reader: ScriptedReader) -> Bench:
    who = await make.citizen(read_world)
    filed = await make.draft(read_world, who, ITEM)
    # A picture without words is right for the photo; the card is uploaded by each test.
    reader.sees = seen.reading(seen.page())
    await read_world.work()
    reader.sees = seen.id_card()
    return Bench(read_world, filed, reader)


async def test_an_upload_is_answered_first_and_read_then(bench: Bench) -> None:
    await bench.upload()
    waiting = await bench.look()
    assert (waiting.state, waiting.told) == ("WAITING", ())
    bench.reader.sees = seen.reading(seen.page(*seen.PORTRAIT))
    await bench.world.work()
    read = await bench.look()
    assert (read.state, await bench.codes()) == ("READ", ["page_missing"])
    held = (await bench.slot()).current
    assert held is not None and bench.reader.sizes[-1] == held.material.working_size


async def test_what_was_read_lies_sealed(bench: Bench) -> None:
    rows = await bench.world.rows("material_readings")
    assert rows
    for row in rows:
        assert seen.NUMBER.encode() not in row["sealed"]
        assert "王建国".encode() not in row["sealed"]


async def test_a_blurred_card_cannot_be_filed_and_a_good_one_can(bench: Bench) -> None:
    bench.reader.sees = seen.blurred()
    await bench.upload()
    await bench.world.work()
    before = await bench.world.rows("cases")
    with pytest.raises(MaterialsBlocked) as refusal:
        await bench.submit()
    assert [fault.pointer for fault in refusal.value.faults] == [f"/materials/{CARD}"]
    assert await bench.world.rows("cases") == before
    bench.reader.sees = seen.id_card()
    await bench.upload()
    await bench.world.work()
    assert await bench.submit() == "SUBMITTED"


async def test_filing_does_not_wait_for_the_machine(bench: Bench) -> None:
    bench.reader.down = 1
    material_id = await bench.upload()
    await bench.world.work()
    assert (await bench.look()).state == "WAITING"
    assert await bench.submit() == "SUBMITTED"
    await bench.world.work(later=True)
    assert (await MaterialReading.get(material_id=material_id)).state == "READ"


async def test_what_no_machine_can_open_is_left_to_people(bench: Bench) -> None:
    bench.reader.unreadable = True
    await bench.upload()
    await bench.world.work()
    assert ((await bench.look()).state, await bench.codes()) == ("UNREADABLE", [])
    assert await bench.submit() == "SUBMITTED"


async def test_a_reading_that_comes_twice_is_one(bench: Bench) -> None:
    material_id = await bench.upload()
    await bench.world.work()
    before = await bench.world.rows("material_readings")
    bench.reader.sees = seen.blurred()
    await bench.world.parts.handlers["material.read"]({"material_id": str(material_id)})
    assert await bench.world.rows("material_readings") == before


async def test_a_draft_that_was_erased_is_read_no_more(bench: Bench) -> None:
    material_id = await bench.upload()
    await Material.filter(id=material_id).delete()
    await bench.world.work()
    assert not await MaterialReading.exists(material_id=material_id)


async def test_the_applicant_insists_against_a_warning(bench: Bench) -> None:
    portrait = (f"姓名 {seen.NAME}", *seen.PORTRAIT[1:-1], "公民身份号码 511499194311051028")
    bench.reader.sees = seen.id_card(portrait)
    material_id = await bench.upload()
    await bench.world.work()
    point = Pointed(material_id, "wrong_person", 1)
    looks = bench.world.ctx.second_looks
    for _ in range(2):
        await looks.insist(bench.filed.citizen, point)
    [told] = (await bench.look()).told
    assert told.answers == {"INSISTED"}
    assert await FindingAnswer.filter(word="INSISTED").count() == 1
    stranger = await make.citizen(bench.world, LI)
    before = await bench.world.rows("finding_answers")
    with pytest.raises(MaterialUnknown):
        await looks.insist(stranger, point)
    with pytest.raises(FindingUnknown):
        await looks.insist(bench.filed.citizen, replace(point, page=2))
    assert await bench.world.rows("finding_answers") == before


async def test_a_block_gives_way_to_a_person_only(bench: Bench) -> None:
    bench.reader.sees = seen.blurred()
    material_id = await bench.upload()
    await bench.world.work()
    point, looks = Pointed(material_id, "blurred", 1), bench.world.ctx.second_looks
    who = bench.filed.citizen
    with pytest.raises(NotToBeInsisted):
        await looks.insist(who, point)
    officer = await bench.officer()
    # A draft is nobody's business until its owner asks.
    with pytest.raises(MaterialUnknown):
        await bench.world.ctx.materials.open_for_staff(officer, material_id)
    with pytest.raises(MaterialUnknown):
        await looks.decide(officer, point, overrule=True, reason="看得清")
    assert await FindingAnswer.all().count() == 0

    await looks.ask(who, point, "证件就是这样磨损的")
    [waiting] = await looks.waiting(officer, 10)
    assert (waiting.material.id, waiting.reason) == (material_id, "证件就是这样磨损的")
    assert (await bench.world.ctx.materials.open_for_staff(officer, material_id)).size > 0
    await looks.decide(officer, point, overrule=True, reason="看得清")
    assert await looks.waiting(officer, 10) == []
    assert await bench.submit() == "SUBMITTED"
    with pytest.raises(LookDecided):
        await looks.decide(officer, point, overrule=False, reason="看不清")
    acts = [row["action"] for row in await bench.world.rows("audit_log")]
    assert acts.count("finding.ask") == acts.count("finding.decide") == 1


async def test_a_person_may_find_the_machine_right(bench: Bench) -> None:
    bench.reader.sees = seen.blurred()
    material_id = await bench.upload()
    await bench.world.work()
    point, looks = Pointed(material_id, "blurred", 1), bench.world.ctx.second_looks
    await looks.ask(bench.filed.citizen, point, "")
    await looks.decide(await bench.officer(), point, overrule=False, reason="确实看不清")
    with pytest.raises(MaterialsBlocked):
        await bench.submit()


async def test_another_offices_officer_sees_no_question(bench: Bench) -> None:
    bench.reader.sees = seen.blurred()
    material_id = await bench.upload()
    await bench.world.work()
    point, looks = Pointed(material_id, "blurred", 1), bench.world.ctx.second_looks
    await looks.ask(bench.filed.citizen, point, "")
    stranger = await make.officer(bench.world, (Role.DEPT,), item="ITEM10")
    assert await looks.waiting(stranger, 10) == []
    before = await bench.world.rows("finding_answers")
    with pytest.raises(MaterialUnknown):
        await looks.decide(stranger, point, overrule=True, reason="看得清")
    assert await bench.world.rows("finding_answers") == before


async def test_a_new_photo_takes_its_findings_with_it(bench: Bench) -> None:
    bench.reader.sees = seen.blurred()
    old = await bench.upload()
    await bench.world.work()
    bench.reader.sees = seen.id_card()
    await bench.upload()
    await bench.world.work()
    assert await bench.codes() == []
    with pytest.raises(MaterialUnknown):
        await bench.world.ctx.second_looks.insist(bench.filed.citizen, Pointed(old, "blurred", 1))


async def test_the_officer_sees_what_the_applicant_saw(bench: Bench) -> None:
    bench.reader.sees = seen.reading(seen.page(*seen.PORTRAIT))
    material_id = await bench.upload()
    await bench.world.work()
    told = (await bench.look()).told
    await bench.submit()
    dossier = await bench.world.ctx.reviews.show(await bench.officer(), bench.filed.case_id)
    assert dossier.looks[material_id].told == told


async def test_what_was_read_fills_the_form_once_it_is_confirmed(
    read_world: World, reader: ScriptedReader
) -> None:
    who = await make.citizen(read_world)
    ctx = read_world.ctx
    code = await make.item_code("ITEM06")
    case_id = (await ctx.cases.open_draft(who, code, another=False)).opened.case.id
    await ctx.materials.upload(who, case_id, "M02", make.chunked(make.jpeg()), "card.jpg")
    await read_world.work()
    offered = {each.field: each.value for each in await ctx.suggestions.of_case(who, case_id)}
    assert offered == {
        "elder_name": seen.NAME,
        "elder_id_number": seen.NUMBER,
        "living_address": "示例县城关镇人民路1号2栋3单元401室",
    }
    assert (await ctx.cases.get(who, case_id)).form.values == {}
    taken = await ctx.suggestions.take(who, case_id, "elder_name")
    assert taken.form.values == {"elder_name": seen.NAME}
    assert (await ctx.cases.get(who, case_id)).form.read == {"elder_name": "M02"}
    # What is filled is not offered again, and what somebody writes over it was not read.
    with pytest.raises(SuggestionUnknown):
        await ctx.suggestions.take(who, case_id, "elder_name")
    await ctx.cases.put_field(who, case_id, "elder_name", "王建囯")
    assert (await ctx.cases.get(who, case_id)).form.read == {}
    stranger = await make.citizen(read_world, LI)
    with pytest.raises(CaseUnknown):
        await ctx.suggestions.of_case(stranger, case_id)


async def test_a_corrected_name_takes_its_warning_away(
    read_world: World, reader: ScriptedReader
) -> None:
    who = await make.citizen(read_world)
    ctx = read_world.ctx
    code = await make.item_code("ITEM06")
    case_id = (await ctx.cases.open_draft(who, code, another=False)).opened.case.id
    await ctx.cases.put_field(who, case_id, "elder_id_number", "511499194311051028")
    await ctx.materials.upload(who, case_id, "M02", make.chunked(make.jpeg()), "card.jpg")
    await read_world.work()

    async def found() -> list[str]:
        slots = await ctx.materials.slots(who, case_id)
        look = next(each.look for each in slots if each.requirement.code == "M02")
        return [] if look is None else [told.finding.code.value for told in look.told]

    assert await found() == ["wrong_person"]
    await ctx.cases.put_field(who, case_id, "elder_id_number", seen.NUMBER)
    assert await found() == []


async def test_what_waits_and_nobody_reads_is_asked_for_again(bench: Bench) -> None:
    await bench.upload()
    await bench.world.database.execute("DELETE FROM pgqueuer")
    readings = bench.world.ctx.materials.readings
    await readings.sweep()
    assert await bench.world.jobs() == []
    bench.world.clock.advance(timedelta(minutes=11))
    for _ in range(2):
        await readings.sweep()
    assert [name for name, _ in await bench.world.jobs()] == ["material.read"]
    await bench.world.work()
    assert (await bench.look()).state == "READ"


async def test_what_was_filed_unread_is_not_blocked_afterwards(bench: Bench) -> None:
    """Nobody could correct it: the notice that opens the case may ask for something else."""
    bench.reader.sees = seen.blurred()
    material_id = await bench.upload()
    assert await bench.submit() == "SUBMITTED"
    await bench.world.work()
    assert await bench.codes() == ["blurred"]
    assert not (await Material.get(id=material_id)).blocked


async def test_a_file_that_its_owner_took_back_is_opened_no_more(bench: Bench) -> None:
    bench.reader.sees = seen.blurred()
    material_id = await bench.upload()
    await bench.world.work()
    looks, who = bench.world.ctx.second_looks, bench.filed.citizen
    await looks.ask(who, Pointed(material_id, "blurred", 1), "")
    officer = await bench.officer()
    assert (await bench.world.ctx.materials.open_for_staff(officer, material_id)).size > 0
    await bench.world.ctx.cases.delete_draft(who, bench.filed.case_id)
    assert await looks.waiting(officer, 10) == []
    with pytest.raises(MaterialUnknown):
        await bench.world.ctx.materials.open_for_staff(officer, material_id)
    await bench.world.ctx.materials.readings.sweep()
    assert await bench.world.rows("material_readings") == []


async def test_a_question_that_was_answered_closes_the_file(bench: Bench) -> None:
    bench.reader.sees = seen.blurred()
    material_id = await bench.upload()
    await bench.world.work()
    looks, point = bench.world.ctx.second_looks, Pointed(material_id, "blurred", 1)
    await looks.ask(bench.filed.citizen, point, "")
    officer = await bench.officer()
    await looks.decide(officer, point, overrule=False, reason="确实看不清")
    with pytest.raises(MaterialUnknown):
        await bench.world.ctx.materials.open_for_staff(officer, material_id)
