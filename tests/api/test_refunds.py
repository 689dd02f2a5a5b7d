"""Refunds over HTTP: a citizen asks, a unit checks, 财政 approves, the money comes."""

from typing import Any
from uuid import uuid4

import pytest

from models.payment import Refund
from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.make import Filed
from tests.services import refunding, stages
from tests.services.refunding import state
from tests.world import Answer, World

WHY = {"reason": "路面只挖了一半"}


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def paid(world: World) -> Filed:
    filed = await stages.owing(world)
    await refunding.paid(world, filed)
    return filed


async def of_unit(world: World, filed: Filed, *roles: Role, unit: str | None = None) -> str:
    officer = await make.officer(world, roles or (Role.DEPT,), item=filed, unit=unit)
    return tokens.of_staff(world, officer)


async def ask(world: World, filed: Filed, body: Any = WHY, key: str = "") -> Answer:
    return await world.http.post(
        f"/v1/cases/{filed.case_id}/refunds",
        token=make.token(world, filed.citizen),
        key=key or uuid4().hex,
        json=body,
    )


async def test_a_refund_from_request_to_arrival(world: World) -> None:
    filed = await paid(world)
    asked = await ask(world, filed, {**WHY, "amount_fen": 187_500})
    assert asked.status == 201
    assert {name: asked.json[name] for name in ("amount_fen", "automatic", "status", "remark")} == {
        "amount_fen": 187_500,
        "automatic": False,
        "status": "REQUESTED",
        "remark": WHY["reason"],
    }
    checker = await of_unit(world, filed)
    finance = await of_unit(world, filed, unit="示例县财政局")
    listed = await world.http.get("/staff/v1/refunds?status=REQUESTED", token=checker)
    [found] = listed.json["refunds"]
    assert (found["case_id"], found["amount_fen"]) == (str(filed.case_id), 187_500)
    path = f"/staff/v1/refunds/{found['id']}"
    checked = await world.http.post(f"{path}/approve", token=checker)
    assert (checked.status, checked.json["status"]) == (200, "UNIT_APPROVED")
    approved = await world.http.post(f"{path}/approve", token=finance)
    assert (approved.status, approved.json["status"]) == (200, "FINANCE_APPROVED")
    await refunding.send(world)
    await refunding.arrive(world)
    token = make.token(world, filed.citizen)
    mine = await world.http.get(f"/v1/cases/{filed.case_id}/refunds", token=token)
    [refund] = mine.json["refunds"]
    assert (refund["status"], refund["status_text"]) == ("PAID", "已退回")
    shown = await world.http.get(path, token=finance)
    assert shown.json["channel_refund_id"].startswith("wxsandbox")
    progress = await world.http.get(f"/v1/cases/{filed.case_id}/progress", token=token)
    assert "1875.00元已经原路退回" in progress.json["timeline"][-1]["text"]
    bill = await world.http.get(f"/v1/cases/{filed.case_id}/payment", token=token)
    assert bill.json["status"] == "PAID"


async def test_a_refusal_is_told_with_its_reason(world: World) -> None:
    filed = await paid(world)
    await ask(world, filed)
    checker = await of_unit(world, filed)
    [found] = (await world.http.get("/staff/v1/refunds", token=checker)).json["refunds"]
    path = f"/staff/v1/refunds/{found['id']}/refuse"
    blank = await world.http.post(path, token=checker, json={"reason": "  "})
    assert problem(blank) == (422, "fields_invalid")
    refused = await world.http.post(path, token=checker, json={"reason": "按实测面积收取。"})
    assert (refused.status, refused.json["status"]) == (200, "REFUSED")
    token = make.token(world, filed.citizen)
    mine = await world.http.get(f"/v1/cases/{filed.case_id}/refunds", token=token)
    assert mine.json["refunds"][0]["refusal"] == "按实测面积收取。"
    again = await world.http.post(f"/staff/v1/refunds/{found['id']}/approve", token=checker)
    assert problem(again) == (409, "refund_decided")


async def test_the_same_key_is_the_same_request(world: World) -> None:
    filed = await paid(world)
    first, again = await ask(world, filed, key="k" * 16), await ask(world, filed, key="k" * 16)
    assert first.json["number"] == again.json["number"]
    other = await ask(world, filed, {"reason": "别的理由"}, key="k" * 16)
    assert problem(other) == (422, "idempotency_key_reused")
    assert len(await world.rows("refunds")) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "退"},
        {"reason": "多" * 301},
        {**WHY, "amount_fen": 0},
        {**WHY, "amount_fen": -1},
        {**WHY, "amount_fen": 1.5},
        {**WHY, "amount_fen": 2**31},
        {**WHY, "order": "another"},
    ],
)
async def test_a_request_that_is_wrong_is_refused(world: World, body: dict[str, Any]) -> None:
    filed = await paid(world)
    before = await state(world)
    assert problem(await ask(world, filed, body)) == (422, "fields_invalid")
    assert await state(world) == before


async def test_too_much_says_how_much_is_left(world: World) -> None:
    filed = await paid(world)
    before = await state(world)
    answer = await ask(world, filed, {**WHY, "amount_fen": 375_001})
    assert problem(answer) == (422, "refund_too_much")
    assert answer.json["left_fen"] == 375_000
    assert await state(world) == before


async def test_a_new_measurement_gives_the_difference_back(world: World) -> None:
    filed = await paid(world)
    assert filed.officer is not None
    token = tokens.of_staff(world, filed.officer)
    path = f"/staff/v1/cases/{filed.case_id}/refunds"
    body = {"reason": "复测", "measured": {"area_m2": 10}}
    answer = await world.http.post(path, token=token, json=body)
    assert (answer.status, answer.json["reason"], answer.json["amount_fen"]) == (
        201,
        "REMEASURED",
        75_000,
    )
    again = await world.http.post(path, token=token, json=body)
    assert problem(again) == (409, "fee_not_lower")
    assert len(await world.rows("refunds")) == 1


async def test_who_asked_does_not_check(world: World) -> None:
    filed = await paid(world)
    assert filed.officer is not None
    token = tokens.of_staff(world, filed.officer)
    await world.http.post(f"/staff/v1/cases/{filed.case_id}/refunds", token=token, json=WHY)
    [found] = (await world.http.get("/staff/v1/refunds", token=token)).json["refunds"]
    answer = await world.http.post(f"/staff/v1/refunds/{found['id']}/approve", token=token)
    assert problem(answer) == (403, "same_person")
    assert [row["status"] for row in await world.rows("refunds")] == ["REQUESTED"]


async def test_a_closed_refund_is_issued_anew_over_http(world: World) -> None:
    filed = await refunding.rejected(world)
    await refunding.send(world)
    old = await Refund.get(case_id=filed.case_id)
    token = await of_unit(world, filed)
    path = f"/staff/v1/refunds/{old.id}/reissue"
    before = await state(world)
    assert problem(await world.http.post(path, token=token)) == (409, "refund_decided")
    assert await state(world) == before
    await refunding.settle(world, old.number, "CLOSED")
    await refunding.arrive(world)
    made = await world.http.post(path, token=token)
    assert made.status == 201
    assert (made.json["track"], made.json["amount_fen"]) == ("REISSUED", old.amount_fen)
    assert made.json["id"] != str(old.id)
    shown = await world.http.get(f"/staff/v1/refunds/{old.id}", token=token)
    assert shown.json["status"] == "CLOSED"
    assert problem(await world.http.post(path, token=token)) == (409, "refund_decided")
