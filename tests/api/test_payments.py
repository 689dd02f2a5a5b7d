"""Payments over HTTP: what is owed, an order, the channel's callback, and who may not."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests import make
from tests.api import tokens
from tests.services import stages
from tests.services.channel import Pen, money
from tests.world import Answer, World

KEY = "k" * 16


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def test_a_bill_an_order_and_its_payment(world: World) -> None:
    filed = await stages.owing(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/payment"
    bill = await world.http.get(path, token=token)
    assert (bill.status, bill.json["status"], bill.json["order"]) == (200, "UNPAID", None)
    assert bill.json["fee"] == {
        "name": "城市道路挖掘修复费",
        "basis": "城市道路管理条例37",
        "stage": "AFTER_DECISION",
        "amount_fen": 375_000,
        "lines": [
            {
                "text": "城市道路挖掘修复费(沥青)",
                "quantity": "12.5",
                "unit_price_fen": 30_000,
                "amount_fen": 375_000,
            }
        ],
        "settled": False,
        "waived_by": None,
    }
    payable = await world.http.post(path, token=token, key=KEY)
    assert payable.status == 200
    assert set(payable.json["invocation"]) == {
        "timeStamp",
        "nonceStr",
        "package",
        "signType",
        "paySign",
    }
    order = payable.json["order"]
    until = (world.clock.now() + timedelta(hours=2)).isoformat()
    assert (order["amount_fen"], order["status"], order["expires_at"]) == (375_000, "PAYING", until)
    prepay = payable.json["invocation"]["package"].removeprefix("prepay_id=")
    paid = {"openid": make.WANG, "invocation": payable.json["invocation"], "deliver": False}
    assert (await world.phone.post(f"/orders/{prepay}/pay", json=paid)).status == 200
    checked = await world.http.post(f"{path}/check", token=token)
    assert (checked.status, checked.json["status"]) == (200, "PAID")
    assert checked.json["fee"]["settled"] is True
    assert checked.json["order"]["status"] == "PAID"
    assert problem(await world.http.post(path, token=token, key=uuid4().hex)) == (
        409,
        "already_paid",
    )


async def test_an_order_needs_a_key(world: World) -> None:
    filed = await stages.owing(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/payment"
    assert problem(await world.http.post(path, token=token)) == (400, "idempotency_key_missing")
    assert await world.rows("payment_orders") == []


async def test_a_channel_that_is_down_is_no_fault_of_the_citizen(world: World) -> None:
    filed = await stages.owing(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/payment"
    fault = {"path_prefix": "/v3/pay", "status": 500, "times": 2}
    await world.phone.post("/faults", json=fault)
    answer = await world.http.post(path, token=token, key=KEY)
    assert problem(answer) == (503, "outside_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    await world.phone.delete("/faults")
    assert (await world.http.post(path, token=token, key=KEY)).status == 200


async def test_strangers_learn_nothing(world: World) -> None:
    filed = await stages.owing(world)
    path = f"/v1/cases/{filed.case_id}/payment"
    other = make.token(world, await make.citizen(world, make.LI))
    assert filed.officer is not None
    staff = tokens.of_staff(world, filed.officer)
    for method, rest in (("GET", ""), ("POST", ""), ("POST", "/check")):
        for token, answered in (
            (None, (401, "unauthenticated")),
            (staff, (401, "unauthenticated")),
            (other, (404, "case_unknown")),
        ):
            answer = await world.http.request(method, path + rest, token=token, key=KEY)
            assert problem(answer) == answered, (method, rest)
    assert await world.rows("payment_orders") == []


async def test_orders_are_not_opened_without_end(world: World) -> None:
    filed = await stages.owing(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/payment/check"
    answers = [await world.http.post(path, token=token) for _ in range(21)]
    assert [answer.status for answer in answers] == [200] * 20 + [429]


async def test_a_callback_is_answered_without_a_body(world: World) -> None:
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, KEY)
    callback = Pen(world).callback(Pen(world).trade(payable.order))
    answer = await world.http.post(
        "/callbacks/wechatpay", data=callback.body, headers=callback.headers
    )
    assert (answer.status, answer.body) == (204, b"")
    assert (await filed.case()).state == "RESULT_READY"


@pytest.mark.parametrize(
    "path", ["/callbacks/wechatpay", "/callbacks/nontax", "/callbacks/courier"]
)
async def test_no_odd_callback_is_above_499(world: World, path: str) -> None:
    before = await money(world)
    for body in (b"", b"\xff", b"&" * 1000, b"param=%00&sign=%ff", b"a=1&" * 50, b"x" * 70_000):
        for kind in ("application/json", "multipart/form-data", "text/plain; charset=utf-9"):
            answer = await world.http.post(path, data=body, headers={"Content-Type": kind})
            assert problem(answer) in {(401, "callback_forged"), (413, "too_large")}
    assert await money(world) == before


async def test_an_order_is_opened_as_the_payer_chooses(world: World) -> None:
    filed = await stages.owing(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/payment"
    bill = await world.http.get(path, token=token)
    assert bill.json["offers"] == [{"channel": "WECHAT", "scenes": ["APP", "H5", "JSAPI"]}]
    first = await world.http.post(path, token=token, key=KEY, json={"scene": "APP"})
    assert (first.status, first.json["order"]["scene"]) == (200, "APP")
    assert first.json["invocation"]["package"] == "Sign=WXPay"
    second = await world.http.post(path, token=token, key="h" * 16, json={"scene": "H5"})
    assert (second.json["order"]["channel"], second.json["order"]["scene"]) == ("WECHAT", "H5")
    assert set(second.json["invocation"]) == {"url"}
    rows = await world.rows("payment_orders")
    assert [row["status"] for row in rows] == ["CLOSED", "PAYING"]


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        pytest.param({"channel": "NONTAX"}, (409, "channel_not_offered"), id="channel"),
        pytest.param({"scene": "PAGE"}, (409, "scene_not_offered"), id="scene"),
        pytest.param({"scene": "MWEB"}, (422, "fields_invalid"), id="no-such-scene"),
        pytest.param({"payer": "wx"}, (422, "fields_invalid"), id="no-such-field"),
    ],
)
async def test_a_choice_that_is_not_there_opens_nothing(
    world: World, body: dict[str, str], refused: tuple[int, str]
) -> None:
    filed = await stages.owing(world)
    token, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/payment"
    before = await money(world)
    assert problem(await world.http.post(path, token=token, key=KEY, json=body)) == refused
    assert await money(world) == before
