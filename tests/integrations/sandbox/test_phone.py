import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .world import WANG, Sandbox

NOTIFY = "http://127.0.0.1:9/callbacks/wechatpay"


async def test_the_citizens_are_invented_and_known(sandbox: Sandbox) -> None:
    citizens = await sandbox.listed("/citizens")
    assert [citizen["name"] for citizen in citizens] == [
        "王建国", "李秀英", "陈明", "张桂英", "小宇", "赵强"
    ]  # fmt: skip
    for citizen in citizens:
        assert citizen["openid"].startswith("wxsandbox")
        assert len(citizen["openid"]) == 28
        assert citizen["phone"].startswith("13800000")
        assert citizen["id_number"].startswith("511499")
    assert len({citizen["openid"] for citizen in citizens}) == 6


async def test_an_unknown_citizen_has_no_phone(sandbox: Sandbox) -> None:
    assert (await sandbox.phone("/citizens/somebody/login-code")).status == 404
    assert (await sandbox.phone("/citizens/somebody/subscriptions")).status == 404
    assert (await sandbox.call("GET", "/phone/api/citizens/somebody/orders")).status == 404


async def test_a_template_of_another_shape_cannot_be_accepted(sandbox: Sandbox) -> None:
    for body in ({}, {"template_id": "x"}, {"template_id": "wxsandbox-template-a", "times": 0}):
        answer = await sandbox.phone(f"/citizens/{WANG}/subscriptions", **body)
        assert answer.status == 400
        assert answer.json["error"]
    assert await sandbox.listed(f"/citizens/{WANG}/subscriptions") == []


def _invocation(sandbox: Sandbox, prepay_id: str) -> dict[str, str]:
    stamp, nonce, package = str(int(sandbox.clock())), "n" * 32, f"prepay_id={prepay_id}"
    message = f"{sandbox.credentials.appid}\n{stamp}\n{nonce}\n{package}\n".encode()
    key = load_pem_private_key(sandbox.credentials.merchant_key_pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = base64.b64encode(key.sign(message, padding.PKCS1v15(), SHA256())).decode()
    return {
        "timeStamp": stamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": signature,
    }


@pytest.mark.parametrize(
    "spoil", [{"nonceStr": "m"}, {"package": "prepay_id=x"}, {"signType": "MD5"}, {"paySign": ""}]
)
async def test_the_cashier_opens_only_for_a_signed_invocation(
    sandbox: Sandbox, spoil: dict[str, str]
) -> None:
    prepay_id = await sandbox.prepay("case-0001", NOTIFY)
    invocation = _invocation(sandbox, prepay_id)
    path = f"/orders/{prepay_id}/pay"
    refused = await sandbox.phone(path, openid=WANG, invocation=invocation | spoil)
    assert refused.status == 400
    assert (await sandbox.query("case-0001")).json["trade_state"] == "NOTPAY"
    paid = await sandbox.phone(path, openid=WANG, invocation=invocation, deliver=False)
    assert paid.json["errMsg"] == "requestPayment:ok"


async def test_the_page_comes_whole_from_this_machine(sandbox: Sandbox) -> None:
    page = await sandbox.call("GET", "/phone")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "市民的手机" in page.body.decode()
    style = await sandbox.call("GET", "/phone/phone.css")
    script = await sandbox.call("GET", "/phone/phone.js")
    assert style.headers["Content-Type"].startswith("text/css")
    assert script.headers["Content-Type"].startswith("text/javascript")
    for part in (page, style, script):
        assert b"http://" not in part.body
        assert b"https://" not in part.body


async def test_another_sites_name_for_this_machine_is_refused(sandbox: Sandbox) -> None:
    headers = {"Host": "rebound.example.org"}
    refused = await sandbox.call("GET", "/phone/api/citizens", headers=headers)
    assert refused.status == 403
    assert (await sandbox.call("GET", "/phone/api/citizens")).status == 200


async def test_a_broken_body_is_a_sentence(sandbox: Sandbox) -> None:
    for body in (b"{", b"[]", b"\xff"):
        answer = await sandbox.call("POST", "/phone/api/faults", data=body)
        assert answer.status == 400
        assert answer.json["error"] == "请求体不是合法的 JSON 对象"
