"""The sandbox's treasury: what it takes and refuses, its cashier, its callbacks."""

import hashlib
import hmac
import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from integrations.sandbox import Credentials

from .world import Answer, Receiver, Sandbox, eventually, sandbox_on

NOTICES, BILLS, REFUNDS = "/nontax/v1/notices", "/nontax/v1/bills", "/nontax/v1/refunds"
NOTIFY = "http://127.0.0.1:9/callbacks/nontax"


def signature(sandbox: Sandbox, *lines: str, body: bytes) -> str:
    lines = (*lines, hashlib.sha256(body).hexdigest())
    message = "".join(f"{line}\n" for line in lines).encode()
    secret = sandbox.credentials.nontax_secret.encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


async def call(sandbox: Sandbox, method: str, path: str, value: Any = None, **spoil: str) -> Answer:
    """Send a request signed as the unit; ``spoil`` replaces what is sent, not what is signed."""
    body = b"" if value is None else json.dumps(value).encode()
    unit, stamp = sandbox.credentials.nontax_unit, str(int(sandbox.clock()))
    nonce = spoil.pop("same_nonce", secrets.token_hex(16))
    stamp = spoil.pop("signed_at", stamp)
    headers = {
        "X-Unit-Code": unit,
        "X-Timestamp": stamp,
        "X-Nonce": nonce,
        "X-Signature": signature(sandbox, "REQUEST", method, path, unit, stamp, nonce, body=body),
    }
    sent = spoil.pop("body").encode() if "body" in spoil else body
    answer = await sandbox.call(method, path, data=sent, headers={**headers, **spoil})
    if answer.status != 401:
        proves(sandbox, answer, ("ANSWER", str(answer.status), nonce))
    return answer


def proves(sandbox: Sandbox, answer: Answer, first: tuple[str, ...]) -> None:
    """Fail unless the treasury signed it."""
    unit, stamp, nonce, given = (
        answer.headers[name] for name in ("X-Unit-Code", "X-Timestamp", "X-Nonce", "X-Signature")
    )
    assert unit == sandbox.credentials.nontax_unit
    assert given == signature(sandbox, *first, unit, stamp, nonce, body=answer.body)


def notice(number: str = "case-0001", **changes: Any) -> dict[str, Any]:
    return {
        "order_no": number,
        "revenue_code": "103042901",
        "item_name": "不动产登记费",
        "payer_name": "王建国",
        "case_no": "511499202603020001",
        "amount_fen": 8000,
        "currency": "CNY",
        "expires_at": "2099-01-01T00:00:00+08:00",
        "notify_url": NOTIFY,
    } | changes


def back(number: str = "back-0001", fen: int = 8000, **changes: Any) -> dict[str, Any]:
    return {
        "refund_no": number,
        "order_no": "case-0001",
        "amount_fen": fen,
        "total_fen": 8000,
        "currency": "CNY",
        "reason": "申请没有获准",
        "notify_url": NOTIFY,
    } | changes


async def issued(sandbox: Sandbox, **changes: Any) -> str:
    answer = await call(sandbox, "POST", NOTICES, notice(**changes))
    assert answer.status == 200, answer.body
    code: str = answer.json["notice_code"]
    return code


async def test_a_newcomer_pays_on_the_cashiers_page(sandbox: Sandbox, receiver: Receiver) -> None:
    code = await issued(sandbox, notify_url=f"{receiver.base}/callbacks/nontax")
    page = await sandbox.call("GET", f"/nontax/cashier/{code}")
    shown = page.body.decode()
    assert page.status == 200
    assert all(each in shown for each in (code, "80.00元", "王建国", "确认缴款"))
    pressed = await sandbox.call("POST", f"/nontax/cashier/{code}")
    assert "已缴款" in pressed.body.decode()
    assert "确认缴款" not in pressed.body.decode()
    await eventually(lambda: len(receiver.got) == 1)
    proves(sandbox, receiver.got[0], ("CALLBACK", "/callbacks/nontax"))
    told = receiver.got[0].json
    assert (told["event"], told["notice"]["state"]) == ("NOTICE.PAID", "PAID")
    found = (await call(sandbox, "GET", f"{NOTICES}/case-0001")).json
    assert found == told["notice"]
    assert found["flow_no"].startswith("wxsandbox")
    again = await sandbox.call("POST", f"/nontax/cashier/{code}")
    assert "已经缴款" in again.body.decode()
    assert (await call(sandbox, "GET", f"{NOTICES}/case-0001")).json == found


