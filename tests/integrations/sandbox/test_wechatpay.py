from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

from .world import LI, WANG, Sandbox

NOTIFY = "http://127.0.0.1:9/callbacks/wechatpay"
JSAPI = "/v3/pay/transactions/jsapi"


async def test_prepay_query_close(sandbox: Sandbox) -> None:
    answer = await sandbox.pay_call("POST", JSAPI, sandbox.order("case-0001", NOTIFY))
    sandbox.proves(answer.headers, answer.body)
    assert answer.json["prepay_id"].startswith("wxsandbox")
    found = await sandbox.query("case-0001")
    sandbox.proves(found.headers, found.body)
    assert found.json["trade_state"] == "NOTPAY"
    assert found.json["amount"]["total"] == 8000
    assert "transaction_id" not in found.json

    path = "/v3/pay/transactions/out-trade-no/case-0001/close"
    closed = await sandbox.pay_call("POST", path, {"mchid": sandbox.credentials.merchant_id})
    assert (closed.status, closed.body) == (204, b"")
    sandbox.proves(closed.headers, b"")
    assert (await sandbox.query("case-0001")).json["trade_state"] == "CLOSED"
    again = await sandbox.pay_call("POST", JSAPI, sandbox.order("case-0001", NOTIFY))
    assert (again.status, again.json["code"]) == (400, "INVALID_REQUEST")


async def test_a_changed_answer_does_not_verify(sandbox: Sandbox) -> None:
    answer = await sandbox.pay_call("POST", JSAPI, sandbox.order("case-0001", NOTIFY))
    with pytest.raises(InvalidSignature):
        sandbox.proves(answer.headers, answer.body.replace(b"wxsandbox", b"wxsandboy"))


@pytest.mark.parametrize(
    "spoil",
    [
        {"body": '{"tampered": true}'},
        {"timestamp": "1"},
        {"timestamp": "soon"},
        {"serial_no": "00"},
        {"mchid": "wxsandbox1"},
    ],
)
async def test_what_the_merchant_did_not_sign_is_refused(
    sandbox: Sandbox, spoil: dict[str, str]
) -> None:
    answer = await sandbox.pay_call("POST", JSAPI, sandbox.order("case-0001", NOTIFY), **spoil)
    assert (answer.status, answer.json["code"]) == (401, "SIGN_ERROR")
    assert "Wechatpay-Signature" not in answer.headers
    assert await sandbox.listed("/orders") == []


async def test_a_signature_is_good_for_five_minutes(sandbox: Sandbox) -> None:
    order = sandbox.order("case-0001", NOTIFY)
    for seconds, status in ((-310, 401), (310, 401), (-290, 200), (290, 200)):
        stamp = str(int(sandbox.clock() + seconds))
        assert (await sandbox.pay_call("POST", JSAPI, order, timestamp=stamp)).status == status


async def test_no_authorization_at_all(sandbox: Sandbox) -> None:
    answer = await sandbox.call("POST", JSAPI, json=sandbox.order("case-0001", NOTIFY))
    assert (answer.status, answer.json["code"]) == (401, "SIGN_ERROR")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"out_trade_no": "12345"}, "PARAM_ERROR"),
        ({"out_trade_no": "x" * 33}, "PARAM_ERROR"),
        ({"out_trade_no": "case 0001"}, "PARAM_ERROR"),
        ({"amount": {"total": 0}}, "PARAM_ERROR"),
        ({"amount": {"total": -1}}, "PARAM_ERROR"),
        ({"amount": {"total": 1.5}}, "PARAM_ERROR"),
        ({"amount": {"total": True}}, "PARAM_ERROR"),
        ({"amount": {"total": 10**30}}, "PARAM_ERROR"),
        ({"amount": {"total": 1, "currency": "USD"}}, "PARAM_ERROR"),
        ({"amount": None}, "PARAM_ERROR"),
        ({"description": "费" * 128}, "PARAM_ERROR"),
        ({"description": "费😀"}, "PARAM_ERROR"),
        ({"description": ""}, "PARAM_ERROR"),
        ({"attach": "x" * 129}, "PARAM_ERROR"),
        ({"notify_url": "http://example.org/callbacks"}, "PARAM_ERROR"),
        ({"notify_url": "http://127.0.0.1:9/callbacks?x=1"}, "PARAM_ERROR"),
        ({"notify_url": "http://127.0.0.1:9/" + "x" * 250}, "PARAM_ERROR"),
        ({"payer": {"openid": "o-stranger"}}, "PARAM_ERROR"),
        ({"time_expire": "tomorrow"}, "PARAM_ERROR"),
        ({"time_expire": "2099-01-01T00:00:00+08:00"}, "PARAM_ERROR"),
        ({"time_expire": "2020-01-01T00:00:00+08:00"}, "PARAM_ERROR"),
        ({"appid": "wx1"}, "APPID_MCHID_NOT_MATCH"),
        ({"mchid": "1900000001"}, "MCH_NOT_EXISTS"),
    ],
)
async def test_fields_that_wechat_pay_refuses(
    sandbox: Sandbox, changes: dict[str, Any], code: str
) -> None:
    order = sandbox.order("case-0001", NOTIFY) | changes
    answer = await sandbox.pay_call("POST", JSAPI, order)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert "Wechatpay-Signature" not in answer.headers
    assert await sandbox.listed("/orders") == []


