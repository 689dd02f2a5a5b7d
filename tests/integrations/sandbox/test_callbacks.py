import asyncio
import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.exceptions import InvalidSignature

from integrations.sandbox import Credentials
from integrations.sandbox.callbacks import RETRY_AFTER

from .world import WANG, Receiver, Sandbox, eventually, sandbox_on, served


async def _paid(sandbox: Sandbox, receiver: Receiver, **how: Any) -> dict[str, Any]:
    prepay_id = await sandbox.prepay("case-0001", f"{receiver.base}/callbacks/wechatpay")
    answer = await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG, **how)
    assert answer.status == 200, answer.body
    paid: dict[str, Any] = answer.json
    return paid


async def _state(sandbox: Sandbox, wanted: str) -> list[dict[str, Any]]:
    """Wait until no callback is pending; return the log, oldest first."""
    for _ in range(500):
        log = await sandbox.listed("/callbacks")
        if all(entry["state"] != "PENDING" for entry in log):
            break
    assert {entry["state"] for entry in log} == {wanted}
    return log[::-1]


def _has(receiver: Receiver, count: int) -> Callable[[], bool]:
    return lambda: len(receiver.got) >= count


def test_the_schedule_is_the_channels() -> None:
    assert len(RETRY_AFTER) == 15
    assert sum(RETRY_AFTER) == 24 * 3600 + 4 * 60


