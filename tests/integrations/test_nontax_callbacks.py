"""Callbacks of the treasury's platform, read: anybody may have written them."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.nontax.callbacks import CallbackReader
from integrations.nontax.signing import UnitKey
from services.errors import CallbackForged
from services.ports import PayCallback, RefundCallback
from services.ports.refunds import RefundState
from tests.world import FixedClock

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
UNIT, SECRET, PATH = "511499001", "a-secret-of-a-test-0001", "/callbacks/nontax"
NOTICE: dict[str, Any] = {
    "unit_code": UNIT,
    "order_no": "20260302abcdef",
    "notice_code": "51149926000000000001",
    "amount_fen": 8000,
    "currency": "CNY",
    "state": "PAID",
    "expires_at": "2026-03-02T11:10:00+08:00",
    "flow_no": "T0001",
    "paid_at": "2026-03-02T09:09:00+08:00",
}
REFUND: dict[str, Any] = {
    "unit_code": UNIT,
    "refund_no": "R20260302",
    "refund_id": "B0001",
    "order_no": "20260302abcdef",
    "flow_no": "T0001",
    "amount_fen": 3000,
    "total_fen": 8000,
    "currency": "CNY",
    "state": "SUCCESS",
    "settled_at": "2026-03-02T09:09:30+08:00",
}
Headers = dict[str, str]


def body_of(**changes: Any) -> bytes:
    told: dict[str, Any] = {"id": "told-0001", "event": "NOTICE.PAID", "notice": NOTICE}
    return json.dumps(told | changes).encode()


def sign(
    body: bytes,
    *,
    at: datetime = NOW,
    nonce: str = "nonce-of-a-test-0001",
    secret: str = SECRET,
    first: tuple[str, ...] = ("CALLBACK", PATH),
) -> Headers:
    """Sign as the platform's description says, written here once more."""
    stamp = str(int(at.timestamp()))
    lines = [*first, UNIT, stamp, nonce, hashlib.sha256(body).hexdigest()]
    message = "".join(f"{line}\n" for line in lines).encode()
    signature = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    names = ("X-Unit-Code", "X-Timestamp", "X-Nonce", "X-Signature")
    return dict(zip(names, (UNIT, stamp, nonce, signature), strict=True))


@pytest.fixture
def reader() -> CallbackReader:
    return CallbackReader(UnitKey(UNIT, SECRET), FixedClock(NOW), PATH)


def test_a_payment_and_a_refund_are_read(reader: CallbackReader) -> None:
    body = body_of()
    paid = reader.read(sign(body), body)
    assert isinstance(paid, PayCallback)
    assert (paid.id, paid.payment.number) == ("told-0001", "20260302abcdef")
    assert paid.payment.paid_at == datetime(2026, 3, 2, 1, 9, tzinfo=UTC)
    body = body_of(id="told-0002", event="REFUND.SUCCESS", refund=REFUND)
    back = reader.read(sign(body, nonce="nonce-of-a-test-0002"), body)
    assert isinstance(back, RefundCallback)
    assert (back.refund.state, back.refund.amount_fen) == (RefundState.SUCCESS, 3000)
    body = body_of(event="REFUND.FAILED", refund={**REFUND, "state": "FAILED"})
    failed = reader.read(sign(body, nonce="nonce-of-a-test-0003"), body)
    assert isinstance(failed, RefundCallback)
    assert failed.refund.state is RefundState.ABNORMAL


@pytest.mark.parametrize(
    ("seconds", "good"),
    [(300, True), (-300, True), (301, False), (-301, False), (86400, False)],
    ids=["5min-old", "5min-ahead", "older", "further-ahead", "a-day-old"],
)
def test_five_minutes_are_fresh(reader: CallbackReader, seconds: int, good: bool) -> None:
    body = body_of()
    headers = sign(body, at=NOW - timedelta(seconds=seconds))
    if good:
        assert reader.read(headers, body).id == "told-0001"
    else:
        with pytest.raises(CallbackForged):
            reader.read(headers, body)


SOUPS: Mapping[str, Headers] = {
    "nothing": {},
    "another-unit": {"X-Unit-Code": "511499002"},
    "no-stamp": {"X-Timestamp": ""},
    "a-stamp-in-words": {"X-Timestamp": "now"},
    "a-huge-stamp": {"X-Timestamp": "9" * 400},
    "other-digits": {"X-Timestamp": "١٧٧٢"},
    "no-nonce": {"X-Nonce": ""},
    "a-huge-nonce": {"X-Nonce": "n" * 10_000},
    "a-nonce-of-lines": {"X-Nonce": "nonce-of-a-test\n0001"},
    "another-nonce": {"X-Nonce": "nonce-of-a-test-9999"},
    "no-signature": {"X-Signature": ""},
    "upper-case": {"X-Signature": "A" * 64},
    "not-ascii": {"X-Signature": "é" * 64},
    "zeros": {"X-Signature": "0" * 64},
}


