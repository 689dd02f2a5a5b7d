"""Ratings: once per stage, of one's own will, with options that fit the stars."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from models.rules.reasons import RATING_OPTIONS, RatingStage, RefusalReason
from services.access import CaseUnknown
from services.events import Decision
from services.ratings import AlreadyRated, Opinion, RatingInvalid, RatingNotOpen
from services.refusals import Refusal
from tests import make
from tests.services import stages
from tests.world import World

ACCEPT, RESULT = RatingStage.ACCEPT, RatingStage.RESULT


def codes(stars: int, *places: int) -> list[str]:
    return [RATING_OPTIONS[stars][place].code for place in places]


async def test_each_stage_is_rated_once(world: World) -> None:
    filed = await stages.reviewed(world)
    rate = world.ctx.ratings.rate
    opinion = Opinion(ACCEPT, 5, codes(5, 0, 3), " 很方便\x07\u0000,\n谢谢 ", anonymous=True)
    await rate(filed.citizen, filed.case_id, opinion)
    [row] = await world.rows("ratings")
    assert (row["stage"], row["stars"], row["anonymous"]) == ("ACCEPT", 5, True)
    assert (row["text"], row["indicator_version"]) == ("很方便,\n谢谢", "2026.1")
    with pytest.raises(RatingNotOpen):
        await rate(filed.citizen, filed.case_id, Opinion(RESULT, 5))
    with pytest.raises(AlreadyRated):
        await rate(filed.citizen, filed.case_id, Opinion(ACCEPT, 1))
    assert await world.rows("ratings") == [row]
    await stages.decided(world, filed, Decision.REJECTED)
    await rate(filed.citizen, filed.case_id, Opinion(RESULT, 1, codes(1, 1)))
    assert [each["stars"] for each in await world.rows("ratings")] == [5, 1]


async def test_copies_of_a_rating_at_once_are_one(world: World) -> None:
    filed = await stages.reviewed(world)
    opinion = Opinion(ACCEPT, 4)
    found = await asyncio.gather(
        *(world.ctx.ratings.rate(filed.citizen, filed.case_id, opinion) for _ in range(16)),
        return_exceptions=True,
    )
    refused = [each for each in found if isinstance(each, AlreadyRated)]
    assert len(refused) == 15
    assert len(await world.rows("ratings")) == 1


@pytest.mark.parametrize(
    "opinion",
    [
        Opinion(ACCEPT, 0),
        Opinion(ACCEPT, 6),
        Opinion(ACCEPT, 5, codes(1, 0)),
        Opinion(ACCEPT, 5, codes(5, 0, 0)),
        Opinion(ACCEPT, 5, ["EVERYTHING_5"]),
        Opinion(ACCEPT, 5, text="好" * 501),
    ],
)
async def test_a_wrong_rating_is_not_kept(world: World, opinion: Opinion) -> None:
    filed = await stages.reviewed(world)
    with pytest.raises(RatingInvalid):
        await world.ctx.ratings.rate(filed.citizen, filed.case_id, opinion)
    assert await world.rows("ratings") == []


@pytest.mark.parametrize("stage", [ACCEPT, RESULT])
async def test_nothing_is_rated_before_it_happened(world: World, stage: RatingStage) -> None:
    draft = await stages.drafted(world, await make.citizen(world), "ITEM10")
    waiting = await stages.reviewed(world, "ITEM11")
    for filed in (draft, waiting):
        with pytest.raises(RatingNotOpen):
            await world.ctx.ratings.rate(filed.citizen, filed.case_id, Opinion(stage, 5))
    await world.ctx.cases.delete_draft(draft.citizen, draft.case_id)
    with pytest.raises(RatingNotOpen):
        await world.ctx.ratings.rate(draft.citizen, draft.case_id, Opinion(stage, 5))
    assert await world.rows("ratings") == []


async def test_a_refused_application_may_be_rated(world: World) -> None:
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM10")
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    refusal: Any = Refusal(RefusalReason.STATUTORY_BAR, "新建道路五年内不得挖掘。")
    officer = await make.officer(world)
    await world.ctx.reviews.refuse(officer, filed.case_id, refusal)
    await world.ctx.ratings.rate(who, filed.case_id, Opinion(ACCEPT, 2))
    await world.ctx.ratings.rate(who, filed.case_id, Opinion(RESULT, 3))
    assert len(await world.rows("ratings")) == 2


async def test_a_withdrawn_application_was_never_accepted(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    with pytest.raises(RatingNotOpen):
        await world.ctx.ratings.rate(filed.citizen, filed.case_id, Opinion(ACCEPT, 5))
    await world.ctx.ratings.rate(filed.citizen, filed.case_id, Opinion(RESULT, 5))


async def test_somebody_elses_case_is_unknown(world: World) -> None:
    filed = await stages.reviewed(world)
    other = await make.citizen(world, make.LI)
    with pytest.raises(CaseUnknown):
        await world.ctx.ratings.rate(other, filed.case_id, Opinion(ACCEPT, 5))
    assert await world.rows("ratings") == []
