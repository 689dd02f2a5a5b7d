"""我的材料库: kept by consent, used again by one tap, gone with the consent, never another's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from uuid import uuid4

import pytest

from models.material import Material
from models.material_page import MaterialPage
from models.rules.mandates import Act
from models.rules.supply import SourceKind, SupplyMode, TrustLevel
from models.stored_file import StoredFile
from models.vault import VaultEntry
from services import copies
from services.access import CaseUnknown
from services.cases import NotEditable
from services.errors import MaterialInfected, Problem
from services.findings import Look
from services.materials import MaterialUnknown
from services.vault import EntryUnknown, MaterialOver, NotReusable
from tests import make, seen
from tests.make import LI, Filed
from tests.seen import ScriptedReader
from tests.services import mandating, supplying
from tests.services.mandating import offer, taken
from tests.services.reviewing import judge, material, notify, reviewer
from tests.services.supplying import CARD, agree, bare, current, reuse, sources
from tests.services.test_joins import offer as join_offer
from tests.services.test_pages import names, photos
from tests.world import World

V, E = SourceKind.VAULT, SourceKind.EARLIER


@asynccontextmanager
async def unchanged(world: World, refusal: type[Problem]) -> AsyncIterator[None]:
    before = await supplying.rows(world)
    with pytest.raises(refusal):
        yield
    assert await supplying.rows(world) == before


@pytest.fixture
async def filed(world: World) -> Filed:
    """Return a filed case of 王建国 whose ID card went into his vault."""
    return await make.submitted(world, await make.citizen(world), "ITEM11")


@pytest.mark.requirement("一表申请/复用")
@pytest.mark.requirement("一表申请/复用")
async def test_what_is_filed_is_kept_and_used_again_by_one_tap(world: World, filed: Filed) -> None:
    [entry] = await world.ctx.vault.list(filed.citizen)
    card = await current(filed)
    # The photo has to be recent: only the card is of a kind that is kept.
    assert (entry.material.id, entry.kind, entry.last_used_at) == (card.id, "居民身份证", None)
    assert (entry.case_no, entry.item_name) == ((await filed.case()).case_no, filed.item.name)
    draft = await bare(world, filed.citizen, "ITEM08")
    offered = await sources(world, draft)
    assert [each.material_id for each in offered[V]] == [card.id]
    world.clock.advance(timedelta(minutes=5))
    done = await reuse(world, draft, card)
    made = done.held.material
    assert done.created and made.sha256 == card.sha256 and made.original_key == card.original_key
    assert (made.supply_mode, made.origin_id, made.trust_level) == ("REUSE", card.id, "C")
    assert done.held.name == "M02.jpg"
    [entry] = await world.ctx.vault.list(filed.citizen)
    assert entry.last_used_at == world.clock.now()
    recorded = [each for each in await world.rows("audit_log") if "reused" in each["action"]]
    assert [each["object_id"] for each in recorded] == [str(made.id)]


async def test_twice_is_once(world: World, filed: Filed) -> None:
    card, draft = await current(filed), await bare(world, filed.citizen, "ITEM08")
    both = await asyncio.gather(*(reuse(world, draft, card) for _ in range(4)))
    assert [done.created for done in both].count(True) == 1
    assert len({done.held.material.id for done in both}) == 1
    assert await Material.filter(case_id=draft.case_id).count() == 1


async def test_nothing_is_kept_without_consent(world: World) -> None:
    who = await make.citizen(world)
    await agree(world, who, given=False)
    filed = await make.submitted(world, who, "ITEM11")
    assert await VaultEntry.all().count() == 0
    draft = await bare(world, who, "ITEM08")
    assert list(await sources(world, draft)) == [
        SourceKind.E_CERT,
        SourceKind.CERT_NUMBER,
        SourceKind.UPLOAD,
    ]
    async with unchanged(world, NotReusable):
        await reuse(world, draft, await current(filed))


async def test_a_draft_is_not_kept(world: World) -> None:
    await make.draft(world, await make.citizen(world), "ITEM11")
    assert await VaultEntry.all().count() == 0


async def test_withdrawing_the_consent_empties_it_and_leaves_the_case(
    world: World, filed: Filed
) -> None:
    card, draft = await current(filed), await bare(world, filed.citizen, "ITEM08")
    await agree(world, filed.citizen, given=False)
    assert await VaultEntry.all().count() == 0
    assert await current(filed) == card
    assert V not in await sources(world, draft)
    # Agreeing again brings nothing back: what comes from now on is kept.
    await agree(world, filed.citizen, given=True)
    assert await world.ctx.vault.list(filed.citizen) == []
    async with unchanged(world, NotReusable):
        await reuse(world, draft, card)


@pytest.mark.parametrize("turn", range(6))
async def test_using_while_the_consent_is_withdrawn(world: World, filed: Filed, turn: int) -> None:
    """Either it was used before, or it is not there: never an entry without a consent."""
    card, draft = await current(filed), await bare(world, filed.citizen, "ITEM08")
    acts = [reuse(world, draft, card), agree(world, filed.citizen, given=False)]
    used, _ = await asyncio.gather(*acts[:: 1 if turn % 2 else -1], return_exceptions=True)
    outcomes = await Material.filter(case_id=draft.case_id).count()
    assert outcomes in (0, 1)
    assert await VaultEntry.all().count() == 0
    assert used is None or not isinstance(used, Exception) or isinstance(used, NotReusable)


async def test_filing_while_the_consent_is_withdrawn_keeps_nothing(world: World) -> None:
    who = await make.citizen(world)
    for _ in range(4):
        await agree(world, who, given=True)
        draft = await make.draft(world, who, "ITEM11")
        await asyncio.gather(
            world.ctx.submissions.submit(who, draft.case_id, uuid4().hex),
            agree(world, who, given=False),
        )
        assert await VaultEntry.all().count() == 0
        await world.ctx.submissions.withdraw(who, draft.case_id, uuid4().hex)


async def test_one_entry_can_be_forgotten_by_its_owner_only(world: World, filed: Filed) -> None:
    card = await current(filed)
    other = await make.citizen(world, LI)
    for act in (world.ctx.vault.forget, world.ctx.vault.open_content):
        async with unchanged(world, EntryUnknown):
            await act(other, card.id)
    assert (await world.ctx.vault.open_content(filed.citizen, card.id)).size == card.working_size
    await world.ctx.vault.forget(filed.citizen, card.id)
    assert await world.ctx.vault.list(filed.citizen) == []
    async with unchanged(world, EntryUnknown):
        await world.ctx.vault.forget(filed.citizen, card.id)
    async with unchanged(world, EntryUnknown):
        await world.ctx.vault.open_content(filed.citizen, card.id)
    assert await current(filed) == card


async def test_what_is_over_is_shown_and_not_offered(world: World, filed: Filed) -> None:
    card, draft = await current(filed), await bare(world, filed.citizen, "ITEM08")
    today = date(2026, 3, 2)
    await Material.filter(id=card.id).update(valid_until=today)
    assert V in await sources(world, draft)
    world.clock.advance(timedelta(days=1))
    [entry] = await world.ctx.vault.list(filed.citizen)
    assert entry.expired
    assert V not in await sources(world, draft)
    async with unchanged(world, MaterialOver):
        await reuse(world, draft, card)


async def test_the_day_it_is_good_until_is_read(read_world: World, reader: ScriptedReader) -> None:
    who = await make.citizen(read_world)
    # A picture without words is right for the photo; the card comes after it.
    reader.sees = seen.reading(seen.page())
    draft = await make.draft(read_world, who, "ITEM11")
    await read_world.work()
    reader.sees = seen.id_card()
    content = make.chunked(make.jpeg("the card"))
    await read_world.ctx.materials.upload(who, draft.case_id, CARD, content, "card.jpg")
    await read_world.work()
    assert (await current(draft)).valid_until == date(2036, 5, 1)
    await supplying.submit(read_world, draft)
    again = await bare(read_world, who, "ITEM08")
    made = (await reuse(read_world, again, await current(draft))).held.material
    assert made.valid_until == date(2036, 5, 1)
    # It is read for the slot that it is in now.
    slots = await read_world.ctx.materials.slots(who, again.case_id)
    look = next(each.look for each in slots if each.requirement.code == CARD)
    assert isinstance(look, Look) and look.state == "WAITING"


async def test_what_was_found_wanting_is_not_offered_again(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    licence, draft = await current(filed), await bare(world, filed.citizen, "ITEM10")
    await judge(world, filed, CARD)
    # What an officer notes while still looking is not told, not even like this.
    assert V in await sources(world, draft)
    await notify(world, filed, [material(CARD)])
    assert V not in await sources(world, draft)
    async with unchanged(world, NotReusable):
        await reuse(world, draft, licence)


async def test_it_fits_its_kind_and_nothing_else(world: World, filed: Filed) -> None:
    card = await current(filed)
    photo = await current(filed, "M03")
    draft = await bare(world, filed.citizen, "ITEM08")
    for wrong, code in ((card, "M03"), (photo, CARD)):
        async with unchanged(world, NotReusable):
            await reuse(world, draft, wrong, code)
    async with unchanged(world, MaterialUnknown):
        await reuse(world, draft, card, "M01")
    # The seller's card in another case is not one's own.
    sale = await bare(world, filed.citizen, "ITEM09")
    assert V in await sources(world, sale, "M02")
    assert list(await sources(world, sale, "M03")) == [SourceKind.UPLOAD]
    async with unchanged(world, NotReusable):
        await reuse(world, sale, card, "M03")


async def test_a_filed_case_takes_nothing_over(world: World, filed: Filed) -> None:
    card = await current(filed)
    other = await make.submitted(world, filed.citizen, "ITEM08")
    async with unchanged(world, NotEditable):
        await reuse(world, other, card)
    assert await world.ctx.sources.of_case(filed.citizen, other.case_id) == {}


@pytest.mark.requirement("前序材料复用")
@pytest.mark.requirement("前序材料复用")
async def test_what_an_accepted_case_found_right_is_offered_without_a_consent(
    world: World,
) -> None:
    who = await make.citizen(world)
    await agree(world, who, given=False)
    filed = await make.judged(world, who)
    draft = await bare(world, who, "ITEM10")
    # What an officer notes while still looking is not told.
    assert E not in await sources(world, draft)
    assert filed.officer is not None
    await world.ctx.reviews.accept(filed.officer, filed.case_id)
    licence = await current(filed)
    assert [each.material_id for each in (await sources(world, draft))[E]] == [licence.id]
    made = (await reuse(world, draft, licence)).held.material
    assert (made.supply_mode, made.origin_id) == ("REUSE", licence.id)


async def test_an_original_that_was_seen_raises_trust_and_is_seen_once(world: World) -> None:
    who = await make.citizen(world)
    await agree(world, who, given=False)
    filed = await make.claimed(world, who)
    await world.ctx.marks.see_original(reviewer(filed), filed.case_id, CARD)
    licence = await current(filed)
    assert licence.trust_level == TrustLevel.B
    draft = await bare(world, who, "ITEM10")
    [offered] = (await sources(world, draft))[E]
    assert (offered.material_id, offered.trust) == (licence.id, TrustLevel.B)
    made = (await reuse(world, draft, licence)).held.material
    assert (made.trust_level, made.verification) == ("B", "ORIGINAL_SEEN")
    assert (made.verification_source, made.verified_at) == (
        licence.verification_source,
        licence.verified_at,
    )


async def test_the_same_bytes_uploaded_before_gain_the_trust_of_the_origin(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.claimed(world, who)
    await world.ctx.marks.see_original(reviewer(filed), filed.case_id, CARD)
    licence, draft = await current(filed), await bare(world, who, "ITEM10")
    content = make.chunked(make.jpeg(f"{CARD} of {filed.case_id}"))
    await world.ctx.materials.upload(who, draft.case_id, CARD, content, "a.jpg")
    done = await reuse(world, draft, licence)
    assert done.created and done.held.material.trust_level == "B"


async def test_a_case_that_is_kept_and_used_no_more_lends_nothing(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.accepted(world, who)
    licence, draft = await current(filed), await bare(world, who, "ITEM10")
    await filed_restricted(world, filed)
    assert not {V, E} & set(await sources(world, draft))
    async with unchanged(world, NotReusable):
        await reuse(world, draft, licence)


async def filed_restricted(world: World, filed: Filed) -> None:
    case = await filed.case()
    case.restricted_at = world.clock.now()
    await case.save(update_fields=["restricted_at"])


async def test_another_applicants_material_is_nobodys(world: World, filed: Filed) -> None:
    card, li = await current(filed), await make.citizen(world, LI)
    draft = await bare(world, li, "ITEM08")
    assert V not in await sources(world, draft)
    async with unchanged(world, NotReusable):
        await reuse(world, draft, card)
    theirs = await bare(world, filed.citizen, "ITEM08")
    async with unchanged(world, CaseUnknown):
        await reuse(world, theirs, card, who=li)


async def test_an_agents_own_vault_is_never_offered_in_a_principals_case(
    world: World, filed: Filed
) -> None:
    """civiform #2636: what the last client left must not reach the next."""
    wang, li = filed.citizen, await make.citizen(world, LI)
    lis = await make.submitted(world, li, "ITEM11")
    mandate = await taken(world, wang, li, offer(world, acts=mandating.WORK))
    draft = await bare(world, li, "ITEM08", wang.account_id)
    offered = (await sources(world, draft))[V]
    assert [each.material_id for each in offered] == [(await current(filed)).id]
    async with unchanged(world, NotReusable):
        await reuse(world, draft, await current(lis))
    # Nor the principal's in a case of the agent's own.
    own = await bare(world, li, "ITEM08")
    assert [each.material_id for each in (await sources(world, own))[V]] == [
        (await current(lis)).id
    ]
    async with unchanged(world, NotReusable):
        await reuse(world, own, await current(filed))
    # Who may look and not fill is offered nothing.
    await world.ctx.mandates.end(wang, mandate.id)
    await taken(world, wang, li, offer(world, acts=[Act.SUBMIT]))
    assert await world.ctx.sources.of_case(li, draft.case_id) == {}


