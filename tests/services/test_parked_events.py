"""Events that come before their turn: kept, applied in order, or answered for."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models.case import Case, CaseEvent
from models.handoff import BackofficeEvent
from models.payment import Fee
from models.rules.states import State
from models.supervision import MonitorAlert
from services.access import CaseUnknown
from services.events import (
    CorrectionAfterAcceptance,
    EventOutOfOrder,
    EventReused,
    EventsWaiting,
    EventType,
    EventUnknown,
    FeeUnsettled,
    PackageNotAcknowledged,
    Reported,
    fates,
    parking,
)
from services.events.parking import Fate
from services.transitions import StepNotAllowed
from tests import make
from tests.services import stages
from tests.services.backoffice import Scene, open_scene
from tests.services.reviewing import refused
from tests.world import World

SUSPENDED: dict[str, Any] = {"procedure": "专家评审", "planned_days": 12}
HOUR = timedelta(hours=1)


async def sent(scene: Scene, event_id: str) -> fates.Sent:
    return await fates.one(scene.machine, event_id)


async def sweep(world: World) -> object:
    _, look = world.parts.schedules["events"]
    return await look()


def suspended(scene: Scene, seq: int) -> Any:
    return scene.said(seq, EventType.SPECIAL_STARTED, **SUSPENDED)


def ended(scene: Scene, seq: int) -> Any:
    return scene.said(seq, EventType.SPECIAL_ENDED)


@pytest.mark.requirement("过程结果实时提供")
async def test_what_comes_early_is_applied_when_the_gap_closes(world: World) -> None:
    scene = await open_scene(world)
    steps = await world.rows("case_events")
    assert await scene.report(ended(scene, 3)) == Reported("parked", scene.number, "ACCEPTED", 1)
    assert await scene.report(suspended(scene, 2)) == Reported(
        "parked", scene.number, "ACCEPTED", 1
    )
    assert await world.rows("case_events") == steps
    assert (await sent(scene, "e-3")).expected_seq == 1
    started = await scene.report(scene.started())
    assert (started.outcome, started.expected_seq) == ("applied", None)
    assert await stages.do(world, parking.APPLY) == 1
    case = await scene.filed.case()
    assert (case.state, case.backoffice_seq) == (State.UNDER_REVIEW, 3)
    told = await CaseEvent.filter(case_id=case.id, actor_role="BACKOFFICE").order_by("seq")
    assert [event.row for event in told] == ["T21", "T22", "T23"]
    assert {event.actor_id for event in told} == {scene.machine.client_id}
    assert {event.unit for event in told} == {scene.machine.name}
    for event_id in ("e-1", "e-2", "e-3"):
        assert (await sent(scene, event_id)).fate is Fate.APPLIED
    assert (await scene.report(ended(scene, 3))).outcome == "duplicate"


async def test_what_waits_lies_sealed_and_no_longer_than_it_waits(world: World) -> None:
    scene = await open_scene(world)
    holder = "王建国"
    await scene.report(scene.rejected(holder_name=holder))
    row = await BackofficeEvent.get(event_id="e-2")
    assert row.sealed is not None
    assert holder.encode() not in row.sealed
    assert holder.encode() in world.parts.adapters.crypto.open(row.sealed, parking.PURPOSE)
    await scene.report(scene.started())
    await stages.do(world, parking.APPLY)
    assert (await BackofficeEvent.get(event_id="e-2")).sealed is None
    assert (await scene.filed.case()).decision == "REJECTED"


async def test_a_parked_event_again_is_parked_again(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.rejected(seq=4))
    before = await world.rows("backoffice_events")
    answer = await scene.report(scene.rejected(seq=4))
    assert (answer.outcome, answer.expected_seq) == ("parked", 1)
    assert await world.rows("backoffice_events") == before
    async with refused(world, EventReused):
        await scene.report(scene.rejected(seq=4, document_no="示住建许〔2026〕9号"))


async def test_the_number_of_a_parked_event_is_taken(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.rejected(seq=2))
    async with refused(world, EventOutOfOrder) as caught:
        await scene.report(scene.rejected(seq=2, event_id="e-other"))
    assert caught.value.facts == {"expected_seq": 1}
    await scene.report(scene.started())
    # Its turn has come, though nobody has applied it yet.
    async with refused(world, EventOutOfOrder) as caught:
        await scene.report(scene.rejected(seq=2, event_id="e-other"))
    assert caught.value.facts == {"expected_seq": 3}


async def test_only_so_many_events_wait(world: World) -> None:
    scene = await open_scene(world)
    for seq in range(2, 2 + parking.MOST):
        assert (await scene.report(suspended(scene, seq))).outcome == "parked"
    async with refused(world, EventsWaiting) as caught:
        await scene.report(suspended(scene, 99))
    assert caught.value.facts == {"expected_seq": 1}


async def test_what_no_turn_could_make_right_is_refused_at_once(world: World) -> None:
    unread = await open_scene(world, acked=False)
    async with refused(world, PackageNotAcknowledged):
        await unread.report(unread.rejected(seq=3))
    await unread.acknowledge()
    async with unread.alarmed(CorrectionAfterAcceptance):
        await unread.report(unread.said(3, EventType.CORRECTION_REQUESTED))
    await unread.report(unread.rejected(seq=1))
    await Case.filter(id=unread.filed.case_id).update(state=State.DELIVERED)
    async with unread.alarmed(StepNotAllowed):
        await unread.report(unread.started(seq=9))


async def test_a_refusal_in_its_turn_is_answered_for(world: World) -> None:
    """The second start of a review is refused; what came after it waits for its number."""
    scene = await open_scene(world)
    await scene.report(scene.rejected(seq=3))
    await scene.report(scene.started(seq=2))
    await scene.report(scene.started(seq=1))
    await stages.do(world, parking.APPLY)
    told = await sent(scene, "e-2")
    assert (told.fate, told.code) == (Fate.REFUSED, StepNotAllowed.code)
    assert told.answer == {"detail": StepNotAllowed.sentence, "errors": []}
    assert told.settled_at == world.clock.now()
    [alert] = await MonitorAlert.filter(code=StepNotAllowed.code)
    assert (alert.light, alert.owner_role, alert.actor_id) == (
        "RED",
        "BACKOFFICE",
        scene.machine.client_id,
    )
    assert (await scene.filed.case()).backoffice_seq == 1
    assert (await sent(scene, "e-3")).expected_seq == 2
    # Mended under the same id, it counts; so does what waited for it.
    mended = suspended(scene, 2)
    assert (await scene.report(mended)).outcome == "applied"
    await scene.report(ended(scene, 4))
    await stages.do(world, parking.APPLY)
    refusal = await sent(scene, "e-3")
    assert (refusal.fate, refusal.code) == (Fate.REFUSED, StepNotAllowed.code)
    assert (await scene.filed.case()).state is State.SUSPENDED


async def test_a_refusal_names_the_fields(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.rejected(seq=2, holder_name="赵六"))
    await scene.report(scene.started())
    await stages.do(world, parking.APPLY)
    told = await sent(scene, "e-2")
    assert told.code == "result_mismatch"
    assert told.answer is not None
    assert [fault["pointer"] for fault in told.answer["errors"]] == ["/payload/holder_name"]
    # The correction has its working day, as if it had been refused at once.
    assert "RESULT_TRANSFER_FIX" in await scene.last_days()


async def test_an_approval_that_waited_charges_before_it_is_refused(world: World) -> None:
    scene = await open_scene(world, "ITEM09")
    await Fee.filter(case_id=scene.filed.case_id).delete()
    await scene.report(scene.decided(seq=2, fee={"usage": "住宅"}))
    await scene.report(scene.started())
    await stages.do(world, parking.APPLY)
    assert (await sent(scene, "e-2")).code == FeeUnsettled.code
    assert (await Fee.get(case_id=scene.filed.case_id)).amount_fen == 8_000
    await Fee.filter(case_id=scene.filed.case_id).update(settled_at=world.clock.now())
    answer = await scene.report(scene.decided(seq=2, fee={"usage": "住宅"}))
    assert answer.outcome == "applied"


async def test_an_end_answers_for_everything_that_waited(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.rejected(seq=5))
    await scene.report(scene.started(seq=3))
    await Case.filter(id=scene.filed.case_id).update(state=State.TERMINATED)
    assert await sweep(world) == 1
    for event_id in ("e-3", "e-5"):
        assert (await sent(scene, event_id)).code == StepNotAllowed.code


async def test_a_lost_job_is_made_up_for(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(scene.rejected(seq=2))
    await scene.report(scene.started())
    await world.database.execute("DELETE FROM pgqueuer")
    await sweep(world)
    assert (await scene.filed.case()).decision == "REJECTED"


async def test_a_gap_is_told_once_and_over_when_it_closes(world: World) -> None:
    scene = await open_scene(world)
    await scene.report(suspended(scene, 3))
    world.clock.advance(HOUR - timedelta(seconds=1))
    await sweep(world)
    assert not await MonitorAlert.filter(code=parking.GAP).exists()
    world.clock.advance(timedelta(seconds=1))
    await sweep(world)
    await scene.report(scene.rejected(seq=5))
    world.clock.advance(2 * HOUR)
    await sweep(world)
    [alert] = await MonitorAlert.filter(code=parking.GAP)
    assert (alert.case_id, alert.light, alert.data) == (
        scene.filed.case_id,
        "YELLOW",
        {"expected_seq": 1},
    )
    assert alert.resolved_at is None
    await scene.report(scene.started(seq=1))
    await scene.report(scene.said(2, EventType.INFORMATION_REQUESTED, question="怎样通行?"))
    await stages.do(world, parking.APPLY)
    await scene.report(ended(scene, 4))
    await stages.do(world, parking.APPLY)
    assert (await scene.filed.case()).decision == "REJECTED"
    assert (await MonitorAlert.get(id=alert.id)).resolved_at == world.clock.now()


@pytest.mark.requirement("过程结果实时提供")
@pytest.mark.parametrize("order", [(3, 1, 2), (2, 3, 1), (1, 3, 2), (3, 2, 1)])
async def test_any_order_ends_alike(world: World, order: tuple[int, ...]) -> None:
    scene = await open_scene(world)
    events = {1: scene.started(), 2: suspended(scene, 2), 3: ended(scene, 3)}
    await asyncio.gather(*(scene.report(events[seq]) for seq in order))
    await world.work()
    case = await scene.filed.case()
    assert (case.state, case.backoffice_seq) == (State.UNDER_REVIEW, 3)
    rows = await CaseEvent.filter(case_id=case.id, actor_role="BACKOFFICE").order_by("seq")
    assert [row.row for row in rows] == ["T21", "T22", "T23"]


async def test_events_are_found_by_who_sent_them(world: World) -> None:
    scene = await open_scene(world)
    second = await make.machine(world, scene.machine.agency_uscc)
    await scene.report(scene.rejected(seq=3))
    await scene.report(scene.started())
    with pytest.raises(EventUnknown):
        await fates.one(second, "e-1")
    page, following = await fates.several(scene.machine, fates.Wanted(), limit=1, after=None)
    assert [event.event_id for event in page] == ["e-3"]
    page, last = await fates.several(scene.machine, fates.Wanted(), limit=1, after=following)
    assert ([event.event_id for event in page], last) == (["e-1"], None)
    for wanted, expected in (
        (fates.Wanted(Fate.PARKED), ["e-3"]),
        (fates.Wanted(Fate.REFUSED), []),
        (fates.Wanted(case_no=scene.number), ["e-3", "e-1"]),
        (fates.Wanted(case_no="none"), []),
    ):
        page, _ = await fates.several(scene.machine, wanted, limit=9, after=None)
        assert [event.event_id for event in page] == expected
    assert (await fates.several(second, fates.Wanted(), limit=9, after=None))[0] == []
    with pytest.raises(CaseUnknown):
        await scene.report(scene.started(case_no="none"))
