"""Keys: every sealed column is known, and every row moves to a new key while others work."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from tortoise import Tortoise, fields

from integrations.crypto import FieldCrypto
from models.account import Account, Person
from models.case import Case, CaseForm
from services.forms import Forms
from services.keys import Keys
from services.progress import ProgressReader
from services.real_names import IdentityInUse
from services.sealed import INDEXED, SEALED
from tests import make
from tests.services import stages
from tests.services.reviewing import form_field, judge, notify
from tests.world import World

FAST = 1_000_000
NEW, INDEX = bytes(range(16)), bytes(range(32))


def quiet(name: str, number: int) -> None:
    """Hear of progress and say nothing."""


def second(world: World, *, index: bytes | None = None, drop: bool = False) -> FieldCrypto:
    """Return the world's crypto with a second key that is active now."""
    settings = world.settings
    keys = {} if drop else settings.field_key_bytes
    former = settings.index_key_bytes
    if index is None:
        return FieldCrypto({**keys, 2: NEW}, 2, former)
    return FieldCrypto({**keys, 2: NEW}, 2, index, None, former)


def keys_of(world: World, crypto: FieldCrypto) -> Keys:
    return replace(world.parts.keys, crypto=crypto)


async def used(keys: Keys) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for use in await keys.status():
        found.setdefault(use.place.name, set()).add(use.key_id)
    return found


def test_every_sealed_column_of_the_models_is_known(world: World) -> None:
    """A column of bytes is a sealed one; whoever adds one says by which purpose."""
    apps = Tortoise.apps
    assert apps is not None
    found, indexes = set(), set()
    for model in apps["models"].values():
        table = model._meta.db_table
        for name, field in model._meta.fields_map.items():
            if isinstance(field, fields.BinaryField):
                found.add((table, name, model._meta.db_pk_column))
            assert name.endswith("sealed") == isinstance(field, fields.BinaryField), (table, name)
            if name.endswith("_index") and not name.startswith("value"):
                indexes.add((table, name, model._meta.db_pk_column))
    assert found == {(each.table, each.column, each.key) for each in SEALED}
    # A 网号 is not kept: both keys are asked until its owner shows it again.
    indexes.discard(("persons", "assertion_index", "account_id"))
    assert indexes == {(each.table, each.column, each.key) for each in INDEXED}


async def rich(world: World) -> make.Filed:
    """Return a case with something in many sealed columns."""
    filed = await make.accepted(world, await make.citizen(world))
    code = await world.phone.post(f"/citizens/{make.WANG}/phone-code", json={})
    await world.ctx.accounts.set_phone(filed.citizen, str(code.json["code"]))
    await stages.do(world, "notice.issue")
    return filed


async def test_every_row_moves_to_the_new_key_and_says_the_same(world: World) -> None:
    await rich(world)
    old = world.parts.adapters.crypto
    keys = keys_of(world, second(world))
    plain = {}
    for place in SEALED:
        for row in await world.rows(place.table):
            if row[place.column] is not None:
                plain[place, row[place.key]] = old.open(row[place.column], place.purpose)
    filled = {place.name for place, _ in plain}
    assert {"persons.name_sealed", "accounts.phone_sealed", "case_forms.sealed"} <= filled
    assert {"notices.content_sealed", "handoff_packages.sealed"} <= filled
    assert {id_ for ids in (await used(keys)).values() for id_ in ids} == {1}
    tally = await keys.rotate(quiet, per_second=FAST)
    assert (tally.renewed.total(), tally.faults) == (len(plain), 0)
    # The new key alone reads everything, and what it reads is what was there.
    alone = second(world, drop=True)
    for place in SEALED:
        for row in await world.rows(place.table):
            if row[place.column] is not None:
                known = plain[place, row[place.key]]
                assert alone.open(row[place.column], place.purpose) == known
    assert await used(keys) == {name: {2} for name in filled}
    # Again, it finds nothing to do and changes nothing.
    before = {place.table: await world.rows(place.table) for place in SEALED}
    assert (await keys.rotate(quiet, per_second=FAST)).renewed.total() == 0
    assert {place.table: await world.rows(place.table) for place in SEALED} == before


async def test_what_others_write_meanwhile_is_not_undone(world: World) -> None:
    """Rotation reads a form, its owner saves it, rotation writes: the owner's answer stays."""
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    keys = keys_of(world, second(world))
    # As long as not every process has the new key as its active one, some still seal by the old.
    settings = world.settings
    both = FieldCrypto({**settings.field_key_bytes, 2: NEW}, 1, settings.index_key_bytes)
    cases = replace(world.ctx.cases, forms=Forms(both))
    written = 0

    async def write() -> None:
        nonlocal written
        for number in range(25):
            value = f"K{number}+100"
            await cases.put_field(filed.citizen, filed.case_id, "stake_range", value)
            written = number

    async def rotate() -> None:
        for _ in range(10):
            await keys.rotate(quiet, per_second=FAST)

    await asyncio.gather(write(), rotate())
    form = await CaseForm.get(case_id=filed.case_id)
    assert f"K{written}+100".encode() in both.open(form.sealed, "case.form")
    assert (await keys.rotate(quiet, per_second=FAST)).faults == 0
    assert (await used(keys))["case_forms.sealed"] == {2}


