"""The world of a test: the real application on real servers, the sandbox as the outside."""

import asyncio
import json
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from unittest import mock

import aiohttp
import asyncpg
from aiohttp import web
from multidict import CIMultiDict
from prometheus_client import CollectorRegistry
from sanic import Sanic

from api.app import build_app
from api.context import Context
from composition import Parts, compose
from development import FINANCE, TEMPLATES
from integrations.embedded.secrets import development_secrets
from integrations.sandbox import SandboxConfig, issue_credentials, make_app
from services.ports.reading import MaterialReader
from settings import Settings

MONDAY = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)  # 09:10 in Shanghai


@dataclass
class FixedClock:
    """The port ``Clock``, set by the test."""

    at: datetime = MONDAY

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpClient:
    """A client of one base URL on one session."""

    base: str
    session: aiohttp.ClientSession

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        **more: Any,
    ) -> Answer:
        """Send a request; ``key`` is its Idempotency-Key."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        async with self.session.request(
            method, self.base + path, headers=sent, allow_redirects=False, **more
        ) as reply:
            return Answer(reply.status, CIMultiDict(reply.headers), await reply.read())

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.request("GET", path, **more)

    async def post(self, path: str, **more: Any) -> Answer:
        return await self.request("POST", path, **more)

    async def put(self, path: str, **more: Any) -> Answer:
        return await self.request("PUT", path, **more)

    async def delete(self, path: str, **more: Any) -> Answer:
        return await self.request("DELETE", path, **more)


@dataclass
class World:
    """One test's world; everything in it is its own but the database server and Valkey."""

    clock: FixedClock
    settings: Settings
    parts: Parts
    phone: HttpClient
    http: HttpClient
    database: asyncpg.Connection

    @property
    def ctx(self) -> Context:
        return self.parts.context

    async def work(self, *, later: bool = False) -> None:
        """Work off the jobs that are due; with ``later`` also those that wait."""
        if later:
            await self.database.execute("UPDATE pgqueuer SET execute_after = now()")
        await self.parts.worker().drain()

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """Return every row of a table, to show that nothing (else) changed."""
        found = await self.database.fetch(f'SELECT * FROM "{table}" ORDER BY 1')
        return [dict(row) for row in found]

    async def jobs(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the waiting jobs as (name, payload)."""
        found = await self.database.fetch("SELECT entrypoint, payload FROM pgqueuer ORDER BY id")
        return [(row["entrypoint"], json.loads(row["payload"])) for row in found]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collect the SQL statements that are sent meanwhile (BEGIN and COMMIT left out)."""
        seen: list[str] = []
        original = asyncpg.Connection._execute
        here = threading.get_ident()

        async def spy(self: Any, query: str, *args: Any, **kwargs: Any) -> Any:
            # The database of another test may be made ready in another thread.
            if threading.get_ident() == here:
                seen.append(query)
            return await original(self, query, *args, **kwargs)

        # The driver is not ours: this is the wire, not a module of ours.
        with mock.patch.object(asyncpg.Connection, "_execute", spy):
            yield seen


def make_settings(
    folder: Path, database_url: str, redis_url: str, sandbox: str, port: int
) -> Settings:
    """Return the settings of a test installation."""
    secrets = development_secrets(folder / "secrets")
    made = issue_credentials(folder / "sandbox")
    return Settings(
        port=port,
        data_dir=folder / "data",
        database_url=database_url,
        redis_url=redis_url,
        token_key_file=secrets.token_key_file,
        document_key_file=secrets.document_key_file,
        password_memory_kib=64,  # a thousand tests make staff
        reading=False,
        database_timeout=15.0,  # on a machine that runs other tests as well
        finance_uscc=FINANCE,
        field_keys=f"1={secrets.field_key}",
        index_key=secrets.index_key,
        wechat_api_base=sandbox,
        wechat_appid=made.appid,
        wechat_secret=made.app_secret,
        wechat_template_action=TEMPLATES[0],
        wechat_template_progress=TEMPLATES[1],
        wechat_open_base=sandbox,
        wechat_h5_appid=made.h5_appid,
        wechat_h5_secret=made.h5_secret,
        wechat_app_appid=made.app_appid,
        wechat_app_secret=made.app_secret_open,
        netid_api_base=sandbox,
        netid_access_key=made.netid_access_key,
        netid_secret=made.netid_secret,
        oidc_issuer=f"{sandbox}/oidc",
        oidc_client_id=made.oidc_client_id,
        oidc_client_secret=made.oidc_client_secret,
        nontax_api_base=sandbox,
        nontax_public_base=sandbox,
        nontax_unit_code=made.nontax_unit,
        nontax_secret=made.nontax_secret,
        wxpay_api_base=sandbox,
        wxpay_api_backup=sandbox,
        wxpay_mchid=made.merchant_id,
        wxpay_mch_serial=made.merchant_serial,
        wxpay_mch_key_file=made.merchant_key_file,
        wxpay_apiv3_key=made.apiv3_key,
        wxpay_app_appid=made.app_appid,
        wxpay_h5_appid=made.h5_appid,
        wxpay_pub_key_id=made.platform_public_key_id,
        wxpay_pub_key_file=made.platform_public_key_file,
        notify_base_url=f"http://127.0.0.1:{port}",
        sms_api_base=sandbox,
        sms_access_key=made.sms_access_key,
        sms_secret=made.sms_secret,
        realname_api_base=sandbox,
        realname_secret_id=made.realname_secret_id,
        realname_secret_key=made.realname_secret_key,
        registers_api_base=sandbox,
        registers_access_key=made.registers_access_key,
        registers_secret=made.registers_secret,
        certificates_api_base=sandbox,
        certificates_access_key=made.certificates_access_key,
        certificates_secret=made.certificates_secret,
        courier_order_url=f"{sandbox}/order/borderapi.do",
        courier_query_url=f"{sandbox}/poll/query.do",
        courier_customer=made.courier_customer,
        courier_key=made.courier_key,
        courier_salt=made.courier_salt,
    )


@asynccontextmanager
async def open_world(
    keys: Path, database_url: str, redis_url: str, reader: MaterialReader | None = None
) -> AsyncIterator[World]:
    """Open a world over a migrated and seeded database; ``keys`` are shared between tests.

    Without a ``reader`` no material is read by machine.
    """
    clock = FixedClock()
    app_socket, sandbox_socket = _listening(), _listening()
    sandbox_url = f"http://127.0.0.1:{sandbox_socket.getsockname()[1]}"
    port = app_socket.getsockname()[1]
    with tempfile.TemporaryDirectory() as data:
        settings = make_settings(keys, database_url, redis_url, sandbox_url, port)
        settings = settings.model_copy(update={"data_dir": Path(data) / "data"})
        parts = compose(settings, clock, reader)
        await parts.open()
        async with (
            _sandbox(keys, Path(data), port, clock, sandbox_socket),
            _served(parts, app_socket),
            aiohttp.ClientSession() as session,
        ):
            database = await asyncpg.connect(database_url)
            try:
                yield World(
                    clock=clock,
                    settings=settings,
                    parts=parts,
                    phone=HttpClient(f"{sandbox_url}/phone/api", session),
                    http=HttpClient(f"http://127.0.0.1:{port}", session),
                    database=database,
                )
            finally:
                await database.close()
                await parts.close()


def _listening() -> socket.socket:
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


@asynccontextmanager
async def _sandbox(
    keys: Path, data: Path, port: int, clock: FixedClock, sock: socket.socket
) -> AsyncIterator[None]:
    config = SandboxConfig(
        credentials=issue_credentials(keys / "sandbox"),
        state_dir=data / "sandbox",
        notify_base_url=f"http://127.0.0.1:{port}",
        time_scale=0.01,
        now=lambda: clock.now().timestamp(),
    )
    (data / "sandbox").mkdir()
    runner = web.AppRunner(await make_app(config), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _served(parts: Parts, sock: socket.socket) -> AsyncIterator[None]:
    """Serve the application from its first connection on: most tests never make one."""
    loop = asyncio.get_running_loop()
    called = asyncio.Event()
    sock.listen()
    loop.add_reader(sock, called.set)

    async def serve_when_called() -> None:
        await called.wait()
        loop.remove_reader(sock)
        async with _serving(parts, sock):
            await asyncio.Event().wait()

    task = asyncio.create_task(serve_when_called())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not called.is_set():
            loop.remove_reader(sock)
            sock.close()


class Served:
    """The context of the world that is served now.

    The application is built once per process: that costs more than most of what is asked of it.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.world: Context | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world, name)

    @cached_property
    def app(self) -> Sanic[Any, Any]:
        app = build_app(cast("Context", self), name="zhangban-tests")
        # Sanic rewrites its own methods at the first start of a process, and can do so only once.
        app.config.TOUCHUP = False
        # It builds its routes at each start, and lets only tests start again with what is built.
        Sanic.test_mode = True
        return app


SERVED = Served()


@asynccontextmanager
async def _serving(parts: Parts, sock: socket.socket) -> AsyncIterator[None]:
    assert SERVED.world is None, "one world at a time"
    SERVED.world = parts.context
    parts.context.registry.register(cast("Any", SERVED.registry))
    app = SERVED.app
    server: Any = await app.create_server(sock=sock, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.after_start()
    serving = asyncio.create_task(server.serve_forever())
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await server.before_stop()
        for connection in server.connections:
            connection.close()
        await server.after_stop()
        SERVED.world = None
