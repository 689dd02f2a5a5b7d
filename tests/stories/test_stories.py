"""The stories that the law was read for, from the phone to the archive, dates to the day.

All of it goes through the use-cases, with the timers sweeping between the days. What a story
needs of agents and guardians (5, 6) and of refunds (7) is told where those are built.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.case import CaseEvent
from models.credit import CreditEvent
from models.message import Message
from models.notice import Notice
from models.payment import PaymentOrder
from models.rules.events import Role
from models.rules.mandates import Act
from models.rules.reasons import RatingStage, Verdict
from models.rules.states import AcceptMode, State
from services.errors import Problem
from services.events import Decision, EventType, OriginalsFirst, ShortfallOpen
from services.flavours import ModeNotAllowed, Wish
from services.ratings import AlreadyRated, Opinion
from tests import make
from tests.make import Filed
from tests.services import flavoured, mandating, reviewing, stages, verifying
from tests.services.backoffice import Scene
from tests.services.channel import Pen
from tests.services.counters import HOME, choose, window_officer
from tests.services.test_parcels import scans, waybill_of
from tests.services.timing import alerts, at, running, sweep
from tests.world import World


async def rows(filed: Filed) -> list[str]:
    """Return the rows of the table that a case has taken, in order."""
    events = await CaseEvent.filter(case_id=filed.case_id).order_by("seq")
    return [event.row for event in events]


async def issued(world: World, filed: Filed) -> list[str]:
    """Issue what is owed; return the kinds of the case's documents, each with its number."""
    await stages.do(world, "notice.issue")
    found = await Notice.filter(case_id=filed.case_id).order_by("seq", "kind")
    assert all(notice.doc_no and notice.signature for notice in found)
    assert len({notice.doc_no for notice in found}) == len(found)
    return [notice.kind for notice in found]


async def last_days(filed: Filed) -> dict[str, date]:
    """Return the last day of every clock that runs."""
    clocks = await running(filed)
    return {name: (clock.due_at + timedelta(hours=7)).date() for name, clock in clocks.items()}


async def days_pass(world: World, until: datetime) -> None:
    """Let the timers look at midnight of every day until a moment, then stand there."""
    midnight = at(world.clock.now().month, world.clock.now().day) + timedelta(days=1)
    while midnight <= until:
        if midnight > world.clock.now():
            await sweep(world, midnight)
        midnight += timedelta(days=1)
    world.clock.at = until


async def scene_of(world: World, filed: Filed) -> Scene:
    """Return a case at its agency's back-office, its package read."""
    machine = await make.machine(world, filed.item.agency_uscc)
    scene = Scene(world, filed, machine, str((await filed.case()).case_no))
    await scene.acknowledge()
    return scene


async def test_story_1_the_barber_promises_his_rules_and_gets_his_licence_by_post(
    world: World,
) -> None:
    """王建国, 公共场所卫生许可: lacks 卫生管理制度, promises it for 10 March, posted that day."""
    story = await flavoured.lacking(world)
    filed, ctx = story.filed, world.ctx
    await choose(world, filed, HOME)
    await story.accepted(world)
    assert (await last_days(filed))["DECISION_STATUTORY"] == date(2026, 3, 31)
    scene = await scene_of(world, filed)
    await scene.tell(EventType.REVIEW_STARTED)
    decided = {"decision": Decision.APPROVED, "document_no": "示卫公许〔2026〕1号"}
    async with scene.alarmed(ShortfallOpen):
        await scene.tell(EventType.DECIDED, **decided)

    await days_pass(world, at(3, 6, 10))
    await story.supply(world)
    await story.judge(world)
    assert (await filed.case()).shortfall_status == "FULFILLED"
    assert (await scene.acknowledge())["kind"] == "SUPPLEMENT"

    await days_pass(world, at(3, 9, 10))
    await scene.tell(EventType.DECIDED, **decided)
    assert (await filed.case()).state is State.RESULT_READY
    assert await stages.do(world, "delivery.create_parcel") == 1

    await days_pass(world, at(3, 10, 15))
    await ctx.deliveries.hand_over(await window_officer(world), filed.case_id)
    case = await filed.case()
    assert (case.state, case.served_at) == (State.DELIVERING, at(3, 10, 15))

    await days_pass(world, at(3, 12, 9))
    await scans(world, await waybill_of(world), "1", "3")
    await stages.until(lambda: _state(filed), State.DELIVERED)
    case = await filed.case()
    # 交邮之日: what was posted on the 10th was served on the 10th, whenever it was signed for.
    assert (case.served_at, case.monitor_light) == (at(3, 10, 15), "GREEN")

    await ctx.ratings.rate(filed.citizen, filed.case_id, Opinion(RatingStage.RESULT, 5))
    with pytest.raises(AlreadyRated):
        await ctx.ratings.rate(filed.citizen, filed.case_id, Opinion(RatingStage.RESULT, 1))
    assert await rows(filed) == [
        *("T01", "T03", "T10", "T21", "T25", "T28", "T34", "T43", "T44"),
    ]
    assert await issued(world, filed) == [
        *("N01", "N04", "N05", "N01", "N15", "N17", "N17", "N18"),
    ]


