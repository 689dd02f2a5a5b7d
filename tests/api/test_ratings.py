"""Ratings over HTTP."""

from typing import Any

import pytest

from tests import make
from tests.services import stages
from tests.world import Answer, World


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def test_anybody_reads_what_can_be_said(world: World) -> None:
    answer = await world.http.get("/v1/ratings/options")
    assert (answer.status, answer.json["version"]) == (200, "2026.1")
    marks = {mark["stars"]: mark for mark in answer.json["marks"]}
    assert {stars: mark["text"] for stars, mark in marks.items()} == {
        5: "非常满意",
        4: "满意",
        3: "基本满意",
        2: "不满意",
        1: "非常不满意",
    }
    assert [len(mark["options"]) for mark in marks.values()] == [5] * 5


async def test_a_case_is_rated_once(world: World) -> None:
    filed = await stages.reviewed(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/ratings"
    marks = (await world.http.get("/v1/ratings/options")).json["marks"]
    five = next(mark for mark in marks if mark["stars"] == 5)
    body = {
        "stage": "ACCEPT",
        "stars": 5,
        "options": [five["options"][0]["code"]],
        "text": "很方便",
        "anonymous": False,
    }
    answer = await world.http.post(path, token=token, json=body)
    assert answer.status == 201
    assert {name: answer.json[name] for name in body} == body
    assert problem(await world.http.post(path, token=token, json=body)) == (409, "already_rated")
    later = {"stage": "RESULT", "stars": 5}
    assert problem(await world.http.post(path, token=token, json=later)) == (409, "rating_not_open")
    other = make.token(world, await make.citizen(world, make.LI))
    assert problem(await world.http.post(path, token=other, json=body)) == (404, "case_unknown")
    assert problem(await world.http.post(path, json=body)) == (401, "unauthenticated")
    assert len(await world.rows("ratings")) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"stage": "ACCEPT"},
        {"stage": "ACCEPT", "stars": 0},
        {"stage": "ACCEPT", "stars": 6},
        {"stage": "ACCEPT", "stars": "5"},
        {"stage": "ACCEPT", "stars": 4.5},
        {"stage": "ACCEPT", "stars": True},
        {"stage": "LUNCH", "stars": 5},
        {"stage": "ACCEPT", "stars": 5, "text": "好" * 501},
        {"stage": "ACCEPT", "stars": 5, "options": [""] * 11},
        {"stage": "ACCEPT", "stars": 5, "officer": "x"},
    ],
)
async def test_a_wrong_rating_is_told(world: World, body: dict[str, Any]) -> None:
    filed = await stages.reviewed(world)
    path = f"/v1/cases/{filed.case_id}/ratings"
    answer = await world.http.post(path, token=make.token(world, filed.citizen), json=body)
    assert problem(answer) == (422, "fields_invalid")
    assert await world.rows("ratings") == []
