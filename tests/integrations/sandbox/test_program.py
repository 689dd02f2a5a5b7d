"""The sandbox as its own process: killed, restarted, refused."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from integrations.sandbox import Credentials
from integrations.sandbox.__main__ import main

from .world import WANG, Clock, Receiver, Sandbox, eventually


async def _start(state: Path, credentials: Credentials, environment: str = "") -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "integrations.sandbox",
        "--port", "0", "--state-dir", str(state), "--credentials", str(credentials.file),
        "--notify-base-url", "http://127.0.0.1:9", "--time-scale", "0.1",
        stdout=PIPE, stderr=PIPE, env={**os.environ, "ZHANGBAN_ENV": environment},
    )  # fmt: skip


@asynccontextmanager
async def _running(
    state: Path, credentials: Credentials, last: signal.Signals
) -> AsyncIterator[Sandbox]:
    process = await _start(state, credentials)
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        base = line.strip().removeprefix("sandbox: ").removesuffix("/phone")
        assert base.startswith("http://127.0.0.1:"), line
        async with aiohttp.ClientSession() as session:
            yield Sandbox(base, credentials, Clock(), session)
    finally:
        process.send_signal(last)
        _, errors = await process.communicate()
    assert errors == b""
    assert process.returncode == (0 if last is signal.SIGTERM else -last)


async def test_killed_after_the_payment_it_comes_back_with_everything(
    tmp_path: Path, credentials: Credentials, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    template = "wxsandbox-template-paid"
    async with _running(tmp_path, credentials, signal.SIGKILL) as before:
        await before.phone(f"/citizens/{WANG}/subscriptions", template_id=template, times=2)
        prepay_id = await before.prepay("case-0001", f"{receiver.base}/callbacks/wechatpay")
        await before.prepay("case-0002", f"{receiver.base}/callbacks/wechatpay")
        paid = await before.phone(f"/orders/{prepay_id}/pay", openid=WANG)
        await eventually(lambda: len(receiver.got) == 1)
    async with _running(tmp_path, credentials, signal.SIGTERM) as after:
        found = (await after.query("case-0001")).json
        assert found["trade_state"] == "SUCCESS"
        assert found["transaction_id"] == paid.json["transaction_id"]
        assert (await after.query("case-0002")).json["trade_state"] == "NOTPAY"
        (left,) = await after.listed(f"/citizens/{WANG}/subscriptions")
        assert left == {"template_id": template, "left": 2}
        await eventually(lambda: len(receiver.got) == 2)
        assert receiver.got[0].body == receiver.got[1].body
        assert receiver.got[1].status == 204


async def test_it_does_not_run_in_production(tmp_path: Path, credentials: Credentials) -> None:
    state = tmp_path / "state"
    process = await _start(state, credentials, "production")
    output, errors = await process.communicate()
    assert process.returncode == 1
    assert output == b""
    assert b"production" in errors
    assert not state.exists()


def test_a_wrong_command_line_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--port", "0", "--state-dir", str(tmp_path / "state"), "--notify-base-url"]
    assert main([*words, "https://example.org"], "") == 1
    assert "loopback" in capsys.readouterr().err
    missing = ["--credentials", str(tmp_path / "none.json")]
    assert main([*words, "http://127.0.0.1:9", *missing], "") == 1
    assert "none.json" in capsys.readouterr().err
