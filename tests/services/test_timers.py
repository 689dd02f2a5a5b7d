"""Timers: what fires at 24:00 of a limit's last day, in which order, and never twice.

Dates are those of the State Council's calendar of 2026.
"""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from models.case import Case, CaseEvent, ClockInstance
from models.handoff import HandoffPackage
from models.notice import Notice
from models.rules.calendar import SHANGHAI
from models.rules.clock_table import ClockName
from models.rules.events import Event, Role
from models.rules.states import State
from models.supervision import MonitorAlert
from tests import make
from tests.make import Filed
from tests.services import reviewing, stages
from tests.services.timing import alerts, at, running, step, sweep
from tests.world import World


async def submitted(world: World, item: str = "ITEM10") -> Filed:
    filed = await stages.drafted(world, await make.citizen(world), item)
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    return filed


async def taken_over(world: World) -> Filed:
    """Return an accepted case that its back-office has pulled and acknowledged."""
    filed = await stages.reviewed(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    await stages.taken_over(world, machine, filed)
    return filed


async def test_nothing_is_due_before_its_time(world: World) -> None:
    """Filed on Monday 2 March: the pre-review's one working day ends on Tuesday at 24:00."""
    filed = await submitted(world)
    before = await reviewing.standing(world)
    assert await sweep(world, at(3, 3, 23, 59)) == 0
    assert await reviewing.standing(world) == before
    assert await alerts(filed) == []


async def test_a_late_pre_review_is_an_alert_and_no_step(world: World) -> None:
    filed = await submitted(world)
    assert await sweep(world, at(3, 4)) == 1
    [alert] = await MonitorAlert.filter(case_id=filed.case_id)
    assert (alert.kind, alert.light, alert.code) == ("OVERTIME", "RED", "PRE_REVIEW_SLA")
    assert (alert.owner_role, alert.owner_unit) == ("WINDOW", "综合受理窗口")
    assert alert.raised_at == at(3, 4)
    case = await filed.case()
    assert (case.state, case.monitor_light) == (State.SUBMITTED, "RED")
    assert await sweep(world) == 0
    assert await MonitorAlert.filter(case_id=filed.case_id).count() == 1


async def test_silence_is_acceptance_from_the_day_of_receipt(world: World) -> None:
    """T13, 行政许可法32(四): five working days from 2 March end on Monday 9 March at 24:00."""
    filed = await submitted(world)
    received = world.clock.now()
    await sweep(world, at(3, 9, 23, 59))
    assert (await filed.case()).state is State.SUBMITTED
    await sweep(world, at(3, 10))
    case = await filed.case()
    assert (case.state, case.accept_mode) == (State.ACCEPTED, "DEEMED")
    assert (case.accepted_at, case.received_at) == (received, received)
    assert (case.handoff_status, case.monitor_light) == ("READY", "RED")
    assert await HandoffPackage.filter(case_id=filed.case_id).count() == 1
    event = await CaseEvent.get(case_id=filed.case_id, row="T13")
    assert (event.actor_role, event.at) == ("SYSTEM", at(3, 10))
    assert event.data == {"limit": "一次性告知/受理期限", "due_on": "2026-03-09"}
    assert await Notice.filter(case_id=filed.case_id, kind="N07").count() == 1
    clocks = await running(filed)
    # 行政许可法42: twenty working days from the receipt, not from the day it was noticed.
    statutory = clocks["DECISION_STATUTORY"]
    assert (statutory.counted_from, statutory.due_at) == (at(3, 2).date(), at(3, 31))
    assert ("NOTIFY_5WD", "RED", True) in await alerts(filed)


async def test_an_officer_who_was_first_has_won(world: World) -> None:
    """A correction issued at 23:59:58 wins over the timer of 24:00."""
    filed = await submitted(world)
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT))
    filed.officer = officer
    await world.ctx.reviews.claim(officer, filed.case_id)
    await reviewing.judge(world, filed, "M02")
    world.clock.at = at(3, 9, 23, 59) + timedelta(seconds=58)
    await reviewing.notify(world, filed, [reviewing.material("M02")])
    await sweep(world, at(3, 10))
    assert (await filed.case()).state is State.CORRECTION_REQUIRED
    assert not await CaseEvent.exists(case_id=filed.case_id, row="T13")