async def _state(filed: Filed) -> State:
    return (await filed.case()).state


async def forester(world: World) -> tuple[Filed, Scene]:
    """Story 2 until Monday 11 May: only a photo of the forest right was brought."""
    world.clock.at = at(4, 29, 15)
    filed = await stages.drafted(world, await make.citizen(world, make.LI), "ITEM05")
    wish = Wish(AcceptMode.VERIFY_LATER)
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex, wish)
    # Working days after 29 April: 30; 6, 7, 8, and Saturday 9 May, a make-up day.
    assert (await last_days(filed))["NOTIFY_5WD"] == date(2026, 5, 9)
    filed.officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    world.clock.at = at(4, 30, 9, 30)
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(filed.officer, filed.case_id, code, Verdict.PASS)
    await world.ctx.reviews.accept(filed.officer, filed.case_id)
    case = await filed.case()
    assert (case.accept_mode, case.verify_later_mark) == ("VERIFY_LATER", True)
    assert (await last_days(filed))["DECISION_PROMISED"] == date(2026, 5, 8)
    scene = await scene_of(world, filed)
    await scene.tell(EventType.REVIEW_STARTED)
    await days_pass(world, at(5, 7, 16))
    decided = {"decision": Decision.APPROVED, "document_no": "示林采〔2026〕9号"}
    async with scene.alarmed(OriginalsFirst):
        await scene.tell(EventType.DECIDED, **decided)
    await scene.tell(EventType.REVIEW_COMPLETED)
    assert not await Notice.exists(case_id=filed.case_id, kind="N15")
    await days_pass(world, at(5, 11, 10))
    await verifying.look(world, filed, verifying.incomplete())
    assert (await last_days(filed))["ORIGINALS_3WD"] == date(2026, 5, 14)
    return filed, scene


async def test_story_2_the_forester_brings_the_paper_two_days_later(world: World) -> None:
    filed, _ = await forester(world)
    await days_pass(world, at(5, 13, 10))
    officer = reviewing.reviewer(filed)
    await world.ctx.originals.arrived(officer, filed.case_id, by_post=False)
    warning = await verifying.look(world, filed, verifying.passing(verifying.FOREST_RIGHT))
    code = (await world.ctx.deliveries.show(filed.citizen, filed.case_id)).pickup_code
    await world.ctx.deliveries.pick_up(officer, filed.case_id, str(code))
    case = await filed.case()
    assert (case.state, case.visits) == (State.DELIVERED, 2)
    assert warning is not None and "2次" in warning
    assert "N19" in await issued(world, filed)


async def test_story_2_the_forester_does_not_come(world: World) -> None:
    """Nothing by 24:00 of 14 May: ended, a credit event proposed and no more, the mark kept."""
    filed, _ = await forester(world)
    await days_pass(world, at(5, 14, 23, 59))
    assert (await filed.case()).state is State.ORIGINALS_SUPPLEMENT
    await days_pass(world, at(5, 15))
    case = await filed.case()
    assert (case.state, case.verify_later_mark) == (State.TERMINATED, True)
    assert {"N11", "N20"} <= set(await issued(world, filed))
    event = await CreditEvent.get(case_id=filed.case_id)
    assert event.status == "PROPOSED"
    # A proposal is held against nobody: she may choose the same way again.
    again = await stages.drafted(world, filed.citizen, "ITEM05")
    wish = Wish(AcceptMode.VERIFY_LATER)
    await world.ctx.submissions.submit(filed.citizen, again.case_id, uuid4().hex, wish)

    supervisor = await make.officer(world, (Role.SUPERVISOR,))
    await world.ctx.credit.confirm(supervisor, event.id)
    await world.ctx.credit.object(filed.citizen, event.id, "林权证在抵押银行,已当面说明。")
    other = await make.officer(world, (Role.SUPERVISOR,))
    await world.ctx.credit.decide(other, event.id, "情况属实。", upheld=True)
    assert (await CreditEvent.get(id=event.id)).status == "CANCELLED"


