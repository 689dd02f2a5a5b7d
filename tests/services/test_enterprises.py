"""Organisations: who represents them, whom they seat, and who sees what."""

import asyncio

import pytest

from models.account import Account
from models.mandate import Enterprise, Mandate
from models.rules.mandates import Act
from services.access import ActNotGranted, CaseUnknown, PrincipalUnknown
from services.applicants import RealNameRequired
from services.cases import ApplicantTypeRefused
from services.enterprises import CreditCodeRefused, NotRepresentative
from services.mandate_terms import MandateRefused
from tests import make
from tests.services import mandating, stages
from tests.services.mandating import BARBER, GREEN, bound, given, offer, taken
from tests.services.test_mandates import refused
from tests.world import World


async def test_the_representative_binds_it_and_acts_for_it(world: World) -> None:
    wang = await make.citizen(world)
    barber = await bound(world, wang, BARBER)
    assert (barber.uscc, barber.org_type) == (BARBER[1], "INDIVIDUAL_BUSINESS")
    [principal] = await world.ctx.mandates.principals(wang)
    assert (principal.applicant.name, Act.MANAGE in principal.acts) == (BARBER[0], True)
    draft = await world.ctx.cases.open_draft(
        wang, await make.item_code("ITEM01"), another=False, applicant=barber.account_id
    )
    case = draft.opened.case
    assert (case.account_id, case.applicant_type) == (barber.account_id, "INDIVIDUAL_BUSINESS")
    wanted = {each.code: each for each in await world.ctx.cases.requirements(draft.opened)}
    assert not wanted["M90"].asked  # who represents by law needs no letter of authority
    own, _ = await world.ctx.cases.list(wang, limit=9, before=None)
    assert own == []


async def test_binding_again_and_at_once_is_one(world: World) -> None:
    wang = await make.citizen(world)
    found = await asyncio.gather(*(bound(world, wang, BARBER) for _ in range(5)))
    assert len({each.account_id for each in found}) == 1
    assert await Mandate.all().count() == 1
    assert await Account.filter(kind="ENTERPRISE").count() == 1


@pytest.mark.parametrize(
    ("organisation", "error"),
    [
        (GREEN, NotRepresentative),  # 陈明 represents it
        (("示例县李记理发店", BARBER[1]), NotRepresentative),
        ((BARBER[0], "92511499MA6WANGJ13"), CreditCodeRefused),
        ((BARBER[0], "9251149"), CreditCodeRefused),
    ],
)
async def test_nobody_else_binds_it(
    world: World, organisation: tuple[str, str], error: type[NotRepresentative]
) -> None:
    wang = await make.citizen(world)
    await refused(error, bound(world, wang, organisation))
    assert await Enterprise.all().count() == 0
    assert await world.rows("mandates") == []


async def test_a_nameless_account_binds_nothing(world: World) -> None:
    await refused(
        RealNameRequired, bound(world, await make.citizen(world, real_name=False), BARBER)
    )


async def test_a_village_collective_is_bound(world: World) -> None:
    """N2: lawful, and refused by the library's validator."""
    li = await make.citizen(world, make.LI)
    village = await bound(world, li, ("示例县北桥镇桥头村股份经济合作社", "N2511499MF6QTQTC87"))
    assert village.org_type == "VILLAGE_COLLECTIVE"


async def test_an_operator_sees_its_cases_and_nobodys_private_ones(world: World) -> None:
    chen = await make.citizen(world, mandating.CHEN)
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    green = (await bound(world, chen, GREEN)).account_id
    seats = {
        who.account_id: await taken(world, chen, who, offer(world, person), green)
        for who, person in ((wang, mandating.WANG), (li, mandating.LI))
    }
    assert {seat.kind for seat in seats.values()} == {"OPERATOR"}
    code = await make.item_code("ITEM10")
    draft = await world.ctx.cases.open_draft(wang, code, another=False, applicant=green)
    private = await stages.drafted(world, wang, "ITEM11")
    for who in (chen, wang, li):
        assert (await world.ctx.cases.get(who, draft.opened.case.id)).case.account_id == green
    for who in (chen, li):
        await refused(CaseUnknown, world.ctx.cases.get(who, private.case_id))
    # Departed: at once, with everything else as it was.
    await world.ctx.mandates.end(chen, seats[wang.account_id].id)
    await refused(CaseUnknown, world.ctx.cases.get(wang, draft.opened.case.id))
    await refused(CaseUnknown, world.ctx.cases.put_field(wang, draft.opened.case.id, "area_m2", 1))
    assert (await world.ctx.cases.get(li, draft.opened.case.id)).form.values == {}
    assert (await world.ctx.cases.get(wang, private.case_id)).case.id == private.case_id


