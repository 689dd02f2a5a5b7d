"""The sandbox's refunds: the channel's limits, its delay, its callbacks."""

import json
from typing import Any

import pytest

from .world import LI, WANG, Answer, Receiver, Sandbox, eventually

REFUNDS = "/v3/refund/domestic/refunds"
NOTIFY = "http://127.0.0.1:9/callbacks/wechatpay"
MINUTE = 61


async def paid(sandbox: Sandbox, number: str = "case-0001", notify: str = NOTIFY) -> str:
    prepay_id = await sandbox.prepay(number, notify)
    answer = await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG, deliver=False)
    assert answer.status == 200, answer.body
    return prepay_id


def wish(number: str = "back-0001", refund: int = 8000, **changes: Any) -> dict[str, Any]:
    return {
        "out_trade_no": "case-0001",
        "out_refund_no": number,
        "reason": "申请没有获准",
        "notify_url": NOTIFY,
        "amount": {"refund": refund, "total": 8000, "currency": "CNY"},
    } | changes


async def ask(sandbox: Sandbox, body: dict[str, Any]) -> Answer:
    return await sandbox.pay_call("POST", REFUNDS, body)


async def look(sandbox: Sandbox, number: str = "back-0001") -> Answer:
    return await sandbox.pay_call("GET", f"{REFUNDS}/{number}")


