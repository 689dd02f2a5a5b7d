"""Refusing acceptance: only for the law's reasons, each with what it owes the applicant."""

import pytest

from models.case import CaseEvent, ClockInstance
from models.handoff import HandoffPackage
from models.notice import Notice
from models.rules.events import Role
from models.rules.reasons import RefusalReason
from models.rules.states import State
from services.desk import CaseClaimed
from services.refusals import RedirectMissing, Refusal, RefusalListMissing, RefusalUnusable
from services.transitions import StepNotAllowed, StepNotYours
from tests import make
from tests.services.reviewing import judge, refused, reviewer
from tests.world import World

WHY = "规划条件不允许在这个路段挖掘。"


@pytest.mark.requirement("不予受理通知书")
async def test_a_refusal_closes_the_case_and_says_why(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    refusal = Refusal(RefusalReason.STATUTORY_BAR, WHY)
    case = await world.ctx.reviews.refuse(reviewer(filed), filed.case_id, refusal)
    assert case.state is State.NOT_ACCEPTED
    assert (await filed.case()).closed_at == world.clock.now()
    event = await CaseEvent.get(case_id=filed.case_id, row="T08")
    assert event.data["reason_code"] == "STATUTORY_BAR"
    progress = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert WHY in progress.timeline[-1].text
    assert not await ClockInstance.exists(case_id=filed.case_id, stopped_at=None)
    assert await Notice.exists(case_id=filed.case_id, kind="N03")
    assert not await HandoffPackage.exists(case_id=filed.case_id)


@pytest.mark.requirement("不予受理通知书")
async def test_who_says_not_here_says_where(world: World) -> None:
    """行政许可法32(二)."""
    filed = await make.claimed(world, await make.citizen(world))
    reason = RefusalReason.NOT_IN_JURISDICTION
    async with refused(world, RedirectMissing):
        await world.ctx.reviews.refuse(reviewer(filed), filed.case_id, Refusal(reason, WHY))
    refusal = Refusal(reason, WHY, "示例市交通运输局")
    await world.ctx.reviews.refuse(reviewer(filed), filed.case_id, refusal)
    event = await CaseEvent.get(case_id=filed.case_id, row="T08")
    assert event.data["redirect_agency"] == "示例市交通运输局"
    assert "示例市交通运输局" in event.data["text"]


async def test_incompleteness_is_corrected_not_refused(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M02")
    async with refused(world, RefusalUnusable):
        await world.ctx.reviews.refuse(
            reviewer(filed), filed.case_id, Refusal(RefusalReason.INCOMPLETE, WHY)
        )


async def test_where_incompleteness_is_refused_everything_is_listed(world: World) -> None:
    """ITEM09, 不动产登记暂行条例17."""
    filed = await make.claimed(world, await make.citizen(world), "ITEM09")
    refusal = Refusal(RefusalReason.INCOMPLETE, "材料不齐,补齐后可以重新申请。")
    async with refused(world, RefusalListMissing):
        await world.ctx.reviews.refuse(reviewer(filed), filed.case_id, refusal)
    await judge(world, filed, "M02", "M05")
    await world.ctx.reviews.refuse(reviewer(filed), filed.case_id, refusal)
    event = await CaseEvent.get(case_id=filed.case_id, row="T08")
    item = await world.ctx.items.version((await filed.case()).item_version_id)
    names = {m["code"]: m["name"] for m in item.materials}
    assert [line.split(":")[0] for line in event.data["items"]] == [names["M02"], names["M05"]]
    assert all(name in event.data["text"] for name in (names["M02"], names["M05"]))


async def test_at_once_is_possible_without_a_claim(world: World) -> None:
    """行政许可法32(一): told at once."""
    filed = await make.submitted(world, await make.citizen(world))
    refusal = Refusal(RefusalReason.PERMIT_NOT_REQUIRED, WHY)
    case = await world.ctx.reviews.refuse(await make.officer(world), filed.case_id, refusal)
    assert case.state is State.NOT_ACCEPTED


@pytest.mark.parametrize("roles", [(Role.WINDOW,), (Role.DEPT,)])
async def test_only_who_has_the_case_refuses_it(world: World, roles: tuple[Role]) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    problem = CaseClaimed if Role.WINDOW in roles else StepNotYours
    other = await make.officer(world, roles)
    async with refused(world, problem):
        await world.ctx.reviews.refuse(
            other, filed.case_id, Refusal(RefusalReason.STATUTORY_BAR, WHY)
        )


async def test_what_is_accepted_is_not_refused_any_more(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world))
    async with refused(world, StepNotAllowed):
        await world.ctx.reviews.refuse(
            reviewer(filed), filed.case_id, Refusal(RefusalReason.STATUTORY_BAR, WHY)
        )
