"""Progress: the story of a case, what is due, what to do, and who may look."""

from datetime import timedelta
from uuid import uuid4

import pytest

from models.case import Case
from models.payment import Fee
from models.rules.reasons import RatingStage
from models.rules.states import State
from services.access import CaseUnknown
from services.actors import Citizen
from services.progress import Progress
from services.ratings import Opinion, RatingNotOpen
from tests import make
from tests.make import LI, Filed
from tests.services import reviewing, stages
from tests.world import World


async def look(world: World, filed: Filed) -> Progress:
    return await world.ctx.progress.of_case(filed.citizen, filed.case_id)


def codes(progress: Progress) -> list[str]:
    return [action.code for action in progress.actions]


async def submitted(world: World, who: Citizen) -> Filed:
    filed = await stages.drafted(world, who, "ITEM10")
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    return filed


async def test_it_is_one_statement(world: World) -> None:
    filed = await submitted(world, await make.citizen(world))
    case = await filed.case()
    with world.statements() as seen:
        await look(world, filed)
    assert len(seen) == 1
    with world.statements() as seen:
        await world.ctx.progress.by_query_code(str(case.query_code), "2013")
    assert len(seen) == 1


async def test_the_story_grows_with_every_step(world: World) -> None:
    filed = await submitted(world, await make.citizen(world))
    filed.officer = await make.officer(world)
    world.clock.advance(timedelta(minutes=10))
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    found = await look(world, filed)
    assert (found.state, found.version) == (State.PRE_REVIEWING, 2)
    assert [(step.text, step.unit) for step in found.timeline] == [
        ("您的申请已经交上来了,我们收到了。", None),
        ("工作人员开始看您的材料了。", "示例县政务服务中心"),
    ]
    assert found.timeline[1].at - found.timeline[0].at == timedelta(minutes=10)
    assert found.waiting_for == ("综合受理窗口", "工作人员正在看您的材料,您不用做什么。")


async def test_what_is_due_is_told_to_the_day(world: World) -> None:
    # 2026-03-02 is a Monday; five working days end on the next Monday (行政许可法32(4)).
    found = await look(world, await submitted(world, await make.citizen(world)))
    [due] = [each for each in found.due if each.clock == "NOTIFY_5WD"]
    assert (due.due_on, due.provisional, due.paused) == ("2026-03-09", False, False)
    assert due.due_at.isoformat() == "2026-03-09T16:00:00+00:00"


async def test_a_correction_shows_until_it_is_answered(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    bad = filed.codes[0]
    await reviewing.judge(world, filed, bad)
    assert (await look(world, filed)).correction is None
    await reviewing.notify(world, filed, [reviewing.material(bad)])
    found = await look(world, filed)
    assert found.correction is not None
    [point] = found.correction["items"]
    assert (point["material_code"], point["name"], point["reason"], point["requirement"]) == (
        bad,
        "营业执照",
        "照片不清楚,请在光线好的地方重新拍。",
        "请重新拍一张清楚的。",
    )
    assert found.correction["opinion"] == "请补正。"
    assert codes(found)[0] == "resubmit"
    await reviewing.supply(world, filed, bad)
    await reviewing.resubmit(world, filed)
    after = await look(world, filed)
    assert (after.correction, "resubmit" in codes(after)) == (None, False)


async def test_the_validator_changes_with_what_is_seen_and_only_then(world: World) -> None:
    filed = await submitted(world, await make.citizen(world))
    first = await look(world, filed)
    world.clock.advance(timedelta(hours=1))
    assert (await look(world, filed)).etag == first.etag
    await Fee.create(
        case_id=filed.case_id,
        stage="AFTER_DECISION",
        name="城市道路挖掘修复费",
        basis="城市道路管理条例37",
        amount_fen=100,
        breakdown=[],
        created_at=world.clock.now(),
    )
    await Case.filter(id=filed.case_id).update(payment_status="UNPAID")
    owing = await look(world, filed)
    assert owing.etag != first.etag
    await Fee.filter(case_id=filed.case_id).update(settled_at=world.clock.now())
    assert (await look(world, filed)).etag not in {first.etag, owing.etag}


async def test_paying_is_offered_while_it_is_owed(world: World) -> None:
    filed = await stages.owing(world)
    found = await look(world, filed)
    assert found.state is State.AWAIT_PAYMENT
    assert codes(found)[0] == "pay"
    assert found.fee is not None
    assert (found.fee["amount_fen"], found.fee["settled"]) == (stages.DIGGING_FEE, False)


async def test_rating_is_offered_exactly_when_it_is_open(world: World) -> None:
    filed = await submitted(world, await make.citizen(world))
    accept = Opinion(RatingStage.ACCEPT, 5)
    assert "rate" not in codes(await look(world, filed))
    with pytest.raises(RatingNotOpen):
        await world.ctx.ratings.rate(filed.citizen, filed.case_id, accept)
    accepted = await stages.reviewed(world)
    assert "rate" in codes(await look(world, accepted))
    await world.ctx.ratings.rate(accepted.citizen, accepted.case_id, accept)
    assert "rate" not in codes(await look(world, accepted))
    await stages.decided(world, accepted)
    assert "rate" in codes(await look(world, accepted))
    await world.ctx.ratings.rate(accepted.citizen, accepted.case_id, Opinion(RatingStage.RESULT, 4))
    assert "rate" not in codes(await look(world, accepted))


async def test_a_stranger_finds_nothing(world: World) -> None:
    filed = await submitted(world, await make.citizen(world))
    stranger = await make.citizen(world, LI)
    for case_id in (filed.case_id, uuid4()):
        with pytest.raises(CaseUnknown):
            await world.ctx.progress.of_case(stranger, case_id)


async def test_a_query_code_needs_the_right_person(world: World) -> None:
    filed = await submitted(world, await make.citizen(world))
    other = await submitted(world, await make.citizen(world, LI))
    code = str((await filed.case()).query_code)
    strange = str((await other.case()).query_code)
    found = await world.ctx.progress.by_query_code(code, "2013")
    assert found.id == filed.case_id
    forgiving = f" {code[:5].lower()}-{code[5:]} "
    assert (await world.ctx.progress.by_query_code(forgiving, "2013")).id == filed.case_id
    assert (await world.ctx.progress.by_query_code(strange, "404x")).id == other.case_id
    for wrong_code, wrong_last4 in ((code, "2014"), (strange, "2013"), ("2222222222", "2013")):
        with pytest.raises(CaseUnknown):
            await world.ctx.progress.by_query_code(wrong_code, wrong_last4)


async def test_who_has_to_choose_is_told_so(world: World) -> None:
    """A result without paper waits at APPROVED until the person says where to send it."""
    filed = await stages.reviewed(world, "ITEM06")
    await stages.decided(world, filed)
    progress = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert progress.state is State.APPROVED
    assert progress.waiting_for[0] == "您"
    assert "choose_delivery" in [action.code for action in progress.actions]
