"""Joining two accounts: what moves, what is left, and what happens at once."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from models.account import Account, JoinOffer
from models.ids import uuid7
from models.mandate import Mandate
from models.rules.mandates import MandateKind, MandateStatus
from services.actors import Citizen
from services.joins import LEFT_BEHIND, MOVED, JoinUnknown
from services.profiles import SignedIn
from services.real_names import IdentityInUse
from tests import make
from tests.make import LI, WANG
from tests.services.entrance import WANG_NAME, WANG_NUMBER, come_in
from tests.world import World

CHEN = "wxsandbox-chenming0000000000"


async def test_no_table_of_an_account_is_forgotten(world: World) -> None:
    found = await world.database.fetch(
        "SELECT conrelid::regclass::text AS name, attname AS column FROM pg_constraint"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
        " WHERE contype = 'f' AND confrelid = 'accounts'::regclass"
    )
    assert {(row["name"], row["column"]) for row in found} == {*MOVED, *LEFT_BEHIND}


async def offer(world: World, who: Citizen, target: UUID, proof: str | None = "FACE") -> UUID:
    """Make an offer as the register's answer and a face check would."""
    now = world.clock.now()
    made = await JoinOffer.create(
        id=uuid7(),
        account_id=who.account_id,
        target_id=target,
        proof=proof,
        expires_at=now + timedelta(minutes=30),
        created_at=now,
    )
    return made.id


async def test_everything_of_the_emptier_account_moves(world: World) -> None:
    kept = await make.citizen(world, WANG)
    gone = await make.citizen(world, LI, real_name=False)
    mine, theirs = await make.draft(world, gone), await make.draft(world, kept)
    code = await make.item_code("ITEM10")
    first = (await world.ctx.cases.open_draft(kept, code, another=False)).opened.case.id
    second = (await world.ctx.cases.open_draft(gone, code, another=False)).opened.case.id
    await world.ctx.accounts.set_elder_mode(kept, True)
    joined = await world.ctx.joins.join(gone, await offer(world, gone, kept.account_id), None)
    assert joined.profile.id == kept.account_id
    assert joined.profile.elder_mode
    owners = {row["id"]: row["account_id"] for row in await world.rows("cases")}
    assert set(owners) == {mine.case_id, theirs.case_id, first, second}
    assert set(owners.values()) == {kept.account_id}
    # Two plain drafts of one item: the one that moved is one more.
    extra = {row["id"]: row["extra_draft"] for row in await world.rows("cases")}
    assert (extra[first], extra[second]) == (False, True)
    emptied = await Account.get(id=gone.account_id)
    assert (emptied.joined_id, emptied.level, emptied.phone_sealed) == (kept.account_id, 0, None)


@pytest.mark.parametrize("copies", [5])
async def test_the_same_offer_at_once_joins_once(world: World, copies: int) -> None:
    kept = await make.citizen(world, WANG)
    gone, _ = await come_in(world, LI)
    offered = await offer(world, gone, kept.account_id)
    answers = await asyncio.gather(
        *(world.ctx.joins.join(gone, offered, None) for _ in range(copies)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, SignedIn) for each in answers) == 1
    assert sum(isinstance(each, JoinUnknown) for each in answers) == copies - 1


async def test_two_accounts_that_join_each_other_at_once(world: World) -> None:
    one, _ = await come_in(world, WANG)
    two, _ = await come_in(world, LI)
    here = await offer(world, one, two.account_id)
    there = await offer(world, two, one.account_id)
    answers = await asyncio.gather(
        world.ctx.joins.join(one, here, None),
        world.ctx.joins.join(two, there, None),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in answers) == ["JoinUnknown", "SignedIn"]
    joined = {row["id"]: row["joined_id"] for row in await world.rows("accounts")}
    assert sorted(each is None for each in joined.values()) == [False, True]
    left = next(id for id, into in joined.items() if into is None)
    assert {row["account_id"] for row in await world.rows("wechat_identities")} == {left}


async def test_a_chain_ends_where_it_began(world: World) -> None:
    """A joined account takes nobody in any more, and joins nobody else."""
    one, _ = await come_in(world, WANG)
    two, _ = await come_in(world, LI)
    three, _ = await come_in(world, CHEN)
    into_one = await offer(world, three, one.account_id)
    again = await offer(world, one, three.account_id)
    await world.ctx.joins.join(one, await offer(world, one, two.account_id), None)
    before = [await world.rows(table) for table in ("accounts", "wechat_identities")]
    for who, offered in ((three, into_one), (one, again)):
        with pytest.raises(JoinUnknown):
            await world.ctx.joins.join(who, offered, None)
    assert before == [await world.rows(table) for table in ("accounts", "wechat_identities")]


async def test_who_has_no_way_in_yet_is_joined_by_face(world: World) -> None:
    """An account made at a window has a person and no way in (代办): the first login joins it."""
    names = world.ctx.real_names
    window = await Account.create(id=uuid7(), created_at=world.clock.now())
    await names.verify(Citizen(window.id, uuid4()), WANG_NAME, WANG_NUMBER)
    who, _ = await come_in(world, WANG)
    with pytest.raises(IdentityInUse) as refused:
        await names.verify(who, WANG_NAME, WANG_NUMBER)
    offered = UUID(refused.value.facts["join"]["id"])
    await JoinOffer.filter(id=offered).update(proof="FACE")
    joined = await world.ctx.joins.join(who, offered, None)
    assert (joined.profile.id, joined.profile.name) == (window.id, "王*国")
    again, _ = await come_in(world, WANG)
    assert again.account_id == window.id


async def test_an_offer_of_nobody_is_unknown(world: World) -> None:
    who, _ = await come_in(world)
    other, _ = await come_in(world, LI)
    foreign = await offer(world, other, who.account_id)
    for each in (foreign, uuid4()):
        with pytest.raises(JoinUnknown):
            await world.ctx.joins.join(who, each, None)


async def test_nobody_acts_for_themselves_afterwards(world: World) -> None:
    """A mandate between the two accounts ends; what others gave stays good."""
    kept, _ = await come_in(world, WANG)
    gone, _ = await come_in(world, LI)
    third, _ = await come_in(world, CHEN)
    for principal, agent in ((gone, kept), (third, gone)):
        await Mandate.create(
            id=uuid7(),
            principal_id=principal.account_id,
            agent_id=agent.account_id,
            agent_index="0" * 64,
            agent_name_sealed=b"sealed",
            kind=MandateKind.AGENT.value,
            acts=["FILL"],
            status=MandateStatus.ACTIVE.value,
            basis="test",
            granted_by=principal.account_id,
            valid_from=world.clock.now(),
            created_at=world.clock.now(),
        )
    await world.ctx.joins.join(gone, await offer(world, gone, kept.account_id), None)
    found = {row.principal_id: row for row in await Mandate.all()}
    assert found[kept.account_id].status == MandateStatus.ENDED
    assert found[third.account_id].status == MandateStatus.ACTIVE
    assert found[third.account_id].agent_id == kept.account_id
