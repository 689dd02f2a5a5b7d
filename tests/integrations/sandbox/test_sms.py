import hashlib
import hmac
import json
from typing import Any

import pytest

from .world import Answer, Sandbox

MESSAGE = {
    "phone": "13800000001",
    "template": "case.correction",
    "params": {"case": "H1"},
    "request_id": "r-1",
}


async def _send(sandbox: Sandbox, message: Any, **headers: str) -> Answer:
    body, stamp = json.dumps(message).encode(), str(int(sandbox.clock()))
    key = sandbox.credentials.sms_secret.encode()
    stamp = headers.get("X-Timestamp", stamp)
    signed = {
        "X-Access-Key": sandbox.credentials.sms_access_key,
        "X-Timestamp": stamp,
        "X-Signature": hmac.new(key, stamp.encode() + body, hashlib.sha256).hexdigest(),
    }
    return await sandbox.call("POST", "/sms/v1/messages", data=body, headers=signed | headers)


async def test_a_message_is_in_the_outbox_once(sandbox: Sandbox) -> None:
    first = await _send(sandbox, MESSAGE)
    assert first.status == 200
    assert first.json["message_id"].startswith("wxsandbox")
    again = await _send(sandbox, MESSAGE)
    assert again.json == first.json
    for phone in ("13800000001", "%2B8613800000001"):
        (message,) = await sandbox.listed(f"/outbox?phone={phone}")
        assert (message["channel"], message["to"]) == ("sms", "13800000001")
        assert (message["template"], message["data"]) == ("case.correction", {"case": "H1"})
    assert await sandbox.listed("/outbox?phone=13800000002") == []


async def test_a_request_id_stands_for_one_content(sandbox: Sandbox) -> None:
    await _send(sandbox, MESSAGE)
    other = await _send(sandbox, MESSAGE | {"params": {"case": "H2"}})
    assert (other.status, other.json["code"]) == (409, "REQUEST_ID_REUSED")
    (message,) = await sandbox.listed("/outbox")
    assert message["data"] == {"case": "H1"}


async def test_both_spellings_of_a_number_are_one_phone(sandbox: Sandbox) -> None:
    first = await _send(sandbox, MESSAGE)
    assert (await _send(sandbox, MESSAGE | {"phone": "+8613800000001"})).json == first.json


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Signature": "0" * 64},
        {"X-Signature": ""},
        {"X-Access-Key": "somebody"},
        {"X-Timestamp": "1"},
        {"X-Timestamp": "now"},
    ],
)
async def test_an_unsigned_message_is_not_sent(sandbox: Sandbox, headers: dict[str, str]) -> None:
    refused = await _send(sandbox, MESSAGE, **headers)
    assert (refused.status, refused.json["code"]) == (401, "SIGNATURE_INVALID")
    assert await sandbox.listed("/outbox") == []


@pytest.mark.parametrize(
    "message",
    [
        {"phone": "12345"},
        {"phone": None},
        {"template": "有空格 的"},
        {"template": None},
        {"params": "text"},
        {"params": {"n": 1}},
        {"request_id": ""},
    ],
)
async def test_a_broken_message_is_not_sent(sandbox: Sandbox, message: dict[str, Any]) -> None:
    broken = {k: v for k, v in (MESSAGE | message).items() if v is not None}
    refused = await _send(sandbox, broken)
    assert (refused.status, refused.json["code"]) == (400, "PARAM_INVALID")
    assert (await _send(sandbox, [])).status == 400
    assert await sandbox.listed("/outbox") == []
