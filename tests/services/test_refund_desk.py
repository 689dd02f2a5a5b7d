"""Administrative refunds: asked for, checked by the unit, approved by 财政, by three people."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.payment import Refund
from models.rules.events import Role
from models.rules.refunds import RefundStatus
from services.access import CaseUnknown
from services.actors import Officer
from services.events import Decision
from services.fees import FeeUndetermined
from services.items import CursorInvalid
from services.refund_desk import RefundDecided, RefundMissing, SamePerson
from services.refund_requests import (
    FeeNotLower,
    NothingToRefund,
    RefundsUsedUp,
    RefundTooLate,
    RefundTooMuch,
    RefundUnderWay,
)
from services.transitions import StepNotYours
from tests import make
from tests.make import Filed
from tests.services import refunding, stages
from tests.services.refunding import state
from tests.world import World

FINANCE = "示例县财政局"


async def dug(world: World) -> Filed:
    """Return a case whose fee after the decision was paid: 3750.00 yuan (ITEM10)."""
    filed = await stages.owing(world)
    await refunding.paid(world, filed)
    return filed


async def ask(world: World, filed: Filed, amount: int | None = None, key: str = "") -> Refund:
    return await world.ctx.refund_requests.request(
        filed.citizen, filed.case_id, "多缴了费用", key or uuid4().hex, amount_fen=amount
    )


async def unit(world: World, filed: Filed) -> Officer:
    return await make.officer(world, (Role.DEPT,), item=filed)


async def finance(world: World) -> Officer:
    return await make.officer(world, (Role.DEPT,), unit=FINANCE)


async def status(refund: Refund) -> str:
    return (await Refund.get(id=refund.id)).status


@pytest.mark.requirement("严防乱收费")
async def test_three_steps_by_three_people_give_the_money_back(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed)
    assert (refund.track, refund.reason) == ("ADMINISTRATIVE", "APPLICANT")
    assert refund.amount_fen == stages.DIGGING_FEE
    assert (await filed.case()).payment_status == "REFUNDING"
    # Nothing goes to the channel before the third step.
    assert await refunding.send(world) == 0
    checker, approver = await unit(world, filed), await finance(world)
    assert (await world.ctx.refund_desk.approve(checker, refund.id)).status == "UNIT_APPROVED"
    assert await refunding.send(world) == 0
    approved = await world.ctx.refund_desk.approve(approver, refund.id)
    assert approved.status == "FINANCE_APPROVED"
    assert await refunding.send(world) == 1
    await refunding.arrive(world)
    row = await Refund.get(id=refund.id)
    assert (row.status, row.unit_by, row.finance_by) == (
        "PAID",
        str(checker.id),
        str(approver.id),
    )
    [there] = await refunding.at_channel(world)
    assert there["amount_fen"] == stages.DIGGING_FEE
    assert (await filed.case()).payment_status == "REFUNDED"
    acts = [row["action"] for row in await world.rows("audit_log")]
    assert [act for act in acts if act.startswith("refund.")] == [
        "refund.request",
        "refund.approve",
        "refund.approve",
    ]


async def test_a_part_goes_back_and_the_case_stays_paid(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed, 1000)
    await approved(world, filed, refund)
    await refunding.send(world)
    await refunding.arrive(world)
    assert await status(refund) == "PAID"
    assert (await filed.case()).payment_status == "PAID"
    with pytest.raises(RefundTooMuch) as caught:
        await ask(world, filed, stages.DIGGING_FEE - 999)
    assert caught.value.facts == {"left_fen": stages.DIGGING_FEE - 1000}
    rest = await ask(world, filed)
    assert rest.amount_fen == stages.DIGGING_FEE - 1000


async def approved(world: World, filed: Filed, refund: Refund) -> None:
    await world.ctx.refund_desk.approve(await unit(world, filed), refund.id)
    await world.ctx.refund_desk.approve(await finance(world), refund.id)


async def test_asking_twice_with_one_key_is_one_request(world: World) -> None:
    filed = await dug(world)
    first = await ask(world, filed, key="k" * 16)
    again = await ask(world, filed, key="k" * 16)
    assert first.id == again.id
    assert len(await world.rows("refunds")) == 1
    with pytest.raises(RefundUnderWay):
        await ask(world, filed)
    assert len(await world.rows("refunds")) == 1


@pytest.mark.parametrize("amount", [0, -1, stages.DIGGING_FEE + 1])
async def test_no_more_is_asked_for_than_was_paid(world: World, amount: int) -> None:
    filed = await dug(world)
    before = await state(world)
    with pytest.raises(RefundTooMuch):
        await ask(world, filed, amount)
    assert await state(world) == before


async def test_what_was_not_paid_cannot_be_asked_for(world: World) -> None:
    filed = await stages.owing(world)
    before = await state(world)
    with pytest.raises(NothingToRefund):
        await ask(world, filed)
    other = await make.citizen(world, make.LI)
    with pytest.raises(CaseUnknown):
        await world.ctx.refund_requests.request(other, filed.case_id, "我要退费", uuid4().hex)
    assert await state(world) == before


async def test_after_a_year_the_channel_gives_nothing_back(world: World) -> None:
    filed = await dug(world)
    world.clock.advance(timedelta(days=366))
    before = await state(world)
    with pytest.raises(RefundTooLate):
        await ask(world, filed)
    assert await state(world) == before


async def test_a_refusal_is_read_by_who_paid_and_ends_the_request(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed)
    checker = await unit(world, filed)
    found = await world.ctx.refund_desk.refuse(checker, refund.id, "按标准收取,没有多收。")
    assert (found.status, found.refusal) == ("REFUSED", "按标准收取,没有多收。")
    assert (await filed.case()).payment_status == "PAID"
    assert await refunding.send(world) == 0
    [shown] = await world.ctx.refund_requests.list(filed.citizen, filed.case_id)
    assert shown.refusal == "按标准收取,没有多收。"
    with pytest.raises(RefundDecided):
        await world.ctx.refund_desk.approve(await finance(world), refund.id)
    assert await status(refund) == "REFUSED"


async def test_finance_can_refuse_what_the_unit_checked(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed)
    await world.ctx.refund_desk.approve(await unit(world, filed), refund.id)
    await world.ctx.refund_desk.refuse(await finance(world), refund.id, "缺少重新核定的依据。")
    assert await status(refund) == "REFUSED"
    assert await refunding.at_channel(world) == []


async def test_who_was_refused_three_times_goes_to_the_window(world: World) -> None:
    filed = await dug(world)
    checker = await unit(world, filed)
    for _ in range(3):
        refund = await ask(world, filed, 1)
        await world.ctx.refund_desk.refuse(checker, refund.id, "没有多收。")
    with pytest.raises(RefundsUsedUp):
        await ask(world, filed, 1)
    assert len(await world.rows("refunds")) == 3


async def test_nobody_takes_two_steps_of_one_refund(world: World) -> None:
    filed = await dug(world)
    handler = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    refund = await world.ctx.refund_requests.propose(handler, filed.case_id, "核对后多收")
    assert refund.reason == "STAFF"
    for act in (
        world.ctx.refund_desk.approve(handler, refund.id),
        world.ctx.refund_desk.refuse(handler, refund.id, "不退"),
    ):
        with pytest.raises(SamePerson):
            await act
    assert await status(refund) == "REQUESTED"
    alerts = [row["code"] for row in await world.rows("monitor_alerts")]
    assert alerts.count("same_person") == 2


async def test_one_who_moved_to_finance_does_not_approve_what_they_checked(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed)
    checker = await unit(world, filed)
    await world.ctx.refund_desk.approve(checker, refund.id)
    moved = Officer(checker.id, checker.roles, (await finance(world)).office)
    with pytest.raises(SamePerson):
        await world.ctx.refund_desk.approve(moved, refund.id)
    assert await status(refund) == "UNIT_APPROVED"


async def test_each_step_is_its_own_units(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed)
    window = await make.officer(world, (Role.WINDOW,))
    money = await finance(world)
    for officer in (window, money):
        with pytest.raises(StepNotYours):
            await world.ctx.refund_desk.approve(officer, refund.id)
    await world.ctx.refund_desk.approve(await unit(world, filed), refund.id)
    for officer in (window, await unit(world, filed)):
        with pytest.raises(StepNotYours):
            await world.ctx.refund_desk.approve(officer, refund.id)
    assert await status(refund) == "UNIT_APPROVED"


async def test_a_window_officer_of_finance_approves_nothing(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed)
    await world.ctx.refund_desk.approve(await unit(world, filed), refund.id)
    clerk = await make.officer(world, (Role.WINDOW,), unit=FINANCE)
    with pytest.raises(RefundMissing):
        await world.ctx.refund_desk.approve(clerk, refund.id)
    assert await status(refund) == "UNIT_APPROVED"


async def test_a_unit_sees_its_own_refunds_and_finance_sees_all(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed)
    elsewhere = await make.officer(world, (Role.DEPT,), item="ITEM09")
    township = await make.officer(world, (Role.WINDOW,), unit="北桥镇便民服务中心")
    desk = world.ctx.refund_desk

    async def sees(officer: Officer, wanted: RefundStatus | None = None) -> list[Any]:
        page = await desk.list(officer, wanted, limit=10, cursor=None)
        return [each.id for each in page.refunds]

    for officer in (await unit(world, filed), await finance(world), filed.officer):
        assert officer is not None
        assert await sees(officer) == [refund.id]
        assert await sees(officer, RefundStatus.REQUESTED) == [refund.id]
        assert await sees(officer, RefundStatus.PAID) == []
        shown = await desk.show(officer, refund.id)
        assert (shown.case_id, shown.order_fen) == (filed.case_id, stages.DIGGING_FEE)
    for officer in (elsewhere, township):
        assert await sees(officer) == []
        for act in (desk.show(officer, refund.id), desk.approve(officer, refund.id)):
            with pytest.raises(RefundMissing):
                await act
    assert await status(refund) == "REQUESTED"


async def test_a_list_goes_on_where_its_page_ended(world: World) -> None:
    filed = await dug(world)
    made = []
    for _ in range(3):
        refund = await ask(world, filed, 1)
        made.append(refund.id)
        await approved(world, filed, refund)
        world.clock.advance(timedelta(minutes=1))
    desk, officer = world.ctx.refund_desk, await finance(world)
    first = await desk.list(officer, None, limit=2, cursor=None)
    rest = await desk.list(officer, None, limit=2, cursor=first.next_cursor)
    assert [each.id for each in (*first.refunds, *rest.refunds)] == made
    assert rest.next_cursor is None
    with pytest.raises(CursorInvalid):
        await desk.list(officer, None, limit=2, cursor="bm9uc2Vuc2U")


async def test_a_smaller_area_gives_the_difference_back(world: World) -> None:
    filed = await dug(world)
    assert filed.officer is not None
    requests = world.ctx.refund_requests
    # 10 square metres at 300.00 yuan instead of 12.5.
    refund = await requests.remeasure(
        filed.officer, filed.case_id, "复测面积10平方米", {"area_m2": 10}
    )
    assert (refund.reason, refund.amount_fen) == ("REMEASURED", 75_000)
    await approved(world, filed, refund)
    await refunding.send(world)
    await refunding.arrive(world)
    assert await status(refund) == "PAID"
    before = await state(world)
    for measured in ({"area_m2": 10}, {"area_m2": 12.5}):
        with pytest.raises(FeeNotLower):
            await requests.remeasure(filed.officer, filed.case_id, "再复测", measured)
    with pytest.raises(FeeUndetermined):
        await requests.remeasure(filed.officer, filed.case_id, "复测", {"area_m2": "很大"})
    assert await state(world) == before


async def test_a_refund_that_failed_is_sent_again_under_its_number(world: World) -> None:
    filed = await refunding.rejected(world)
    await world.phone.post(f"/citizens/{make.WANG}/frozen", json={"frozen": True})
    await refunding.send(world)
    await refunding.arrive(world)
    refund = await Refund.get(case_id=filed.case_id)
    assert refund.status == "ABNORMAL"
    officer = await unit(world, filed)
    for _ in range(3):
        await world.ctx.refund_desk.retry(officer, refund.id)
    assert await refunding.send(world) == 1
    assert len(await refunding.at_channel(world)) == 1
    # It is past help here, but not with the bank.
    await refunding.settle(world, refund.number, "SUCCESS")
    await stages.until(lambda: status(refund), "PAID")
    with pytest.raises(RefundDecided):
        await world.ctx.refund_desk.retry(officer, refund.id)


async def test_a_case_that_is_refused_answers_the_request_by_itself(world: World) -> None:
    filed = await refunding.registering(world)
    asked = await ask(world, filed)
    await stages.decided(world, filed, Decision.REJECTED)
    assert await status(asked) == "REFUSED"
    automatic = await Refund.get(case_id=filed.case_id, track="AUTOMATIC")
    assert automatic.amount_fen == refunding.REGISTRATION_FEE
    await refunding.send(world)
    await refunding.arrive(world)
    assert (await filed.case()).payment_status == "REFUNDED"
    assert len(await refunding.at_channel(world)) == 1


async def test_what_went_back_in_part_is_not_given_back_again(world: World) -> None:
    filed = await refunding.registering(world)
    part = await ask(world, filed, 3000)
    await approved(world, filed, part)
    await refunding.send(world)
    await refunding.arrive(world)
    await stages.decided(world, filed, Decision.REJECTED)
    automatic = await Refund.get(case_id=filed.case_id, track="AUTOMATIC")
    assert automatic.amount_fen == refunding.REGISTRATION_FEE - 3000
    await refunding.send(world)
    await refunding.arrive(world)
    there = [each["amount_fen"] for each in await refunding.at_channel(world)]
    assert sorted(there) == [3000, 5000]
    assert (await filed.case()).payment_status == "REFUNDED"


async def test_the_timeline_tells_every_step_in_yuan_and_the_way(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed, 1000)
    world.clock.advance(timedelta(minutes=1))
    found = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert "10.00元" in found.timeline[-1].text
    [remark] = [each for each in found.remarks if each.code == "refund"]
    assert "等执收单位核对" in remark.text
    await world.ctx.refund_desk.approve(await unit(world, filed), refund.id)
    world.clock.advance(timedelta(minutes=1))
    await world.ctx.refund_desk.approve(await finance(world), refund.id)
    await refunding.send(world)
    world.clock.advance(timedelta(minutes=1))
    with world.statements() as sent:
        found = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert len(sent) == 1
    [remark] = [each for each in found.remarks if each.code == "refund"]
    assert "10.00元正在原路退回" in remark.text
    await refunding.arrive(world)
    found = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    texts = [each.text for each in found.timeline]
    assert "10.00元已经原路退回" in texts[-1]
    assert ["财政部门" in text for text in texts[-3:]] == [True, True, False]
    assert [each.at for each in found.timeline] == sorted(each.at for each in found.timeline)
    assert [each for each in found.remarks if each.code == "refund"] == []


async def test_a_query_code_does_not_show_why_a_refund_was_refused(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed)
    await world.ctx.refund_desk.refuse(await unit(world, filed), refund.id, "王建国没有多缴。")
    found = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert "王建国没有多缴" in found.timeline[-1].text
    assert "王建国" not in found.timeline[-1].plain


async def test_the_payer_is_told_of_request_approval_and_arrival(world: World) -> None:
    filed = await dug(world)
    refund = await ask(world, filed)

    async def told() -> list[str]:
        await stages.do(world, "refund.tell")
        rows = await world.rows("messages")
        mine = [row for row in rows if row["key"].startswith(f"refund:{refund.number}:")]
        return [str(row["data"]) for row in mine]

    assert len(await told()) == 1
    await approved(world, filed, refund)
    await refunding.send(world)
    await refunding.arrive(world)
    said = " ".join(await told())
    for words in ("退费3750.00元已经申请", "获准退3750.00元", "退费3750.00元已原路退回"):
        assert words in said
    assert len(await told()) == 3