async def test_story_4_the_food_licence_waits_for_an_answer_that_never_comes(
    world: World,
) -> None:
    """陈明: filed on 9 February, told on the 11th, fifteen working days end on 10 March."""
    world.clock.at = at(2, 9, 9)
    await flavoured.published(world, flavoured.body_of("ITEM02"))
    filed = await stages.drafted(world, await make.citizen(world), "ITEM02")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    await days_pass(world, at(2, 11, 10))
    # The pre-review's one day was over on the 10th: an alert, and nothing else.
    assert await alerts(filed) == [("PRE_REVIEW_SLA", "RED", True)]
    filed.officer = await make.officer(world)
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    await reviewing.judge(world, filed, "M04", "M05")
    points = [reviewing.material(code) for code in ("M04", "M05")]
    await reviewing.notify(world, filed, points)
    assert (await last_days(filed))["CORRECTION"] == date(2026, 3, 10)
    await days_pass(world, at(3, 10, 23, 59))
    await stages.do(world, "case.remind")
    reminded = await Message.filter(case_id=filed.case_id, key__startswith="case.remind")
    assert len(reminded) == 2
    await days_pass(world, at(3, 11))
    assert (await filed.case()).state is State.WITHDRAWN_DEEMED
    assert await issued(world, filed) == ["N01", "N02", "N12"]
    again = await stages.drafted(world, filed.citizen, "ITEM02")
    await world.ctx.submissions.submit(filed.citizen, again.case_id, uuid4().hex)
    assert await rows(again) == ["T01"]


async def test_story_5_an_allowance_is_never_done_first_and_verified_later(world: World) -> None:
    """张奶奶, 高龄补贴: 财产性事务 (青神方案2018 附件3); silence is no acceptance either."""
    filed = await stages.drafted(world, await make.citizen(world), "ITEM06")
    before = await filed.case()
    with pytest.raises(ModeNotAllowed):
        wish = Wish(AcceptMode.VERIFY_LATER)
        await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex, wish)
    after = await filed.case()
    assert (after.state, after.version) == (before.state, before.version)
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    await days_pass(world, at(3, 20))
    assert (await filed.case()).state is State.SUBMITTED
    assert ("NOTIFY_5WD", "RED", True) in await alerts(filed)


async def test_story_6_the_assessment_is_not_counted(world: World) -> None:
    """小宇, 残疾人证: accepted on 6 July, assessed from 8 to 20 July, ten working days in all."""
    world.clock.at = at(7, 6, 9)
    filed = await stages.reviewed(world, "ITEM07")
    # 7 to 10 July are four, 13 to 17 July nine, the 20th is the tenth.
    assert (await last_days(filed))["DECISION_PROMISED"] == date(2026, 7, 20)
    scene = await scene_of(world, filed)
    await days_pass(world, at(7, 8, 10))
    await scene.tell(EventType.SPECIAL_STARTED, procedure="鉴定(残疾评定)", planned_days=12)
    await days_pass(world, at(7, 20, 15))
    assert await alerts(filed) == []
    await scene.tell(EventType.SPECIAL_ENDED)
    # Only 7 July had counted; nine more: 21 to 24, then 27 to 31 July.
    assert (await last_days(filed))["DECISION_PROMISED"] == date(2026, 7, 31)
    assert "N13" in await issued(world, filed)


async def test_story_7_the_road_is_paid_for_after_the_decision(world: World) -> None:
    """绿源公司: the first order runs out, the second is paid; told twice, and once by a forger."""
    chen, wang = await make.citizen(world, mandating.CHEN), await make.citizen(world)
    green = (await mandating.bound(world, chen, mandating.GREEN)).account_id
    acts = (Act.FILL, Act.SUBMIT, Act.PAY, Act.RECEIVE)
    seat = mandating.offer(world, mandating.WANG, acts)
    await mandating.taken(world, chen, wang, seat, green)
    filed = await stages.owing(world, who=wang, applicant=green)
    pen = Pen(world)
    first = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await days_pass(world, at(3, 3, 9))
    await stages.do(world, "payment.sweep")
    assert (await PaymentOrder.get(id=first.order.id)).status == "CLOSED"
    second = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    with pytest.raises(Problem):
        await _released(world, filed)
    assert (await filed.case()).state is State.AWAIT_PAYMENT
    told = pen.callback(pen.trade(second.order))
    for _ in range(2):
        await world.ctx.payments.callback("WECHAT", told.headers, told.body)
    assert (await PaymentOrder.get(id=second.order.id)).status == "PAID"
    assert (await filed.case()).state is State.RESULT_READY
    assert (await rows(filed)).count("T31") == 1
    assert {"N09", "N10"} <= set(await issued(world, filed))


async def _released(world: World, filed: Filed) -> Any:
    """Fetch the certificate at the window."""
    officer = await window_officer(world)
    return await world.ctx.deliveries.pick_up(officer, filed.case_id, "000000")
