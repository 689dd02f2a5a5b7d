"""E-certificates and shared data instead of uploads: 数据库核对一致, for one case and purpose."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial

import pytest

from models.case import Case
from models.material import Material
from models.rules.mandates import Act
from models.rules.supply import SourceKind
from models.unit import run_in_transaction
from models.vault import CertificateQuery, VaultEntry
from services.access import ActNotGranted, CaseUnknown
from services.applicants import RealNameRequired
from services.cases import NotEditable
from services.certificates import (
    CertificateNotFound,
    CertificateNotOffered,
    CertificateOver,
    Certificates,
    LibraryDown,
)
from services.errors import Problem
from services.materials import MaterialUnknown
from services.ports.certificates import (
    Certificate,
    CertificateAnswer,
    CertificateAsked,
    Standing,
)
from tests import make
from tests.make import LI, Filed
from tests.services import joining, mandating, supplying
from tests.services.mandating import offer, taken
from tests.services.supplying import CARD, bare, current, fetch, sources, submit
from tests.world import World

S = SourceKind
HOUSEHOLD, TAX = "M03", "M06"  # of ITEM12 and of ITEM09


@asynccontextmanager
async def refused(world: World, refusal: type[Problem]) -> AsyncIterator[None]:
    """Check that a refusal changed neither the case nor its materials."""
    tables = ("materials", "cases", "vault_entries")
    before = [await world.rows(table) for table in tables]
    with pytest.raises(refusal):
        yield
    assert [await world.rows(table) for table in tables] == before


@dataclass
class OtherLibrary:
    """The port ``CertificateLibrary`` with an answer of the test's."""

    answer: Callable[[CertificateAsked], CertificateAnswer]
    asked: list[CertificateAsked] = field(default_factory=list)

    async def find(self, asked: CertificateAsked) -> CertificateAnswer:
        self.asked.append(asked)
        await asyncio.sleep(0)
        return self.answer(asked)


def found(asked: CertificateAsked) -> CertificateAnswer:
    certificate = Certificate(
        kind=asked.kind,
        number=asked.number or asked.holder_number,
        issuer="示例县公安局",
        issued_on=date(2016, 5, 1),
        valid_until=date(2036, 5, 1),
        fields={"姓名": asked.holder_name},
        source="省电子证照库",
    )
    return CertificateAnswer(Standing.FOUND, certificate)


def over(world: World, library: OtherLibrary) -> Certificates:
    return replace(world.ctx.certificates, library=library)


async def states(filed: Filed) -> list[str]:
    queries = await CertificateQuery.filter(case_id=filed.case_id).order_by("asked_at", "id")
    return [query.state for query in queries]


async def outage(world: World, **what: object) -> None:
    await world.phone.post("/faults", json={"path_prefix": "/certificates", **what})


@pytest.mark.requirement("数据可得即免交", "数据库核对一致")
@pytest.mark.requirement("数据可得即免交")
async def test_the_library_supplies_what_nobody_has_to_upload(world: World) -> None:
    filed = await bare(world, await make.citizen(world))
    assert next(iter(await sources(world, filed))) is S.E_CERT
    done = await fetch(world, filed)
    card = done.held.material
    assert done.created and (card.supply_mode, card.trust_level) == ("E_CERT", "A")
    assert (card.verification, card.verification_source, card.verified_at) == (
        "DB_MATCHED",
        "省电子证照库",
        world.clock.now(),
    )
    assert (card.valid_until, card.mime) == (date(2036, 5, 1), "application/pdf")
    file = b"".join([chunk async for chunk in world.ctx.materials.files.read(card.original_key)])
    assert b"Resident ID card" in file and hashlib.sha256(file).hexdigest() == card.sha256
    # With a photo beside it the case is complete, and filing leaves what the library said.
    content = make.chunked(make.jpeg("photo"))
    await world.ctx.materials.upload(filed.citizen, filed.case_id, "M03", content, "me.jpg")
    await submit(world, filed)
    filed_card = await current(filed)
    assert filed_card.id == card.id and filed_card.verification_source == "省电子证照库"
    # What a register gives is asked anew the next time, not kept.
    assert await VaultEntry.filter(material_id=card.id).count() == 0


