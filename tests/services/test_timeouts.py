"""Time-outs: every row of the table that time takes, taken to the minute and not before.

Dates are those of the State Council's calendar of 2026.
"""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from models.case import Case, CaseEvent, ClockInstance
from models.message import Message
from models.notice import Notice
from models.payment import PaymentOrder
from models.promise import ShortfallItem
from models.rules.clock_table import ClockName
from models.rules.events import Event, Role
from models.rules.states import State
from models.unit import run_in_transaction
from services.reminders import Reminders
from services.seeding import catalogue
from services.timeouts import Timeouts
from tests import make
from tests.make import Filed
from tests.services import reviewing, stages
from tests.services.timing import alerts, at, running, step, sweep
from tests.world import World


async def taken(filed: Filed, row: str) -> CaseEvent | None:
    return await CaseEvent.get_or_none(case_id=filed.case_id, row=row)


async def kinds(filed: Filed) -> set[str]:
    return {notice.kind for notice in await Notice.filter(case_id=filed.case_id)}


async def chen_ming(world: World) -> Filed:
    """Scenario 4: filed on Monday 9 February, told on the 11th what is missing."""
    world.clock.at = at(2, 9, 9)
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    filed.officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    world.clock.at = at(2, 11, 10)
    await reviewing.judge(world, filed, "M02", "M03")
    await reviewing.notify(world, filed, [reviewing.material(code) for code in ("M02", "M03")])
    return filed


async def test_a_correction_that_does_not_come_is_a_withdrawal(world: World) -> None:
    """T07, 安阳条例36: fifteen working days over the Spring Festival end on 10 March."""
    filed = await chen_ming(world)
    assert (await running(filed))["CORRECTION"].due_at == at(3, 11)
    await sweep(world, at(3, 10, 23, 59))
    assert (await filed.case()).state is State.CORRECTION_REQUIRED
    await sweep(world, at(3, 11))
    case = await filed.case()
    assert (case.state, case.closed_at) == (State.WITHDRAWN_DEEMED, at(3, 11))
    assert "N12" in await kinds(filed)
    assert await running(filed) == {}
    # A new application is allowed at once.
    code = await make.item_code("ITEM10")
    assert (await world.ctx.cases.open_draft(filed.citizen, code, another=False)).created


async def test_the_applicant_is_reminded_three_and_one_working_day_before(world: World) -> None:
    filed = await chen_ming(world)
    reminded: list[date] = []
    day = at(2, 11)
    while day < at(3, 11):
        await sweep(world, day)
        if await stages.do(world, "case.remind"):
            reminded.append(day.date())
        day += timedelta(days=1)
    assert reminded == [date(2026, 3, 5), date(2026, 3, 9)]
    told = await Message.filter(case_id=filed.case_id, key__startswith="case.remind")
    assert [message.data["time4"] for message in told] == ["2026年03月10日 23:59"] * 2
    assert {message.data["thing2"] for message in told} == {"补正快到期了,请尽快补交"}


async def test_who_answered_in_time_is_not_reminded(world: World) -> None:
    filed = await chen_ming(world)
    await sweep(world, at(3, 5))
    await reviewing.supply(world, filed, "M02", "M03")
    await reviewing.resubmit(world, filed)
    assert await stages.do(world, "case.remind") == 1
    assert not await Message.exists(case_id=filed.case_id, key__startswith="case.remind")


async def test_what_happens_at_midnight_is_told_in_the_morning(world: World) -> None:
    await chen_ming(world)
    await world.database.execute("DELETE FROM pgqueuer")
    await sweep(world, at(3, 11))
    [wait] = await world.database.fetch(
        "SELECT execute_after - created AS wait FROM pgqueuer WHERE entrypoint = 'case.tell'"
    )
    assert timedelta(hours=7, minutes=59) < wait["wait"] <= timedelta(hours=8, seconds=5)


async def test_originals_that_never_came_to_the_window(world: World) -> None:
    """T17: ITEM09 passes the pre-review on 2 March; thirty days end on 1 April."""
    filed = await make.judged(world, await make.citizen(world), "ITEM09")
    await world.ctx.reviews.accept(reviewing.reviewer(filed), filed.case_id)
    await sweep(world, at(4, 1, 23, 59))
    assert (await filed.case()).state is State.PRE_REVIEW_PASSED
    await sweep(world, at(4, 2))
    assert (await filed.case()).state is State.WITHDRAWN_DEEMED
    assert await taken(filed, "T17") and "N12" in await kinds(filed)


async def waiting_to_pay(world: World) -> tuple[Filed, str]:
    """Return a case that is accepted when it is paid (ITEM11), with an open order."""
    filed = await stages.reviewed(world, "ITEM11")
    assert (await filed.case()).state is State.AWAIT_PREPAYMENT
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    return filed, payable.order.number


