"""Refunds over the wire: the client against the sandbox, and its callbacks read."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integrations.http import Http
from integrations.wechatpay.client import WechatPay
from integrations.wechatpay.errors import ChannelRefused, RefundUnknown
from integrations.wechatpay.refunds import WechatRefunds
from services.errors import CallbackForged, OutsideUnavailable
from services.ports.refunds import RefundCallback, RefundState, RefundWish
from tests.integrations.outside import WANG, Outside
from tests.integrations.published import APIV3_KEY, KEYS, notice, sign
from tests.integrations.test_wechatpay import called_back, make, order
from tests.integrations.test_wechatpay_callbacks import NOW, READER

REFUNDS = "/v3/refund/domestic/refunds"
NUMBER = "ZB-2026_0001*|"
WISH = RefundWish("R2026-0001", NUMBER, 3000, 8000, "重新核定后费用减少")
SAID = {
    "mchid": KEYS["merchant_id"],
    "transaction_id": "4200000000202603020000000001",
    "out_trade_no": "ZB20260302000001",
    "refund_id": "50200000000202603020000000001",
    "out_refund_no": "R20260302000001",
    "refund_status": "SUCCESS",
    "success_time": "2026-03-02T12:30:00+08:00",
    "user_received_account": "支付用户零钱",
    "amount": {"total": 2000, "refund": 500, "payer_total": 2000, "payer_refund": 500},
}


@pytest.fixture
def pay(outside: Outside, http: Http) -> WechatPay:
    return make(outside, http)


@pytest.fixture
async def refunds(pay: WechatPay, outside: Outside) -> WechatRefunds:
    prepay_id = await pay.prepay(order(NUMBER))
    await outside.phone(f"orders/{prepay_id}/pay", openid=WANG, deliver=False)
    return WechatRefunds(pay, outside.notify_url)


async def test_a_refund_is_asked_for_asked_after_and_called_back(
    pay: WechatPay, refunds: WechatRefunds, outside: Outside
) -> None:
    asked = await refunds.refund(WISH)
    assert (asked.number, asked.order_number) == (WISH.number, NUMBER)
    assert (asked.amount_fen, asked.total_fen, asked.currency) == (3000, 8000, "CNY")
    await called_back(outside, 1)
    callback = pay.read_callback(*outside.posted[0])
    assert isinstance(callback, RefundCallback)
    assert callback.kind == "REFUND.SUCCESS"
    assert callback.refund.merchant == pay.merchant
    found = await refunds.query(WISH.number)
    assert found.state is RefundState.SUCCESS
    assert found.channel_id == asked.channel_id == callback.refund.channel_id
    assert found.settled_at == callback.refund.settled_at is not None
    [shown] = await outside.look("refunds")
    assert shown["reason"] == WISH.reason


async def test_the_same_number_twice_is_one_refund(
    refunds: WechatRefunds, outside: Outside
) -> None:
    first, again = await refunds.refund(WISH), await refunds.refund(WISH)
    assert first.channel_id == again.channel_id
    assert len(await outside.look("refunds")) == 1


async def test_a_refund_that_nobody_asked_for_is_to_be_sent_again(refunds: WechatRefunds) -> None:
    with pytest.raises(RefundUnknown) as caught:
        await refunds.query("R2026-9999")
    assert (caught.value.status, caught.value.code) == (404, "channel_refund_unknown")


async def test_a_refusal_proves_nothing_and_says_why(
    refunds: WechatRefunds, outside: Outside
) -> None:
    await outside.fault(REFUNDS, status=403, code="NOT_ENOUGH")
    with pytest.raises(ChannelRefused) as caught:
        await refunds.refund(WISH)
    assert isinstance(caught.value, OutsideUnavailable)
    assert not isinstance(caught.value, RefundUnknown)
    assert (caught.value.status, caught.value.reason) == (403, "NOT_ENOUGH")
    assert await outside.look("refunds") == []


async def test_an_answer_that_was_lost_is_found_by_its_number(
    refunds: WechatRefunds, outside: Outside
) -> None:
    await outside.fault(REFUNDS, drop=True, after=True, times=2)
    with pytest.raises(OutsideUnavailable):
        await refunds.refund(WISH)
    await outside.clear_faults()
    assert (await refunds.query(WISH.number)).amount_fen == 3000
    assert (await refunds.refund(WISH)).number == WISH.number
    assert len(await outside.look("refunds")) == 1


async def test_an_answer_of_another_key_is_no_answer(outside: Outside, http: Http) -> None:
    pay = make(outside, http, platform_key=KEYS["wechat_pay_public_key_pem"])
    with pytest.raises(OutsideUnavailable) as caught:
        await WechatRefunds(pay, outside.notify_url).query("R2026-9999")
    # The refusal is unsigned anyway; what matters is that nothing is settled by it.
    assert isinstance(caught.value, ChannelRefused)


@pytest.mark.parametrize("number", ["", "x" * 65, "a b", "../x", "退"])
async def test_a_number_that_the_channel_would_not_take_is_a_bug(
    refunds: WechatRefunds, outside: Outside, number: str
) -> None:
    with pytest.raises(ValueError, match="refund number"):
        await refunds.refund(replace(WISH, number=number))
    assert outside.asked[REFUNDS] == 0


def sealed(said: object) -> dict[str, Any]:
    plain = json.dumps(said).encode()
    resource: dict[str, Any] = notice()["resource"]
    whole = resource | {"original_type": "refund", "associated_data": "refund"}
    cut = AESGCM(APIV3_KEY).encrypt(whole["nonce"].encode(), plain, b"refund")
    return whole | {"ciphertext": base64.b64encode(cut).decode()}


def body(kind: str = "REFUND.SUCCESS", **changes: Any) -> bytes:
    return json.dumps(
        notice(event_type=kind, resource=sealed({**SAID, **changes})), ensure_ascii=False
    ).encode()


def test_a_refund_callback_says_what_went_back() -> None:
    content = body()
    callback = READER.read(sign(content, NOW), content)
    assert isinstance(callback, RefundCallback)
    refund = callback.refund
    assert (callback.id, callback.kind) == ("EV-2018022511223320873", "REFUND.SUCCESS")
    assert (refund.number, refund.order_number) == ("R20260302000001", "ZB20260302000001")
    assert (refund.amount_fen, refund.total_fen) == (500, 2000)
    assert refund.settled_at == datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    assert (refund.merchant, refund.receiver) == (KEYS["merchant_id"], "支付用户零钱")


@pytest.mark.parametrize("state", ["ABNORMAL", "CLOSED"])
def test_an_end_without_money_is_told_too(state: str) -> None:
    content = body(f"REFUND.{state}", refund_status=state, success_time=None)
    callback = READER.read(sign(content, NOW), content)
    assert isinstance(callback, RefundCallback)
    assert callback.refund.state is RefundState[state]


ODD = {
    "another state than the event": body("REFUND.CLOSED"),
    "no such event": body("REFUND.PROCESSING", refund_status="PROCESSING"),
    "no such state": body(refund_status="MAYBE"),
    "the answer's name of the state": body(refund_status=None, status="SUCCESS"),
    "no merchant": body(mchid=None),
    "no refund number": body(out_refund_no=""),
    "no order number": body(out_trade_no=None),
    "no refund id": body(refund_id=""),
    "no amount": body(amount={}),
    "yuan": body(amount={"total": 20.0, "refund": 5.0}),
    "negative": body(amount={"total": 2000, "refund": -500}),
    "arrived at no time": body(success_time=None),
    "event is a list": json.dumps(notice(event_type=["REFUND.SUCCESS"])).encode(),
    "a payment's resource": json.dumps(notice(event_type="REFUND.SUCCESS")).encode(),
    "a payment's event": json.dumps(notice(resource=sealed(SAID))).encode(),
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD.keys())
def test_an_odd_refund_callback_is_refused_though_it_is_signed(content: bytes) -> None:
    with pytest.raises(CallbackForged):
        READER.read(sign(content, NOW), content)


def test_an_unsigned_refund_callback_is_refused() -> None:
    with pytest.raises(CallbackForged):
        READER.read(sign(b"{}", NOW), body())