async def test_each_question_is_recorded_with_its_purpose(world: World) -> None:
    who = await make.citizen(world)
    filed = await bare(world, who)
    done = await fetch(world, filed)
    [query] = await CertificateQuery.all()
    assert (query.case_id, query.code, query.mode, query.state) == (
        filed.case_id,
        CARD,
        "E_CERT",
        "FOUND",
    )
    assert query.purpose == f"办理“{filed.item.name}”"
    assert (query.asked_by, query.material_id) == (who.account_id, done.held.material.id)
    asked, certified = [
        each for each in await world.rows("audit_log") if "certif" in each["action"]
    ]
    assert (asked["action"], asked["object_id"]) == ("certificate.asked", str(query.id))
    assert asked["actor_id"] == str(who.account_id)
    assert query.purpose in str(asked["data"])
    assert (certified["action"], certified["object_id"]) == (
        "material.certified",
        str(done.held.material.id),
    )
    for row in await world.rows("certificate_queries"):
        assert "511499198803162013" not in str(row)
        assert b"511499198803162013" not in bytes(row["answer_sealed"])


async def test_where_the_library_has_no_file_a_sheet_is_printed(world: World) -> None:
    filed = await bare(world, await make.citizen(world, LI))
    card = (await fetch(world, filed)).held.material
    assert (card.pages, card.mime, card.valid_until) == (1, "application/pdf", None)
    chunks = [chunk async for chunk in world.ctx.materials.files.read(card.original_key)]
    assert b"".join(chunks).startswith(b"%PDF-")


async def test_a_file_that_acts_is_not_taken_over(world: World) -> None:
    filed = await bare(world, await make.citizen(world))

    def with_file(asked: CertificateAsked) -> CertificateAnswer:
        answer = found(asked)
        assert answer.certificate is not None
        return replace(answer, certificate=replace(answer.certificate, file=b"MZ no document"))

    library = OtherLibrary(with_file)
    done = await over(world, library).fetch(filed.citizen, filed.case_id, CARD)
    assert done.held.material.mime == "application/pdf"
    assert done.held.material.sha256 != hashlib.sha256(b"MZ no document").hexdigest()


@pytest.mark.requirement("只填证照编号")
@pytest.mark.requirement("只填证照编号")
async def test_a_typed_number_is_enough(world: World) -> None:
    who = await make.citizen(world, mandating.ZHANG)
    filed = await bare(world, who)
    assert S.CERT_NUMBER in await sources(world, filed)
    card = (await fetch(world, filed, number="511499194311051028")).held.material
    assert (card.supply_mode, card.verification, card.trust_level) == (
        "CERT_NUMBER",
        "DB_MATCHED",
        "A",
    )


async def test_a_number_of_somebody_else_and_of_nobody_are_one_answer(world: World) -> None:
    filed = await bare(world, await make.citizen(world))
    texts = []
    for number in ("51149919650812404X", "511499198001010010"):
        async with refused(world, CertificateNotFound):
            try:
                await fetch(world, filed, number=number)
            except CertificateNotFound as refusal:
                texts.append((refusal.text, refusal.facts, refusal.faults))
                raise
    assert texts[0] == texts[1]
    assert await states(filed) == ["NOT_HOLDER", "NOT_FOUND"]


@pytest.mark.requirement("材料复用档案库")
async def test_shared_data_comes_the_same_way(world: World) -> None:
    filed = await bare(world, await make.citizen(world), "ITEM09")
    offered = list(await sources(world, filed, TAX))
    assert offered == [S.DATA_SHARED, S.CERT_NUMBER, S.UPLOAD]
    receipt = (await fetch(world, filed, TAX)).held.material
    assert (receipt.supply_mode, receipt.verification_source) == (
        "DATA_SHARED",
        "省税务信息共享库",
    )
    # Whose the deed and the seller's card are the register of applicants cannot tell.
    for code in ("M03", "M04"):
        assert list(await sources(world, filed, code)) == [S.UPLOAD]
        async with refused(world, CertificateNotOffered):
            await fetch(world, filed, code)


async def test_an_organisations_licence_by_its_own_name(world: World) -> None:
    who = await make.citizen(world)
    shop = await mandating.bound(world, who, mandating.BARBER)
    filed = await bare(world, who, "ITEM01", shop.account_id)
    assert S.E_CERT in await sources(world, filed, "M03")
    licence = (await fetch(world, filed, "M03")).held.material
    assert (licence.supply_mode, licence.valid_until) == ("E_CERT", None)
    # The representative's card is not the organisation's.
    assert list(await sources(world, filed, "M02")) == [S.UPLOAD]


