"""Questions and answers over HTTP: voluntary, once, and only one's own."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.events import EventType
from tests import make
from tests.services.backoffice import Scene, open_scene
from tests.world import Answer, World

QUESTION = "怎样保证行人通行?"


@pytest.fixture
async def scene(world: World) -> Scene:
    """A case in which one question was asked."""
    scene = await open_scene(world)
    await scene.tell(EventType.INFORMATION_REQUESTED, question=QUESTION)
    return scene


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def listed(scene: Scene) -> dict[str, Any]:
    token = make.token(scene.world, scene.filed.citizen)
    path = f"/v1/cases/{scene.filed.case_id}/inquiries"
    answer = await scene.world.http.get(path, token=token)
    [one] = answer.json["inquiries"]
    return dict(one)


async def answer_it(scene: Scene, body: Any, key: str = "key-of-one-answer") -> Answer:
    token = make.token(scene.world, scene.filed.citizen)
    path = f"/v1/cases/{scene.filed.case_id}/inquiries/{(await listed(scene))['id']}/answer"
    return await scene.world.http.post(path, token=token, key=key, json=body)


async def test_a_question_is_read_and_answered(scene: Scene) -> None:
    one = await listed(scene)
    assert (one["question"], one["answer"], one["open"]) == (QUESTION, None, True)
    answered = await answer_it(scene, {"text": " 留出一米五宽的通道。 "})
    assert (answered.status, answered.json["answer"]) == (200, "留出一米五宽的通道。")
    assert await listed(scene) == answered.json
    again = await answer_it(scene, {"text": "留出一米五宽的通道。"})
    assert again.json == answered.json
    other = await answer_it(scene, {"text": "改主意了。"}, "key-of-another-answer")
    assert problem(other) == (409, "inquiry_answered")


async def test_the_published_schema_describes_what_the_back_office_gets(scene: Scene) -> None:
    await answer_it(scene, {"text": "留出一米五宽的通道。"})
    published = await scene.world.http.get("/backoffice/v1/schemas/package-v3")
    assert published.headers["Content-Type"] == "application/schema+json"
    schema = json.loads(published.body)
    Draft202012Validator.check_schema(schema)
    body = await scene.acknowledge()
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(schema, format_checker=checker).validate(body)
    assert not Draft202012Validator(schema).is_valid({**body, "kind": "ACCEPTED"})


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "  "}, {"text": "字" * 2001}, {"text": "好", "file": "x"}]
)
async def test_an_empty_answer_is_none(scene: Scene, body: dict[str, str]) -> None:
    assert problem(await answer_it(scene, body)) == (422, "fields_invalid")
    assert len(await scene.world.rows("handoff_packages")) == 1


async def test_another_citizen_finds_nothing(scene: Scene) -> None:
    other = make.token(scene.world, await make.citizen(scene.world, make.LI))
    one = await listed(scene)
    base = f"/v1/cases/{scene.filed.case_id}/inquiries"
    assert problem(await scene.world.http.get(base, token=other)) == (404, "case_unknown")
    strange = await scene.world.http.post(
        f"{base}/{one['id']}/answer", token=other, key="key-of-a-stranger", json={"text": "我。"}
    )
    assert problem(strange) == (404, "case_unknown")
