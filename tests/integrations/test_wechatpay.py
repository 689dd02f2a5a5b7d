"""The pay channel over the wire."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from integrations.clock import SystemClock
from integrations.http import Http
from integrations.wechatpay.callbacks import CallbackReader
from integrations.wechatpay.client import WechatPay, plain_text
from integrations.wechatpay.errors import ChannelRefused, OrderUnknown
from integrations.wechatpay.signing import MerchantKey, PlatformKeys
from services.errors import CallbackForged, OutsideUnavailable
from services.ports import ChannelOrder, PayCallback, Settlement
from tests.integrations.outside import LI, WANG, Outside
from tests.integrations.published import KEYS

JSAPI = "/v3/pay/transactions/jsapi"
NUMBERS = "/v3/pay/transactions/out-trade-no/"


def make(
    outside: Outside,
    http: Http,
    *,
    hosts: list[str] | None = None,
    platform_key: str = "",
    return_url: str | None = None,
) -> WechatPay:
    account = outside.credentials
    key_id = account.platform_public_key_id
    platform = PlatformKeys({key_id: platform_key or account.platform_public_key_pem})
    clock = SystemClock()
    return WechatPay(
        http,
        clock,
        MerchantKey(account.merchant_id, account.merchant_serial, account.merchant_key_pem),
        platform,
        CallbackReader(platform, account.apiv3_key.encode(), clock),
        appids={"JSAPI": account.appid, "APP": account.app_appid, "H5": account.h5_appid},
        public_key_id=key_id,
        hosts=hosts or [outside.url],
        notify_url=outside.notify_url,
        return_url=return_url,
    )


@pytest.fixture
def pay(outside: Outside, http: Http) -> WechatPay:
    return make(outside, http)


def order(number: str = "ZB-2026_0001*|", **changes: Any) -> ChannelOrder:
    values: dict[str, Any] = {
        "number": number,
        "description": "不动产登记费",
        "amount_fen": 8000,
        "payer": WANG,
        "expires_at": datetime.now(UTC) + timedelta(minutes=30),
    }
    return ChannelOrder(**(values | changes))


async def called_back(outside: Outside, count: int) -> None:
    async with asyncio.timeout(3):
        while len(outside.posted) < count:  # noqa: ASYNC110 - it happens on the sandbox's side
            await asyncio.sleep(0.01)


async def test_an_order_is_opened_paid_called_back_and_queried(
    pay: WechatPay, outside: Outside
) -> None:
    prepay_id = await pay.prepay(order())
    before = await pay.query("ZB-2026_0001*|")
    assert before.settlement is Settlement.PENDING
    assert before.transaction_id is None
    invocation = dict(pay.invocation(prepay_id, "JSAPI"))
    assert invocation.keys() == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    # The phone checks paySign as WeChat's client does.
    paid = await outside.phone(f"orders/{prepay_id}/pay", openid=WANG, invocation=invocation)
    assert paid["errMsg"] == "requestPayment:ok"
    await called_back(outside, 1)
    callback = pay.read_callback(*outside.posted[0])
    assert isinstance(callback, PayCallback)
    after = await pay.query("ZB-2026_0001*|")
    assert callback.payment == after
    assert after.settlement is Settlement.PAID
    assert (after.merchant, after.appid) == (pay.merchant, pay.appid_of("JSAPI"))
    assert (after.amount_fen, after.currency, after.payer) == (8000, "CNY", WANG)
    assert after.transaction_id == paid["transaction_id"]
    assert after.paid_at is not None
    assert abs((datetime.now(UTC) - after.paid_at).total_seconds()) < 5


async def test_duplicates_have_one_id_and_probes_are_refused(
    pay: WechatPay, outside: Outside
) -> None:
    prepay_id = await pay.prepay(order())
    await outside.phone(f"orders/{prepay_id}/pay", openid=WANG, copies=3, signtest=True)
    await called_back(outside, 4)
    read, refused = set(), 0
    for headers, body in outside.posted:
        try:
            read.add(pay.read_callback(headers, body))
        except CallbackForged:
            assert headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
            refused += 1
    assert refused == 1
    assert len(read) == 1


async def test_a_cancelled_cashier_leaves_the_order_open(pay: WechatPay, outside: Outside) -> None:
    prepay_id = await pay.prepay(order())
    await outside.phone(f"orders/{prepay_id}/cancel", openid=WANG)
    assert (await pay.query(order().number)).settlement is Settlement.PENDING
    assert outside.posted == []


async def test_the_same_order_again_is_the_same_order(pay: WechatPay, outside: Outside) -> None:
    wanted = order()
    assert await pay.prepay(wanted) != await pay.prepay(wanted)
    orders = await outside.look("orders")
    assert {item["out_trade_no"] for item in orders} == {wanted.number}


async def test_a_closed_order_cannot_be_paid(pay: WechatPay, outside: Outside) -> None:
    prepay_id = await pay.prepay(order())
    await pay.close(order().number)
    await pay.close(order().number)
    answer = await outside.phone(f"orders/{prepay_id}/pay", openid=WANG)
    assert "error" in answer
    assert (await pay.query(order().number)).settlement is Settlement.CLOSED


async def test_a_paid_order_cannot_be_closed(pay: WechatPay, outside: Outside) -> None:
    prepay_id = await pay.prepay(order())
    await outside.phone(f"orders/{prepay_id}/pay", openid=WANG)
    with pytest.raises(ChannelRefused) as refusal:
        await pay.close(order().number)
    assert refusal.value.reason == "INVALID_REQUEST"
    assert (await pay.query(order().number)).settlement is Settlement.PAID


async def test_close_and_pay_at_once_agree_with_the_query(pay: WechatPay, outside: Outside) -> None:
    for turn in range(8):
        number = f"ZB-RACE-{turn}"
        prepay_id = await pay.prepay(order(number))
        closed, paid = await asyncio.gather(
            pay.close(number),
            outside.phone(f"orders/{prepay_id}/pay", openid=WANG),
            return_exceptions=True,
        )
        assert isinstance(paid, dict)
        settled = (await pay.query(number)).settlement
        assert ("error" not in paid) == (settled is Settlement.PAID)
        assert (closed is None) == (settled is Settlement.CLOSED)


async def test_an_unknown_order_is_said_to_be_unknown(pay: WechatPay) -> None:
    with pytest.raises(OrderUnknown):
        await pay.query("ZB-NEVER")
    with pytest.raises(OrderUnknown):
        await pay.close("ZB-NEVER")


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 0},
        {"payer": "nobody"},
        {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"description": ""},
    ],
)
async def test_a_refused_order_is_not_opened(
    pay: WechatPay, outside: Outside, changes: dict[str, Any]
) -> None:
    with pytest.raises(ChannelRefused) as refusal:
        await pay.prepay(order(**changes))
    assert refusal.value.status == 400
    assert await outside.look("orders") == []


@pytest.mark.parametrize("number", ["", "short", "x" * 33, "ZB 2026/1", "../close", "编号编号编号"])
async def test_an_impossible_number_is_not_sent(
    pay: WechatPay, outside: Outside, number: str
) -> None:
    for act in (pay.prepay(order(number)), pay.query(number), pay.close(number)):
        with pytest.raises(ValueError, match="order number"):
            await act
    assert not any(path.startswith("/v3") for path in outside.asked)


async def test_a_rare_character_does_not_stop_an_order(pay: WechatPay, outside: Outside) -> None:
    await pay.prepay(order(description="𠮷\n野家😀" + "长" * 200))
    (item,) = await outside.look("orders")
    assert item["description"] == "〓野家〓" + "长" * 123


def test_plain_text_keeps_what_can_be_kept() -> None:
    assert plain_text("居民身份证 · A4", 127) == "居民身份证 · A4"
    assert plain_text("a\u200bb\x00c\ud800", 127) == "abc"
    assert plain_text("abc", 2) == "ab"


ERRORS = {
    "system error": {"status": 500},
    "bad gateway": {"status": 502, "code": "SYSTEM_ERROR"},
    "too often": {"status": 429, "code": "FREQUENCY_LIMITED"},
    "forbidden": {"status": 403, "code": "NO_AUTH"},
    "not found, in a word that is not the order's": {"status": 404, "code": "NOT_FOUND"},
    "closed, says an unsigned error": {"status": 400, "code": "ORDER_CLOSED"},
    "an unsigned success": {"status": 200, "code": "SUCCESS"},
    "an unsigned 204": {"status": 204, "code": "SUCCESS"},
    "redirected": {"status": 302},
    "connection lost": {"drop": True, "times": 5},
}


@pytest.mark.parametrize("fault", ERRORS.values(), ids=ERRORS.keys())
async def test_nothing_but_a_signed_success_says_anything(
    pay: WechatPay, outside: Outside, fault: dict[str, object]
) -> None:
    await pay.prepay(order())
    for prefix, act in (
        (JSAPI, lambda: pay.prepay(order())),
        (NUMBERS, lambda: pay.query(order().number)),
        (NUMBERS, lambda: pay.close(order().number)),
    ):
        await outside.fault(prefix, **fault)
        with pytest.raises(OutsideUnavailable) as refusal:
            await act()
        assert not isinstance(refusal.value, OrderUnknown)
        await outside.clear_faults()
    assert (await pay.query(order().number)).settlement is Settlement.PENDING


async def test_an_answer_signed_by_somebody_else_is_not_believed(
    outside: Outside, http: Http
) -> None:
    other = make(outside, http, platform_key=KEYS["wechat_pay_public_key_pem"])
    with pytest.raises(OutsideUnavailable):
        await other.prepay(order())


async def test_a_lost_answer_is_repeated_without_a_second_order(
    pay: WechatPay, outside: Outside
) -> None:
    wanted = order()
    await outside.fault(JSAPI, drop=True, after=True)
    with pytest.raises(OutsideUnavailable):
        await pay.prepay(wanted)
    await pay.prepay(wanted)
    assert {item["out_trade_no"] for item in await outside.look("orders")} == {wanted.number}


async def test_the_backup_host_is_asked_when_the_first_is_away(
    outside: Outside, http: Http
) -> None:
    away = f"http://127.0.0.1:{unused_port()}"
    pay = make(outside, http, hosts=[away, outside.url])
    await pay.prepay(order())
    assert (await pay.query(order().number)).settlement is Settlement.PENDING
    nowhere = make(outside, http, hosts=[away, away])
    with pytest.raises(OutsideUnavailable):
        await nowhere.query(order().number)


async def test_a_lost_connection_goes_to_the_backup_host(outside: Outside, http: Http) -> None:
    backup = outside.url.replace("127.0.0.1", "localhost")
    pay = make(outside, http, hosts=[outside.url, backup])
    await outside.fault(JSAPI, drop=True, after=True)
    await pay.prepay(order())
    assert outside.asked[JSAPI] == 2


async def test_another_phone_cannot_pay(pay: WechatPay, outside: Outside) -> None:
    prepay_id = await pay.prepay(order())
    assert "error" in await outside.phone(f"orders/{prepay_id}/pay", openid=LI)
    assert (await pay.query(order().number)).settlement is Settlement.PENDING