async def test_twice_is_once(world: World) -> None:
    filed = await bare(world, await make.citizen(world, LI))
    both = await asyncio.gather(*(fetch(world, filed) for _ in range(3)))
    assert [done.created for done in both].count(True) == 1
    assert len({done.held.material.id for done in both}) == 1
    assert await Material.filter(case_id=filed.case_id).count() == 1
    asked = len(await states(filed))
    again = await fetch(world, filed)
    assert not again.created and again.held.material.id == both[0].held.material.id
    assert len(await states(filed)) == asked
    # Another day it is asked anew, and found good again.
    world.clock.advance(timedelta(days=1))
    await fetch(world, filed)
    assert len(await states(filed)) == asked + 1
    assert (await current(filed)).verified_at == world.clock.now()


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True, "times": 5}, {"delay_ms": 7000}])
@pytest.mark.requirement("数据可得即免交")
async def test_an_outage_leaves_uploading(world: World, fault: dict[str, object]) -> None:
    filed = await bare(world, await make.citizen(world))
    await outage(world, **fault)
    async with refused(world, LibraryDown):
        await fetch(world, filed)
    assert await states(filed) == ["DOWN"]
    content = make.chunked(make.jpeg("card"))
    done = await world.ctx.materials.upload(filed.citizen, filed.case_id, CARD, content, "card.jpg")
    assert (done.held.material.supply_mode, done.held.material.trust_level) == ("UPLOAD", "C")
    assert (await world.phone.delete("/faults")).status < 300
    assert (await fetch(world, filed)).held.material.supply_mode == "E_CERT"


@pytest.mark.parametrize(
    ("who", "item", "code", "state"),
    [
        (mandating.CHEN, "ITEM11", CARD, "EXPIRED"),
        (mandating.CHEN, "ITEM04", "M03", "REVOKED"),
        (mandating.XIAOYU, "ITEM11", CARD, "NOT_FOUND"),
    ],
)
async def test_what_is_not_good_is_not_taken(
    world: World, who: str, item: str, code: str, state: str
) -> None:
    filed = await bare(world, await make.citizen(world, who), item)
    refusal = CertificateNotFound if state == "NOT_FOUND" else CertificateOver
    async with refused(world, refusal):
        await fetch(world, filed, code)
    assert await states(filed) == [state]


async def test_a_lying_library_is_not_believed(world: World) -> None:
    filed = await bare(world, await make.citizen(world))

    def lies(**what: object) -> Callable[[CertificateAsked], CertificateAnswer]:
        def answer(asked: CertificateAsked) -> CertificateAnswer:
            true = found(asked).certificate
            assert true is not None
            changes: dict[str, object] = what
            return CertificateAnswer(Standing.FOUND, replace(true, **changes))  # type: ignore[arg-type]

        return answer

    for lie, refusal in (
        (lies(kind="居民户口簿"), CertificateNotFound),
        (lies(valid_until=date(2026, 3, 1)), CertificateOver),
        (lambda asked: CertificateAnswer(Standing.FOUND), CertificateNotFound),
    ):
        async with refused(world, refusal):
            await over(world, OtherLibrary(lie)).fetch(filed.citizen, filed.case_id, CARD)
    other = OtherLibrary(lies(number="川0000"))
    async with refused(world, CertificateNotFound):
        await over(world, other).fetch(filed.citizen, filed.case_id, CARD, "川1111")


async def test_the_case_may_be_gone_when_the_library_answers(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world), "ITEM11")
    library = OtherLibrary(found)

    class Slow(OtherLibrary):
        async def find(self, asked: CertificateAsked) -> CertificateAnswer:
            await submit(world, filed)
            return found(asked)

    before = await current(filed)
    with pytest.raises(NotEditable):
        await over(world, Slow(library.answer)).fetch(filed.citizen, filed.case_id, CARD)
    assert (await current(filed)).id == before.id
    assert await states(filed) == ["FOUND"]


async def test_no_transaction_is_open_while_it_is_asked(world: World) -> None:
    filed = await bare(world, await make.citizen(world))
    free: list[bool] = []

    class Looking(OtherLibrary):
        async def find(self, asked: CertificateAsked) -> CertificateAnswer:
            # The case's row is nobody's, and the intent is there for everybody to see.
            row = await world.database.fetchrow(
                "SELECT id FROM cases WHERE id = $1 FOR UPDATE NOWAIT", filed.case_id
            )
            states = await world.database.fetch("SELECT state FROM certificate_queries")
            free.append(row is not None and [each["state"] for each in states] == ["ASKED"])
            return found(asked)

    await over(world, Looking(found)).fetch(filed.citizen, filed.case_id, CARD)
    assert free == [True]