async def test_a_name_on_the_page_is_text(sandbox: Sandbox) -> None:
    code = await issued(sandbox, payer_name="<script>alert(1)</script>")
    shown = (await sandbox.call("GET", f"/nontax/cashier/{code}")).body.decode()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


async def test_a_callback_comes_again_until_it_is_taken(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    receiver.statuses += [500, 401]
    code = await issued(sandbox, notify_url=f"{receiver.base}/callbacks/nontax")
    await sandbox.phone(f"/notices/{code}/pay")
    await eventually(lambda: len(receiver.got) == 3)
    assert len({each.json["id"] for each in receiver.got}) == 1
    assert len({each.headers["X-Nonce"] for each in receiver.got}) == 3


async def test_it_knows_everything_after_a_restart(
    tmp_path: Path, credentials: Credentials
) -> None:
    async with sandbox_on(tmp_path / "state", credentials) as before:
        code = await issued(before)
        await before.phone(f"/notices/{code}/pay", deliver=False)
        bill = await call(before, "POST", BILLS, {"order_no": "case-0001", "amount_fen": 8000})
    async with sandbox_on(tmp_path / "state", credentials) as after:
        assert (await call(after, "GET", f"{NOTICES}/case-0001")).json["state"] == "PAID"
        again = await call(after, "POST", BILLS, {"order_no": "case-0001", "amount_fen": 8000})
        assert again.json["bill_number"] == bill.json["bill_number"]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ({"X-Unit-Code": "511499002"}, "UNIT_UNKNOWN"),
        ({"X-Timestamp": "soon"}, "TIMESTAMP_INVALID"),
        ({"signed_at": "1000000000"}, "TIMESTAMP_INVALID"),
        ({"X-Nonce": "short"}, "NONCE_INVALID"),
        ({"X-Nonce": "another-nonce-00001"}, "SIGNATURE_INVALID"),
        ({"X-Signature": "0" * 64}, "SIGNATURE_INVALID"),
        ({"body": "{}"}, "SIGNATURE_INVALID"),
    ],
    ids=["unit", "stamp", "old", "nonce", "other-nonce", "signature", "body"],
)
async def test_what_the_unit_did_not_sign_is_refused(
    sandbox: Sandbox, spoil: dict[str, str], code: str
) -> None:
    answer = await call(sandbox, "POST", NOTICES, notice(), **spoil)
    assert (answer.status, answer.json["code"]) == (401, code)
    assert "X-Signature" not in answer.headers
    assert await sandbox.listed("/notices") == []


