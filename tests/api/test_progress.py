"""Progress over HTTP: validators, strangers, and what a query code shows."""

from typing import Any
from uuid import uuid4

import pytest

from models.delivery import Delivery
from tests import make
from tests.make import LI, Filed
from tests.services import reviewing, stages
from tests.world import Answer, World

LAST4 = "2013"


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


def header(answer: Answer, name: str) -> str:
    return {key.lower(): value for key, value in answer.headers.items()}[name]


async def submitted(world: World, openid: str = make.WANG) -> Filed:
    filed = await stages.drafted(world, await make.citizen(world, openid), "ITEM10")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    return filed


async def corrected(world: World) -> Filed:
    filed = await make.claimed(world, await make.citizen(world))
    await reviewing.judge(world, filed, filed.codes[0])
    await reviewing.notify(world, filed, [reviewing.material(filed.codes[0])])
    return filed


async def ask(world: World, code: str, last4: str = LAST4) -> Answer:
    return await world.http.post("/v1/progress", json={"query_code": code, "id_last4": last4})


def told(answer: Answer) -> dict[str, Any]:
    """Return a problem without what differs between any two requests."""
    return {name: value for name, value in answer.json.items() if name != "request_id"}


async def test_one_statement_and_a_validator(world: World) -> None:
    filed = await submitted(world)
    token = make.token(world, filed.citizen)
    path = f"/v1/cases/{filed.case_id}/progress"
    with world.statements() as seen:
        answer = await world.http.get(path, token=token)
    assert (answer.status, len(seen)) == (200, 1)
    case = await filed.case()
    shown = answer.json
    assert (shown["case_no"], shown["state"], shown["state_text"]) == (
        case.case_no,
        "SUBMITTED",
        "已提交(待预审)",
    )
    assert shown["waiting_for"]["who"] == "综合受理窗口"
    assert shown["timeline"] == [
        {
            "at": "2026-03-02T01:10:00+00:00",
            "text": "您的申请已经交上来了,我们收到了。",
            "unit": None,
        }
    ]
    assert (shown["payment"], shown["delivery"], shown["correction"]) == (None, None, None)
    etag = header(answer, "etag")
    same = await world.http.get(path, token=token, headers={"If-None-Match": etag})
    assert (same.status, same.body, header(same, "etag")) == (304, b"", etag)
    await world.ctx.reviews.claim(await make.officer(world), filed.case_id)
    changed = await world.http.get(path, token=token, headers={"If-None-Match": etag})
    assert (changed.status, changed.json["state"]) == (200, "PRE_REVIEWING")


async def test_strangers_get_the_same_as_for_nothing(world: World) -> None:
    filed = await submitted(world)
    stranger = make.token(world, await make.citizen(world, LI))
    theirs = await world.http.get(f"/v1/cases/{filed.case_id}/progress", token=stranger)
    nothing = await world.http.get(f"/v1/cases/{uuid4()}/progress", token=stranger)
    assert problem(theirs) == (404, "case_unknown")
    assert told(theirs) == told(nothing)
    nobody = await world.http.get(f"/v1/cases/{filed.case_id}/progress")
    assert problem(nobody) == (401, "unauthenticated")


async def test_a_query_code_shows_neither_names_nor_addresses(world: World) -> None:
    filed = await corrected(world)
    await Delivery.create(
        case_id=filed.case_id,
        method="POST",
        status="POSTED",
        waybill="SF0000000001",
        updated_at=world.clock.now(),
    )
    token = make.token(world, filed.citizen)
    own = (await world.http.get(f"/v1/cases/{filed.case_id}/progress", token=token)).json
    assert own["correction"]["opinion"] == "请补正。"
    assert own["delivery"]["waybill"] == "SF0000000001"
    code = str((await filed.case()).query_code)
    answer = await ask(world, f"{code[:5].lower()} {code[5:]}")
    assert answer.status == 200
    shown = answer.json
    assert shown["state"] == "CORRECTION_REQUIRED"
    assert shown["timeline"] == own["timeline"]
    assert shown["actions"] == []
    assert shown["delivery"] == {"method": "POST", "status": "POSTED", "waybill": None}
    assert shown["correction"]["opinion"] == ""
    [point] = shown["correction"]["items"]
    assert (point["requirement"], point["reason"]) == (
        None,
        "照片不清楚,请在光线好的地方重新拍。",
    )
    for secret in ("王建国", "511499198803162013", "请重新拍一张清楚的", str(filed.case_id)):
        assert secret not in answer.body.decode()


async def test_a_wrong_code_and_a_wrong_person_are_one_answer(world: World) -> None:
    filed = await submitted(world)
    other = await submitted(world, LI)
    code = str((await filed.case()).query_code)
    strange = str((await other.case()).query_code)
    answers = [
        await ask(world, code, "2014"),
        await ask(world, strange, LAST4),
        await ask(world, "2222222222"),
        await ask(world, "nonsense"),
    ]
    assert {problem(answer) for answer in answers} == {(404, "case_unknown")}
    assert all(told(answer) == told(answers[0]) for answer in answers)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query_code": "2222222222"},
        {"query_code": "2222222222", "id_last4": "20131"},
        {"query_code": "2222222222", "id_last4": "20X3"},
        {"query_code": "2222222222", "id_last4": "2013\n"},
        {"query_code": "", "id_last4": "2013"},
        {"query_code": "2" * 33, "id_last4": "2013"},
        {"query_code": "2222222222", "id_last4": "2013", "name": "王建国"},
        {"query_code": 2222222222, "id_last4": 2013},
    ],
)
async def test_an_incomplete_question_names_the_field(world: World, body: dict[str, Any]) -> None:
    answer = await world.http.post("/v1/progress", json=body)
    assert problem(answer) == (422, "fields_invalid")
    assert answer.json["errors"]


async def test_guessing_one_code_ends_soon_however_it_is_spelt(world: World) -> None:
    filed = await submitted(world)
    code = str((await filed.case()).query_code)
    spellings = [code, code.lower(), f"{code[:4]}-{code[4:]}", f" {code} ", code]
    guesses = [await ask(world, each, f"{n:04}") for n, each in enumerate(spellings)]
    assert {problem(answer) for answer in guesses} == {(404, "case_unknown")}
    # Now even the right answer has to wait: guessing must not pay.
    late = await ask(world, f"{code[:3]} {code[3:]}")
    assert problem(late) == (429, "too_many_requests")
    assert int(late.headers["Retry-After"]) >= 1


async def test_one_address_cannot_try_many_codes(world: World) -> None:
    answers = [await ask(world, f"{n:010}") for n in range(21)]
    assert {answer.status for answer in answers[:20]} == {404}
    assert problem(answers[20]) == (429, "too_many_requests")