async def test_a_refund_settles_after_a_while_and_calls_back(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await paid(sandbox)
    notify = f"{receiver.base}/callbacks/wechatpay"
    answer = await ask(sandbox, wish(notify_url=notify))
    sandbox.proves(answer.headers, answer.body)
    assert answer.json["status"] == "PROCESSING"
    assert answer.json["amount"]["refund"] == 8000
    assert "success_time" not in answer.json
    assert (await sandbox.query("case-0001")).json["trade_state"] == "REFUND"
    await eventually(lambda: len(receiver.got) == 1)
    sandbox.proves(receiver.got[0].headers, receiver.got[0].body)
    notice = json.loads(receiver.got[0].body)
    assert notice["event_type"] == "REFUND.SUCCESS"
    said = sandbox.unseal(receiver.got[0].body)
    assert said["refund_status"] == "SUCCESS"
    assert said["mchid"] == sandbox.credentials.merchant_id
    assert (said["out_refund_no"], said["out_trade_no"]) == ("back-0001", "case-0001")
    found = (await look(sandbox)).json
    assert (found["status"], found["refund_id"]) == ("SUCCESS", said["refund_id"])
    assert found["success_time"] == said["success_time"]


async def test_a_callback_of_a_refund_comes_again_until_it_is_taken(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await paid(sandbox)
    receiver.statuses += [500, 503]
    await ask(sandbox, wish(notify_url=f"{receiver.base}/callbacks/wechatpay"))
    await eventually(lambda: len(receiver.got) == 3)
    assert len({json.loads(each.body)["id"] for each in receiver.got}) == 1


async def test_the_same_number_is_the_same_refund(sandbox: Sandbox) -> None:
    await paid(sandbox)
    first, again = await ask(sandbox, wish()), await ask(sandbox, wish())
    assert first.json["refund_id"] == again.json["refund_id"]
    other = await ask(sandbox, wish(refund=1))
    assert (other.status, other.json["code"]) == (400, "INVALID_REQUEST")
    assert len(await sandbox.listed("/refunds")) == 1


async def test_parts_never_come_to_more_than_was_paid(sandbox: Sandbox) -> None:
    await paid(sandbox)
    assert (await ask(sandbox, wish("back-1", 5000))).status == 200
    sandbox.clock.ahead += MINUTE
    assert (await ask(sandbox, wish("back-2", 3001))).json["code"] == "INVALID_REQUEST"
    assert (await ask(sandbox, wish("back-3", 3000))).status == 200
    backs = [each["amount_fen"] for each in await sandbox.listed("/refunds")]
    assert sorted(backs) == [3000, 5000]


async def test_an_order_is_given_back_in_fifty_parts_at_most(sandbox: Sandbox) -> None:
    await paid(sandbox)
    for part in range(50):
        sandbox.clock.ahead += MINUTE
        assert (await ask(sandbox, wish(f"back-{part}", 1))).status == 200
    sandbox.clock.ahead += MINUTE
    assert (await ask(sandbox, wish("back-50", 1))).json["code"] == "INVALID_REQUEST"
    assert len(await sandbox.listed("/refunds")) == 50


async def test_a_year_after_the_payment_nothing_goes_back(sandbox: Sandbox) -> None:
    await paid(sandbox)
    sandbox.clock.ahead += 366 * 86400
    assert (await ask(sandbox, wish())).status == 403
    assert await sandbox.listed("/refunds") == []


async def test_what_was_not_paid_is_not_given_back(sandbox: Sandbox) -> None:
    await sandbox.prepay("case-0001", NOTIFY)
    answer = await ask(sandbox, wish())
    assert (answer.status, answer.json["code"]) == (404, "RESOURCE_NOT_EXISTS")
    assert (await sandbox.query("case-0001")).json["trade_state"] == "NOTPAY"


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": {"refund": 0, "total": 8000, "currency": "CNY"}},
        {"amount": {"refund": 8000, "total": 9000, "currency": "CNY"}},
        {"amount": {"refund": 8000, "total": 8000}},
        {"amount": {"refund": True, "total": 8000, "currency": "CNY"}},
        {"out_refund_no": ""},
        {"out_refund_no": "x" * 65},
        {"reason": "退" * 81},
        {"reason": "退款😀"},
        {"notify_url": "http://example.com/"},
    ],
)
async def test_a_wish_that_is_wrong_is_refused(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    await paid(sandbox)
    assert (await ask(sandbox, wish(**changes))).json["code"] == "PARAM_ERROR"
    assert await sandbox.listed("/refunds") == []


async def test_an_unknown_refund_is_not_there(sandbox: Sandbox) -> None:
    answer = await look(sandbox)
    assert (answer.status, answer.json["code"]) == (404, "RESOURCE_NOT_EXISTS")
    assert "Wechatpay-Signature" not in answer.headers


async def test_an_unsigned_wish_moves_nothing(sandbox: Sandbox) -> None:
    await paid(sandbox)
    answer = await sandbox.pay_call("POST", REFUNDS, wish(), body="{}")
    assert (answer.status, answer.json["code"]) == (401, "SIGN_ERROR")
    assert (await sandbox.query("case-0001")).json["trade_state"] == "SUCCESS"


async def test_a_frozen_account_takes_no_money_until_somebody_helps(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await paid(sandbox)
    assert (await sandbox.phone(f"/citizens/{WANG}/frozen", frozen=True)).status == 200
    await ask(sandbox, wish(notify_url=f"{receiver.base}/callbacks/wechatpay"))
    await eventually(lambda: len(receiver.got) == 1)
    assert json.loads(receiver.got[0].body)["event_type"] == "REFUND.ABNORMAL"
    assert (await look(sandbox)).json["status"] == "ABNORMAL"
    settled = await sandbox.phone("/refunds/back-0001/settle", status="SUCCESS")
    assert settled.status == 200
    await eventually(lambda: len(receiver.got) == 2)
    assert json.loads(receiver.got[1].body)["event_type"] == "REFUND.SUCCESS"
    assert (await look(sandbox)).json["status"] == "SUCCESS"
    again = await sandbox.phone("/refunds/back-0001/settle", status="ABNORMAL")
    assert again.status == 409
    assert (await look(sandbox)).json["status"] == "SUCCESS"


async def test_the_phone_shows_its_own_refunds(sandbox: Sandbox) -> None:
    await paid(sandbox)
    await ask(sandbox, wish())
    assert [each["out_refund_no"] for each in await sandbox.listed(f"/refunds?openid={WANG}")] == [
        "back-0001"
    ]
    assert await sandbox.listed(f"/refunds?openid={LI}") == []
    assert (await sandbox.phone("/refunds/nothing/settle", status="SUCCESS")).status == 404
    assert (await sandbox.phone("/refunds/back-0001/settle", status="MAYBE")).status == 400


async def test_a_refunded_order_cannot_be_paid_or_closed(sandbox: Sandbox) -> None:
    prepay_id = await paid(sandbox)
    await ask(sandbox, wish())
    assert (await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG)).status == 409
    path = "/v3/pay/transactions/out-trade-no/case-0001/close"
    closed = await sandbox.pay_call("POST", path, {"mchid": sandbox.credentials.merchant_id})
    assert closed.status == 400
    assert (await sandbox.query("case-0001")).json["trade_state"] == "REFUND"
