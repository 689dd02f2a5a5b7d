"""A running sandbox, and the application's side of the border written independently of it."""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from integrations.sandbox import Credentials, SandboxConfig, make_app

WANG = "wxsandbox-wangjianguo0000000"
LI = "wxsandbox-lixiuying000000000"


@dataclass
class Clock:
    """Real time plus what a test added to it."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Sandbox:
    base: str
    credentials: Credentials
    clock: Clock
    session: aiohttp.ClientSession

    async def call(self, method: str, path: str, **options: Any) -> Answer:
        async with self.session.request(method, self.base + path, **options) as response:
            body = await response.read()
            return Answer(response.status, dict(response.headers), body)

    async def phone(self, path: str, **body: Any) -> Answer:
        return await self.call("POST", f"/phone/api{path}", json=body)

    async def listed(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.call("GET", f"/phone/api{path}")).json["items"]
        return items

    async def pay_call(self, method: str, path: str, value: Any = None, **spoil: str) -> Answer:
        """Send a request signed as the merchant; ``spoil`` replaces what is sent, not signed."""
        body = b"" if value is None else json.dumps(value).encode()
        stamp = spoil.get("timestamp", str(int(self.clock())))
        nonce = secrets.token_hex(16)
        message = f"{method}\n{path}\n{stamp}\n{nonce}\n".encode() + body + b"\n"
        key = load_pem_private_key(self.credentials.merchant_key_pem.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        signature = base64.b64encode(key.sign(message, padding.PKCS1v15(), SHA256())).decode()
        merchant = spoil.get("mchid", self.credentials.merchant_id)
        serial = spoil.get("serial_no", self.credentials.merchant_serial)
        authorization = (
            f'WECHATPAY2-SHA256-RSA2048 mchid="{merchant}",nonce_str="{nonce}",'
            f'signature="{signature}",timestamp="{stamp}",serial_no="{serial}"'
        )
        headers = {
            "Authorization": authorization,
            "Content-Type": "application/json",
            "Wechatpay-Serial": self.credentials.platform_public_key_id,
        }
        sent = spoil["body"].encode() if "body" in spoil else body
        return await self.call(method, path, data=sent, headers=headers)

    def order(self, number: str, notify_url: str, **changes: Any) -> dict[str, Any]:
        return {
            "appid": self.credentials.appid,
            "mchid": self.credentials.merchant_id,
            "description": "不动产登记费",
            "out_trade_no": number,
            "notify_url": notify_url,
            "amount": {"total": 8000, "currency": "CNY"},
            "payer": {"openid": WANG},
        } | changes

    async def prepay(self, number: str, notify_url: str, **changes: Any) -> str:
        order = self.order(number, notify_url, **changes)
        answer = await self.pay_call("POST", "/v3/pay/transactions/jsapi", order)
        assert answer.status == 200, answer.body
        prepay_id: str = answer.json["prepay_id"]
        return prepay_id

    async def query(self, number: str) -> Answer:
        merchant = self.credentials.merchant_id
        return await self.pay_call(
            "GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={merchant}"
        )

    def proves(self, headers: dict[str, str], body: bytes) -> None:
        """Raise unless the platform signed the body."""
        assert headers["Wechatpay-Serial"] == self.credentials.platform_public_key_id
        head = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode()
        key = load_pem_public_key(self.credentials.platform_public_key_pem.encode())
        assert isinstance(key, rsa.RSAPublicKey)
        signature = base64.b64decode(headers["Wechatpay-Signature"])
        key.verify(signature, head + body + b"\n", padding.PKCS1v15(), SHA256())

    def unseal(self, body: bytes) -> Any:
        """Return the transaction inside a callback."""
        resource = json.loads(body)["resource"]
        plain = AESGCM(self.credentials.apiv3_key.encode()).decrypt(
            resource["nonce"].encode(),
            base64.b64decode(resource["ciphertext"]),
            resource["associated_data"].encode(),
        )
        return json.loads(plain)


@dataclass
class Receiver:
    """The application as callbacks see it: answers from a list, then 204 for ever."""

    statuses: list[int] = field(default_factory=list)
    got: list[Answer] = field(default_factory=list)
    base: str = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = self.statuses.pop(0) if self.statuses else 204
        self.got.append(Answer(status, dict(request.headers), body))
        return web.Response(status=status)


async def eventually(true: Callable[[], bool], within: float = 5.0) -> None:
    """Wait until it is true; fail when it is not within these seconds."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sandbox_on(
    state: Path, credentials: Credentials, *, time_scale: float = 0.001, notify: str = ""
) -> AsyncIterator[Sandbox]:
    clock = Clock()
    config = SandboxConfig(
        credentials=credentials,
        state_dir=state,
        notify_base_url=notify or "http://127.0.0.1:9",
        time_scale=time_scale,
        now=clock,
    )
    async with served(await make_app(config)) as base, aiohttp.ClientSession() as session:
        yield Sandbox(base, credentials, clock, session)
