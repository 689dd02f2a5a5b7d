"""Guardians act for children; children do not file alone."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from models.account import Account, Person, WechatIdentity
from models.mandate import Mandate
from models.rules.events import Role
from services.access import CaseUnknown, PrincipalUnknown
from services.guardians import NotGuardian, WardGrownUp
from services.identities import Identity
from services.mandate_terms import CapacityMissing, MandateSettled
from services.proxies import PrincipalNotFound, ProxyUnknown
from services.submissions import GuardianNeeded
from tests import make
from tests.services import mandating, stages
from tests.services.mandating import CHILD, GRANDMOTHER, LI, WANG, account_of
from tests.services.test_mandates import refused
from tests.world import World


async def test_a_father_files_for_his_child(world: World) -> None:
    wang = await make.citizen(world)
    mandate = await world.ctx.guardians.bind(wang, CHILD)
    child = await account_of(world, CHILD)
    assert (mandate.principal_id, mandate.kind, mandate.basis) == (
        child,
        "GUARDIAN",
        "户籍登记核对一致",
    )
    # Born on 20 June 2015: until the 18th birthday begins in China.
    assert mandate.valid_until == datetime(2033, 6, 19, 16, tzinfo=UTC)
    filed = await stages.drafted(world, wang, "ITEM07", child)
    await make.consent_for(world, wang, child)
    await world.ctx.submissions.submit(wang, filed.case_id, uuid4().hex)
    case = await filed.case()
    assert (case.account_id, case.filed_by, case.mandate_kind) == (
        child,
        wang.account_id,
        "GUARDIAN",
    )


async def test_a_child_without_a_phone_gets_an_account_with_no_way_in(world: World) -> None:
    wang = await make.citizen(world)
    await world.ctx.guardians.bind(wang, CHILD)
    await world.ctx.guardians.bind(wang, CHILD)
    account = await Account.get(id=await account_of(world, CHILD))
    ways_in = await WechatIdentity.filter(account_id=account.id).count()
    assert (ways_in, account.phone_sealed) == (0, None)
    assert await Mandate.all().count() == 1


async def test_a_child_does_not_submit_alone(world: World) -> None:
    child, wang = await make.citizen(world, mandating.XIAOYU), await make.citizen(world)
    filed = await stages.drafted(world, child, "ITEM07")
    await refused(GuardianNeeded, world.ctx.submissions.submit(child, filed.case_id, uuid4().hex))
    assert (await filed.case()).state == "DRAFT"
    # What the child has begun, its father files.
    await world.ctx.guardians.bind(wang, CHILD)
    await make.consent_for(world, wang, child.account_id)
    await world.ctx.submissions.submit(wang, filed.case_id, uuid4().hex)
    assert (await filed.case()).state == "SUBMITTED"


@pytest.mark.parametrize(
    ("ward", "error"),
    [
        (GRANDMOTHER, WardGrownUp),
        (LI, WardGrownUp),
        (Identity("小鱼", CHILD.id_number), NotGuardian),
    ],
)
async def test_the_register_decides(world: World, ward: Identity, error: type[NotGuardian]) -> None:
    wang = await make.citizen(world)
    before = await Person.all().count()
    await refused(error, world.ctx.guardians.bind(wang, ward))
    assert (await world.rows("mandates"), await Person.all().count()) == ([], before)


async def test_a_stranger_is_no_guardian(world: World) -> None:
    li = await make.citizen(world, make.LI)
    await refused(NotGuardian, world.ctx.guardians.bind(li, CHILD))
    assert await world.rows("mandates") == []


async def test_it_ends_on_the_birthday_and_by_no_wish(world: World) -> None:
    wang = await make.citizen(world)
    mandate = await world.ctx.guardians.bind(wang, CHILD)
    child = await account_of(world, CHILD)
    filed = await stages.drafted(world, wang, "ITEM07", child)
    await refused(MandateSettled, world.ctx.mandates.end(wang, mandate.id))
    assert (await Mandate.get(id=mandate.id)).status == "ACTIVE"
    world.clock.at = datetime(2033, 6, 19, 16, tzinfo=UTC)
    await refused(CaseUnknown, world.ctx.cases.get(wang, filed.case_id))


async def test_the_window_records_a_guardian_whose_papers_it_saw(world: World) -> None:
    officer = await make.officer(world)
    li = await make.citizen(world, make.LI)
    basis = "出生医学证明、户口簿"
    mandate = await world.ctx.counter_mandates.guard(officer, LI, CHILD, basis)
    assert (mandate.agent_id, mandate.basis, mandate.granted_by) == (
        li.account_id,
        basis,
        officer.id,
    )
    before = await world.rows("mandates")
    guard = world.ctx.counter_mandates.guard
    await refused(ProxyUnknown, guard(officer, WANG, CHILD, basis))  # no account yet
    wrong = Identity("小鱼", CHILD.id_number)
    await refused(PrincipalNotFound, guard(officer, LI, wrong, basis))
    await refused(CapacityMissing, guard(officer, CHILD, CHILD, basis))
    assert await world.rows("mandates") == before


async def test_the_window_records_what_somebody_gave_there(world: World) -> None:
    officer = await make.officer(world, (Role.WINDOW,))
    li = await make.citizen(world, make.LI)
    offered = mandating.offer(world, item=await make.item_code("ITEM06"))
    give = world.ctx.counter_mandates.give
    mandate = await give(officer, GRANDMOTHER, offered, "本人到场,核对身份证并签字")
    grandmother = await account_of(world, GRANDMOTHER)
    assert (mandate.principal_id, mandate.status) == (grandmother, "OFFERED")
    await refused(PrincipalUnknown, world.ctx.mandates.given(li, grandmother))
    await world.ctx.mandates.take(li, mandate.id)
    filed = await stages.drafted(world, li, "ITEM06", grandmother)
    assert (await filed.case()).account_id == grandmother