async def test_the_same_order_again_is_the_same_order(sandbox: Sandbox) -> None:
    first = await sandbox.prepay("case-0001", NOTIFY)
    second = await sandbox.prepay("case-0001", NOTIFY)
    assert first != second
    dearer = sandbox.order("case-0001", NOTIFY, amount={"total": 1})
    answer = await sandbox.pay_call("POST", JSAPI, dearer)
    assert (answer.status, answer.json["code"]) == (400, "INVALID_REQUEST")
    assert (await sandbox.query("case-0001")).json["amount"]["total"] == 8000

    assert (await sandbox.phone(f"/orders/{first}/pay", openid=WANG, deliver=False)).status == 200
    twice = await sandbox.phone(f"/orders/{second}/pay", openid=WANG, deliver=False)
    assert twice.status == 409
    used = await sandbox.pay_call("POST", JSAPI, sandbox.order("case-0001", NOTIFY))
    assert (used.status, used.json["code"]) == (403, "OUT_TRADE_NO_USED")


async def test_a_paid_order_by_both_queries_and_not_closable(sandbox: Sandbox) -> None:
    prepay_id = await sandbox.prepay("case-0001", NOTIFY)
    paid = await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG, deliver=False)
    transaction_id = paid.json["transaction_id"]
    found = (await sandbox.query("case-0001")).json
    assert found["trade_state"] == "SUCCESS"
    assert found["transaction_id"] == transaction_id
    assert found["payer"] == {"openid": WANG}
    assert (found["amount"]["total"], found["amount"]["payer_total"]) == (8000, 8000)
    at = datetime.fromisoformat(found["success_time"])
    assert at.utcoffset() == timedelta(hours=8)
    assert abs(at.timestamp() - sandbox.clock()) < 5
    merchant = sandbox.credentials.merchant_id
    by_id = f"/v3/pay/transactions/id/{transaction_id}?mchid={merchant}"
    assert (await sandbox.pay_call("GET", by_id)).json == found

    path = "/v3/pay/transactions/out-trade-no/case-0001/close"
    refused = await sandbox.pay_call("POST", path, {"mchid": merchant})
    assert (refused.status, refused.json["code"]) == (400, "INVALID_REQUEST")
    assert (await sandbox.query("case-0001")).json["trade_state"] == "SUCCESS"


async def test_unknown_orders_and_a_foreign_merchant(sandbox: Sandbox) -> None:
    merchant = sandbox.credentials.merchant_id
    base = "/v3/pay/transactions"
    missing = await sandbox.query("case-0009")
    assert (missing.status, missing.json["code"]) == (404, "ORDER_NOT_EXIST")
    by_id = await sandbox.pay_call("GET", f"{base}/id/wxsandbox1?mchid={merchant}")
    assert (by_id.status, by_id.json["code"]) == (404, "ORDER_NOT_EXIST")
    path = f"{base}/out-trade-no/case-0009/close"
    assert (await sandbox.pay_call("POST", path, {"mchid": merchant})).status == 404
    await sandbox.prepay("case-0001", NOTIFY)
    foreign = await sandbox.pay_call("GET", f"{base}/out-trade-no/case-0001?mchid=1")
    assert (foreign.status, foreign.json["code"]) == (400, "PARAM_ERROR")


async def test_after_time_expire_nobody_pays_and_the_order_is_still_unpaid(
    sandbox: Sandbox,
) -> None:
    end = datetime.fromtimestamp(sandbox.clock(), UTC) + timedelta(minutes=5)
    prepay_id = await sandbox.prepay("case-0001", NOTIFY, time_expire=end.isoformat())
    (order,) = await sandbox.listed(f"/citizens/{WANG}/orders")
    assert order["status"] == "OPEN"
    sandbox.clock.ahead += 301
    (order,) = await sandbox.listed(f"/citizens/{WANG}/orders")
    assert order["status"] == "EXPIRED"
    assert (await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG)).status == 409
    assert (await sandbox.query("case-0001")).json["trade_state"] == "NOTPAY"


async def test_only_the_payers_phone_pays(sandbox: Sandbox) -> None:
    prepay_id = await sandbox.prepay("case-0001", NOTIFY)
    assert (await sandbox.phone(f"/orders/{prepay_id}/pay", openid=LI)).status == 403
    assert (await sandbox.phone(f"/orders/{prepay_id}/cancel", openid=LI)).status == 403
    assert (await sandbox.phone("/orders/nothing/pay", openid=WANG)).status == 404
    assert (await sandbox.query("case-0001")).json["trade_state"] == "NOTPAY"


async def test_a_closed_cashier_leaves_the_order_payable(sandbox: Sandbox) -> None:
    prepay_id = await sandbox.prepay("case-0001", NOTIFY)
    cancelled = await sandbox.phone(f"/orders/{prepay_id}/cancel", openid=WANG)
    assert cancelled.json == {"errMsg": "requestPayment:fail cancel"}
    assert (await sandbox.query("case-0001")).json["trade_state"] == "NOTPAY"
    (order,) = await sandbox.listed(f"/citizens/{WANG}/orders")
    assert (order["status"], order["cancelled"]) == ("OPEN", True)
    paid = await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG, deliver=False)
    assert paid.json["errMsg"] == "requestPayment:ok"