async def test_a_nonce_is_good_once(sandbox: Sandbox) -> None:
    nonce = "a-nonce-of-a-test-01"
    assert (await call(sandbox, "POST", NOTICES, notice(), same_nonce=nonce)).status == 200
    other = await call(sandbox, "POST", NOTICES, notice("case-0002"), same_nonce=nonce)
    assert (other.status, other.json["code"]) == (401, "NONCE_USED")
    assert len(await sandbox.listed("/notices")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"order_no": "a b c d"},
        {"amount_fen": 0},
        {"amount_fen": 80.0},
        {"amount_fen": True},
        {"currency": "USD"},
        {"revenue_code": ""},
        {"payer_name": None},
        {"expires_at": "2099-01-01"},
        {"notify_url": "https://example.com/callbacks/nontax"},
    ],
    ids=["number", "zero", "yuan", "true", "dollars", "no-code", "no-name", "day", "elsewhere"],
)
async def test_a_notice_has_to_be_complete(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    answer = await call(sandbox, "POST", NOTICES, notice(**changes))
    assert (answer.status, answer.json["code"]) == (400, "PARAM_INVALID")
    assert await sandbox.listed("/notices") == []


async def test_money_goes_back_in_parts_up_to_what_came(sandbox: Sandbox) -> None:
    code = await issued(sandbox)
    unpaid = await call(sandbox, "POST", REFUNDS, back())
    assert unpaid.json["code"] == "NOTICE_UNPAID"
    await sandbox.phone(f"/notices/{code}/pay", deliver=False)
    assert (await call(sandbox, "POST", REFUNDS, back("back-0001", 5000))).status == 200
    more = await call(sandbox, "POST", REFUNDS, back("back-0002", 3001))
    assert more.json["code"] == "AMOUNT_EXCEEDED"
    other = await call(sandbox, "POST", REFUNDS, back("back-0001", 4000))
    assert other.json["code"] == "REFUND_REUSED"
    assert (await call(sandbox, "POST", REFUNDS, back("back-0003", 3000))).status == 200
    assert [each["amount_fen"] for each in await sandbox.listed("/treasury-refunds")] == [
        3000,
        5000,
    ]


async def test_a_refund_can_fail_and_arrive_later(sandbox: Sandbox, receiver: Receiver) -> None:
    code = await issued(sandbox)
    await sandbox.phone(f"/notices/{code}/pay", deliver=False)
    sandbox.clock.ahead -= 3600  # so that nothing ends by itself meanwhile
    asked = await call(
        sandbox, "POST", REFUNDS, back(notify_url=f"{receiver.base}/callbacks/nontax")
    )
    assert asked.json["state"] == "PROCESSING"
    for end in ("FAILED", "SUCCESS"):
        settled = await sandbox.phone("/treasury-refunds/back-0001/settle", state=end)
        assert settled.status == 200, settled.body
        found = await call(sandbox, "GET", f"{REFUNDS}/back-0001")
        assert found.json["state"] == end
    assert (await sandbox.phone("/treasury-refunds/back-0001/settle", state="FAILED")).status == 409
    await eventually(lambda: len(receiver.got) == 2)
    assert sorted(each.json["event"] for each in receiver.got) == [
        "REFUND.FAILED",
        "REFUND.SUCCESS",
    ]


async def test_a_red_bill_needs_its_blue_one(sandbox: Sandbox) -> None:
    code = await issued(sandbox)
    await sandbox.phone(f"/notices/{code}/pay", deliver=False)
    wish = {"refund_no": "back-0001", "amount_fen": 3000, "reason": "多缴"}
    none = await call(sandbox, "POST", f"{BILLS}/51149901/0000000001/red", wish)
    assert (none.status, none.json["code"]) == (404, "BILL_NOT_EXIST")
    blue = (await call(sandbox, "POST", BILLS, {"order_no": "case-0001", "amount_fen": 8000})).json
    wrong = await call(sandbox, "POST", BILLS, {"order_no": "case-0001", "amount_fen": 7999})
    assert wrong.json["code"] == "AMOUNT_MISMATCH"
    path = f"{BILLS}/{blue['bill_code']}/{blue['bill_number']}"
    red = (await call(sandbox, "POST", f"{path}/red", wish)).json
    assert (red["kind"], red["amount_fen"]) == ("RED", 3000)
    of_red = f"{BILLS}/{red['bill_code']}/{red['bill_number']}/red"
    again = await call(sandbox, "POST", of_red, {**wish, "refund_no": "back-0002"})
    assert again.json["code"] == "BILL_NOT_BLUE"
    assert len(await sandbox.listed("/fiscal-bills")) == 2


async def test_a_bill_is_shown_to_who_knows_its_check_code(sandbox: Sandbox) -> None:
    code = await issued(sandbox)
    await sandbox.phone(f"/notices/{code}/pay", deliver=False)
    blue = (await call(sandbox, "POST", BILLS, {"order_no": "case-0001", "amount_fen": 8000})).json
    path = blue["url"].removeprefix(sandbox.base)
    assert (await sandbox.call("GET", path)).status == 200
    assert (await sandbox.call("GET", path[:-6] + "......")).status == 404