async def test_an_operator_seats_others_only_as_a_manager(world: World) -> None:
    chen = await make.citizen(world, mandating.CHEN)
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    green = (await bound(world, chen, GREEN)).account_id
    await taken(world, chen, wang, offer(world, mandating.WANG), green)
    await refused(PrincipalUnknown, given(world, wang, offer(world), green))
    seat = offer(world, mandating.WANG, acts=[Act.FILL, Act.MANAGE])
    await taken(world, chen, wang, seat, green)
    # Nobody gives more than they have.
    await refused(MandateRefused, given(world, wang, offer(world, acts=[Act.RATE]), green))
    await taken(world, wang, li, offer(world, acts=[Act.FILL]), green)
    given_ = await world.ctx.mandates.given(wang, green)
    assert {each.agent for each in given_} == {"陈明", "王建国", "李秀英"}
    await refused(PrincipalUnknown, world.ctx.mandates.given(li, green))


async def test_a_seat_gives_nothing_beyond_itself(world: World) -> None:
    """Neither from an item to all, nor what another seat allows, nor for longer."""
    chen = await make.citizen(world, mandating.CHEN)
    wang, _ = await make.citizen(world), await make.citizen(world, make.LI)
    green = (await bound(world, chen, GREEN)).account_id
    item = await make.item_code("ITEM10")
    narrow = offer(world, mandating.WANG, acts=[Act.FILL, Act.MANAGE], item=item)
    await refused(MandateRefused, given(world, chen, narrow, green))
    await taken(world, chen, wang, offer(world, mandating.WANG, acts=[Act.PAY], item=item), green)
    seat = offer(world, mandating.WANG, acts=[Act.FILL, Act.MANAGE], days=10)
    await taken(world, chen, wang, seat, green)
    before = await world.rows("mandates")
    await refused(MandateRefused, given(world, wang, offer(world, acts=[Act.PAY], days=5), green))
    await refused(MandateRefused, given(world, wang, offer(world, acts=[Act.FILL], days=11), green))
    assert await world.rows("mandates") == before
    await given(world, wang, offer(world, acts=[Act.FILL], days=10), green)


async def test_a_new_representative_takes_the_place_of_the_former(world: World) -> None:
    chen, wang = await make.citizen(world, mandating.CHEN), await make.citizen(world)
    green = (await bound(world, chen, GREEN)).account_id
    former = await Mandate.get(agent_id=chen.account_id)
    # The register has 陈明; before him it was 王建国, as an older binding says.
    await Mandate.filter(id=former.id).update(
        agent_id=wang.account_id,
        agent_index=world.ctx.mandates.persons.index(mandating.WANG.id_number),
    )
    await bound(world, chen, GREEN)
    assert (await Mandate.get(id=former.id)).ended_why == "法定代表人已经变更"
    await refused(PrincipalUnknown, world.ctx.mandates.given(wang, green))
    assert next(iter(await world.ctx.mandates.given(chen, green))).agent == "陈明"


async def test_an_item_for_persons_is_not_for_an_organisation(world: World) -> None:
    chen = await make.citizen(world, mandating.CHEN)
    green = (await bound(world, chen, GREEN)).account_id
    code = await make.item_code("ITEM11")
    opening = world.ctx.cases.open_draft(chen, code, another=False, applicant=green)
    await refused(ApplicantTypeRefused, opening)
    person = world.ctx.cases.open_draft(chen, await make.item_code("ITEM03"), another=False)
    await refused(ApplicantTypeRefused, person)


async def test_the_package_names_the_organisation(world: World) -> None:
    chen, wang = await make.citizen(world, mandating.CHEN), await make.citizen(world)
    green = (await bound(world, chen, GREEN)).account_id
    await taken(world, chen, wang, offer(world, mandating.WANG), green)
    filed = await stages.reviewed(world, who=wang, applicant=green)
    machine = await make.machine(world, filed.item.agency_uscc)
    body = await stages.taken_over(world, machine, filed)
    assert body["applicant"] == {
        "type": "ENTERPRISE",
        "name": GREEN[0],
        "id_type": "USCC",
        "id_number": GREEN[1],
        "phone": None,
    }
    assert body["filed_by"] == {"kind": "OPERATOR", "name": "王建国"}
    await refused(ActNotGranted, world.ctx.results.open(wang, filed.case_id))
