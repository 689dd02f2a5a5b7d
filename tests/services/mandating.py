"""Mandates for tests: given and taken through the use-cases."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID, uuid4

from models.account import Person
from models.mandate import Enterprise, Mandate
from models.rules.mandates import Act
from services.actors import Citizen
from services.identities import Identity
from services.mandate_terms import Offer
from tests import make
from tests.world import World

CHEN = "wxsandbox-chenming0000000000"
ZHANG = "wxsandbox-zhangguiying000000"
XIAOYU = "wxsandbox-xiaoyu000000000000"
BARBER = ("示例县王记理发店", "92511499MA6WANGJ12")
GREEN = ("示例县绿源工程有限公司", "91511499MA6GREENX0")
GRANDMOTHER = Identity("张桂英", "511499194311051028")
CHILD = Identity("小宇", "511499201506203012")
WANG = Identity("王建国", "511499198803162013")
LI = Identity("李秀英", "51149919650812404X")
CHEN_MING = Identity("陈明", "511499199005236051")
WORK = (Act.FILL, Act.SUBMIT)


def offer(
    world: World,
    agent: Identity = LI,
    acts: Iterable[Act] = WORK,
    *,
    days: int = 30,
    item: str | None = None,
    case_id: UUID | None = None,
) -> Offer:
    until = world.clock.now() + timedelta(days=days)
    return Offer(agent, frozenset(acts), until, item, case_id)


async def given(
    world: World, giver: Citizen, offered: Offer, principal: UUID | None = None
) -> Mandate:
    principal = principal or giver.account_id
    return await world.ctx.mandates.give(giver, principal, offered, uuid4().hex)


async def taken(
    world: World,
    giver: Citizen,
    agent: Citizen,
    offered: Offer,
    principal: UUID | None = None,
) -> Mandate:
    """Return a mandate that was given and taken."""
    mandate = await given(world, giver, offered, principal)
    return await world.ctx.mandates.take(agent, mandate.id)


async def bound(world: World, who: Citizen, organisation: tuple[str, str]) -> Enterprise:
    return await world.ctx.enterprises.bind(who, *organisation)


async def account_of(world: World, person: Identity) -> UUID:
    index = world.ctx.mandates.persons.index(person.id_number)
    return (await Person.get(id_number_index=index)).account_id


async def for_a_child(world: World, item: str = "ITEM10") -> make.Filed:
    """Return a case of a child of ten, filed by the father."""
    father = await make.citizen(world)
    if not await Mandate.exists(agent_id=father.account_id):
        await world.ctx.guardians.bind(father, CHILD)
    child = await account_of(world, CHILD)
    await make.consent_for(world, father, child)
    filed = await make.draft(world, father, item, child)
    await world.ctx.submissions.submit(father, filed.case_id, uuid4().hex)
    return filed