async def test_an_agent_of_one_item_learns_nothing_of_other_cases(
    world: World, filed: Filed
) -> None:
    wang, li = filed.citizen, await make.citizen(world, LI)
    item = await make.item_code("ITEM08")
    await taken(world, wang, li, offer(world, acts=mandating.WORK, item=item))
    draft = await bare(world, li, "ITEM08", wang.account_id)
    [offered] = (await sources(world, draft))[V]
    assert (offered.case_no, offered.item_name) == (None, None)
    await agree(world, wang, given=False)
    await Material.filter(id=offered.material_id).update(verification="ORIGINAL_SEEN")
    assert E in await sources(world, draft, who=wang)
    assert E not in await sources(world, draft)
    async with unchanged(world, NotReusable):
        await reuse(world, draft, await current(filed))


async def test_trust_of_uploads(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world), "ITEM08")
    # The card is to be checked; the declaration of premises is the applicant's own word.
    assert {each.code: each.trust_level for each in await Material.all()} == {
        "M02": "C",
        "M03": "D",
    }
    assert {each.supply_mode for each in await Material.filter(case_id=filed.case_id)} == {
        SupplyMode.UPLOAD
    }


async def test_photos_that_are_one_material_are_pages_again(world: World) -> None:
    who = await make.citizen(world)
    first = await bare(world, who, "ITEM08")
    ids = await photos(world, who, "front", "back")
    await world.ctx.pages.put(who, first.case_id, CARD, ids)
    content = make.chunked(make.jpeg("premises"))
    await world.ctx.materials.upload(who, first.case_id, "M03", content, "p.jpg")
    await supplying.submit(world, first)
    draft = await bare(world, who, "ITEM11")
    made = (await reuse(world, draft, await current(first))).held.material
    assert (made.pages, made.mime) == (2, "application/pdf")
    assert await names(world, who, made.id) == ["front.jpg", "back.jpg"]