async def test_where_the_law_knows_no_such_acceptance_silence_is_only_late(world: World) -> None:
    """ITEM06, an allowance, is no permit: 行政许可法32(四) does not reach it."""
    filed = await submitted(world, "ITEM06")
    await sweep(world, at(3, 31))
    assert (await filed.case()).state is State.SUBMITTED
    assert ("NOTIFY_5WD", "RED", True) in await alerts(filed)
    assert not await HandoffPackage.exists(case_id=filed.case_id)


async def test_weeks_of_standing_still_are_caught_up_with_in_order(world: World) -> None:
    """One sweep on 1 April: late review, acceptance, both decision limits, in this order.

    The hand-over of what was accepted only now is not due before the next day.
    """
    filed = await submitted(world)
    await sweep(world, at(4, 1))
    case = await filed.case()
    assert (case.state, case.monitor_light) == (State.ACCEPTED, "RED")
    assert [code for code, _, _ in await alerts(filed)] == [
        "PRE_REVIEW_SLA",
        "NOTIFY_5WD",
        "DECISION_PROMISED",
        "DECISION_STATUTORY",
    ]
    assert await CaseEvent.filter(case_id=filed.case_id, row="T13").count() == 1
    # 青神方案2018: accepted in the morning of 1 April, to be taken over by 14:30.
    assert await sweep(world, at(4, 2)) == 1
    assert (await alerts(filed))[-1] == ("PAPER_HANDOVER", "RED", True)
    assert await sweep(world, at(4, 3)) == 0


async def test_two_sweeps_at_once_are_one(world: World) -> None:
    filed = await submitted(world)
    world.clock.at = at(3, 10)
    await asyncio.gather(*(sweep(world) for _ in range(5)))
    assert await CaseEvent.filter(case_id=filed.case_id, row="T13").count() == 1
    assert await HandoffPackage.filter(case_id=filed.case_id).count() == 1
    # Counted from the receipt, the promised five days are over at the moment of acceptance.
    late = {"PRE_REVIEW_SLA", "NOTIFY_5WD", "DECISION_PROMISED"}
    assert sorted(code for code, _, _ in await alerts(filed)) == sorted(late)


async def test_one_case_that_fails_does_not_stop_the_others(world: World) -> None:
    broken, sound = await submitted(world), await submitted(world)
    await HandoffPackage.create(
        case_id=broken.case_id,
        seq=2,  # the number of the package that its acceptance would make
        kind="ACCEPTED",
        agency_uscc=broken.item.agency_uscc,
        schema_version="1",
        sealed=b"",
        digest="0" * 64,
        receipt_digest="0" * 64,
        created_at=world.clock.now(),
    )
    await sweep(world, at(3, 10))
    assert (await broken.case()).state is State.SUBMITTED
    assert await alerts(broken) == []
    assert (await sound.case()).state is State.ACCEPTED
    await HandoffPackage.filter(case_id=broken.case_id).delete()
    await sweep(world, at(3, 10, 0, 1))
    assert (await broken.case()).state is State.ACCEPTED


async def test_a_limit_that_nears_is_yellow_until_its_end_comes_in_time(world: World) -> None:
    """ITEM10 promises 5 working days: 2 March to 9 March; Friday 6 March is the last but one."""
    filed = await taken_over(world)
    promised = (await running(filed))["DECISION_PROMISED"]
    assert promised.due_at == at(3, 10)
    await sweep(world, at(3, 5, 23, 59))
    assert (await filed.case()).monitor_light == "GREEN"
    await sweep(world, at(3, 6))
    assert await alerts(filed) == [("DECISION_PROMISED", "YELLOW", True)]
    assert (await filed.case()).monitor_light == "YELLOW"
    await step(world, filed, Event.DECIDE_REJECT, Role.BACKOFFICE)
    assert await alerts(filed) == [("DECISION_PROMISED", "YELLOW", False)]
    assert (await filed.case()).monitor_light == "GREEN"


