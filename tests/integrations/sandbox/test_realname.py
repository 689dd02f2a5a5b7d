import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.sandbox.realname import tc3_signature

from .world import Sandbox


def test_the_signature_of_tencents_published_example() -> None:
    payload = (
        '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    )
    signature = tc3_signature(
        "*" * 32,
        "cvm",
        1551113065,
        {
            "content-type": "application/json; charset=utf-8",
            "host": "cvm.tencentcloudapi.com",
            "x-tc-action": "describeinstances",
        },
        payload.encode(),
    )
    # pragma: allowlist nextline secret
    published = "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    assert signature == published


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


async def _ask(
    sandbox: Sandbox, name: str, number: str, headers: dict[str, str], seconds: int = 0
) -> dict[str, Any]:
    body = json.dumps({"IdCard": number, "Name": name}).encode()
    stamp = int(sandbox.clock()) + seconds
    date = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")
    host = sandbox.base.removeprefix("http://")
    canonical = (
        f"POST\n/\n\ncontent-type:application/json\nhost:{host}\n"
        f"x-tc-action:idcardverification\n\ncontent-type;host;x-tc-action\n"
        f"{hashlib.sha256(body).hexdigest()}"
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"TC3-HMAC-SHA256\n{stamp}\n{date}/faceid/tc3_request\n{digest}"
    key = _hmac(b"TC3" + sandbox.credentials.realname_secret_key.encode(), date)
    key = _hmac(_hmac(key, "faceid"), "tc3_request")
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    identity = sandbox.credentials.realname_secret_id
    signed = {
        "Authorization": f"TC3-HMAC-SHA256 Credential={identity}/{date}/faceid/tc3_request, "
        f"SignedHeaders=content-type;host;x-tc-action, Signature={signature}",
        "Content-Type": "application/json",
        "X-TC-Action": "IdCardVerification",
        "X-TC-Version": "2018-03-01",
        "X-TC-Timestamp": str(stamp),
    }
    answer = await sandbox.call("POST", "/", data=body, headers=signed | headers)
    assert answer.status == 200
    response: dict[str, Any] = answer.json["Response"]
    assert response["RequestId"]
    return response


@pytest.mark.parametrize(
    ("name", "number", "result"),
    [
        ("王建国", "511499198803162013", "0"),
        ("李秀英", "51149919650812404X", "0"),
        ("陈明", "511499199005236051", "0"),
        ("小宇", "511499201506203012", "0"),
        ("张桂英", "511499194311051028", "0"),
        ("赵强", "51149919781120707X", "-1"),
        ("李秀英", "511499198803162013", "-1"),
        ("钱多多", "511499197001019093", "-5"),
        ("王建国", "511499198803162012", "-2"),
        ("王建国", "5114991988", "-2"),
        ("w", "511499198803162013", "-3"),
    ],
)
async def test_what_the_register_says(
    sandbox: Sandbox, name: str, number: str, result: str
) -> None:
    response = await _ask(sandbox, name, number, {})
    assert response["Result"] == result
    assert response["Description"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Authorization": "TC3-HMAC-SHA256 nonsense"}, "AuthFailure.InvalidAuthorization"),
        ({"X-TC-Timestamp": "1"}, "AuthFailure.SignatureExpire"),
        ({"Content-Type": "application/json; charset=utf-8"}, "AuthFailure.SignatureFailure"),
        ({"X-TC-Action": "BankCardVerification"}, "AuthFailure.SignatureFailure"),
        ({"X-TC-Version": "2017-01-01"}, "NoSuchVersion"),
    ],
)
async def test_refusals(sandbox: Sandbox, headers: dict[str, str], code: str) -> None:
    response = await _ask(sandbox, "王建国", "511499198803162013", headers)
    assert response["Error"]["Code"] == code
    assert "Result" not in response


async def test_a_signature_is_good_for_five_minutes(sandbox: Sandbox) -> None:
    old = await _ask(sandbox, "王建国", "511499198803162013", {}, seconds=-310)
    assert old["Error"]["Code"] == "AuthFailure.SignatureExpire"
    recent = await _ask(sandbox, "王建国", "511499198803162013", {}, seconds=-290)
    assert recent["Result"] == "0"