async def test_photos_in_which_a_virus_was_found_are_not_used_again(world: World) -> None:
    who = await make.citizen(world)
    first = await bare(world, who, "ITEM08")
    await world.ctx.pages.put(who, first.case_id, CARD, await photos(world, who, "front", "back"))
    content = make.chunked(make.jpeg("premises"))
    await world.ctx.materials.upload(who, first.case_id, "M03", content, "p.jpg")
    await supplying.submit(world, first)
    filed = await current(first)
    page = await MaterialPage.get(material_id=filed.id, no=2)
    await StoredFile.filter(key=page.original_key).update(scan="INFECTED")
    draft = await bare(world, who, "ITEM11")
    before = [await world.rows(table) for table in ("materials", "material_pages", "audit_log")]
    with pytest.raises(MaterialInfected):
        await reuse(world, draft, filed)
    after = [await world.rows(table) for table in ("materials", "material_pages", "audit_log")]
    assert after == before


@pytest.mark.parametrize("given", [True, False])
async def test_joining_accounts_takes_the_vault_along_as_far_as_it_was_agreed_to(
    world: World, filed: Filed, given: bool
) -> None:
    li = await make.citizen(world, LI)
    await agree(world, li, given=given)
    joining = await join_offer(world, filed.citizen, li.account_id)
    await world.ctx.joins.join(filed.citizen, joining, None)
    kept = await VaultEntry.all()
    # The older account answered first: what it refused is refused.
    assert [entry.account_id for entry in kept] == ([li.account_id] if given else [])


async def test_a_copy_of_ones_data_has_the_vault(world: World, filed: Filed) -> None:
    crypto = world.parts.adapters.crypto
    copy = json.loads(await copies.of_account(crypto, filed.citizen.account_id))
    assert [each["kind"] for each in copy["vault_entries"]] == ["居民身份证"]
    await supplying.fetch(world, await bare(world, filed.citizen, "ITEM08"))
    copy = json.loads(await copies.of_account(crypto, filed.citizen.account_id))
    [query] = copy["certificate_queries"]
    assert query["answer"]["number"] == "511499198803162013"
