"""Counting anew after an edition: authorities exactly, applicants never earlier, each once."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.case import ClockInstance
from models.ids import uuid7
from models.message import Message
from models.notice import Notice
from models.rules.calendar import Limit, Unit
from models.rules.clock_table import ClockName
from models.rules.clocks import Pause
from models.rules.events import Event, Role
from models.rules.lifecycle import row_for
from models.rules.states import State
from models.unit import transaction
from services.actors import Actor
from services.calendars import Calendars
from services.clocks import Clocks
from services.editions import RECOMPUTE
from services.moved import TELL_MOVED, Moves
from services.recounts import Recounts
from services.superseding import NewEditions
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.running import (
    case_of,
    clock_of,
    last_day,
    midnight,
    running,
    seen,
    shanghai,
    wd,
)
from tests.world import World
from tests.years import announced

PROMISED = ClockName.DECISION_PROMISED
STATUTORY = ClockName.DECISION_STATUTORY
CORRECTION = ClockName.CORRECTION
EXTENSION = ClockName.EXTENSION
# By the law alone 5-10 February 2027 are off. The notice takes the 11th too, for Saturday the 13th.


async def import_2027(world: World) -> None:
    found = await world.parts.seeding.editions.import_year(
        announced(), source="国办发明电〔2026〕7号", by="张三"
    )
    assert found is not None


async def override(world: World, day: str, works: bool | None) -> None:
    found = await world.parts.seeding.editions.override(
        date.fromisoformat(day), works, reason="洪水停工", by="张三"
    )
    assert found is not None


async def recount(world: World) -> int:
    """Do the recounting jobs until none is due any more; return how many there were."""
    done = 0
    while number := await stages.do(world, RECOMPUTE):
        done += number
    return done


def recounts(world: World, batch: int = 50) -> Recounts:
    made = world.parts.adapters
    calendars = world.parts.seeding.editions.calendars
    moves = Moves(made.jobs, NewEditions(world.ctx.notices))
    return Recounts(made.clock, calendars, made.jobs, made.broadcast, moves, batch)


@pytest.mark.requirement("承诺件")
async def test_an_authoritys_limit_follows_exactly(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    _, before = await running(world, who, {PROMISED: wd(2), STATUTORY: wd(20)})
    world.clock.at = shanghai("2027-02-11")
    _, within = await running(world, who, {PROMISED: wd(3)})
    # 4 and 11 February; 4, 11, 12, then three weeks of five, and 8 and 9 March; 12, 15, 16.
    assert await last_day(before[PROMISED]) == date(2027, 2, 11)
    assert await last_day(before[STATUTORY]) == date(2027, 3, 9)
    assert await last_day(within[PROMISED]) == date(2027, 2, 16)
    await import_2027(world)
    await recount(world)
    # 4 and 12 February: later. 4, 12, 13 and so on: the same. 12, 13, 15 February: earlier.
    assert await last_day(before[PROMISED]) == date(2027, 2, 12)
    assert await last_day(before[STATUTORY]) == date(2027, 3, 9)
    assert await last_day(within[PROMISED]) == date(2027, 2, 15)
    for clock_id in (*before.values(), *within.values()):
        row = await seen(clock_id)
        assert (row.calendar_version, row.provisional) == ("2027.2", False)
    # No timer came by on the 4th, one working day before the end; it still has to.
    assert (await seen(before[PROMISED])).next_at == midnight("2027-02-04")
    # Saturday the 13th is the working day before Monday now; Thursday, the third before 9 March.
    assert (await seen(within[PROMISED])).next_at == midnight("2027-02-13")
    assert (await seen(before[STATUTORY])).next_at == midnight("2027-03-04")
    newest = (await world.parts.seeding.editions.versions())[0]
    assert (newest.version, newest.moved) == ("2027.2", 2)


async def test_an_applicants_limit_only_ever_goes_later(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    waiting = State.CORRECTION_REQUIRED
    _, later = await running(world, who, {CORRECTION: wd(2)}, state=waiting)
    world.clock.at = shanghai("2027-02-11")
    _, earlier = await running(world, who, {CORRECTION: wd(3)}, state=waiting)
    await import_2027(world)
    await recount(world)
    assert await last_day(later[CORRECTION]) == date(2027, 2, 12)
    # 12, 13, 15 February would do now; but the 16th was told.
    kept = await seen(earlier[CORRECTION])
    assert await last_day(earlier[CORRECTION]) == date(2027, 2, 16)
    assert (kept.calendar_version, kept.provisional) == ("2027.2", False)
    assert [clock for name, clock in await world.jobs() if name == TELL_MOVED] == [
        {"clock_id": str(later[CORRECTION]), "version": "2027.2"}
    ]
    # What holds by the new calendar from 2027.2 on is never taken back by a later edition either.
    await override(world, "2027-02-12", False)
    await recount(world)
    assert await last_day(earlier[CORRECTION]) == date(2027, 2, 16)
    await override(world, "2027-02-12", None)
    await recount(world)
    assert await last_day(later[CORRECTION]) == date(2027, 2, 13)


async def test_who_got_longer_gets_another_notice_and_a_message(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    case, clocks = await running(world, who, {CORRECTION: wd(2)}, state=State.CORRECTION_REQUIRED)
    first = await Notice.create(case_id=case.id, kind="N02", seq=3, issued_at=world.clock.now())
    other = await Notice.create(case_id=case.id, kind="N01", seq=1, issued_at=world.clock.now())
    world.clock.at = shanghai("2027-02-04")
    await import_2027(world)
    await recount(world)
    found = {row.id: row for row in await Notice.filter(case_id=case.id)}
    [new] = [row for key, row in found.items() if key not in (first.id, other.id)]
    assert (new.kind, new.seq, new.edition, new.supersedes_id) == ("N02", 3, 2, first.id)
    assert (new.issued_at, new.doc_no) == (world.clock.now(), None)
    await stages.do(world, TELL_MOVED)
    [message] = await Message.filter(case_id=case.id)
    assert message.template == "case_action"
    assert message.data["thing2"] == "补正期限改到2027年2月12日"
    assert message.key == f"{TELL_MOVED}:{clocks[CORRECTION]}:2027.2"


async def test_nobody_is_told_at_night(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03", 22)
    await running(world, who, {CORRECTION: wd(2)}, state=State.CORRECTION_REQUIRED)
    await import_2027(world)
    await recount(world)
    wait = await world.database.fetchval(
        "SELECT execute_after - created FROM pgqueuer WHERE entrypoint = $1", TELL_MOVED
    )
    # From 22:00 until 8:00 of the next morning; the queue's own clock is a real one.
    assert timedelta(hours=9, minutes=59) < wait < timedelta(hours=10, minutes=1)


async def test_a_message_of_a_limit_that_ended_meanwhile_is_not_sent(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    _, clocks = await running(world, who, {CORRECTION: wd(2)}, state=State.CORRECTION_REQUIRED)
    await import_2027(world)
    await recount(world)
    await ClockInstance.filter(id=clocks[CORRECTION]).update(stopped_at=world.clock.now())
    assert await stages.do(world, TELL_MOVED) == 1
    assert await world.rows("messages") == []


async def test_the_pauses_of_a_clock_are_kept(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    case = await case_of(world, who)
    off, on = shanghai("2027-02-04"), shanghai("2027-02-08")
    gone = await clock_of(world, case, PROMISED, wd(2), [Pause(off, on, "专家评审")])
    open_ = await clock_of(
        world, case, STATUTORY, wd(20), [Pause(shanghai("2027-02-12"), None, "听证")]
    )
    # Nothing was used up before the pause; 11 and 12 February. Used up: 4 and 11 February.
    assert await last_day(gone) == date(2027, 2, 12)
    assert (await seen(open_)).remaining == 18
    await import_2027(world)
    await recount(world)
    assert await last_day(gone) == date(2027, 2, 13)
    assert (await seen(gone)).limit_value == 2
    # The 11th was nobody's working day, so one more is left; it still waits for the end.
    waiting = await seen(open_)
    assert (waiting.remaining, waiting.next_at) == (19, None)
    assert waiting.paused_at == shanghai("2027-02-12")


async def test_days_to_come_change_nothing_for_a_paused_clock(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    case = await case_of(world, who)
    pauses = [Pause(shanghai("2027-02-04", 15), None, "听证")]
    clock_id = await clock_of(world, case, PROMISED, wd(5), pauses)
    await import_2027(world)
    await recount(world)
    row = await seen(clock_id)
    assert (row.remaining, row.calendar_version) == (5, "2027.2")


async def test_an_extension_goes_on_from_the_statutory_end(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    case, clocks = await running(world, who, {STATUTORY: wd(2)})
    origin = await last_day(clocks[STATUTORY])
    assert origin == date(2027, 2, 11)
    extension = await clock_of(world, case, EXTENSION, wd(1))
    await ClockInstance.filter(id=extension).update(
        first_from=origin, counted_from=origin, due_at=midnight("2027-02-13")
    )
    await import_2027(world)
    # A step after the import counts its own clock by the new calendar, from an end of before it.
    await ClockInstance.filter(id=extension).update(calendar_version="2027.2")
    await recount(world)
    # The twelfth is the last statutory day now, and Saturday the 13th the day after it.
    assert await last_day(clocks[STATUTORY]) == date(2027, 2, 12)
    assert await last_day(extension) == date(2027, 2, 13)
    assert (await seen(extension)).first_from == date(2027, 2, 12)


async def test_days_that_are_all_alike_do_not_move(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    limits = {
        ClockName.PAPER_SUBMIT: Limit(10, Unit.CALENDAR_DAY),
        ClockName.PAY_ORDER: Limit(24, Unit.HOUR),
        PROMISED: Limit(0, Unit.SAME_WORKING_DAY),
    }
    await running(world, who, limits)
    before = [row for row in await world.rows("clock_instances") if row["name"] != PROMISED]
    await import_2027(world)
    await recount(world)
    after = [row for row in await world.rows("clock_instances") if row["name"] != PROMISED]
    assert after == before
    assert not any(row["provisional"] for row in after)


async def test_what_has_ended_stays_as_it_was(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    _, clocks = await running(world, who, {PROMISED: wd(2)})
    await ClockInstance.filter(id=clocks[PROMISED]).update(
        stopped_at=world.clock.now(), next_at=None
    )
    before = await world.rows("clock_instances")
    await import_2027(world)
    await recount(world)
    assert await world.rows("clock_instances") == before


async def test_the_same_batch_twice_is_one(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    for _ in range(3):
        await running(world, who, {CORRECTION: wd(2)}, state=State.CORRECTION_REQUIRED)
    await import_2027(world)
    [(name, payload)] = await world.jobs()
    assert name == RECOMPUTE
    both = recounts(world)
    await asyncio.gather(both.run(payload), both.run(payload))
    tables = ("clock_instances", "notices", "calendar_versions")
    before = [await world.rows(table) for table in tables]
    assert before[-1][-1]["moved"] == 3
    await both.run(payload)
    assert [await world.rows(table) for table in tables] == before
    assert len([1 for name, _ in await world.jobs() if name == TELL_MOVED]) == 3


async def test_batches_meet_without_leaving_anybody_out(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    ids: list[UUID] = []
    for _ in range(5):
        _, clocks = await running(world, who, {PROMISED: wd(2), STATUTORY: wd(2)})
        ids += clocks.values()
    await import_2027(world)
    by_twos = recounts(world, batch=2)
    batches = 0
    while jobs := await due(world, RECOMPUTE):
        [payload] = jobs
        await by_twos.run(payload)
        batches += 1
    # Two, two and one case; then nothing is left; then the later look.
    assert batches == 5
    assert {await last_day(clock_id) for clock_id in ids} == {date(2027, 2, 12)}
    newest = (await world.parts.seeding.editions.versions())[0]
    assert newest.moved == 10


async def due(world: World, name: str) -> list[dict[str, Any]]:
    """Take the waiting jobs of a name out of the queue."""
    found = await world.database.fetch(
        "DELETE FROM pgqueuer WHERE entrypoint = $1 RETURNING payload", name
    )
    return [json.loads(row["payload"]) for row in found]


class Broken(Exception):
    """What happens in the middle of a batch."""


class Failing:
    """Breaks at the third notice."""

    def __init__(self) -> None:
        self.left = [1, 2]

    async def supersede(self, *given: Any) -> None:
        if not self.left:
            raise Broken
        self.left.pop()


async def test_a_crash_halfway_leaves_whole_batches_and_is_taken_up(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    ids = []
    for _ in range(5):
        _, clocks = await running(world, who, {CORRECTION: wd(2)}, state=State.CORRECTION_REQUIRED)
        ids.append(clocks[CORRECTION])
    await import_2027(world)
    good = recounts(world, batch=2)
    broken = Recounts(
        good.clock, good.calendars, good.jobs, good.broadcast, Moves(good.jobs, Failing()), 2
    )
    [first] = await due(world, RECOMPUTE)
    await broken.run(first)
    [second] = await due(world, RECOMPUTE)
    with pytest.raises(Broken):
        await broken.run(second)
    assert [await last_day(each) for each in ids] == [
        *[date(2027, 2, 12)] * 2,
        *[date(2027, 2, 11)] * 3,
    ]
    assert await due(world, RECOMPUTE) == []
    # The job is tried again, as it was.
    await good.run(second)
    await recount(world)
    assert {await last_day(each) for each in ids} == {date(2027, 2, 12)}
    assert len(await due(world, TELL_MOVED)) == 5


async def test_a_step_and_a_recount_take_turns(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    case, clocks = await running(world, who, {CORRECTION: wd(2)}, state=State.CORRECTION_REQUIRED)
    await import_2027(world)
    held, go = asyncio.Event(), asyncio.Event()

    @transaction
    async def step(_: object) -> None:
        await world.ctx.cases.locked(who, case.id)
        held.set()
        await go.wait()
        await ClockInstance.filter(id=clocks[CORRECTION]).update(
            stopped_at=world.clock.now(), next_at=None
        )

    stepping = asyncio.create_task(step(None))
    await held.wait()
    counting = asyncio.create_task(recount(world))
    await asyncio.sleep(0.2)
    assert not counting.done()
    go.set()
    await asyncio.gather(stepping, counting)
    # It waited for the step, and then there was nothing to count.
    row = await seen(clocks[CORRECTION])
    assert (row.stopped_at, row.calendar_version) == (world.clock.now(), "2026.1")
    assert await due(world, TELL_MOVED) == []


async def test_a_clock_that_another_process_started_late_is_found_later(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    await import_2027(world)
    assert await stages.do(world, RECOMPUTE) == 1
    [(name, again)] = await world.jobs()
    assert (name, again["again"]) == (RECOMPUTE, True)
    wait = await world.database.fetchval("SELECT execute_after - created FROM pgqueuer")
    assert wait > timedelta(minutes=1)
    # By the calendar that it still kept, of before the import.
    _, clocks = await running(world, who, {PROMISED: wd(2)})
    await ClockInstance.filter(id=clocks[PROMISED]).update(
        calendar_version="2026.1", due_at=midnight("2027-02-12")
    )
    assert await last_day(clocks[PROMISED]) == date(2027, 2, 11)
    await recount(world)
    assert await last_day(clocks[PROMISED]) == date(2027, 2, 12)


async def test_a_job_of_an_edition_that_was_followed_by_another_does_nothing(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    await running(world, who, {PROMISED: wd(2)})
    await import_2027(world)
    [old] = await due(world, RECOMPUTE)
    await override(world, "2027-07-08", False)
    before = await world.rows("clock_instances")
    await recounts(world).run(old)
    assert await world.rows("clock_instances") == before
    await recount(world)
    assert {row["calendar_version"] for row in await world.rows("clock_instances")} == {"2027.3"}


async def test_a_pause_between_an_edition_and_its_recount_is_counted_right(world: World) -> None:
    world.clock.at = shanghai("2027-02-03")
    filed = await stages.reviewed(world)
    await stages.handed_off(world, filed)
    world.clock.at = shanghai("2027-02-12")
    await override(world, "2027-02-16", False)
    await step(world, filed, Event.SPECIAL_START)
    world.clock.at = shanghai("2027-02-15")
    await step(world, filed, Event.SPECIAL_END)
    await recount(world)
    # Of five days the 4th and the 11th were used up; then the 17th, 18th and 19th.
    promised = await ClockInstance.get(case_id=filed.case_id, name=PROMISED)
    assert await last_day(promised.id) == date(2027, 2, 19)
    assert promised.calendar_version == "2027.2"


async def test_a_process_with_an_older_calendar_pauses_by_the_newest(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    case, clocks = await running(world, who, {PROMISED: wd(5), STATUTORY: wd(20)})
    world.clock.at = shanghai("2027-02-12")
    old = Calendars(world.clock)
    await old.current()
    await override(world, "2027-02-16", False)
    await recount(world)
    elsewhere = Clocks(old)

    @transaction
    async def hold(_: object, state: State, event: Event) -> None:
        await elsewhere.hold(case, row_for(state, event), world.clock.now(), "听证")

    # 4, 11, 12, 15 and 17 February; paused on the 12th, the other three come after the 15th.
    assert await last_day(clocks[PROMISED]) == date(2027, 2, 17)
    await hold(None, State.UNDER_REVIEW, Event.SPECIAL_START)
    assert (await seen(clocks[PROMISED])).remaining == 3
    await hold(None, State.SUSPENDED, Event.SPECIAL_END)
    row = await seen(clocks[PROMISED])
    assert await last_day(row.id) == date(2027, 2, 18)  # 15, 17, 18
    assert row.calendar_version == "2027.2"


async def test_the_worker_does_it_all(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    _, clocks = await running(world, who, {CORRECTION: wd(2)}, state=State.CORRECTION_REQUIRED)
    await import_2027(world)
    await world.work()
    assert await last_day(clocks[CORRECTION]) == date(2027, 2, 12)
    [message] = await Message.all()
    assert message.status != "PENDING"


@transaction
async def step(world: World, filed: Filed, event: Event) -> None:
    case = await filed.case()
    item = await world.ctx.items.version(case.item_version_id)
    backoffice = Actor(Role.BACKOFFICE, "test", "审批系统")
    await world.ctx.cases.transitions.apply(case, item, event, backoffice)


async def test_phones_that_look_on_hear_of_it(world: World) -> None:
    who = await make.citizen(world)
    world.clock.at = shanghai("2027-02-03")
    case, _ = await running(world, who, {PROMISED: wd(2)}, id=uuid7(), version=7)
    await import_2027(world)
    async with world.ctx.broadcast.subscribe(f"case:{case.id}") as messages:
        await recount(world)
        assert await asyncio.wait_for(anext(messages), 5) == "7"
