"""Cases lodged elsewhere: once per number, seen by their applicant, handled by events alone."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from models.account import Account, Person
from models.case import Case, ClockInstance
from models.handoff import HandoffPackage, ImportedCase
from models.payment import Fee
from models.rules.events import Role
from models.rules.reasons import RatingStage
from models.rules.states import State
from services.access import CaseUnknown
from services.actors import Machine
from services.cases import ApplicantTypeRefused, NotEditable
from services.events import Decision, EventIncomplete, EventType, Report
from services.identities import IdNumberRefused
from services.imports import ImportDiffers, Imported, ImportTimesInvalid, Lodged
from services.orders import NothingToPay
from services.ratings import Opinion
from services.transitions import StepNotAllowed, StepNotYours
from services.withdrawals import LodgedElsewhere
from tests import make
from tests.services import stages
from tests.services.reviewing import refused
from tests.world import World

DAY = timedelta(days=1)


async def lodged(world: World, openid: str = make.WANG) -> Lodged:
    """Return a case of ITEM10 as its own system knows it: accepted yesterday."""
    person = await make.person(world, openid)
    now = world.clock.now()
    return Lodged(
        external_no="ZJ-2026-17",
        item_code=await make.item_code("ITEM10"),
        name=person["name"],
        id_number=person["id_number"],
        state=State.ACCEPTED,
        received_at=now - 2 * DAY,
        accepted_at=now - DAY,
    )


async def agency(world: World) -> Machine:
    item = await world.ctx.items.current(await make.item_code("ITEM10"))
    return await make.machine(world, item.agency_uscc)


async def take(world: World, said: Lodged) -> Imported:
    return await world.ctx.imports.by_machine(await agency(world), said)


async def tell(world: World, case: Case, seq: int, kind: EventType, **payload: Any) -> str:
    report = Report(f"e-{seq}", str(case.case_no), seq, kind, world.clock.now(), **payload)
    return (await world.ctx.events.report(await agency(world), report)).state


DECIDED: dict[str, Any] = {"decision": Decision.APPROVED, "document_no": "示住建许〔2026〕1号"}


@pytest.mark.requirement("窗口办件回流")
async def test_an_applicant_sees_what_was_lodged_elsewhere(world: World) -> None:
    who = await make.citizen(world)
    said = await lodged(world)
    imported = await take(world, said)
    assert (imported.created, imported.matched) == (True, True)
    case = imported.case
    progress = await world.ctx.progress.of_case(who, case.id)
    assert [entry.at for entry in progress.timeline] == [said.received_at, said.accepted_at]
    assert progress.state is State.ACCEPTED
    # ITEM10: the limits of the item, counted from the acceptance there.
    clocks = await ClockInstance.filter(case_id=case.id, stopped_at=None)
    assert {clock.name for clock in clocks} == {"DECISION_PROMISED", "DECISION_STATUTORY"}
    assert {clock.started_at for clock in clocks} == {said.accepted_at}
    assert [due.clock for due in progress.due] == [clock.name for clock in clocks]
    found = await world.ctx.progress.by_query_code(str(case.query_code), said.id_number[-4:])
    assert found.id == case.id
    listed, _ = await world.ctx.cases.list(who, limit=10, before=None)
    assert [each.id for each, _ in listed] == [case.id]
    assert not await HandoffPackage.exists()


@pytest.mark.requirement("窗口办件回流")
async def test_the_same_import_is_the_same_case(world: World) -> None:
    said = await lodged(world)
    made = await asyncio.gather(*(take(world, said) for _ in range(6)))
    assert sorted(each.created for each in made) == [False] * 5 + [True]
    assert len({each.case.id for each in made}) == 1
    assert await Case.all().count() == 1
    for change in ({"state": State.UNDER_REVIEW}, {"accepted_at": said.received_at}):
        async with refused(world, ImportDiffers):
            await take(world, replace(said, **change))
    again = await take(world, replace(said, external_no="ZJ-2026-18"))
    assert again.created


async def test_who_comes_later_finds_it(world: World) -> None:
    imported = await take(world, await lodged(world))
    case = imported.case
    assert not imported.matched
    other = await make.citizen(world, make.LI)
    with pytest.raises(CaseUnknown):
        await world.ctx.progress.of_case(other, case.id)
    who = await make.citizen(world)
    progress = await world.ctx.progress.of_case(who, case.id)
    assert progress.case_no == case.case_no
    expected = await Account.get(id=case.account_id)
    assert expected.joined_id == who.account_id
    assert not await Person.exists(account_id=expected.id)
    assert (await ImportedCase.get(case_id=case.id)).claimed_at == world.clock.now()


async def test_a_number_alone_is_nobody(world: World) -> None:
    """Name and number belong together: whoever has another name is somebody else."""
    said = await lodged(world)
    imported = await take(world, replace(said, name="王建"))
    who = await make.citizen(world)
    with pytest.raises(CaseUnknown):
        await world.ctx.progress.of_case(who, imported.case.id)
    assert (await ImportedCase.get(case_id=imported.case.id)).claimed_at is None


async def test_its_events_come_by_the_same_gate_and_it_is_rated(world: World) -> None:
    who = await make.citizen(world)
    case = (await take(world, await lodged(world))).case
    assert await tell(world, case, 1, EventType.REVIEW_STARTED) == "UNDER_REVIEW"
    state = await tell(world, case, 2, EventType.DECIDED, **DECIDED)
    # The fee is paid where it was lodged, so the result is not held back here.
    assert state == "RESULT_READY"
    assert not await Fee.exists()
    stage, stars = RatingStage.RESULT, 5
    await world.ctx.ratings.rate(who, case.id, Opinion(stage, stars, (), ""))
    assert (await Case.get(id=case.id)).rating_status == "RATED"
    await world.work()
    assert await stages.do(world, "payment.sweep") == 0


async def test_nothing_of_its_filing_is_done_here(world: World) -> None:
    who = await make.citizen(world)
    case = (await take(world, await lodged(world))).case
    async with refused(world, NotEditable):
        await world.ctx.cases.put_field(who, case.id, "area_m2", 3)
    async with refused(world, NothingToPay):
        await world.ctx.payments.open_order(who, case.id, uuid4().hex)
    async with refused(world, LodgedElsewhere):
        await world.ctx.withdrawals.request(who, case.id, uuid4().hex)
    async with refused(world, StepNotAllowed):
        await tell(world, case, 1, EventType.INFORMATION_REQUESTED, question="怎样通行?")
    async with refused(world, EventIncomplete):
        await tell(world, case, 1, EventType.FEE_ASSESSED, fee={"area_m2": 3})
    measured = {"area_m2": 3, "surface_type": "水泥"}
    async with refused(world, EventIncomplete):
        await tell(world, case, 1, EventType.DECIDED, **DECIDED, fee=measured)
    lease = await world.ctx.handoff.lease(await agency(world), limit=9, seconds=60)
    assert lease.packages == ()


async def test_an_import_that_cannot_be_changes_nothing(world: World) -> None:
    said = await lodged(world)
    now = world.clock.now()
    other = await make.machine(world, "11511499MB90000238")
    item = await world.ctx.items.current(said.item_code)
    # Its agency's, but another system's item.
    narrow = await make.machine(world, item.agency_uscc, "OTHER-ITEM")
    for machine in (other, narrow):
        async with refused(world, StepNotYours):
            await world.ctx.imports.by_machine(machine, said)
    for problem, change in (
        (ImportTimesInvalid, {"accepted_at": now + DAY}),
        (ImportTimesInvalid, {"received_at": now}),
        (IdNumberRefused, {"id_number": "511499199005236050"}),
    ):
        async with refused(world, problem):
            await take(world, replace(said, **change))
    assert await Account.all().count() == 0


async def test_only_people_are_imported(world: World) -> None:
    said = await lodged(world)
    item = await world.ctx.items.current(said.item_code)
    cast("dict[str, Any]", item.body)["applicant_types"] = ["ENTERPRISE"]
    async with refused(world, ApplicantTypeRefused):
        await take(world, said)


async def test_staff_register_what_was_lodged_with_them(world: World) -> None:
    said = await lodged(world)
    stranger = await make.officer(world, (Role.DEPT,), item="ITEM01")
    async with refused(world, StepNotYours):
        await world.ctx.imports.by_officer(stranger, said)
    window = await make.officer(world, (Role.WINDOW,), item="ITEM01")
    imported = await world.ctx.imports.by_officer(window, said)
    assert imported.created
    # Its department's system tells of the same case.
    assert not (await take(world, said)).created
    [entry] = [row for row in await world.rows("audit_log") if row["action"] == "case.import"]
    assert entry["actor_id"] == str(window.id)
