"""Wake-up calls at the wire: signed as Standard Webhooks says, and never to where they may not."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from aiohttp import web

from integrations.addresses import may_call
from integrations.pushes import WebhookPushes, headers_of
from services.ports.pushing import Push, Pushed

INSIDE = (ip_network("127.0.0.0/8"),)
SECRET = b"0123456789abcdef0123456789abcdef"
PUSH = Push("msg_1", datetime(2026, 3, 2, 1, 10, tzinfo=UTC), b'{"type":"handoff.waiting"}')
Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def start(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> str:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}/wake"

    yield start
    for runner in runners:
        await runner.cleanup()


async def test_a_call_is_signed_so_that_the_other_side_can_tell(serve: Serve) -> None:
    seen: list[tuple[dict[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        return web.Response(status=204)

    url = await serve(take)
    assert await WebhookPushes(INSIDE).send(url, SECRET, PUSH) is Pushed.DELIVERED
    [(headers, body)] = seen
    assert body == PUSH.body
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == "1772413800"


def test_the_published_example_is_signed_alike() -> None:
    """The vector of the Standard Webhooks libraries (MIT)."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    push = Push("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    made = headers_of(secret, push)["webhook-signature"]
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Pushed.DELIVERED),
        (410, Pushed.GONE),
        (302, Pushed.REFUSED),
        (404, Pushed.REFUSED),
        (500, Pushed.REFUSED),
    ],
)
async def test_an_answer_means_what_it_says_and_no_redirect_is_followed(
    serve: Serve, status: int, outcome: Pushed
) -> None:
    asked: list[str] = []

    async def take(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    url = await serve(take)
    assert await WebhookPushes(INSIDE).send(url, SECRET, PUSH) is outcome
    assert asked == ["/wake"]


async def test_a_silent_address_is_given_up(serve: Serve) -> None:
    async def take(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            # Both sides are one loop here: who never pauses would keep the other from reading.
            await asyncio.sleep(0.01)

    url = await serve(take)
    # It answered 200, and what it goes on saying is not read.
    assert await WebhookPushes(INSIDE, total=2).send(url, SECRET, PUSH) is Pushed.DELIVERED
    refused = await WebhookPushes(INSIDE, total=2).send("http://127.0.0.1:1/", SECRET, PUSH)
    assert refused is Pushed.UNREACHABLE


async def test_nothing_private_is_called_unless_it_is_named(serve: Serve) -> None:
    asked: list[str] = []

    async def take(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    url = await serve(take)
    port = url.split(":")[2]
    other = WebhookPushes((ip_network("10.9.0.0/16"),))
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]"):
        outcome = await other.send(f"http://{host}:{port}", SECRET, PUSH)
        assert outcome in (Pushed.ADDRESS_FORBIDDEN, Pushed.UNREACHABLE), host
    # Without a network inside, not even http is an address.
    assert await WebhookPushes().send(url, SECRET, PUSH) is Pushed.ADDRESS_FORBIDDEN
    assert asked == []


@pytest.mark.parametrize(
    "text",
    [
        *("10.0.0.1", "172.16.5.5", "192.168.1.1", "100.64.0.1", "127.0.0.1", "169.254.169.254"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "100.100.100.200", "192.0.2.1"),
        *("::1", "::", "fe80::1", "fd00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1"),
        *("2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
    ],
)
def test_no_inner_address_is_public(text: str) -> None:
    assert not may_call(ip_address(text), ())


@pytest.mark.parametrize("text", ["114.114.114.114", "2400:3200::1", "64:ff9b::7272:7272"])
def test_a_public_address_may_be_called(text: str) -> None:
    assert may_call(ip_address(text), ())


def test_a_named_network_opens_itself_and_never_the_metadata() -> None:
    everything: tuple[Any, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert may_call(ip_address("10.20.3.4"), (ip_network("10.20.0.0/16"),))
    assert not may_call(ip_address("10.21.3.4"), (ip_network("10.20.0.0/16"),))
    for text in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "::ffff:169.254.169.254"):
        assert not may_call(ip_address(text), everything), text


@pytest.mark.parametrize(
    "url",
    [
        "https://u:p@example.cn/",
        "https://u@example.cn/",
        "https://example.cn/#x",
        "ftp://example.cn/",
        "https:///x",
        "https://example.cn:99999/",
        "https://例.cn/",
        "file:///etc/passwd",
        "http://example.cn/",
    ],
)
def test_an_odd_address_is_not_fit(url: str) -> None:
    assert not WebhookPushes().is_fit(url)
    assert WebhookPushes().is_fit("https://example.cn:8443/wake?x=1")
    assert WebhookPushes(INSIDE).is_fit("http://oa.example.cn/wake")
