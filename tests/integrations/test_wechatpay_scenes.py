"""Paying in an app and in a phone's browser: what WeChat checks, and where nobody may be sent."""

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from integrations.http import Http
from integrations.wechatpay import scenes
from integrations.wechatpay.client import WechatPay
from services.errors import OutsideUnavailable
from services.ports import PayCallback, Settlement
from tests.integrations import test_wechatpay
from tests.integrations.outside import LI, Outside
from tests.integrations.test_wechatpay import called_back, order

HOSTS = ("https://api.mch.weixin.qq.com", "http://127.0.0.1:8003")
H5 = {"scene": "H5", "payer": "", "client_ip": "203.0.113.7"}
APP = {"scene": "APP", "payer": ""}


@pytest.fixture
def pay(outside: Outside, http: Http) -> WechatPay:
    return test_wechatpay.make(outside, http)


async def test_an_order_is_paid_in_an_app(pay: WechatPay, outside: Outside) -> None:
    prepay_id = await pay.prepay(order(**APP))
    assert (await pay.query("ZB-2026_0001*|")).payer is None
    invocation = dict(pay.invocation(prepay_id, "APP"))
    account = outside.credentials
    assert invocation.keys() == {
        *("appid", "partnerid", "prepayid", "package", "noncestr", "timestamp", "sign")
    }
    assert (invocation["appid"], invocation["partnerid"]) == (
        account.app_appid,
        account.merchant_id,
    )
    assert (invocation["prepayid"], invocation["package"]) == (prepay_id, "Sign=WXPay")
    key = load_pem_private_key(account.merchant_key_pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    said = [account.app_appid, invocation["timestamp"], invocation["noncestr"], prepay_id]
    message = "".join(f"{line}\n" for line in said).encode()
    signature = base64.b64decode(invocation["sign"])
    key.public_key().verify(signature, message, PKCS1v15(), SHA256())
    # The phone checks it as WeChat's client does; anybody's phone may pay.
    paid = await outside.phone(f"orders/{prepay_id}/pay", openid=LI, invocation=invocation)
    assert "transaction_id" in paid, paid
    await called_back(outside, 1)
    callback = pay.read_callback(*outside.posted[0])
    assert isinstance(callback, PayCallback)
    assert (callback.payment.appid, callback.payment.payer) == (account.app_appid, LI)
    assert await pay.query("ZB-2026_0001*|") == callback.payment


async def test_an_app_cannot_pay_with_the_arguments_of_another_order(
    pay: WechatPay, outside: Outside
) -> None:
    first = await pay.prepay(order(**APP))
    other = await pay.prepay(order("ZB-2026_0002", **APP))
    arguments = dict(pay.invocation(other, "APP"))
    for spoiled in (arguments, {**arguments, "prepayid": first}):
        refused = await outside.phone(f"orders/{first}/pay", openid=LI, invocation=spoiled)
        assert "error" in refused
    assert (await pay.query("ZB-2026_0001*|")).settlement is Settlement.PENDING


async def test_an_order_is_paid_in_a_browser(pay: WechatPay, outside: Outside, http: Http) -> None:
    back = f"{outside.url}/phone?case=1&from=pay"
    pay = test_wechatpay.make(outside, http, return_url=back)
    handle = await pay.prepay(order(**H5))
    assert handle.startswith(f"{outside.url}/")
    url = pay.invocation(handle, "H5")["url"]
    assert parse_qs(urlsplit(url).query)["redirect_url"] == [back]
    async with outside.session.get(url) as page:
        assert page.status == 200
        assert "80.00" in await page.text()
    async with outside.session.post(url, data={"openid": LI}, allow_redirects=False) as paid:
        assert (paid.status, paid.headers["Location"]) == (302, back)
    await called_back(outside, 1)
    said = await pay.query("ZB-2026_0001*|")
    assert (said.settlement, said.appid, said.payer) == (
        Settlement.PAID,
        outside.credentials.h5_appid,
        LI,
    )


async def test_the_same_order_again_gives_another_address_of_one_order(
    pay: WechatPay, outside: Outside
) -> None:
    first = await pay.prepay(order(**H5))
    second = await pay.prepay(order(**{**H5, "client_ip": "203.0.113.8"}))
    assert first != second
    listed = await outside.look("orders")
    assert {each["out_trade_no"] for each in listed} == {"ZB-2026_0001*|"}


async def test_a_browser_whose_address_is_unknown_opens_nothing(
    pay: WechatPay, outside: Outside
) -> None:
    with pytest.raises(OutsideUnavailable):
        await pay.prepay(order(scene="H5", payer=""))
    assert await outside.look("orders") == []


@pytest.mark.parametrize(
    "address",
    [
        "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=1",
        "http://127.0.0.1:8003/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1",
    ],
    ids=["tenpay", "configured"],
)
def test_a_browser_is_sent_to_the_cashier(address: str) -> None:
    assert scenes.handle_in({"h5_url": address}, "H5", HOSTS) == address


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("http://wx.tenpay.com/x", id="without-tls"),
        pytest.param("https://wx.tenpay.com.example.cn/x", id="longer-name"),
        pytest.param("https://wx.tenpay.com@example.cn/x", id="named-user"),
        pytest.param("https://example.cn@wx.tenpay.com/x", id="somebody-named"),
        pytest.param("https://wx.tenpay.com:8443/x", id="other-port"),
        pytest.param("https://example.cn\\@wx.tenpay.com/x", id="backslash"),
        pytest.param("javascript:alert(1)", id="script"),
        pytest.param("//wx.tenpay.com/x", id="no-scheme"),
        pytest.param("http://127.0.0.1:8004/x", id="other-program"),
        pytest.param("https://wx.tenpay.com/x\n", id="newline"),
        pytest.param("https://wx.tenpay.com/" + "x" * 512, id="too-long"),
        pytest.param("https://wx.tenpay.com:port/x", id="no-port"),
        pytest.param("", id="empty"),
        pytest.param(7, id="number"),
        pytest.param(None, id="absent"),
    ],
)
def test_a_browser_is_sent_nowhere_else(address: Any) -> None:
    with pytest.raises(OutsideUnavailable):
        scenes.handle_in({"h5_url": address}, "H5", HOSTS)


def test_without_a_way_back_the_address_is_left_alone() -> None:
    assert scenes.browser("https://wx.tenpay.com/x", None) == {"url": "https://wx.tenpay.com/x"}
    back = scenes.browser("https://wx.tenpay.com/x", "https://a.cn/b?c=1&d=2")["url"]
    assert back == "https://wx.tenpay.com/x?redirect_url=https%3A%2F%2Fa.cn%2Fb%3Fc%3D1%26d%3D2"
