import time
from typing import Any

import aiohttp
import pytest

from .world import Sandbox

NOTIFY = "http://127.0.0.1:9/callbacks/wechatpay"
JSAPI = "/v3/pay/transactions/jsapi"


@pytest.mark.parametrize(
    ("path", "fault", "status", "body"),
    [
        ("/cgi-bin/stable_token", {"code": -1}, 200, {"errcode": -1, "errmsg": "sandbox fault"}),
        ("/sns/jscode2session", {"code": "45011"}, 200, {"errcode": 45011}),
        (JSAPI, {"status": 429, "code": "FREQUENCY_LIMITED"}, 429, {"code": "FREQUENCY_LIMITED"}),
        (JSAPI, {"code": "SYSTEM_ERROR"}, 500, {"code": "SYSTEM_ERROR"}),
        ("/sms/v1/messages", {"status": 503}, 503, {"code": "SYSTEM_ERROR"}),
        ("/poll/query.do", {"code": "501"}, 200, {"result": False, "returnCode": "501"}),
    ],
)
async def test_errors_have_the_providers_shape(
    sandbox: Sandbox, path: str, fault: dict[str, Any], status: int, body: dict[str, Any]
) -> None:
    assert (await sandbox.phone("/faults", path_prefix=path, **fault)).status == 200
    method = "GET" if path.startswith("/sns") else "POST"
    answer = await sandbox.call(method, path)
    assert answer.status == status
    assert answer.json.items() >= body.items()
    assert "Wechatpay-Signature" not in answer.headers
    assert await sandbox.listed("/faults") == []
    assert (await sandbox.call(method, path)).body != answer.body


async def test_the_root_prefix_is_the_real_name_check_alone(sandbox: Sandbox) -> None:
    await sandbox.phone("/faults", path_prefix="/", code="InternalError")
    await sandbox.prepay("case-0001", NOTIFY)
    answer = await sandbox.call("POST", "/")
    assert answer.json["Response"]["Error"]["Code"] == "InternalError"


async def test_a_fault_happens_as_often_as_asked(sandbox: Sandbox) -> None:
    await sandbox.phone("/faults", path_prefix="/v3/", times=2, status=500)
    order = sandbox.order("case-0001", NOTIFY)
    statuses = [(await sandbox.pay_call("POST", JSAPI, order)).status for _ in range(3)]
    assert statuses == [500, 500, 200]


async def test_a_fault_before_the_work_leaves_no_order(sandbox: Sandbox) -> None:
    await sandbox.phone("/faults", path_prefix="/v3/", drop=True)
    with pytest.raises(aiohttp.ClientError):
        await sandbox.pay_call("POST", JSAPI, sandbox.order("case-0001", NOTIFY))
    assert await sandbox.listed("/orders") == []


async def test_a_lost_answer_leaves_an_order(sandbox: Sandbox) -> None:
    await sandbox.phone("/faults", path_prefix="/v3/", drop=True, after=True)
    with pytest.raises(aiohttp.ClientError):
        await sandbox.pay_call("POST", JSAPI, sandbox.order("case-0001", NOTIFY))
    (order,) = await sandbox.listed("/orders")
    assert (order["out_trade_no"], order["status"]) == ("case-0001", "OPEN")


async def test_a_delay_delays_and_the_rest_is_as_ever(sandbox: Sandbox) -> None:
    await sandbox.phone("/faults", path_prefix="/v3/", delay_ms=200)
    began = time.monotonic()
    await sandbox.prepay("case-0001", NOTIFY)
    assert time.monotonic() - began >= 0.2


async def test_faults_can_be_taken_back(sandbox: Sandbox) -> None:
    await sandbox.phone("/faults", path_prefix="/v3/", times=5, status=500)
    assert (await sandbox.call("DELETE", "/phone/api/faults")).status == 204
    await sandbox.prepay("case-0001", NOTIFY)


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"path_prefix": "v3"},
        {"path_prefix": "/phone/api/faults"},
        {"path_prefix": "/v3", "times": 0},
        {"path_prefix": "/v3", "status": 99},
        {"path_prefix": "/v3", "delay_ms": -1},
        {"path_prefix": "/v3", "code": ["x"]},
        {"path_prefix": "/cgi-bin", "code": "SYSTEM_ERROR"},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    assert (await sandbox.phone("/faults", **fault)).status == 400
    assert await sandbox.listed("/faults") == []
