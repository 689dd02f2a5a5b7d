"""Drafts and submission over HTTP: parsing, status, problem documents."""

from typing import Any
from uuid import uuid4

import pytest

from tests import make
from tests.world import World


async def test_a_draft_is_made_once_and_then_found(world: World) -> None:
    token = make.token(world, await make.citizen(world))
    body = {"item_code": await make.item_code("ITEM10")}
    first = await world.http.post("/v1/cases", json=body, token=token)
    again = await world.http.post("/v1/cases", json=body, token=token)
    assert (first.status, again.status) == (201, 200)
    assert first.json["id"] == again.json["id"]
    assert (first.json["state"], first.json["state_text"]) == ("DRAFT", "草稿")
    assert first.json["editable"] is True


async def test_a_saved_field_tells_what_is_asked_now(world: World) -> None:
    who = await make.citizen(world)
    token = make.token(world, who)
    body = {"item_code": await make.item_code("ITEM11")}
    case = (await world.http.post("/v1/cases", json=body, token=token)).json["id"]
    path = f"/v1/cases/{case}/form/reason"
    lost = await world.http.put(path, json={"value": "丢失补领"}, token=token)
    broken = await world.http.put(path, json={"value": "损坏换领"}, token=token)
    assert lost.json["materials_required"] == ["M02", "M03"]
    assert broken.json["materials_required"] == ["M02", "M03", "M04"]
    assert (lost.json["revision"], broken.json["revision"]) == (1, 2)


async def test_a_receipt_is_the_same_for_the_same_key(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    path, token, key = f"/v1/cases/{filed.case_id}/submit", make.token(world, who), uuid4().hex
    first = await world.http.post(path, token=token, key=key)
    again = await world.http.post(path, token=token, key=key)
    assert (first.status, again.status) == (200, 200)
    assert first.json == again.json
    assert first.json["state"] == "SUBMITTED"


@pytest.mark.parametrize("key", [None, "short", "x" * 256, "with space in it"])
async def test_an_act_without_a_proper_key_does_not_happen(world: World, key: str | None) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    answer = await world.http.post(
        f"/v1/cases/{filed.case_id}/submit", token=make.token(world, who), key=key
    )
    assert (answer.status, answer.json["code"]) == (400, "idempotency_key_missing")
    assert (await filed.case()).case_no is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"{", 400, "malformed"),
        (b'{"item_code": NaN}', 400, "malformed"),
        (b'{"item_code": "a\\u0000b"}', 400, "malformed"),
        (b'{"item_code": "\\ud800"}', 400, "malformed"),
        (b"[]", 422, "fields_invalid"),
        (b'{"item_code": 7}', 422, "fields_invalid"),
        (b'{"item_code": "x", "surprise": 1}', 422, "fields_invalid"),
        (b'{"another": true}', 422, "fields_invalid"),
    ],
)
async def test_a_body_that_is_not_right_is_named(
    world: World, body: bytes, status: int, code: str
) -> None:
    token = make.token(world, await make.citizen(world))
    answer = await world.http.post("/v1/cases", data=body, token=token)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert await world.rows("cases") == []


async def test_faults_are_told_by_pointer(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    token = make.token(world, who)
    form = f"/v1/cases/{filed.case_id}/form"
    wrong: Any = await world.http.put(f"{form}/area_m2", json={"value": -3}, token=token)
    assert (wrong.status, wrong.json["code"]) == (422, "form_invalid")
    assert wrong.json["errors"] == [{"pointer": "/area_m2", "detail": "数值太小。"}]


async def test_somebody_elses_case_is_not_found_on_every_route(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world))
    token = make.token(world, await make.citizen(world, make.LI))
    case = f"/v1/cases/{filed.case_id}"
    asked = [
        await world.http.get(case, token=token),
        await world.http.delete(case, token=token),
        await world.http.put(f"{case}/form/area_m2", json={"value": 1}, token=token),
        await world.http.post(f"{case}/submit", token=token, key=uuid4().hex),
        await world.http.post(f"{case}/withdraw", token=token, key=uuid4().hex),
        await world.http.get(f"{case}/progress", token=token),
    ]
    absent = await world.http.get(f"/v1/cases/{uuid4()}", token=token)
    assert {answer.status for answer in asked} == {404}
    assert {answer.json["code"] for answer in asked} == {absent.json["code"]}
    assert (await filed.case()).version == 0