async def test_the_callback_proves_itself_and_tells_the_payment(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    paid = await _paid(sandbox, receiver)
    await eventually(_has(receiver, 1))
    (got,) = receiver.got
    sandbox.proves(got.headers, got.body)
    assert got.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
    assert got.json["event_type"] == "TRANSACTION.SUCCESS"
    assert got.json["resource_type"] == "encrypt-resource"
    assert got.json["resource"]["algorithm"] == "AEAD_AES_256_GCM"
    assert b"case-0001" not in got.body
    told = sandbox.unseal(got.body)
    assert told == (await sandbox.query("case-0001")).json
    assert (told["transaction_id"], told["amount"]["total"]) == (paid["transaction_id"], 8000)


async def test_it_is_repeated_until_answered(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.statuses = [500, 401, 301]
    await _paid(sandbox, receiver)
    await eventually(_has(receiver, 4))
    (entry,) = await _state(sandbox, "DELIVERED")
    assert [attempt["status"] for attempt in entry["attempts"]] == [500, 401, 301, 204]
    # The same notification, signed anew each time.
    assert len({got.body for got in receiver.got}) == 1
    assert len({got.headers["Wechatpay-Nonce"] for got in receiver.got}) == 4
    for got in receiver.got:
        sandbox.proves(got.headers, got.body)
    waits = [
        after["at"] - before["at"]
        for before, after in zip(entry["attempts"], entry["attempts"][1:], strict=False)
    ]
    for wait, seconds in zip(waits, (15, 15, 30), strict=True):
        assert wait >= seconds * 0.001


async def test_200_is_an_answer_too(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.statuses = [200]
    await _paid(sandbox, receiver)
    await eventually(_has(receiver, 1))
    (entry,) = await _state(sandbox, "DELIVERED")
    assert len(entry["attempts"]) == 1


async def test_after_sixteen_refusals_it_gives_up(
    tmp_path: Path, credentials: Credentials, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 40
    async with sandbox_on(tmp_path, credentials, time_scale=0.0) as sandbox:
        await _paid(sandbox, receiver)
        await eventually(_has(receiver, 16))
        (entry,) = await _state(sandbox, "GIVEN_UP")
        assert len(entry["attempts"]) == 16
    assert len(receiver.got) == 16


async def test_nobody_listening_is_logged_and_tried_again(sandbox: Sandbox) -> None:
    async with served(web.Application()) as base:
        gone = base
    prepay_id = await sandbox.prepay("case-0001", f"{gone}/callbacks/wechatpay")
    await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG)
    for _ in range(500):
        (entry,) = await sandbox.listed("/callbacks")
        if len(entry["attempts"]) > 1:
            break
    assert len(entry["attempts"]) > 1
    assert entry["attempts"][0]["status"] is None
    assert "Connect" in entry["attempts"][0]["error"]


async def test_an_answer_after_five_seconds_is_none(sandbox: Sandbox) -> None:
    arrivals: list[float] = []

    async def dawdle(_: web.Request) -> web.Response:
        arrivals.append(time.monotonic())
        await asyncio.sleep(6 if len(arrivals) == 1 else 0)
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/callbacks/wechatpay", dawdle)
    async with served(app) as base:
        prepay_id = await sandbox.prepay("case-0001", f"{base}/callbacks/wechatpay")
        await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG)
        await eventually(lambda: len(arrivals) == 2, within=8)
        await eventually(lambda: arrivals[1] - arrivals[0] >= 5)
        (entry,) = await _state(sandbox, "DELIVERED")
    assert [attempt["status"] for attempt in entry["attempts"]] == [None, 204]
    assert "Timeout" in entry["attempts"][0]["error"]


async def test_copies_are_the_same_notification(sandbox: Sandbox, receiver: Receiver) -> None:
    paid = await _paid(sandbox, receiver, copies=3)
    assert len(paid["callbacks"]) == 3
    await eventually(_has(receiver, 3))
    assert len({got.json["id"] for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1
    await _state(sandbox, "DELIVERED")
    assert len(receiver.got) == 3


async def test_never_delivered_until_somebody_asks(sandbox: Sandbox, receiver: Receiver) -> None:
    paid = await _paid(sandbox, receiver, deliver=False)
    (entry,) = await _state(sandbox, "HELD")
    assert entry["attempts"] == []
    assert receiver.got == []
    assert (await sandbox.query("case-0001")).json["trade_state"] == "SUCCESS"
    (seq,) = paid["callbacks"]
    assert (await sandbox.phone(f"/callbacks/{seq}/redeliver")).status == 200
    await eventually(_has(receiver, 1))
    assert sandbox.unseal(receiver.got[0].body)["out_trade_no"] == "case-0001"
    assert (await sandbox.phone("/callbacks/999/redeliver")).status == 404


async def test_a_probe_comes_first_and_is_not_repeated(
    tmp_path: Path, credentials: Credentials, receiver: Receiver
) -> None:
    receiver.statuses = [401]
    async with sandbox_on(tmp_path, credentials, time_scale=0.2) as sandbox:
        await _paid(sandbox, receiver, signtest=True)
        await eventually(_has(receiver, 2))
        probe, real = receiver.got
        signature = probe.headers["Wechatpay-Signature"]
        assert signature.startswith("WECHATPAY/SIGNTEST/")
        with pytest.raises((InvalidSignature, ValueError)):
            base64.b64decode(signature, validate=True)
            sandbox.proves(probe.headers, probe.body)
        sandbox.proves(real.headers, real.body)
        states = [entry["state"] for entry in await sandbox.listed("/callbacks")]
    assert states[1] == "PROBED"
    assert len(receiver.got) == 2


async def test_a_restart_keeps_what_was_pending(
    tmp_path: Path, credentials: Credentials, receiver: Receiver
) -> None:
    receiver.statuses = [503]
    async with sandbox_on(tmp_path, credentials, time_scale=0.05) as before:
        await _paid(before, receiver)
        await eventually(_has(receiver, 1))
    async with sandbox_on(tmp_path, credentials, time_scale=0.05) as after:
        await eventually(_has(receiver, 2))
        (entry,) = await _state(after, "DELIVERED")
        assert [attempt["status"] for attempt in entry["attempts"]] == [503, 204]
    assert receiver.got[0].body == receiver.got[1].body


async def test_redirects_are_not_followed(sandbox: Sandbox, receiver: Receiver) -> None:
    async def away(_: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(f"{receiver.base}/callbacks/elsewhere")

    app = web.Application()
    app.router.add_post("/callbacks/wechatpay", away)
    async with served(app) as base:
        prepay_id = await sandbox.prepay("case-0001", f"{base}/callbacks/wechatpay")
        await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG)
        for _ in range(500):
            (entry,) = await sandbox.listed("/callbacks")
            if entry["attempts"]:
                break
    assert entry["attempts"][0]["status"] == 307
    assert receiver.got == []


@pytest.mark.parametrize("how", [{"copies": 0}, {"copies": 51}, {"copies": "2"}, {"deliver": 1}])
async def test_a_payment_that_makes_no_sense_pays_nothing(
    sandbox: Sandbox, receiver: Receiver, how: dict[str, Any]
) -> None:
    prepay_id = await sandbox.prepay("case-0001", f"{receiver.base}/callbacks/wechatpay")
    answer = await sandbox.phone(f"/orders/{prepay_id}/pay", openid=WANG, **how)
    assert answer.status == 400
    assert (await sandbox.query("case-0001")).json["trade_state"] == "NOTPAY"
    assert await sandbox.listed("/callbacks") == []
