"""Callbacks: one that is right, and everything else."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.wechatpay.callbacks import CallbackReader
from integrations.wechatpay.signing import PlatformKeys
from services.errors import CallbackForged
from services.ports import PayCallback, Settlement
from tests.integrations.clocks import SetClock
from tests.integrations.published import APIV3_KEY, KEYS, PUBLIC_KEY_ID, TRADE, notice, seal, sign

CLOCK = SetClock()
NOW = int(CLOCK.now().timestamp())
READER = CallbackReader(
    PlatformKeys({PUBLIC_KEY_ID: KEYS["wechat_pay_public_key_pem"]}), APIV3_KEY, CLOCK
)
BODY = json.dumps(notice(), ensure_ascii=False).encode()
HEADERS = sign(BODY, NOW)
PROVING = ["Serial", "Timestamp", "Nonce", "Signature"]


def read(body: bytes, headers: dict[str, str] | None = None) -> PayCallback:
    said = READER.read(sign(body, NOW) if headers is None else headers, body)
    assert isinstance(said, PayCallback)
    return said


def refuse(body: bytes, headers: dict[str, str] | None = None) -> None:
    with pytest.raises(CallbackForged):
        read(body, headers)


def authentic(plain: bytes | None = None, /, **changes: Any) -> bytes:
    return json.dumps(notice(plain, **changes)).encode()


def trade(**changes: Any) -> bytes:
    return authentic(json.dumps({**TRADE, **changes}).encode())


def test_a_callback_says_what_was_paid() -> None:
    callback = read(BODY, HEADERS)
    payment = callback.payment
    assert callback.id == "EV-2018022511223320873"
    assert callback.kind == "TRANSACTION.SUCCESS"
    assert payment.number == "ZB20260302000001"
    assert payment.settlement is Settlement.PAID
    assert payment.merchant == KEYS["merchant_id"]
    assert payment.appid == "wx8888888888888888"
    assert payment.amount_fen == 2000
    assert payment.currency == "CNY"
    assert payment.payer == "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    assert payment.transaction_id == "4200000000202603020000000001"
    assert payment.paid_at == datetime(2026, 3, 2, 3, 59, 58, tzinfo=UTC)


def test_a_callback_for_somebody_else_is_reported_as_it_is() -> None:
    """Merchant, appid and amount are compared where the order is known."""
    payment = read(trade(mchid="999", appid="wx9", amount={"total": 1, "currency": "JPY"})).payment
    assert (payment.merchant, payment.appid) == ("999", "wx9")
    assert (payment.amount_fen, payment.currency) == (1, "JPY")


@pytest.mark.parametrize("name", PROVING)
@pytest.mark.parametrize("value", [None, "", " ", "0", "-1", "é", "A" * 5000, "1e9", "\u0661"])
def test_a_header_that_is_missing_or_odd_is_refused(name: str, value: str | None) -> None:
    headers = {key: text for key, text in HEADERS.items() if key != f"Wechatpay-{name}"}
    if value is not None:
        headers[f"Wechatpay-{name}"] = value
    refuse(BODY, headers)


def test_a_probe_of_wechat_pay_is_refused() -> None:
    probe = "WECHATPAY/SIGNTEST/" + HEADERS["Wechatpay-Signature"]
    refuse(BODY, HEADERS | {"Wechatpay-Signature": probe})


def test_a_signature_is_written_in_one_way_only() -> None:
    """The letter before the padding has four bits that are not of the signature."""
    bare = HEADERS["Wechatpay-Signature"].removesuffix("==")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = letters[letters.index(bare[-1]) ^ 1]
    same = base64.b64decode(f"{bare[:-1]}{other}==")
    assert same == base64.b64decode(f"{bare}==")
    refuse(BODY, HEADERS | {"Wechatpay-Signature": f"{bare[:-1]}{other}=="})


def test_another_key_is_refused() -> None:
    other = PlatformKeys({PUBLIC_KEY_ID: KEYS["wechat_pay_public_key_pem"]})
    reader = CallbackReader(other, b"0" * 32, CLOCK)
    with pytest.raises(CallbackForged):
        reader.read(HEADERS, BODY)


@pytest.mark.parametrize("age", [-301, 301, 86400, 12 * 365 * 86400])
def test_a_stale_callback_is_refused_though_it_is_signed(age: int) -> None:
    refuse(BODY, sign(BODY, NOW - age))


@pytest.mark.parametrize("age", [-300, 300])
def test_a_callback_of_5_minutes_ago_is_read(age: int) -> None:
    assert read(BODY, sign(BODY, NOW - age)).payment.settlement is Settlement.PAID


ODD_BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "not an object": b"[]",
    "not UTF-8": b"\xff\xfe{}",
    "nested": b"[" * 30000 + b"]" * 30000,
    "NaN": b'{"id": NaN}',
    "a name twice": BODY.replace(b'"summary"', b'"id"'),
    "too large": authentic(summary="x" * 70000),
    "no id": authentic(id=None),
    "id is a number": authentic(id=7),
    "no resource": authentic(resource=None),
    "resource is text": authentic(resource="text"),
    "resource is a list": authentic(resource=[]),
    "other algorithm": authentic(resource={**seal(b"{}"), "algorithm": "AES_128_ECB"}),
    "other type": authentic(resource={**seal(b"{}"), "original_type": "refund"}),
    "refund": authentic(event_type="REFUND.SUCCESS"),
    "unknown event": authentic(event_type="TRANSACTION.ODD"),
    "nonce is a number": authentic(resource={**seal(b"{}"), "nonce": 7}),
    "nonce is empty": authentic(resource={**seal(b"{}"), "nonce": ""}),
    "nonce is huge": authentic(resource={**seal(b"{}"), "nonce": "n" * 9999}),
    "nonce is half a pair": BODY.replace(b"14b16c03dc1b", rb"\ud800"),
    "ciphertext is a number": authentic(resource={**seal(b"{}"), "ciphertext": 7}),
    "ciphertext is no base64": authentic(resource={**seal(b"{}"), "ciphertext": "%%"}),
    "ciphertext is too short": authentic(resource={**seal(b"{}"), "ciphertext": "AAAA"}),
    "associated data is a list": authentic(resource={**seal(b"{}"), "associated_data": ["t"]}),
    "associated data is other": authentic(resource={**seal(b"{}"), "associated_data": "refund"}),
    "plain is no JSON": authentic(b"text"),
    "plain is a list": authentic(b"[]"),
    "plain is not UTF-8": authentic(b"\xff"),
    "unknown state": trade(trade_state="MAYBE"),
    "state is a list": trade(trade_state=["SUCCESS"]),
    "no number": trade(out_trade_no=""),
    "no merchant": trade(mchid=None),
    "no appid": trade(appid=None),
    "amount is a list": trade(amount=[2000]),
    "amount is text": trade(amount={"total": "2000", "currency": "CNY"}),
    "amount is yuan": trade(amount={"total": 20.0, "currency": "CNY"}),
    "amount is true": trade(amount={"total": True, "currency": "CNY"}),
    "amount is negative": trade(amount={"total": -1, "currency": "CNY"}),
    "amount is more than any column holds": trade(amount={"total": 2**31, "currency": "CNY"}),
    "number is longer than any of ours": trade(out_trade_no="Z" * 33),
    "transaction has a control": trade(transaction_id="42\x00"),
    "payer is half a pair": trade(payer={"openid": "\ud800"}),
    "id is longer than any": authentic(id="E" * 65),
    "amount is infinite": authentic(json.dumps(TRADE).replace("2000,", "1e400,", 1).encode()),
    "amount has 5000 digits": authentic(
        json.dumps(TRADE).replace("2000,", "9" * 5000 + ",", 1).encode()
    ),
    "paid without amount": trade(amount={}),
    "paid without currency": trade(amount={"total": 2000}),
    "paid without transaction": trade(transaction_id=""),
    "paid at no time": trade(success_time=None),
    "paid at an odd time": trade(success_time="yesterday"),
    "paid in the year 0": trade(success_time="0000-01-01T00:00:00+08:00"),
    "paid before time began": trade(success_time="0001-01-01T00:00:00+23:59"),
    "paid without zone": trade(success_time="2026-03-02T11:59:58"),
}


@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES.keys())
def test_an_odd_callback_is_refused_though_it_is_signed(body: bytes) -> None:
    refuse(body)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_change_of_body_or_header_gets_through(data: st.DataObject) -> None:
    body, headers = bytearray(BODY), dict(HEADERS)
    what = data.draw(st.sampled_from(["flip", "cut", "insert", "header", "swap"]))
    place = data.draw(st.integers(0, len(body) - 1))
    if what == "flip":
        body[place] ^= data.draw(st.integers(1, 255))
    elif what == "cut":
        del body[place:]
    elif what == "insert":
        body[place:place] = data.draw(st.binary(min_size=1, max_size=9))
    elif what == "header":
        name = "Wechatpay-" + data.draw(st.sampled_from(PROVING))
        headers[name] = data.draw(st.text())
    else:
        headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"] = (
            headers["Wechatpay-Nonce"],
            headers["Wechatpay-Timestamp"],
        )
    if bytes(body) != BODY or headers != HEADERS:
        refuse(bytes(body), headers)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["whole", "id", "event_type", "resource", "inner", "plain", "trade"]))
@settings(max_examples=300, deadline=None)
def test_no_signed_nonsense_makes_another_error(value: object, where: str) -> None:
    """Whatever the platform's key signs: it is read, or refused as ``CallbackForged``."""
    if where == "whole":
        body = json.dumps(value).encode()
    elif where == "inner":
        body = authentic(resource={**seal(b"{}"), "nonce": value, "associated_data": value})
    elif where == "plain":
        body = authentic(json.dumps(value).encode())
    elif where == "trade":
        body = trade(payer=value, amount=value)
    else:
        changes: dict[str, Any] = {where: value}
        body = authentic(None, **changes)
    try:
        callback = read(body)
    except CallbackForged:
        return
    assert where == "id"
    assert callback.id == value


@given(st.binary(max_size=300), st.dictionaries(st.text(), st.text(), max_size=8))
@settings(max_examples=200)
def test_a_strangers_request_is_refused(body: bytes, headers: dict[str, str]) -> None:
    refuse(body, headers)


def test_nothing_unproven_is_parsed() -> None:
    """A body that would be too deep for the parser is refused for its signature already."""
    refuse(b"[" * 60000, HEADERS)
    refuse(b"[" * 60000, HEADERS | {"Wechatpay-Serial": "PUB_KEY_ID_0"})


def test_the_key_must_have_32_bytes() -> None:
    with pytest.raises(ValueError, match="32"):
        CallbackReader(PlatformKeys({}), b"short", CLOCK)


def test_the_fixture_is_sealed_as_documented() -> None:
    resource = seal(b"x")
    sealed = base64.b64decode(resource["ciphertext"])
    assert AESGCM(APIV3_KEY).decrypt(b"14b16c03dc1b", sealed, b"transaction") == b"x"
