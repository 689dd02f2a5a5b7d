"""The sandbox, served in this process, with what a test asks of it."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler

from integrations.sandbox.app import make_app
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.credentials import Credentials

WANG = "wxsandbox-wangjianguo0000000"
LI = "wxsandbox-lixiuying000000000"
TEMPLATE = "wxsandbox-template-correction"


@dataclass
class Outside:
    """``asked`` counts the requests by path; ``posted`` keeps what was called back."""

    url: str
    notify_url: str
    credentials: Credentials
    session: ClientSession
    asked: Counter[str]
    posted: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def phone(self, path: str, **body: Any) -> dict[str, Any]:
        """POST to the phone's API and return its answer, whatever its status."""
        async with self.session.post(f"{self.url}/phone/api/{path}", json=body) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def look(self, path: str) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.url}/phone/api/{path}") as response:
            items: list[dict[str, Any]] = (await response.json())["items"]
            return items

    async def code(self, kind: str, openid: str = WANG) -> str:
        return str((await self.phone(f"citizens/{openid}/{kind}-code"))["code"])

    async def fault(self, prefix: str, **what: Any) -> None:
        answer = await self.phone("faults", path_prefix=prefix, **what)
        assert "id" in answer, answer

    async def clear_faults(self) -> None:
        await self.session.delete(f"{self.url}/phone/api/faults")


@asynccontextmanager
async def serve(credentials: Credentials, state: Path) -> AsyncIterator[Outside]:
    """Serve the sandbox, and a listener that takes its callbacks, on free ports."""
    posted: list[tuple[dict[str, str], bytes]] = []
    asked: Counter[str] = Counter()

    async def take(request: web.Request) -> web.Response:
        posted.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked[request.path] += 1
        return await handler(request)

    listener = web.Application()
    listener.add_routes([web.post("/callbacks/{kind}", take)])
    async with TestServer(listener) as ours:
        base = str(ours.make_url("")).rstrip("/")
        app = await make_app(SandboxConfig(credentials, state, base, time_scale=0))
        app.middlewares.insert(0, count)
        async with TestServer(app) as theirs, ClientSession() as session:
            url = str(theirs.make_url("")).rstrip("/")
            notify = f"{base}/callbacks/wechatpay"
            yield Outside(url, notify, credentials, session, asked, posted)