async def test_what_somebody_typed_opens_no_register(world: World) -> None:
    """The elder of the form is asked about only when that is the applicant."""
    who = await make.citizen(world)
    code = await make.item_code("ITEM06")
    opened = (await world.ctx.cases.open_draft(who, code, another=True)).opened
    filed = await supplying.of(who, opened.case.id)
    library = OtherLibrary(found)
    for name, value in (("elder_name", "张桂英"), ("elder_id_number", "511499194311051028")):
        await world.ctx.cases.put_field(who, filed.case_id, name, value)
    async with refused(world, CertificateNotOffered):
        await over(world, library).fetch(who, filed.case_id, CARD)
    assert library.asked == []
    for name, value in (("elder_name", "王建国"), ("elder_id_number", "511499198803162013")):
        await world.ctx.cases.put_field(who, filed.case_id, name, value)
    await over(world, library).fetch(who, filed.case_id, CARD)
    [asked] = library.asked
    assert (asked.holder_name, asked.holder_number) == ("王建国", "511499198803162013")
    assert (asked.purpose, asked.reference) == (
        f"办理“{filed.item.name}”",
        str(filed.case_id),
    )


async def test_an_agent_asks_in_the_principals_name_and_only_who_may_fill(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, LI)
    mine = await bare(world, wang)
    theirs = Filed(li, mine.case_id, mine.item)
    async with refused(world, CaseUnknown):
        await fetch(world, theirs)
    signing = await taken(world, wang, li, offer(world, acts=[Act.SUBMIT]))
    async with refused(world, ActNotGranted):
        await fetch(world, theirs)
    assert await CertificateQuery.all().count() == 0
    await world.ctx.mandates.end(wang, signing.id)
    await taken(world, wang, li, offer(world, acts=mandating.WORK))
    library = OtherLibrary(found)
    await over(world, library).fetch(li, mine.case_id, CARD)
    assert [each.holder_name for each in library.asked] == ["王建国"]


async def test_who_is_not_known_yet_is_not_asked_about(world: World) -> None:
    who = await make.citizen(world, real_name=False)
    filed = await bare(world, who)
    assert list(await sources(world, filed)) == [S.UPLOAD]
    async with refused(world, RealNameRequired):
        await fetch(world, filed)


async def test_what_is_made_of_the_form_is_not_asked_for(world: World) -> None:
    filed = await bare(world, await make.citizen(world))
    for code, refusal in (("M01", MaterialUnknown), ("M03", CertificateNotOffered)):
        async with refused(world, refusal):
            await fetch(world, filed, code)


async def test_an_installation_without_a_library_says_so(world: World) -> None:
    filed = await bare(world, await make.citizen(world))
    alone = replace(world.ctx.certificates, library=None)
    async with refused(world, CertificateNotOffered):
        await alone.fetch(filed.citizen, filed.case_id, CARD)
    unconnected = replace(world.ctx.sources, library=False)
    offered = await unconnected.of_case(filed.citizen, filed.case_id)
    assert [each.kind for each in offered[CARD]] == [S.UPLOAD]


async def test_erasing_takes_what_was_asked_for_a_draft(world: World) -> None:
    who = await make.citizen(world)
    draft, filed = await bare(world, who), await make.draft(world, who, "ITEM08")
    for each in (draft, filed):
        await fetch(world, each)
    await submit(world, filed)
    erase = partial(world.ctx.personal_requests.erasing.erase, who, world.clock.now())
    await run_in_transaction(erase)
    assert await CertificateQuery.filter(case_id=draft.case_id).count() == 0
    assert await CertificateQuery.filter(case_id=filed.case_id).count() == 1
    assert await VaultEntry.all().count() == 0
    assert await Case.filter(id=filed.case_id).exists()


async def test_a_department_of_a_joint_case_gets_it_as_it_came(world: World) -> None:
    who = await make.citizen(world)
    filed = await joining.drafted(world, who, without=[CARD])
    card = (await fetch(world, filed)).held.material
    await submit(world, filed)
    copied = await Material.filter(sha256=card.sha256).exclude(id=card.id)
    assert copied
    for each in copied:
        assert (each.supply_mode, each.trust_level, each.verification_source) == (
            "E_CERT",
            "A",
            "省电子证照库",
        )
