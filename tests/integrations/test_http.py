"""Calls to systems of others: slow, huge, redirecting and broken answers."""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from integrations.http import Http, Unreachable
from services.errors import OutsideUnavailable

LIMIT = 100_000


async def echo(request: web.Request) -> web.Response:
    body = await request.read()
    return web.Response(body=request.raw_path.encode() + b"\n" + body, status=201)


async def redirect(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/echo/reached"})


async def huge(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(10_000):
        await answer.write(b"x" * 10_000)
    return answer


async def bomb(_: web.Request) -> web.Response:
    answer = web.Response(body=b"\0" * 50_000_000)
    answer.enable_compression(web.ContentCoding.gzip)
    return answer


async def drip(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b"x")
        await asyncio.sleep(0.05)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(
        [
            web.route("*", "/echo/{rest:.*}", echo),
            web.get("/redirect", redirect),
            web.get("/huge", huge),
            web.get("/drip", drip),
        ]
    )
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http(total=0.5, connect=0.2, max_answer=LIMIT)
    yield http
    await http.aclose()


async def test_the_url_is_sent_as_it_is_written(http: Http, url: str) -> None:
    reply = await http.request("POST", f"{url}/echo/a%7Cb%2A?q=%E5%8A%9E+x", body="办".encode())
    assert reply.status == 201
    assert reply.body == b"/echo/a%7Cb%2A?q=%E5%8A%9E+x\n" + "办".encode()


async def test_a_redirect_is_not_followed(http: Http, url: str) -> None:
    reply = await http.request("GET", f"{url}/redirect")
    assert (reply.status, reply.body) == (302, b"")


async def test_a_huge_answer_is_left_at_its_limit(http: Http, url: str) -> None:
    with pytest.raises(OutsideUnavailable):
        await http.request("GET", f"{url}/huge")


async def test_a_dripping_answer_ends_in_time(http: Http, url: str) -> None:
    began = time.perf_counter()
    with pytest.raises(OutsideUnavailable):
        await http.request("GET", f"{url}/drip")
    assert time.perf_counter() - began < 0.8


async def test_nobody_there_is_unreachable(http: Http) -> None:
    with pytest.raises(Unreachable):
        await http.request("GET", f"http://127.0.0.1:{unused_port()}/")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff\r\n\r\n",
        b"HTTP/1.1 999999 what\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_a_broken_answer_is_unavailable_and_shows_no_secret(
    http: Http, answer: bytes
) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(OutsideUnavailable) as caught:
            await http.request("GET", f"http://127.0.0.1:{port}/?secret={'out' * 9}")
    assert "out" * 9 not in "".join(traceback.format_exception(caught.value))


async def test_a_compressed_bomb_is_left_at_its_limit(http: Http) -> None:
    app = web.Application()
    app.add_routes([web.get("/", bomb)])
    async with TestServer(app) as server:
        with pytest.raises(OutsideUnavailable):
            await http.request("GET", str(server.make_url("/")))


async def test_no_cookie_is_kept(http: Http) -> None:
    seen: list[str] = []

    async def bake(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie", ""))
        return web.Response(headers={"Set-Cookie": "a=b; Path=/"})

    app = web.Application()
    app.add_routes([web.get("/", bake)])
    async with TestServer(app) as server:
        for _ in range(2):
            await http.request("GET", str(server.make_url("/")).replace("127.0.0.1", "localhost"))
    assert seen == ["", ""]


async def test_a_session_can_be_opened_again(http: Http, url: str) -> None:
    await http.request("GET", f"{url}/echo/1")
    await http.aclose()
    await http.aclose()
    assert (await http.request("GET", f"{url}/echo/2")).status == 201
