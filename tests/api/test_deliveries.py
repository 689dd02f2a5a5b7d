"""Delivery over HTTP: windows, choices, the counter, and who may not."""

from typing import Any

import pytest

from models.rules.events import Role
from models.rules.states import DeliveryMethod
from services.deliveries import Choice
from tests import make
from tests.api import tokens
from tests.services import stages
from tests.services.counters import code_of, ready, window_officer
from tests.world import Answer, World

ADDRESS = {
    "name": "王建国",
    "phone": "13800000001",
    "region": "示例县",
    "detail": "人民路88号1单元301",
}


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def test_anybody_reads_the_windows(world: World) -> None:
    answer = await world.http.get("/v1/windows")
    assert answer.status == 200
    assert [each["id"] for each in answer.json["windows"]] == ["W-COUNTY", "W-NORTH", "W-SOUTH"]
    assert answer.json["windows"][1] == {
        "id": "W-NORTH",
        "name": "北桥镇便民服务中心窗口",
        "unit": "北桥镇便民服务中心",
        "address": "示例县北桥镇桥头街8号",
        "hours": "周一至周五 9:00-12:00, 13:30-17:00",
        "phone": "028-00000002",
    }


async def test_a_choice_is_shown_masked(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/delivery"
    nothing = await world.http.get(path, token=token)
    assert (nothing.status, nothing.json["method"]) == (200, None)
    assert nothing.json["options"] == ["WINDOW", "POST", "ELECTRONIC"]
    chosen = await world.http.put(path, token=token, json={"method": "POST", "address": ADDRESS})
    assert chosen.status == 200
    assert (await world.http.get(path, token=token)).json == chosen.json
    assert chosen.json["address"] == {
        "name": "王*国",
        "phone": "138****0001",
        "region": "示例县",
        "detail": "人民路***",
    }
    assert (chosen.json["method"], chosen.json["status"]) == ("POST", "CHOSEN")


@pytest.mark.parametrize(
    ("body", "answered"),
    [
        ({}, (422, "fields_invalid")),
        ({"method": "PIGEON"}, (422, "fields_invalid")),
        ({"method": "WINDOW", "waybill": "E1"}, (422, "fields_invalid")),
        ({"method": "POST"}, (422, "delivery_address_mismatch")),
        ({"method": "POST", "address": {**ADDRESS, "phone": "1"}}, (422, "address_invalid")),
        ({"method": "POST", "address": {**ADDRESS, "x": "1"}}, (422, "fields_invalid")),
        ({"method": "WINDOW", "window_id": "W-EAST"}, (422, "window_unknown")),
    ],
)
async def test_a_wrong_choice_is_told(
    world: World, body: dict[str, Any], answered: tuple[int, str]
) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    path = f"/v1/cases/{filed.case_id}/delivery"
    answer = await world.http.put(path, token=make.token(world, filed.citizen), json=body)
    assert problem(answer) == answered
    assert await world.rows("deliveries") == []


async def test_the_counter_is_for_windows(world: World) -> None:
    filed = await ready(world)
    body = {"code": await code_of(world, filed)}
    base = f"/staff/v1/cases/{filed.case_id}"
    department = tokens.of_staff(world, await make.officer(world, (Role.DEPT,)))
    citizen = make.token(world, filed.citizen)
    for path in (f"{base}/pickup", f"{base}/post-handover"):
        for token, answered in (
            (None, (401, "unauthenticated")),
            (citizen, (401, "unauthenticated")),
            (department, (403, "step_not_yours")),
        ):
            answer = await world.http.post(path, token=token, json=body)
            assert problem(answer) == answered
    assert (await filed.case()).state == "RESULT_READY"


async def test_strangers_learn_nothing(world: World) -> None:
    filed = await ready(world)
    path = f"/v1/cases/{filed.case_id}/delivery"
    other = make.token(world, await make.citizen(world, make.LI))
    for token, answered in ((None, (401, "unauthenticated")), (other, (404, "case_unknown"))):
        assert problem(await world.http.get(path, token=token)) == answered
        put = await world.http.put(path, token=token, json={"method": "WINDOW"})
        assert problem(put) == answered


async def test_a_result_is_picked_up(world: World) -> None:
    filed = await ready(world)
    token = tokens.of_staff(world, await window_officer(world))
    path = f"/staff/v1/cases/{filed.case_id}/pickup"
    code = await code_of(world, filed)
    mistyped = await world.http.post(path, token=token, json={"code": code[:5]})
    assert problem(mistyped) == (422, "fields_invalid")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    refused = await world.http.post(path, token=token, json={"code": wrong})
    assert problem(refused) == (422, "pickup_code_wrong")
    answer = await world.http.post(path, token=token, json={"code": code})
    assert answer.status == 200
    assert answer.json == {
        "case_no": (await filed.case()).case_no,
        "state": "DELIVERED",
        "state_text": "已送达",
        "waybill": None,
        "visits": 1,
        "visits_warning": None,
    }


async def test_a_result_is_posted_and_its_way_is_shown(world: World) -> None:
    filed = await stages.reviewed(world)
    citizen, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/delivery"
    await world.http.put(path, token=citizen, json={"method": "POST", "address": ADDRESS})
    await stages.decided(world, filed, fee={"area_m2": 0, "surface_type": "沥青"})
    await stages.do(world, "delivery.create_parcel")
    staff = tokens.of_staff(world, await window_officer(world))
    handover = f"/staff/v1/cases/{filed.case_id}/post-handover"
    answer = await world.http.post(handover, token=staff)
    assert (answer.status, answer.json["state"]) == (200, "DELIVERING")
    waybill = answer.json["waybill"]
    assert (await world.http.get(path, token=citizen)).json["waybill"] == waybill
    for _ in range(4):
        await world.phone.post(f"/parcels/{waybill}/advance", json={})

    async def state() -> str:
        return str((await filed.case()).state)

    await stages.until(state, "DELIVERED")
    shown = (await world.http.get(path, token=citizen)).json
    assert {point["status"] for point in shown["track"]} == {
        "COLLECTED",
        "IN_TRANSIT",
        "DELIVERING",
        "SIGNED",
    }
    assert shown["signed_at"] is not None
    assert problem(await world.http.post(handover, token=staff)) == (409, "step_not_allowed")


async def test_a_receipt_is_handed_on_by_the_window(world: World) -> None:
    filed = await ready(world, Choice(DeliveryMethod.WINDOW))
    token = tokens.of_staff(world, await window_officer(world))
    base = f"/staff/v1/cases/{filed.case_id}"
    early = await world.http.post(f"{base}/receipt-transfer", token=token)
    assert problem(early) == (409, "receipt_not_due")
    code = {"code": await code_of(world, filed)}
    handed = await world.http.post(f"{base}/pickup", token=token, json=code)
    assert (handed.json["visits"], handed.json["visits_warning"]) == (1, None)
    for _ in range(2):
        passed = await world.http.post(f"{base}/receipt-transfer", token=token)
        assert (passed.status, passed.json) == (200, {"passed_at": "2026-03-02T01:10:00+00:00"})
    dossier = (await world.http.get(base, token=token)).json
    assert (dossier["visits"], dossier["max_visits"]) == (1, 1)
    assert dossier["visits_warning"] is None
