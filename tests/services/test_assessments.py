"""审查四要素 and 签署意见: what an officer looked at, and what they put their name to."""

from typing import Any

import orjson
import pytest

from models.rules.reasons import RefusalReason
from models.rules.states import State
from services.accepting import Sanction
from services.assessments import Assessment, Checklist, ChecklistUnmet
from services.refusals import Refusal
from tests import make
from tests.services.reviewing import judge, material, refused, reviewer
from tests.world import World

IN_ORDER = Checklist(complete=True, elements=True, form=True, jurisdiction=True)


async def _data(world: World, row: str) -> dict[str, Any]:
    [event] = [each for each in await world.rows("case_events") if each["row"] == row]
    data: dict[str, Any] = orjson.loads(event["data"])
    return data


@pytest.mark.requirement("审查四要素", "签署意见")
async def test_an_acceptance_keeps_the_four_points_and_the_signed_opinion(world: World) -> None:
    filed = await make.judged(world, await make.citizen(world))
    signed = Assessment(IN_ORDER, "材料齐全,符合法定形式,同意受理。")
    officer = reviewer(filed)
    await world.ctx.reviews.accept(officer, filed.case_id, Sanction(assessment=signed))
    assert await _data(world, "T09") == {
        "signer": {"id": str(officer.id), "unit": "示例县政务服务中心"},
        "checklist": {"complete": True, "elements": True, "form": True, "jurisdiction": True},
        "opinion": "材料齐全,符合法定形式,同意受理。",
    }
    # It is for the file: the applicant's timeline has its own words.
    progress = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert "同意受理" not in str(progress)


@pytest.mark.requirement("审查四要素")
@pytest.mark.parametrize("unmet", ["complete", "elements", "form", "jurisdiction"])
async def test_a_point_that_is_not_in_order_forbids_acceptance(world: World, unmet: str) -> None:
    filed = await make.judged(world, await make.citizen(world))
    points = {**vars(IN_ORDER), unmet: False}
    sanction = Sanction(assessment=Assessment(Checklist(**points)))
    async with refused(world, ChecklistUnmet) as caught:
        await world.ctx.reviews.accept(reviewer(filed), filed.case_id, sanction)
    assert [fault.pointer for fault in caught.value.faults] == [f"/checklist/{unmet}"]


@pytest.mark.requirement("审查四要素", "签署意见")
async def test_a_notice_and_a_refusal_keep_them_too(world: World) -> None:
    found = Checklist(complete=False, elements=True, form=True, jurisdiction=True)
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    await world.ctx.reviews.issue_correction(
        reviewer(filed), filed.case_id, [material("M04")], "请补正施工图。", found
    )
    kept = await _data(world, "T05")
    assert kept["checklist"]["complete"] is False
    assert kept["opinion"] == "请补正施工图。"
    assert kept["signer"]["id"] == str(reviewer(filed).id)

    other = await make.claimed(world, filed.citizen)
    elsewhere = Checklist(complete=True, elements=True, form=True, jurisdiction=False)
    refusal = Refusal(
        RefusalReason.NOT_IN_JURISDICTION,
        "这条路归市里管理。",
        "示例市城市管理局",
        Assessment(elsewhere, "不属于本县职权。"),
    )
    await world.ctx.reviews.refuse(reviewer(other), other.case_id, refusal)
    kept = await _data(world, "T08")
    assert kept["checklist"]["jurisdiction"] is False
    assert (kept["opinion"], kept["reason_code"]) == ("不属于本县职权。", "NOT_IN_JURISDICTION")
    assert (await other.case()).state is State.NOT_ACCEPTED