async def test_red_stays_on_the_record(world: World) -> None:
    filed = await taken_over(world)
    await sweep(world, at(3, 6))
    await sweep(world, at(3, 10))
    assert await alerts(filed) == [
        ("DECISION_PROMISED", "YELLOW", False),
        ("DECISION_PROMISED", "RED", True),
    ]
    await step(world, filed, Event.DECIDE_REJECT, Role.BACKOFFICE)
    # Being late never blocks the decision, and is not forgotten by it.
    case = await filed.case()
    assert (case.state, case.monitor_light) == (State.REJECTED, "RED")


async def test_what_rests_does_not_fire(world: World) -> None:
    filed = await taken_over(world)
    world.clock.at = at(3, 4, 10)
    await step(world, filed, Event.SPECIAL_START, Role.BACKOFFICE)
    assert await sweep(world, at(6, 1)) == 0
    assert await alerts(filed) == []


async def test_an_extension_takes_the_place_of_the_statutory_end(world: World) -> None:
    """行政许可法42: ten more working days after 31 March... end on 14 April."""
    filed = await stages.reviewed(world)
    statutory = (await running(filed))["DECISION_STATUTORY"]
    assert statutory.due_at == at(3, 31)
    world.clock.at = at(3, 20, 10)
    await step(world, filed, Event.EXTEND, Role.BACKOFFICE)
    extension = (await running(filed))["EXTENSION"]
    await sweep(world, extension.due_at - timedelta(minutes=1))
    assert ("DECISION_STATUTORY", "RED", True) not in await alerts(filed)
    await sweep(world, extension.due_at)
    assert ("EXTENSION", "RED", True) in await alerts(filed)
    # 30 March is the last statutory day; ten working days on, without 6 April (清明): 14 April.
    assert extension.due_at.astimezone(SHANGHAI) == at(4, 15)


async def test_a_draft_that_nobody_touched_for_thirty_days_is_voided(world: World) -> None:
    """T02: begun on 2 March, its thirtieth day is 1 April."""
    who = await make.citizen(world)
    code = await make.item_code("ITEM10")
    opened = (await world.ctx.cases.open_draft(who, code, another=False)).opened
    assert await sweep(world, at(4, 1, 23, 59)) == 0
    assert await sweep(world, at(4, 2)) == 1
    assert (await Case.get(id=opened.case.id)).state is State.VOIDED
    event = await CaseEvent.get(case_id=opened.case.id)
    assert (event.row, event.actor_role) == ("T02", "SYSTEM")


async def test_a_draft_that_was_worked_on_lives_on(world: World) -> None:
    who = await make.citizen(world)
    code = await make.item_code("ITEM10")
    opened = (await world.ctx.cases.open_draft(who, code, another=False)).opened
    world.clock.at = at(3, 20, 9)
    await world.ctx.cases.put_field(who, opened.case.id, "contractor", "示例县绿源工程有限公司")
    await sweep(world, at(4, 2))
    assert (await Case.get(id=opened.case.id)).state is State.DRAFT
    # Thirty days after 20 March.
    assert (await clock(opened.case.id, ClockName.DRAFT_TTL)).due_at == at(4, 20)
    await sweep(world, at(4, 20))
    assert (await Case.get(id=opened.case.id)).state is State.VOIDED


async def clock(case_id: UUID, name: ClockName) -> ClockInstance:
    return await ClockInstance.get(case_id=case_id, name=name.value)


async def test_the_index_alone_finds_what_is_due(world: World) -> None:
    await submitted(world)
    await world.database.execute("SET enable_seqscan = off")
    plan = await world.database.fetch(
        "EXPLAIN SELECT next_at, case_id FROM clock_instances WHERE next_at <= now()"
        " ORDER BY next_at, case_id LIMIT 200"
    )
    assert any("ix_clocks_next" in row[0] for row in plan)
