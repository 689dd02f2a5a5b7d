"""``wechatpayv3``, which was written by others, agrees with the sandbox."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

from .world import LI, WANG, Receiver, Sandbox, eventually


@pytest.fixture
def client(sandbox: Sandbox) -> Any:
    credentials = sandbox.credentials
    made = WeChatPay(
        wechatpay_type=WeChatPayType.MINIPROG,
        mchid=credentials.merchant_id,
        private_key=credentials.merchant_key_pem,
        cert_serial_no=credentials.merchant_serial,
        appid=credentials.appid,
        apiv3_key=credentials.apiv3_key,
        public_key=credentials.platform_public_key_pem,
        public_key_id=credentials.platform_public_key_id,
        logger=logging.getLogger("wechatpayv3"),
        timeout=(5, 5),
    )
    # Its address is the one thing that it does not let a caller choose.
    made._core._gate_way = sandbox.base
    return made


def _client(sandbox: Sandbox, kind: WeChatPayType, appid: str) -> Any:
    credentials = sandbox.credentials
    made = WeChatPay(
        wechatpay_type=kind,
        mchid=credentials.merchant_id,
        private_key=credentials.merchant_key_pem,
        cert_serial_no=credentials.merchant_serial,
        appid=appid,
        apiv3_key=credentials.apiv3_key,
        public_key=credentials.platform_public_key_pem,
        public_key_id=credentials.platform_public_key_id,
        logger=logging.getLogger("wechatpayv3"),
        timeout=(5, 5),
    )
    made._core._gate_way = sandbox.base
    return made


async def test_it_orders_in_an_app_and_pays(sandbox: Sandbox, receiver: Receiver) -> None:
    appid, merchant = sandbox.credentials.app_appid, sandbox.credentials.merchant_id
    client = _client(sandbox, WeChatPayType.APP, appid)
    status, answer = await _ask(
        client.pay,
        description="不动产登记费",
        out_trade_no="case-0001",
        amount={"total": 8000, "currency": "CNY"},
        notify_url=f"{receiver.base}/callbacks/wechatpay",
    )
    assert status == 200, answer
    stamp, prepay_id = str(int(sandbox.clock())), answer["prepay_id"]
    invocation = {
        "appid": appid,
        "partnerid": merchant,
        "prepayid": prepay_id,
        "package": "Sign=WXPay",
        "noncestr": "nonce",
        "timestamp": stamp,
        "sign": client.sign([appid, stamp, "nonce", prepay_id]),
    }
    status, answer = await _ask(client.query, out_trade_no="case-0001")
    assert (status, answer["trade_state"]) == (200, "NOTPAY")
    assert "payer" not in answer
    paid = await sandbox.phone(f"/orders/{prepay_id}/pay", openid=LI, invocation=invocation)
    assert paid.status == 200, paid.body
    await eventually(lambda: len(receiver.got) == 1)
    told = client.callback(receiver.got[0].headers, receiver.got[0].body)["resource"]
    assert (told["trade_type"], told["appid"], told["payer"]) == ("APP", appid, {"openid": LI})


async def test_it_orders_in_a_browser(sandbox: Sandbox) -> None:
    client = _client(sandbox, WeChatPayType.H5, sandbox.credentials.h5_appid)
    wanted: dict[str, Any] = {
        "description": "不动产登记费",
        "out_trade_no": "case-0001",
        "amount": {"total": 8000, "currency": "CNY"},
        "notify_url": "http://127.0.0.1:9/callbacks/wechatpay",
    }
    scene = {"payer_client_ip": "2001:db8::7", "h5_info": {"type": "Wap"}}
    status, answer = await _ask(client.pay, **wanted, scene_info=scene)
    assert status == 200, answer
    assert answer["h5_url"].startswith(f"{sandbox.base}/")
    for spoiled in ({**scene, "payer_client_ip": "phone"}, {**scene, "h5_info": {"type": "TV"}}):
        status, answer = await _ask(client.pay, **wanted, scene_info=spoiled)
        assert (status, answer["code"]) == (400, "PARAM_ERROR")


async def test_it_fetches_certificates_and_verifies_by_them(sandbox: Sandbox) -> None:
    client = _client(sandbox, WeChatPayType.MINIPROG, sandbox.credentials.appid)
    # Made without a public key it would fetch from its own address before it can be told another.
    client._core._public_key = client._core._public_key_id = None
    await asyncio.to_thread(client._core._update_certificates)
    first = client._core._certificates[0].serial_number
    status, answer = await _ask(client.query, out_trade_no="case-0001")
    assert (status, answer["code"]) == (404, "ORDER_NOT_EXIST")
    wanted: dict[str, Any] = {
        "description": "不动产登记费",
        "out_trade_no": "case-0001",
        "amount": {"total": 8000, "currency": "CNY"},
        "payer": {"openid": WANG},
        "notify_url": "http://127.0.0.1:9/callbacks/wechatpay",
    }
    status, answer = await _ask(client.pay, **wanted)
    assert status == 200, answer
    made = (await sandbox.phone("/platform-certificates")).json["serial"]
    status, answer = await _ask(client.query, out_trade_no="case-0001")
    assert (status, answer["trade_state"]) == (200, "NOTPAY")
    held = {each.serial_number for each in client._core._certificates}
    assert held == {first, int(made, 16)}


async def _ask(call: Callable[..., tuple[int, Any]], **arguments: Any) -> tuple[int, Any]:
    status, text = await asyncio.to_thread(call, **arguments)
    return status, json.loads(text) if text else None


async def test_it_orders_queries_and_closes(sandbox: Sandbox, client: Any) -> None:
    status, answer = await _ask(
        client.pay,
        description="不动产登记费",
        out_trade_no="case-0001",
        amount={"total": 8000, "currency": "CNY"},
        payer={"openid": WANG},
        notify_url="http://127.0.0.1:9/callbacks/wechatpay",
    )
    assert status == 200, answer
    assert answer["prepay_id"].startswith("wxsandbox")
    status, answer = await _ask(client.query, out_trade_no="case-0001")
    assert (status, answer["trade_state"]) == (200, "NOTPAY")
    status, answer = await _ask(client.close, out_trade_no="case-0001")
    assert (status, answer) == (204, None)
    status, answer = await _ask(client.query, out_trade_no="case-0001")
    assert (status, answer["trade_state"]) == (200, "CLOSED")
    status, answer = await _ask(client.query, out_trade_no="case-0002")
    assert (status, answer["code"]) == (404, "ORDER_NOT_EXIST")


async def test_it_reads_the_callback_and_finds_the_transaction(
    sandbox: Sandbox, receiver: Receiver, client: Any
) -> None:
    prepay_id = await sandbox.prepay("case-0001", f"{receiver.base}/callbacks/wechatpay")
    parts = [
        sandbox.credentials.appid,
        str(int(sandbox.clock())),
        "nonce",
        f"prepay_id={prepay_id}",
    ]
    invocation = {
        "timeStamp": parts[1],
        "nonceStr": parts[2],
        "package": parts[3],
        "signType": "RSA",
        "paySign": client.sign(parts),
    }
    path = f"/orders/{prepay_id}/pay"
    paid = await sandbox.phone(path, openid=WANG, invocation=invocation)
    await eventually(lambda: len(receiver.got) == 1)
    (got,) = receiver.got
    told = client.callback(got.headers, got.body)
    assert told["event_type"] == "TRANSACTION.SUCCESS"
    assert told["resource"]["out_trade_no"] == "case-0001"
    status, answer = await _ask(client.query, transaction_id=paid.json["transaction_id"])
    assert status == 200
    assert answer == told["resource"]


async def test_it_gives_money_back_and_reads_that_it_came(
    sandbox: Sandbox, receiver: Receiver, client: Any
) -> None:
    prepay_id = await sandbox.prepay("case-0001", f"{receiver.base}/callbacks/wechatpay")
    await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG, deliver=False)
    status, asked = await _ask(
        client.refund,
        out_refund_no="back-0001",
        out_trade_no="case-0001",
        amount={"refund": 3000, "total": 8000, "currency": "CNY"},
        reason="重新核定后费用减少",
        notify_url=f"{receiver.base}/callbacks/wechatpay",
    )
    assert (status, asked["status"]) == (200, "PROCESSING")
    await eventually(lambda: len(receiver.got) == 1)
    told = client.callback(receiver.got[0].headers, receiver.got[0].body)
    assert told["event_type"] == "REFUND.SUCCESS"
    assert told["resource"]["refund_id"] == asked["refund_id"]
    status, found = await _ask(client.query_refund, out_refund_no="back-0001")
    assert (status, found["status"]) == (200, "SUCCESS")
    assert found["success_time"] == told["resource"]["success_time"]
    status, answer = await _ask(client.query_refund, out_refund_no="back-0002")
    assert (status, answer["code"]) == (404, "RESOURCE_NOT_EXISTS")