async def last_day_of_paying(filed: Filed) -> None:
    """Let the order live until the case's own limit, so that the channel still knows it."""
    due = (await running(filed))["PAY_CASE"].due_at
    await PaymentOrder.filter(case_id=filed.case_id).update(expires_at=due + timedelta(days=1))


async def test_who_does_not_pay_withdraws_and_the_order_is_closed_first(world: World) -> None:
    """T20: fifteen working days from 2 March end on 23 March."""
    filed, number = await waiting_to_pay(world)
    await last_day_of_paying(filed)
    await sweep(world, at(3, 23, 23, 59))
    assert (await filed.case()).state is State.AWAIT_PREPAYMENT
    await sweep(world, at(3, 24))
    assert (await filed.case()).state is State.WITHDRAWN_DEEMED
    assert (await PaymentOrder.get(number=number)).status == "CLOSED"
    assert await taken(filed, "T20")


async def test_money_that_nobody_told_us_of_is_found_before_the_time_out(world: World) -> None:
    """Promise 4: a paid case is never expired."""
    filed, number = await waiting_to_pay(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await stages.pay(world, payable)
    await last_day_of_paying(filed)
    await sweep(world, at(3, 24))
    assert (await filed.case()).state is State.ACCEPTED
    assert (await PaymentOrder.get(number=number)).status == "PAID"
    assert await taken(filed, "T20") is None


async def test_while_the_channel_is_silent_nobody_is_timed_out(world: World) -> None:
    filed, number = await waiting_to_pay(world)
    await last_day_of_paying(filed)
    rule = {"path_prefix": "/v3/pay/transactions", "status": 503, "times": 20}
    assert (await world.phone.post("/faults", json=rule)).status < 300
    assert await sweep(world, at(3, 24)) == 0
    assert (await filed.case()).state is State.AWAIT_PREPAYMENT
    assert (await PaymentOrder.get(number=number)).status == "PAYING"
    assert "PAY_CASE" in await running(filed)
    assert (await world.phone.delete("/faults")).status < 300
    await sweep(world, at(3, 24, 0, 1))
    assert (await filed.case()).state is State.WITHDRAWN_DEEMED


async def test_an_order_opened_after_the_channel_was_asked_waits(world: World) -> None:
    filed, _ = await waiting_to_pay(world)
    await last_day_of_paying(filed)
    world.clock.at = at(3, 24)
    reminders = Reminders(world.clock, world.parts.adapters.jobs)
    acceptance = world.ctx.reviews.acceptance
    ends = world.ctx.originals.ends
    timeouts = Timeouts(acceptance.transitions, acceptance, reminders, ends)

    async def end() -> bool:
        case = await Case.filter(id=filed.case_id).select_for_update().get()
        item = await world.ctx.items.version(case.item_version_id)
        clock = await ClockInstance.get(case_id=filed.case_id, name="PAY_CASE")
        return await timeouts.end(case, item, clock, at(3, 24), asked=True)

    assert await run_in_transaction(end) is False
    assert (await filed.case()).state is State.AWAIT_PREPAYMENT


async def test_a_reminder_to_pay_closes_no_order(world: World) -> None:
    """Three and one working days before 23 March: 18 and 20 March."""
    filed, number = await waiting_to_pay(world)
    await last_day_of_paying(filed)
    for day in (at(3, 18), at(3, 20)):
        await sweep(world, day)
        assert await stages.do(world, "case.remind") == 1
    assert (await PaymentOrder.get(number=number)).status == "PAYING"


async def test_a_decision_is_not_undone_by_an_unpaid_fee(world: World) -> None:
    """T32: approved, unpaid after fifteen working days: the decision stands, N09 is given again."""
    filed = await stages.owing(world)
    due = (await running(filed))["PAY_CASE"].due_at
    assert due == at(3, 24)
    await sweep(world, due)
    case = await filed.case()
    assert (case.state, case.decision) == (State.AWAIT_PAYMENT, "APPROVED")
    assert await taken(filed, "T32")
    assert await Notice.filter(case_id=filed.case_id, kind="N09").count() == 2
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await stages.pay(world, payable, deliver=True)
    await stages.until(lambda: state_of(filed), State.RESULT_READY)


async def state_of(filed: Filed) -> State:
    return (await filed.case()).state


async def short(world: World, expiry: str = "WITHDRAWN_DEEMED") -> Filed:
    """Scenario 1: accepted with a promise for 10 March; ``expiry`` is the item's rule."""
    body = next(body for body in catalogue() if body["id"] == "ITEM10")
    acceptance = {**body["acceptance"], "shortfall_expiry": expiry}
    await world.ctx.items.publish({**body, "version": "2099.1", "acceptance": acceptance})
    filed = await make.judged(world, await make.citizen(world))
    await ShortfallItem.create(
        case_id=filed.case_id, code="M05", name="卫生管理制度", status="PROMISED",
        due_on=date(2026, 3, 10),
    )  # fmt: skip
    dues = {ClockName.SHORTFALL: date(2026, 3, 10)}
    item = await world.ctx.items.version((await filed.case()).item_version_id)
    await step(world, filed, Event.ACCEPT_SHORTFALL, item.acceptor, dues=dues)
    return filed


async def test_a_promise_that_was_not_kept_is_a_withdrawal(world: World) -> None:
    """T26, 安阳条例24; the reminder comes one working day before, on 9 March."""
    filed = await short(world)
    await sweep(world, at(3, 9))
    assert await stages.do(world, "case.remind") == 1
    await sweep(world, at(3, 10, 23, 59))
    assert (await filed.case()).state is State.ACCEPTED
    await sweep(world, at(3, 11))
    case = await filed.case()
    assert (case.state, case.shortfall_status) == (State.WITHDRAWN_DEEMED, "OVERDUE")
    assert (await ShortfallItem.get(case_id=filed.case_id)).status == "OVERDUE"
    assert await taken(filed, "T26") and "N12" in await kinds(filed)


async def test_where_the_rule_says_so_it_is_an_end(world: World) -> None:
    """T27, the variant of 西安 and 洋县: terminated."""
    filed = await short(world, "TERMINATE")
    await sweep(world, at(3, 11))
    assert (await filed.case()).state is State.TERMINATED
    assert await taken(filed, "T27") and "N11" in await kinds(filed)


async def test_where_the_rule_ends_nothing_it_is_an_alert(world: World) -> None:
    filed = await short(world, "ALERT")
    await sweep(world, at(3, 11))
    case = await filed.case()
    assert (case.state, case.shortfall_status) == (State.ACCEPTED, "OPEN")
    assert ("SHORTFALL", "RED", True) in await alerts(filed)


async def test_a_decision_that_came_first_outlives_the_promise(world: World) -> None:
    """T26: the race is decided by who holds the case first."""
    filed = await short(world)
    world.clock.at = at(3, 10, 23, 59)
    await step(world, filed, Event.DECIDE_REJECT, Role.BACKOFFICE)
    await sweep(world, at(3, 11))
    assert (await filed.case()).state is State.REJECTED


async def originals(world: World) -> Filed:
    filed = await stages.reviewed(world)
    world.clock.at = at(5, 7, 10)
    await Case.filter(id=filed.case_id).update(accept_mode="VERIFY_LATER")
    await step(world, filed, Event.REVIEW_COMPLETE, Role.BACKOFFICE)
    return filed


async def test_three_working_days_for_what_is_missing_of_the_originals(world: World) -> None:
    """T40, scenario 2: asked for on Monday 11 May, ended after Thursday 14 May."""
    filed = await originals(world)
    world.clock.at = at(5, 11, 10)
    await step(world, filed, Event.ORIGINALS_INCOMPLETE, Role.DEPT)
    await sweep(world, at(5, 14, 23, 59))
    assert (await filed.case()).state is State.ORIGINALS_SUPPLEMENT
    await sweep(world, at(5, 15))
    assert (await filed.case()).state is State.TERMINATED
    assert await taken(filed, "T40") and {"N11", "N20"} <= await kinds(filed)


async def test_who_never_comes_with_the_originals(world: World) -> None:
    """T50: sixty days after 7 May are over with 6 July; reminded on 6 June and 29 June."""
    filed = await originals(world)
    for day, count in ((at(6, 6), 1), (at(6, 29), 1), (at(7, 6, 23, 59), 0)):
        await sweep(world, day)
        assert await stages.do(world, "case.remind") == count
    assert (await filed.case()).state is State.ORIGINALS_CHECK
    await sweep(world, at(7, 7))
    assert (await filed.case()).state is State.TERMINATED
    assert await taken(filed, "T50") and "N20" not in await kinds(filed)


@pytest.mark.parametrize("late", [False, True])
async def test_silence_is_not_counted_as_praise(world: World, late: bool) -> None:
    """规则2.3: a window that closes unrated is EXPIRED_UNRATED, never "satisfied"."""
    filed = await stages.reviewed(world)
    await step(world, filed, Event.DECIDE_REJECT, Role.BACKOFFICE)
    # Thirty days after 2 March: 1 April.
    await sweep(world, at(4, 2) if late else at(4, 1, 23, 59))
    found = (await filed.case()).rating_status
    assert found == ("EXPIRED_UNRATED" if late else "OPEN")


async def test_a_result_that_waits_is_mentioned_once(world: World) -> None:
    filed = await stages.reviewed(world)
    await step(world, filed, Event.ROUTE_RESULT, Role.SYSTEM, before=State.APPROVED)
    await sweep(world, at(5, 1, 23, 59))
    assert await stages.do(world, "case.remind") == 0
    # Sixty days after 2 March: 1 May.
    await sweep(world, at(5, 2))
    assert await stages.do(world, "case.remind") == 1
    await sweep(world, at(8, 1))
    assert await stages.do(world, "case.remind") == 0
    assert (await filed.case()).state is State.RESULT_READY
