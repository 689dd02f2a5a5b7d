"""Drafts of items: who writes, who publishes, and what is refused on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.item import ItemDraft
from models.rules.events import Role
from models.rules.lint import RULES
from services.actors import Officer
from services.drafts import (
    DraftChanged,
    DraftIsClosed,
    DraftOutdated,
    DraftUnknown,
    DraftUnusable,
)
from services.editors import ItemNotYours
from services.errors import Problem
from services.idempotency import KeyReused
from services.item_checks import ItemRefused
from services.items import VersionNotNewer
from services.publications import DraftNeedsAnother, NotValidYet
from tests import make
from tests.rules.items import item, put
from tests.world import World

HOUSING = "示例县住房和城乡建设局"
FORESTRY = "示例县林业局"
TABLES = ("items", "item_versions", "item_drafts", "given_answers", "audit_log")


@dataclass(frozen=True)
class Desk:
    """The world with those who write and publish items."""

    world: World
    author: Officer
    colleague: Officer
    supervisor: Officer

    async def draft(self, **changes: Any) -> ItemDraft:
        """Begin the next version of the road item and change some of it."""
        drafts = self.world.ctx.drafts
        begun = await drafts.start(self.author, item("item10")["code"], uuid4().hex)
        if not changes:
            return begun
        body = deepcopy(begun.body)
        for path, value in changes.items():
            put(body, path.replace("__", "/"), value)
        return await drafts.replace(self.author, begun.id, body, revision=begun.revision)

    async def publish(self, draft: ItemDraft, by: Officer | None = None) -> ItemDraft:
        publications = self.world.ctx.publications
        return await publications.publish(by or self.supervisor, draft.id, revision=draft.revision)

    @asynccontextmanager
    async def nothing_changes(self) -> AsyncIterator[None]:
        before = [await self.world.rows(table) for table in TABLES]
        yield
        assert [await self.world.rows(table) for table in TABLES] == before


@pytest.fixture
async def desk(world: World) -> Desk:
    return Desk(
        world,
        author=await make.officer(world, (Role.DEPT,), unit=HOUSING),
        colleague=await make.officer(world, (Role.DEPT,), unit=HOUSING),
        supervisor=await make.officer(world, (Role.SUPERVISOR,)),
    )


@pytest.mark.requirement("动态更新")
async def test_a_draft_becomes_the_version_that_is_filed_under(desk: Desk) -> None:
    who = await make.citizen(desk.world)
    filed = await make.draft(desk.world, who)
    draft = await desk.draft(limits__promised__value=4)
    assert (draft.body["version"], draft.body["valid_from"]) == ("2026.4", "2026-03-02")
    assert (draft.based_on, draft.revision) == ("2026.3", 2)
    published = await desk.publish(draft)
    assert (published.status, published.published_by) == ("PUBLISHED", str(desk.supervisor.id))
    now = await desk.world.ctx.items.current(filed.item.code)
    assert (now.version, now.body["limits"]["promised"]["value"]) == ("2026.4", 4)
    opened = await desk.world.ctx.cases.get(who, filed.case_id)
    assert (opened.item.version, opened.item.body["limits"]["promised"]["value"]) == ("2026.3", 5)
    lines = await desk.world.ctx.publications.versions(filed.item.code)
    assert [(each.version, each.current, each.open_cases) for each in lines] == [
        ("2026.4", True, 0),
        ("2026.3", False, 1),
    ]
    assert (lines[0].published_by, lines[1].published_by) == (str(desk.supervisor.id), None)
    assert lines[0].writers == [str(desk.author.id)]


@pytest.mark.requirement("动态更新")
async def test_who_wrote_and_who_published_is_in_the_audit_log(desk: Desk) -> None:
    draft = await desk.draft(name="挖掘道路")
    given_up = await desk.draft()
    await desk.world.ctx.drafts.discard(desk.colleague, given_up.id, revision=1)
    await desk.publish(draft)
    logged = [
        (row["action"], row["actor_role"], row["actor_id"], row["object_id"])
        for row in await desk.world.rows("audit_log")
    ]
    author, mine = str(desk.author.id), str(draft.id)
    assert logged == [
        ("item_draft.create", "DEPT", author, mine),
        ("item_draft.write", "DEPT", author, mine),
        ("item_draft.create", "DEPT", author, str(given_up.id)),
        ("item_draft.discard", "DEPT", str(desk.colleague.id), str(given_up.id)),
        ("item.publish", "SUPERVISOR", str(desk.supervisor.id), draft.code),
    ]


async def test_a_draft_may_be_wrong_and_is_told_so(desk: Desk) -> None:
    draft = await desk.draft(materials__3__name="其他材料")
    [finding] = [each for each in draft.findings if each["severity"] == "REFUSES"]
    assert (finding["code"], finding["pointer"]) == ("material_vague", "/materials/3/name")
    assert finding["code"] in {rule.code for rule in RULES}
    async with desk.nothing_changes():
        with pytest.raises(ItemRefused) as refusal:
            await desk.publish(draft)
    assert [fault.pointer for fault in refusal.value.faults] == ["/materials/3/name"]


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("fee/basis", "", "fee_without_basis"),
        ("limits/promised/value", 46, "promised_over_statutory"),
        ("flags/verify_later_filing_no", "无", "verify_later_not_filed"),
        ("flags/max_visits", 2, "verify_later_visits"),
        ("form_schema/properties/area_m2/type", "nonsense", "form_field_not_described"),
        ("form_schema/properties/contractor/format", 7, "form_schema_invalid"),
        ("delivery", ["TOWNSHIP_PICKUP"], "no_way_to_result"),
    ],
)
async def test_nothing_is_published_against_the_rules(
    desk: Desk, place: str, value: Any, code: str
) -> None:
    changes = {place.replace("/", "__"): value}
    if code == "no_way_to_result":
        changes["result__paper"] = False
    draft = await desk.draft(**changes)
    assert code in {each["code"] for each in draft.findings}
    async with desk.nothing_changes():
        with pytest.raises(ItemRefused):
            await desk.publish(draft)


async def test_who_wrote_in_it_does_not_publish_it(desk: Desk) -> None:
    other = await make.officer(desk.world, (Role.SUPERVISOR,))
    code = item("item10")["code"]
    begun = await desk.world.ctx.drafts.start(desk.supervisor, code, uuid4().hex)
    # Somebody else's last touch does not wash the first writer out.
    touched = await desk.world.ctx.drafts.replace(
        desk.author, begun.id, {**begun.body, "name": "城市道路挖掘许可"}, revision=1
    )
    assert touched.writers == [str(desk.supervisor.id), str(desk.author.id)]
    for refused in (desk.supervisor, desk.author, desk.colleague):
        async with desk.nothing_changes():
            with pytest.raises(DraftNeedsAnother):
                await desk.publish(touched, refused)
    assert (await desk.publish(touched, other)).status == "PUBLISHED"


async def test_two_do_not_write_over_each_other(desk: Desk) -> None:
    begun = await desk.draft()
    one = await desk.world.ctx.drafts.replace(
        desk.author, begun.id, {**begun.body, "name": "挖路"}, revision=begun.revision
    )
    async with desk.nothing_changes():
        with pytest.raises(DraftChanged):
            await desk.world.ctx.drafts.replace(
                desk.colleague, begun.id, {**begun.body, "name": "占路"}, revision=begun.revision
            )
        with pytest.raises(DraftChanged):  # the supervisor read what was there before
            await desk.publish(begun)
        again = await desk.world.ctx.drafts.replace(
            desk.author, begun.id, {**begun.body, "name": "挖路"}, revision=begun.revision
        )
    assert (again.revision, again.body["name"]) == (one.revision, "挖路")


async def test_of_two_at_the_same_moment_one_wins(desk: Desk) -> None:
    begun = await desk.draft()

    async def write(name: str) -> str:
        try:
            await desk.world.ctx.drafts.replace(
                desk.author, begun.id, {**begun.body, "name": name}, revision=begun.revision
            )
        except DraftChanged:
            return ""
        return name

    written = await asyncio.gather(*(write(f"挖路{number}") for number in range(6)))
    [winner] = [name for name in written if name]
    assert (await ItemDraft.get(id=begun.id)).body["name"] == winner


async def test_the_same_request_again_is_the_same_draft(desk: Desk) -> None:
    drafts, code = desk.world.ctx.drafts, item("item10")["code"]
    begun = await asyncio.gather(*(drafts.start(desk.author, code, "same-key-1") for _ in range(4)))
    assert len({draft.id for draft in begun}) == 1
    made = await drafts.create(desk.author, item("item10", version="2026.5"), "same-key-2")
    again = await drafts.create(desk.author, item("item10", version="2026.5"), "same-key-2")
    assert made.id == again.id != begun[0].id
    async with desk.nothing_changes():
        with pytest.raises(KeyReused):
            await drafts.create(desk.author, item("item10", version="2026.6"), "same-key-2")
    published = await desk.publish(made)
    async with desk.nothing_changes():
        assert (await desk.publish(made)).published_at == published.published_at


async def test_a_draft_of_an_older_version_is_compared_first(desk: Desk) -> None:
    slow, fast = await desk.draft(name="挖掘道路"), await desk.draft(name="占用道路")
    await desk.publish(fast)
    later = await desk.world.ctx.drafts.replace(
        desk.author, slow.id, {**slow.body, "version": "2026.5"}, revision=slow.revision
    )
    async with desk.nothing_changes():
        with pytest.raises(DraftOutdated) as refusal:
            await desk.publish(later)
        with pytest.raises(DraftOutdated):
            await desk.world.ctx.drafts.replace(
                desk.author, slow.id, later.body, revision=later.revision, based_on="2026.3"
            )
    assert refusal.value.facts == {"current_version": "2026.4"}
    compared = await desk.world.ctx.drafts.replace(
        desk.author, slow.id, later.body, revision=later.revision, based_on="2026.4"
    )
    assert (await desk.publish(compared)).body["name"] == "挖掘道路"


@pytest.mark.parametrize(
    ("version", "newer"), [("2026.1", False), ("2026.3", False), ("2026.10", True)]
)
async def test_a_version_is_newer_than_every_one_before(
    desk: Desk, version: str, newer: bool
) -> None:
    draft = await desk.draft(version=version)
    if newer:
        assert (await desk.publish(draft)).body["version"] == "2026.10"
        return
    async with desk.nothing_changes():
        with pytest.raises(VersionNotNewer):
            await desk.publish(draft)


async def test_it_is_published_on_the_day_it_holds(desk: Desk) -> None:
    draft = await desk.draft(valid_from="2026-03-04")
    async with desk.nothing_changes():
        with pytest.raises(NotValidYet):
            await desk.publish(draft)
    # The 4th begins at midnight in Shanghai: 16:00 UTC of the 3rd.
    desk.world.clock.advance(timedelta(hours=38, minutes=49))
    with pytest.raises(NotValidYet):
        await desk.publish(draft)
    desk.world.clock.advance(timedelta(minutes=1))
    assert (await desk.publish(draft)).status == "PUBLISHED"


async def test_what_is_published_or_given_up_stays_as_it_is(desk: Desk) -> None:
    published = await desk.publish(await desk.draft())
    given_up = await desk.draft(version="2026.9")
    discard = desk.world.ctx.drafts.discard
    with pytest.raises(DraftChanged):
        await discard(desk.author, given_up.id, revision=1)
    await discard(desk.author, given_up.id, revision=given_up.revision)
    assert (await ItemDraft.get(id=given_up.id)).status == "DISCARDED"
    async with desk.nothing_changes():
        await discard(desk.author, given_up.id, revision=given_up.revision)  # once more
        for closed in (published, given_up):
            with pytest.raises(DraftIsClosed):
                await desk.world.ctx.drafts.replace(
                    desk.author, closed.id, {**closed.body, "name": "x"}, revision=closed.revision
                )
        with pytest.raises(DraftIsClosed):
            await discard(desk.author, published.id, revision=published.revision)
        with pytest.raises(DraftIsClosed):
            await desk.publish(given_up)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"code": "11511499MB9000082B4000117129007"}, DraftUnusable),
        ({"code": 7}, DraftUnusable),
        ({"agency": ""}, DraftUnusable),
        ({"agency": FORESTRY}, ItemNotYours),
        # Another department's item, or codes, under one's own name.
        ({"code": item("item05")["code"]}, ItemNotYours),
        ({"agency_uscc": item("item05")["agency_uscc"]}, ItemNotYours),
    ],
)
async def test_a_department_drafts_its_own_items(
    desk: Desk, changes: dict[str, Any], problem: type[Problem]
) -> None:
    async with desk.nothing_changes():
        with pytest.raises(problem):
            await desk.world.ctx.drafts.create(
                desk.author, {**item("item10"), **changes}, uuid4().hex
            )


async def test_a_body_without_end_is_not_taken(desk: Desk) -> None:
    deep: Any = "x"
    for _ in range(40):
        deep = {"a": deep}
    async with desk.nothing_changes():
        with pytest.raises(DraftUnusable):
            await desk.world.ctx.drafts.create(
                desk.author, {**item("item10"), "guide": deep}, uuid4().hex
            )


async def test_another_department_does_not_see_it(desk: Desk) -> None:
    stranger = await make.officer(desk.world, (Role.DEPT,), unit=FORESTRY)
    window = await make.officer(desk.world, (Role.WINDOW,), unit=HOUSING)
    draft = await desk.draft()
    drafts = desk.world.ctx.drafts
    for who in (stranger, window):
        async with desk.nothing_changes():
            with pytest.raises(DraftUnknown):
                await drafts.get(who, draft.id)
            with pytest.raises(DraftUnknown):
                await drafts.discard(who, draft.id, revision=1)
            with pytest.raises(DraftUnknown):
                await drafts.simulate(who, draft.id, None)
    seen = {
        who: [one.id for one in (await drafts.list(who, status=None, limit=9, before=None))[0]]
        for who in (desk.colleague, stranger, desk.supervisor)
    }
    assert seen == {desk.colleague: [draft.id], stranger: [], desk.supervisor: [draft.id]}


@pytest.mark.requirement("要素一致")
async def test_what_comes_from_the_common_catalogue_is_kept_as_it_is(desk: Desk) -> None:
    common = {**item("item10"), "version": "2026.4", "name": "城市道路挖掘审批"}
    draft = await desk.world.ctx.drafts.bring_in(common)
    again = await desk.world.ctx.drafts.bring_in(common)
    assert (draft.id, draft.writers, draft.body) == (again.id, ["import"], common)
    await desk.publish(draft)
    current = await desk.world.ctx.items.current(common["code"])
    assert dict(current.body) == common


async def test_a_new_item_of_ones_own(desk: Desk) -> None:
    body = item("item10")
    basic = "000117129008"
    impl = body["agency_uscc"] + "4" + basic
    body |= {"basic_code": basic, "impl_code": impl, "name": "临时占用城市道路审批"}
    body |= {"code": impl + "01", "handling_item_code": impl + "01", "version": "2026.1"}
    draft = await desk.world.ctx.drafts.create(desk.author, body, uuid4().hex)
    assert draft.based_on is None
    await desk.publish(draft)
    assert (await desk.world.ctx.items.current(impl + "01")).name == "临时占用城市道路审批"


async def test_the_drafts_page(desk: Desk) -> None:
    made = [(await desk.draft()).id for _ in range(5)]
    drafts, found, before = desk.world.ctx.drafts, [], None
    while True:
        page, before = await drafts.list(desk.author, status="DRAFT", limit=2, before=before)
        found += [draft.id for draft in page]
        if before is None:
            break
    assert found == made[::-1]
    empty, _ = await drafts.list(desk.author, status="PUBLISHED", limit=2, before=None)
    assert empty == []
    other, _ = await drafts.list(desk.author, status=None, code="x", limit=2, before=None)
    assert other == []