@asynccontextmanager
async def held(world: World, case_id: object) -> AsyncIterator[None]:
    """Hold a form's row as somebody's transaction does."""
    async with world.database.transaction():
        await world.database.execute(
            "SELECT 1 FROM case_forms WHERE case_id = $1 FOR UPDATE", case_id
        )
        yield


async def test_a_row_that_somebody_holds_is_done_in_the_next_round(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    keys = keys_of(world, second(world))
    async with held(world, filed.case_id):
        running = asyncio.create_task(keys.rotate(quiet, per_second=FAST))
        await asyncio.sleep(0.5)
        assert not running.done()
        assert (await Account.get(id=filed.citizen.account_id)) is not None
        assert (await used(keys))["case_forms.sealed"] == {1}
        assert (await used(keys))["persons.name_sealed"] == {2}
    assert (await running).faults == 0
    assert (await used(keys))["case_forms.sealed"] == {2}


async def test_a_row_that_no_key_opens_is_told_and_left_as_it_is(world: World) -> None:
    await stages.drafted(world, await make.citizen(world), "ITEM10")
    keys = keys_of(world, second(world, drop=True))
    before = await world.rows("persons")
    tally = await keys.rotate(quiet, per_second=FAST)
    assert tally.unreadable["persons.name_sealed"] == 1
    assert tally.renewed.total() == 0
    assert await world.rows("persons") == before


async def test_the_acts_are_on_record(world: World) -> None:
    await keys_of(world, second(world)).rotate(quiet, per_second=FAST)
    acts = [(row["actor_role"], row["action"]) for row in await world.rows("audit_log")]
    assert acts == [("SYSTEM", "keys.rotate"), ("SYSTEM", "keys.rotated")]


async def test_rows_are_found_while_the_index_key_changes_and_after(world: World) -> None:
    filed = await rich(world)
    case, who = await filed.case(), await make.person(world)
    last4 = who["id_number"][-4:]
    between = second(world, index=INDEX)
    seen = await ProgressReader(world.clock, between).by_query_code(str(case.query_code), last4)
    assert seen is not None
    keys = keys_of(world, between)
    assert await keys.misindexed(100) == 0
    tally = await keys.reindex(quiet, per_second=FAST)
    assert (dict(tally.renewed), tally.faults) == (
        {"accounts.phone_index": 1, "persons.id_number_index": 1, "cases.lookup_index": 1},
        0,
    )
    after = FieldCrypto(world.settings.field_key_bytes, 1, INDEX)
    reader = ProgressReader(world.clock, after)
    assert await reader.by_query_code(str(case.query_code), last4) is not None
    person = await Person.get(account_id=filed.citizen.account_id)
    index = after.index(who["id_number"], "person.id_number").hex()
    assert person.id_number_index == index
    assert (await keys.reindex(quiet, per_second=FAST)).renewed.total() == 0
    # Without the new key they are lost, and doctor can tell.
    assert await world.parts.keys.misindexed(100) == 3


async def test_nobody_becomes_two_while_the_index_key_changes(world: World) -> None:
    """The unique key compares indexes of one key only; the other is asked for."""
    await make.citizen(world)
    other = await make.citizen(world, make.LI, real_name=False)
    wang = await make.person(world)
    between = replace(world.ctx.real_names, crypto=second(world, index=INDEX))
    before = await world.rows("persons")
    with pytest.raises(IdentityInUse):
        await between.verify(other, wang["name"], wang["id_number"])
    assert await world.rows("persons") == before


async def test_an_unchanged_answer_is_known_under_the_key_before(world: World) -> None:
    """A correction notice keeps a blind index of what was wrong, made before the change."""
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed)
    await notify(world, filed, [form_field("area_m2")])
    submissions = replace(world.ctx.submissions, crypto=second(world, index=INDEX))
    with pytest.raises(Exception, match="correction_unanswered"):
        await submissions.resubmit(filed.citizen, filed.case_id, uuid4().hex)
    await world.ctx.cases.put_field(filed.citizen, filed.case_id, "area_m2", 13)
    await submissions.resubmit(filed.citizen, filed.case_id, uuid4().hex)
    assert (await Case.get(id=filed.case_id)).state == "SUBMITTED"


def test_a_former_index_key_comes_second() -> None:
    crypto = FieldCrypto({1: NEW}, 1, INDEX, None, bytes(32))
    alone = FieldCrypto({1: NEW}, 1, INDEX)
    before = FieldCrypto({1: NEW}, 1, bytes(32))
    assert list(crypto.indexes("v", "p")) == [alone.index("v", "p"), before.index("v", "p")]
    assert crypto.index("v", "p") == alone.index("v", "p")
    with pytest.raises(ValueError, match="index key"):
        FieldCrypto({1: NEW}, 1, INDEX, None, base64.b64decode("AAAA"))
