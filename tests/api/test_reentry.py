"""Re-entry and filing elsewhere, over HTTP."""

from uuid import uuid4

from models.handoff import HandoffPackage
from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.services import stages
from tests.services.flavoured import body_of, published
from tests.world import Answer, World

PATH = "/staff/v1/reentry"


def problem(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


async def test_a_case_is_keyed_and_reported_by_hand(world: World) -> None:
    await published(world, body_of("ITEM10", backend_mode="MANUAL_REENTRY"))
    filed = await stages.reviewed(world)
    token = tokens.of_staff(world, await make.officer(world, (Role.WINDOW,)))
    listed = (await world.http.get(PATH, token=token)).json["packages"]
    [waiting] = listed
    sheet = await world.http.get(f"{PATH}/{waiting['id']}", token=token)
    assert sheet.status == 200
    assert sheet.json["lines"][0]["label"] == "申请人"
    assert list(sheet.json)[-1] == "receipt_code"
    address = sheet.json["materials"][0]["address"]
    assert (await world.http.get(address, token=token)).status in (200, 404, 503)
    done = f"{PATH}/{waiting['id']}/keyed"
    wrong = {"receipt_code": "0" * 32, "external_no": "QD-1"}
    assert problem(await world.http.post(done, token=token, json=wrong)) == (
        422,
        "receipt_code_wrong",
    )
    right = {"receipt_code": sheet.json["receipt_code"], "external_no": "QD-1"}
    first = await world.http.post(done, token=token, json=right)
    assert (first.status, first.json["external_no"]) == (200, "QD-1")
    assert (await world.http.post(done, token=token, json=right)).json == first.json
    path, key = f"/staff/v1/cases/{filed.case_id}/events", uuid4().hex
    event = {"type": "review_started", "occurred_at": "2026-03-02T09:10:00+08:00"}
    told = await world.http.post(path, token=token, key=key, json=event)
    assert (told.status, told.json["state"]) == (200, "UNDER_REVIEW")
    again = await world.http.post(path, token=token, key=key, json=event)
    assert again.json["outcome"] == "duplicate"
    bare = await world.http.post(path, token=token, json=event)
    assert problem(bare) == (400, "idempotency_key_missing")
    late = {**event, "occurred_at": "9999-12-31T23:59:59-12:00"}
    answer = await world.http.post(path, token=token, key=uuid4().hex, json=late)
    assert answer.status == 422
    assert await HandoffPackage.filter(status="ACKED").count() == 1


async def test_the_items_page_says_where_it_is_filed(world: World) -> None:
    body = body_of("ITEM10", backend_mode="EXTERNAL_REDIRECT")
    body["external"] = {"system": "省企业登记系统", "url": "https://qydj.example.cn/"}
    code = await make.item_code("ITEM10")
    assert (await world.http.get(f"/v1/items/{code}")).json["external"] is None
    await published(world, body)
    shown = await world.http.get(f"/v1/items/{code}")
    assert shown.json["external"] == body["external"]
    who = make.token(world, await make.citizen(world))
    refused = await world.http.post("/v1/cases", token=who, json={"item_code": code})
    assert problem(refused) == (409, "filed_elsewhere")
    assert refused.json["external"]["url"] == "https://qydj.example.cn/"
    assert await world.rows("cases") == []
