"""Waivers over HTTP: a citizen asks, the unit that charges decides, the bill tells."""

from typing import Any
from uuid import uuid4

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.make import Filed
from tests.services import stages, waiving
from tests.services.waiving import state
from tests.world import Answer, World

WISH = {"ground": waiving.GROUND, "reason": "持有残疾人证"}


async def ask(world: World, filed: Filed, body: Any = WISH) -> Answer:
    return await world.http.post(
        f"/v1/cases/{filed.case_id}/payment/waiver",
        token=make.token(world, filed.citizen),
        key=uuid4().hex,
        json=body,
    )


async def bill(world: World, filed: Filed) -> Any:
    path = f"/v1/cases/{filed.case_id}/payment"
    return (await world.http.get(path, token=make.token(world, filed.citizen))).json


async def of_unit(world: World, filed: Filed) -> str:
    officer = await make.officer(world, (Role.DEPT,), item=filed)
    return tokens.of_staff(world, officer)


async def test_a_waiver_from_request_to_grant(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    before = await bill(world, filed)
    assert (before["waiver_grounds"], before["waiver"]) == (["低保对象", "残疾人"], None)
    asked = await ask(world, filed)
    assert asked.status == 201
    shown = (await bill(world, filed))["waiver"]
    assert shown == asked.json
    assert {name: shown[name] for name in ("ground", "reason", "status", "refusal")} == {
        **WISH,
        "status": "OPEN",
        "refusal": None,
    }
    token = await of_unit(world, filed)
    listed = (await world.http.get("/staff/v1/waivers", token=token)).json
    [found] = listed["waivers"]
    assert (found["case_id"], found["amount_fen"]) == (str(filed.case_id), waiving.CARD_FEE)
    assert listed["more"] is False
    granted = await world.http.post(f"/staff/v1/waivers/{found['id']}/grant", token=token)
    assert (granted.status, granted.json["status"]) == (200, "GRANTED")
    after = await bill(world, filed)
    assert (after["status"], after["fee"]["amount_fen"]) == ("WAIVED", 0)
    assert (after["fee"]["waived_by"], after["fee"]["settled"]) == (waiving.GROUND, True)
    assert after["waiver"]["status_text"] == "已减免,不用缴费"


async def test_a_refusal_needs_a_reason_and_shows_it(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    await ask(world, filed)
    token = await of_unit(world, filed)
    [found] = (await world.http.get("/staff/v1/waivers", token=token)).json["waivers"]
    path = f"/staff/v1/waivers/{found['id']}/refuse"
    before = await state(world)
    assert (await world.http.post(path, token=token, json={"reason": " "})).status == 422
    assert await state(world) == before
    answer = await world.http.post(path, token=token, json={"reason": "证件已经过期。"})
    assert answer.status == 200
    after = await bill(world, filed)
    assert (after["status"], after["fee"]["amount_fen"]) == ("UNPAID", waiving.CARD_FEE)
    assert (after["waiver"]["status"], after["waiver"]["refusal"]) == ("REFUSED", "证件已经过期。")
    again = await world.http.post(path, token=token, json={"reason": "证件已经过期。"})
    assert (again.status, again.json["code"]) == (409, "waiver_decided")


async def test_a_ground_of_ones_own_is_none(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    before = await state(world)
    answer = await ask(world, filed, {"ground": "熟人"})
    assert (answer.status, answer.json["code"]) == (422, "waiver_not_published")
    assert await state(world) == before


async def test_a_request_is_taken_back(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    await ask(world, filed)
    path, token = f"/v1/cases/{filed.case_id}/payment/waiver", make.token(world, filed.citizen)
    answer = await world.http.delete(path, token=token)
    assert (answer.status, answer.json["waiver"]["status"]) == (200, "TAKEN_BACK")
    again = await world.http.delete(path, token=token)
    assert (again.status, again.json["code"]) == (404, "waiver_unknown")
