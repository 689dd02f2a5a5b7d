"""Co-applicants: everybody signs what is filed, as it is filed."""

from uuid import uuid4

from models.mandate import CoApplicant
from services.access import ActNotGranted, CaseUnknown
from services.actors import Citizen
from services.cases import NotEditable
from services.parties import PartyRefused, SignaturesMissing
from tests import make
from tests.make import Filed
from tests.services import mandating, stages
from tests.services.mandating import CHEN_MING, LI, WANG
from tests.services.test_mandates import refused
from tests.world import World


async def shared(world: World) -> tuple[Filed, Citizen, Citizen]:
    """Return a sale's draft, its buyer 王建国, and its seller 李秀英, who was named."""
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    filed = await stages.drafted(world, wang, "ITEM09")
    await world.ctx.parties.add(wang, filed.case_id, LI, "卖方")
    return filed, wang, li


async def submit(world: World, filed: Filed) -> object:
    return await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)


async def test_both_sign_and_it_is_filed(world: World) -> None:
    filed, wang, li = await shared(world)
    await refused(SignaturesMissing, submit(world, filed))
    assert (await filed.case()).state == "DRAFT"
    # She reads what she signs, and changes nothing.
    assert (await world.ctx.cases.get(li, filed.case_id)).form.values
    await refused(ActNotGranted, world.ctx.cases.put_field(li, filed.case_id, "area_m2", 1))
    await world.ctx.parties.sign(li, filed.case_id)
    [party] = await world.ctx.parties.show(wang, filed.case_id)
    assert (party.name, party.signed) == ("李秀英", True)
    await submit(world, filed)
    assert (await filed.case()).state == "SUBMITTED"


async def test_what_changed_after_the_signature_is_not_signed(world: World) -> None:
    filed, wang, li = await shared(world)
    await world.ctx.parties.sign(li, filed.case_id)
    await world.ctx.cases.put_field(wang, filed.case_id, "price_fen", 1)
    [party] = await world.ctx.parties.show(li, filed.case_id)
    assert not party.signed
    await refused(SignaturesMissing, submit(world, filed))
    await world.ctx.parties.sign(li, filed.case_id)
    await submit(world, filed)
    await refused(NotEditable, world.ctx.parties.sign(li, filed.case_id))


async def test_nobody_signs_for_another(world: World) -> None:
    filed, wang, li = await shared(world)
    chen = await make.citizen(world, mandating.CHEN)
    for who in (wang, chen):
        await refused(CaseUnknown, world.ctx.parties.sign(who, filed.case_id))
    await refused(CaseUnknown, world.ctx.parties.show(chen, filed.case_id))
    [row] = await CoApplicant.all()
    assert (row.account_id, row.signed_at) == (li.account_id, None)


async def test_who_is_named_before_they_are_known_finds_it(world: World) -> None:
    wang = await make.citizen(world)
    filed = await stages.drafted(world, wang, "ITEM09")
    await world.ctx.parties.add(wang, filed.case_id, LI, "卖方")
    assert (await CoApplicant.get()).account_id is None
    li = await make.citizen(world, make.LI)
    await world.ctx.parties.sign(li, filed.case_id)
    await submit(world, filed)


async def test_who_cannot_be_named(world: World) -> None:
    filed, wang, li = await shared(world)
    add = world.ctx.parties.add
    await refused(PartyRefused, add(wang, filed.case_id, WANG, "买方"))
    await refused(ActNotGranted, add(li, filed.case_id, CHEN_MING, "买方"))
    alone = await stages.drafted(world, wang, "ITEM10")
    await refused(PartyRefused, add(wang, alone.case_id, LI, "买方"))
    await add(wang, filed.case_id, LI, "卖方、共有人")
    [row] = await CoApplicant.all()
    assert row.role == "卖方、共有人"
    await refused(ActNotGranted, world.ctx.parties.remove(li, filed.case_id, row.id))
    await world.ctx.parties.remove(wang, filed.case_id, row.id)
    await refused(CaseUnknown, world.ctx.parties.sign(li, filed.case_id))
    await submit(world, filed)