@pytest.mark.parametrize("soup", SOUPS.values(), ids=SOUPS.keys())
def test_no_soup_of_headers_is_a_proof(reader: CallbackReader, soup: Headers) -> None:
    body = body_of()
    headers = {**sign(body), **soup} if soup else {}
    with pytest.raises(CallbackForged):
        reader.read(headers, body)
    # The refused one has used up nothing.
    assert reader.read(sign(body), body).id == "told-0001"


@pytest.mark.parametrize(
    "first",
    [
        ("CALLBACK", "/callbacks/wechatpay"),
        ("ANSWER", "200", "nonce-of-a-test-0001"),
        ("REQUEST", "POST", PATH),
        (),
    ],
    ids=["another-path", "an-answer", "a-request", "nothing"],
)
def test_what_was_signed_for_something_else_is_no_callback(
    reader: CallbackReader, first: tuple[str, ...]
) -> None:
    body = body_of()
    with pytest.raises(CallbackForged):
        reader.read(sign(body, first=first), body)


def test_every_changed_byte_is_found(reader: CallbackReader) -> None:
    body = body_of()
    headers = sign(body)
    for place in range(0, len(body), 7):
        changed = bytes([*body[:place], body[place] ^ 1, *body[place + 1 :]])
        with pytest.raises(CallbackForged):
            reader.read(headers, changed)


def test_another_secret_proves_nothing(reader: CallbackReader) -> None:
    body = body_of()
    with pytest.raises(CallbackForged):
        reader.read(sign(body, secret="another-secret-of-0001"), body)


def test_a_nonce_is_good_once(reader: CallbackReader) -> None:
    body = body_of()
    reader.read(sign(body), body)
    other = body_of(id="told-0002")
    with pytest.raises(CallbackForged):
        reader.read(sign(other), other)
    assert reader.read(sign(other, nonce="nonce-of-a-test-0002"), other).id == "told-0002"


def test_a_nonce_is_kept_no_longer_than_its_signature_is_fresh() -> None:
    clock = FixedClock(NOW)
    reader, body = CallbackReader(UnitKey(UNIT, SECRET), clock, PATH), body_of()
    reader.read(sign(body), body)
    clock.advance(timedelta(seconds=601))
    assert reader.read(sign(body, at=clock.now()), body).id == "told-0001"


ODD: Mapping[str, bytes] = {
    "empty": b"",
    "no-json": b"{",
    "bytes": b"\x00\xff",
    "deep": b"[" * 20_000,
    "a-list": b"[]",
    "nan": b'{"id": NaN}',
    "twice": b'{"id": "a", "id": "b"}',
    "no-event": json.dumps({"id": "a"}).encode(),
    "another-event": body_of(event="NOTICE.OPENED"),
    "a-number-for-an-event": body_of(event=1),
    "a-list-for-an-event": body_of(event=[]),
    "no-id": body_of(id=""),
    "a-long-id": body_of(id="x" * 65),
    "an-id-with-a-nul": body_of(id="told\x00"),
    "an-order-with-a-nul": body_of(notice={**NOTICE, "order_no": "2026\x00"}),
    "a-long-order": body_of(notice={**NOTICE, "order_no": "x" * 65}),
    "more-than-a-column-holds": body_of(notice={**NOTICE, "amount_fen": 2**31}),
    "year-one": body_of(notice={**NOTICE, "paid_at": "0001-01-01T00:00:00+08:00"}),
    "no-notice": body_of(notice=None),
    "unpaid": body_of(notice={**NOTICE, "state": "UNPAID"}),
    "unknown-state": body_of(notice={**NOTICE, "state": "SORT OF"}),
    "another-unit": body_of(notice={**NOTICE, "unit_code": "511499002"}),
    "no-flow": body_of(notice={**NOTICE, "flow_no": None}),
    "no-time": body_of(notice={**NOTICE, "paid_at": None}),
    "no-zone": body_of(notice={**NOTICE, "paid_at": "2026-03-02T09:09:00"}),
    "yuan": body_of(notice={**NOTICE, "amount_fen": 80.0}),
    "true-for-an-amount": body_of(notice={**NOTICE, "amount_fen": True}),
    "nothing-paid": body_of(notice={**NOTICE, "amount_fen": 0}),
    "short-notice": body_of(notice={**NOTICE, "notice_code": "123"}),
    "refund-in-another-state": body_of(
        event="REFUND.SUCCESS", refund={**REFUND, "state": "FAILED"}
    ),
    "refund-still-going": body_of(event="REFUND.SUCCESS", refund={**REFUND, "state": "PROCESSING"}),
    "refund-without-its-time": body_of(
        event="REFUND.SUCCESS", refund={**REFUND, "settled_at": None}
    ),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_what_is_signed_but_odd_is_refused_too(reader: CallbackReader, body: bytes) -> None:
    with pytest.raises(CallbackForged):
        reader.read(sign(body), body)


def test_a_body_of_more_than_64_kilobytes_is_not_looked_at(reader: CallbackReader) -> None:
    body = body_of(padding="x" * 70_000)
    with pytest.raises(CallbackForged):
        reader.read(sign(body), body)


def test_a_secret_that_could_be_guessed_is_none() -> None:
    with pytest.raises(ValueError, match="16 characters"):
        UnitKey(UNIT, "short")
