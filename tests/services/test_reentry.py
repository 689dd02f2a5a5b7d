"""Cases keyed by hand into a system that cannot pull: read to the end, ticked off, reported on."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.case import Case, ClockInstance
from models.handoff import BackofficeEvent, HandoffPackage, Reentry
from models.rules.events import Role
from models.rules.states import State
from models.unit import run_in_transaction
from services.actors import Officer
from services.cases import FiledElsewhere
from services.events import Decision, EventType, PackageNotAcknowledged, Report
from services.handoff import ReceiptCodeWrong
from services.imports import Lodged
from services.packages import SUPPLEMENT
from services.reentry import EarlierPackage, KeyedBefore, NotByHand, Sheet
from services.scope import CaseElsewhere
from services.transitions import StepNotAllowed, StepNotYours
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.flavoured import body_of, published
from tests.services.reviewing import refused
from tests.world import World

NUMBER = "QD-2026-0093"


@dataclass(frozen=True)
class Desk:
    """An accepted case of an item that is keyed by hand, and a window that keys."""

    world: World
    filed: Filed
    officer: Officer
    package: UUID

    async def sheet(self) -> Sheet:
        return await self.world.ctx.reentries.sheet(self.officer, self.package)

    async def tick(self, code: str | None = None, number: str = NUMBER) -> str:
        code = code or (await self.sheet()).receipt_code
        ticked = await self.world.ctx.reentries.tick(self.officer, self.package, code, number)
        return ticked.external_no

    async def report(self, kind: EventType, key: str = "k", **said: Any) -> tuple[str, str]:
        now = self.world.clock.now()
        event_id = hashlib.sha256(key.encode()).hexdigest()
        report = Report(event_id, "", 0, kind, now, **said)
        told = await self.world.ctx.reentries.report(self.officer, self.filed.case_id, report)
        return told.outcome, told.state


async def desk(world: World, mode: str = "MANUAL_REENTRY") -> Desk:
    await published(world, body_of("ITEM10", backend_mode=mode))
    filed = await stages.reviewed(world)
    package = await HandoffPackage.get(case_id=filed.case_id)
    officer = await make.officer(world, (Role.WINDOW,))
    return Desk(world, filed, officer, package.id)


async def test_what_waits_is_listed_and_read_line_by_line(world: World) -> None:
    mine = await desk(world)
    page, following = await world.ctx.reentries.waiting(mine.officer, limit=10, after=None)
    [waiting] = page
    assert (waiting.id, waiting.case_id, waiting.kind) == (
        mine.package,
        mine.filed.case_id,
        "ACCEPTED",
    )
    assert waiting.due_at is not None
    assert following is None
    sheet = await mine.sheet()
    lines = {line.label: line.value for line in sheet.lines}
    person = await make.person(world)
    assert lines["申请人"] == person["name"]
    assert lines["证件号码"] == person["id_number"]
    # The form's own words, in the form's own order.
    form = ["路段", "起止桩号", "面层类型", "面积(平方米)"]
    assert [line.label for line in sheet.lines if line.label in form] == form
    assert lines["面积(平方米)"] == "12.5"
    assert {each["code"] for each in sheet.materials} == set(mine.filed.codes)
    reads = [row for row in await world.rows("audit_log") if row["action"] == "package.read"]
    assert [row["actor_id"] for row in reads] == [str(mine.officer.id)]


@pytest.mark.requirement("自建系统三种模式", "材料交接表签收")
async def test_a_tick_proves_that_the_sheet_was_read(world: World) -> None:
    mine = await desk(world)
    async with refused(world, ReceiptCodeWrong):
        await mine.tick("0" * 32)
    assert await mine.tick() == NUMBER
    case = await mine.filed.case()
    package = await HandoffPackage.get(id=mine.package)
    assert (case.handoff_status, package.status) == ("ACKED", "ACKED")
    assert package.acked_by == f"staff:{mine.officer.id}"
    handover = await ClockInstance.get(case_id=case.id, name="PAPER_HANDOVER")
    assert handover.stopped_at == world.clock.now()
    row = await Reentry.get()
    assert (row.external_no, row.keyed_by) == (NUMBER, mine.officer.id)
    assert await mine.tick() == NUMBER
    async with refused(world, KeyedBefore):
        await mine.tick(number="QD-2026-0094")
    # The operator's history is whole: one line, however often it was ticked.
    shown = await world.ctx.handoff_desk.show(mine.package)
    assert [(each.act, each.by, each.at) for each in shown.history] == [
        ("ACKED", f"staff:{mine.officer.id}", world.clock.now())
    ]
    assert (await world.ctx.reentries.waiting(mine.officer, limit=9, after=None))[0] == []


async def test_what_its_system_has_taken_is_not_keyed_too(world: World) -> None:
    mine = await desk(world)
    code = (await mine.sheet()).receipt_code
    machine = await make.machine(world, mine.filed.item.agency_uscc)
    await stages.taken_over(world, machine, mine.filed)
    async with refused(world, KeyedBefore):
        await mine.tick(code)


async def test_packages_are_keyed_in_their_order(world: World) -> None:
    mine = await desk(world)
    case = await mine.filed.case()
    packages = world.ctx.inquiries.packages
    item = await world.ctx.items.version(case.item_version_id)
    later = await run_in_transaction(partial(packages.create, case, item, SUPPLEMENT))
    after = replace(mine, package=later.id)
    async with refused(world, EarlierPackage):
        await after.tick()
    await mine.tick()
    assert await after.tick(number="QD-2026-0093-1") == "QD-2026-0093-1"


async def test_events_are_reported_by_hand_with_the_same_rules(world: World) -> None:
    mine = await desk(world)
    async with refused(world, PackageNotAcknowledged):
        await mine.report(EventType.REVIEW_STARTED)
    await mine.tick()
    assert await mine.report(EventType.REVIEW_STARTED, "a") == ("applied", "UNDER_REVIEW")
    assert await mine.report(EventType.REVIEW_STARTED, "a") == ("duplicate", "UNDER_REVIEW")
    async with refused(world, StepNotAllowed):
        await mine.report(EventType.REVIEW_STARTED, "b")
    decided: dict[str, Any] = {"decision": Decision.APPROVED, "document_no": "1号"}
    assert await mine.report(EventType.DECIDED, "c", **decided) == ("applied", "AWAIT_PAYMENT")
    assert (await mine.filed.case()).backoffice_seq == 2
    sources = {event.source for event in await BackofficeEvent.all()}
    assert sources == {f"staff:{mine.officer.id}"}


@pytest.mark.requirement("自建系统三种模式")
async def test_a_pulling_system_is_not_anticipated(world: World) -> None:
    mine = await desk(world, "PULL_API")
    assert (await world.ctx.reentries.waiting(mine.officer, limit=9, after=None))[0] == []
    for act in (mine.sheet, mine.tick):
        async with refused(world, NotByHand):
            await act()
    async with refused(world, NotByHand):
        await mine.report(EventType.REVIEW_STARTED)


async def test_others_have_nothing_to_key(world: World) -> None:
    mine = await desk(world)
    other = await make.officer(world, (Role.DEPT,), item="ITEM01")
    stranger = replace(mine, officer=other)
    assert (await world.ctx.reentries.waiting(other, limit=9, after=None))[0] == []
    for act in (stranger.sheet, lambda: stranger.tick("x")):
        async with refused(world, CaseElsewhere):
            await act()
    async with refused(world, CaseElsewhere):
        await stranger.report(EventType.REVIEW_STARTED)
    supervisor = await make.officer(world, (Role.SUPERVISOR,))
    async with refused(world, StepNotYours):
        await replace(mine, officer=supervisor).sheet()
    own = await make.officer(world, (Role.DEPT,), item=mine.filed)
    assert (await replace(mine, officer=own).sheet()).digest


async def test_a_case_from_elsewhere_is_reported_on_by_hand(world: World) -> None:
    """Its department has no system with us at all."""
    person, now = await make.person(world), world.clock.now()
    code = await make.item_code("ITEM10")
    lodged = Lodged("Z-1", code, person["name"], person["id_number"], State.ACCEPTED, now, now)
    officer = await make.officer(world, (Role.WINDOW,))
    imported = await world.ctx.imports.by_officer(officer, lodged)
    report = Report(uuid4().hex, "", 0, EventType.REVIEW_STARTED, now)
    told = await world.ctx.reentries.report(officer, imported.case.id, report)
    assert told.state == "UNDER_REVIEW"
    assert (await Case.get(id=imported.case.id)).backoffice_seq == 1


@pytest.mark.requirement("自建系统三种模式")
async def test_an_item_of_another_system_opens_no_draft(world: World) -> None:
    body = body_of("ITEM10", backend_mode="EXTERNAL_REDIRECT")
    body["external"] = {"system": "省企业登记系统", "url": "https://qydj.example.cn/"}
    who = await make.citizen(world)
    code = await make.item_code("ITEM10")
    earlier = await world.ctx.cases.open_draft(who, code, another=False)
    await published(world, body)
    with pytest.raises(FiledElsewhere) as caught:
        await world.ctx.cases.open_draft(who, code, another=False)
    assert caught.value.facts == {"external": body["external"]}
    assert await Case.all().count() == 1
    with pytest.raises(FiledElsewhere):
        await world.ctx.renewals.renew(who, earlier.opened.case.id)
    # What was accepted there is imported, and shows.
    person, now = await make.person(world), world.clock.now()
    lodged = Lodged("Z-1", code, person["name"], person["id_number"], State.ACCEPTED, now, now)
    officer = await make.officer(world, (Role.WINDOW,))
    assert (await world.ctx.imports.by_officer(officer, lodged)).matched


async def test_what_a_system_is_taking_is_left_to_it(world: World) -> None:
    mine = await desk(world)
    code = (await mine.sheet()).receipt_code
    machine = await make.machine(world, mine.filed.item.agency_uscc)
    await world.ctx.handoff.lease(machine, limit=1, seconds=60)
    async with refused(world, KeyedBefore):
        await mine.tick(code)
    world.clock.advance(timedelta(seconds=61))
    assert await mine.tick(code) == NUMBER
