"""Pre-review over HTTP: who may, what is read, what is shown and what is masked."""

import re
from typing import Any
from uuid import uuid4

import pytest

from api.reviews import ROUTES
from tests import make
from tests.api import tokens
from tests.services.reviewing import reviewer, standing
from tests.world import Answer, World

PATHS = [
    (route.method, re.sub("<code:str>", "M02", re.sub("<case_id:uuid>", str(uuid4()), route.path)))
    for routes in ROUTES
    for route in routes.found
]
POINT = {"material_code": "M04", "reason_code": "BLURRED", "requirement": "请重新拍一张。"}


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def test_every_route_is_for_staff(world: World) -> None:
    who = await make.citizen(world)
    machine = await make.machine(world, "11511499MB9000082B")
    for method, path in PATHS:
        for token in (None, make.token(world, who), tokens.of_machine(world, machine)):
            answer = await world.http.request(method, path, token=token, json={})
            assert problem(answer) == (401, "unauthenticated"), (method, path)


async def test_a_case_goes_from_the_queue_to_acceptance(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    officer = await make.officer(world)
    token, base = tokens.of_staff(world, officer), f"/staff/v1/cases/{filed.case_id}"
    [queued] = (await world.http.get("/staff/v1/cases", token=token)).json["cases"]
    assert queued["id"] == str(filed.case_id)
    assert (queued["state"], queued["claimed"], queued["mine"]) == ("SUBMITTED", False, False)
    for _ in range(2):
        claimed = await world.http.post(f"{base}/claim", token=token)
        assert (claimed.status, claimed.json["state"]) == (200, "PRE_REVIEWING")
    for code in filed.codes:
        verdict = {"verdict": "PASS", "reason_code": None, "comment": ""}
        answer = await world.http.put(f"{base}/verdicts/{code}", token=token, json=verdict)
        assert answer.status == 200
    accepted = await world.http.post(f"{base}/accept", token=token)
    assert accepted.status == 200
    assert accepted.json == {
        "id": str(filed.case_id),
        "case_no": (await filed.case()).case_no,
        "state": "ACCEPTED",
        "state_text": "已受理",
        "round": 0,
    }
    assert problem(await world.http.post(f"{base}/accept", token=token)) == (
        409,
        "step_not_allowed",
    )


async def test_the_applicant_is_masked(world: World) -> None:
    """Promise 7."""
    filed = await make.claimed(world, await make.citizen(world))
    token = tokens.of_staff(world, reviewer(filed))
    answer = await world.http.get(f"/staff/v1/cases/{filed.case_id}", token=token)
    person = await make.person(world)
    assert answer.status == 200
    assert answer.json["applicant"] == {
        "type": "NATURAL_PERSON",
        "name": "王*国",
        "id_number": "511*************13",
    }
    # Digests and ids are random, and may hold any four digits.
    shown = re.sub(r"[0-9a-f]{64}|[0-9a-f-]{36}", "", answer.body.decode())
    for secret in (person["name"], person["id_number"], person["id_number"][-4:]):
        assert secret not in shown
    assert answer.json["form"] == make.FORMS["ITEM10"]
    assert [m["code"] for m in answer.json["materials"]] == filed.codes
    assert (answer.json["claimed"], answer.json["mine"]) == (True, True)


async def test_a_correction_goes_out_as_one_notice(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    token, base = tokens.of_staff(world, reviewer(filed)), f"/staff/v1/cases/{filed.case_id}"
    for code in ("M04", "M06"):
        fail = {"verdict": "FAIL", "reason_code": "BLURRED", "comment": "看不清"}
        await world.http.put(f"{base}/verdicts/{code}", token=token, json=fail)
    half = await world.http.post(f"{base}/correction", token=token, json={"items": [POINT]})
    assert problem(half) == (422, "correction_incomplete")
    assert half.json["errors"] == [{"pointer": "/materials/M06", "detail": "地下管线分布资料"}]
    field = {"field": "area_m2", "reason_code": "FIELD_WRONG", "requirement": "请改成实际面积。"}
    whole = {"items": [POINT, {**POINT, "material_code": "M06"}, field], "opinion": "请补正。"}
    issued = await world.http.post(f"{base}/correction", token=token, json=whole)
    assert (issued.status, issued.json["state"], issued.json["round"]) == (
        200,
        "CORRECTION_REQUIRED",
        1,
    )
    dossier = await world.http.get(base, token=token)
    [shown] = dossier.json["corrections"]
    assert [(p["material_code"], p["field"]) for p in shown["items"]] == [
        ("M04", None),
        ("M06", None),
        (None, "area_m2"),
    ]
    assert "value_index" not in dossier.body.decode()


@pytest.mark.parametrize(
    "items",
    [
        [{**POINT, "field": "area_m2"}],
        [{"reason_code": "BLURRED", "requirement": "请重新拍一张。"}],
        [{**POINT, "reason_code": "UGLY"}],
        [{**POINT, "requirement": ""}],
        [{**POINT, "requirement": "字" * 501}],
        [{**POINT, "extra": 1}],
        [POINT] * 101,
        "M04",
        None,
    ],
)
async def test_a_correction_that_cannot_be_read_changes_nothing(world: World, items: Any) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    token = tokens.of_staff(world, reviewer(filed))
    before = await standing(world)
    answer = await world.http.post(
        f"/staff/v1/cases/{filed.case_id}/correction", token=token, json={"items": items}
    )
    assert problem(answer) == (422, "fields_invalid")
    assert await standing(world) == before


async def test_refusals_answer_with_their_own_codes(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    token, base = tokens.of_staff(world, reviewer(filed)), f"/staff/v1/cases/{filed.case_id}"
    other = tokens.of_staff(world, await make.officer(world))
    why = "规划条件不允许在这个路段挖掘。"
    cases: list[tuple[str, str, str, Any, tuple[int, str]]] = [
        ("POST", "/accept", token, {}, (409, "verdicts_incomplete")),
        ("POST", "/claim", other, {}, (409, "case_claimed")),
        ("POST", "/paper-received", token, {}, (409, "step_not_allowed")),
        ("PUT", "/verdicts/M99", token, {"verdict": "PASS"}, (422, "material_not_asked")),
        ("PUT", "/verdicts/M02", token, {"verdict": "FAIL"}, (422, "verdict_reason_missing")),
        ("PUT", "/verdicts/M02", token, {"verdict": "SHORTFALL_OK"}, (422, "fields_invalid")),
        ("POST", "/correction", token, {"items": []}, (422, "correction_empty")),
        (
            "POST",
            "/refuse",
            token,
            {"reason_code": "INCOMPLETE", "explanation": why},
            (422, "refusal_unusable"),
        ),
        (
            "POST",
            "/refuse",
            token,
            {"reason_code": "NOT_IN_JURISDICTION", "explanation": why},
            (422, "redirect_missing"),
        ),
        (
            "POST",
            "/refuse",
            token,
            {"reason_code": "STATUTORY_BAR", "explanation": "九个字不够长啊啊"},
            (422, "fields_invalid"),
        ),
    ]
    before = await standing(world)
    for method, path, who, body, expected in cases:
        answer = await world.http.request(method, base + path, token=who, json=body)
        assert problem(answer) == expected, path
    assert await standing(world) == before
    refusal = {"reason_code": "STATUTORY_BAR", "explanation": why}
    answer = await world.http.post(f"{base}/refuse", token=token, json=refusal)
    assert (answer.status, answer.json["state"]) == (200, "NOT_ACCEPTED")


async def test_what_is_not_there_for_staff_is_not_found(world: World) -> None:
    draft = await make.draft(world, await make.citizen(world))
    token = tokens.of_staff(world, await make.officer(world))
    for case_id in (draft.case_id, uuid4()):
        answer = await world.http.get(f"/staff/v1/cases/{case_id}", token=token)
        assert problem(answer) == (404, "case_unknown")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("state=ASLEEP", "fields_invalid"),
        ("limit=0", "fields_invalid"),
        ("limit=101", "fields_invalid"),
        ("colour=red", "fields_invalid"),
        ("cursor=%E4%BD%A0", "cursor_invalid"),
        ("cursor=WzAsIjIwMjYtMDEtMDEiLCJ4Il0", "cursor_invalid"),
    ],
)
async def test_a_queue_that_cannot_be_asked_for(world: World, query: str, code: str) -> None:
    token = tokens.of_staff(world, await make.officer(world))
    answer = await world.http.get(f"/staff/v1/cases?{query}", token=token)
    assert problem(answer) == (422, code)
