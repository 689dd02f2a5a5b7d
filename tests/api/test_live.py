"""Live progress: pushed after every change, to its owner, for as long as the token lives."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import aiohttp
from sanic import Websocket

from api import live
from api.live import Live
from models.database import DatabaseLost
from services.actors import Citizen
from services.progress import Progress, ProgressReader
from services.sessions import CITIZEN_AUDIENCE
from tests import make
from tests.make import LI, Filed
from tests.services import stages
from tests.world import World

Socket = aiohttp.ClientWebSocketResponse


async def submitted(world: World) -> Filed:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    return filed


async def claim(world: World, filed: Filed) -> None:
    await world.ctx.reviews.claim(await make.officer(world), filed.case_id)


@asynccontextmanager
async def connected(world: World, case_id: UUID) -> AsyncIterator[Socket]:
    path = f"{world.http.base}/v1/cases/{case_id}/live"
    async with world.http.session.ws_connect(path) as socket:
        yield socket


async def heard(socket: Socket, seconds: float = 5) -> dict[str, Any]:
    message: dict[str, Any] = await socket.receive_json(timeout=seconds)
    return message


async def code_of(socket: Socket, seconds: float = 8) -> int | None:
    """Return the code with which the server closes."""
    message = await socket.receive(timeout=seconds)
    assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED), message
    return socket.close_code


async def test_the_progress_comes_now_and_after_each_change(world: World) -> None:
    filed = await submitted(world)
    token = make.token(world, filed.citizen)
    async with connected(world, filed.case_id) as socket:
        await socket.send_json({"access_token": token})
        first = await heard(socket)
        own = await world.http.get(f"/v1/cases/{filed.case_id}/progress", token=token)
        assert first == own.json
        await claim(world, filed)
        second = await heard(socket)
        assert second["state"] == "PRE_REVIEWING"
        assert second["timeline"][:1] == first["timeline"]
        await socket.ping()
        await socket.send_str("what a phone says later is not listened to")
        await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
        assert (await heard(socket))["state"] == "WITHDRAWN"


async def test_every_phone_that_looks_is_told(world: World) -> None:
    filed = await submitted(world)
    hello = {"access_token": make.token(world, filed.citizen)}
    async with connected(world, filed.case_id) as one, connected(world, filed.case_id) as two:
        for socket in (one, two):
            await socket.send_json(hello)
            assert (await heard(socket))["state"] == "SUBMITTED"
        await claim(world, filed)
        for socket in (one, two):
            assert (await heard(socket))["state"] == "PRE_REVIEWING"


async def test_waiting_holds_no_database_connection(world: World) -> None:
    filed = await submitted(world)
    hello = {"access_token": make.token(world, filed.citizen)}
    async with AsyncExitStack() as phones:
        for _ in range(world.settings.database_pool + 2):
            socket = await phones.enter_async_context(connected(world, filed.case_id))
            await socket.send_json(hello)
            assert (await heard(socket))["state"] == "SUBMITTED"
        answer = await asyncio.wait_for(world.http.get("/health/ready"), 3)
        assert answer.status == 200


async def test_who_is_not_let_in_is_told_why(world: World) -> None:
    filed = await submitted(world)
    stranger = make.token(world, await make.citizen(world, LI))
    staff = world.ctx.tokens.issue(
        {"sub": str(uuid4())}, audience="zhangban:staff", ttl=timedelta(minutes=5)
    )
    for first, code in (
        (json.dumps({"access_token": stranger}), 4404),
        (json.dumps({"access_token": "nonsense"}), 4401),
        (json.dumps({"access_token": staff}), 4401),
        (json.dumps({"access_token": None}), 4401),
        (json.dumps({"token": stranger}), 4401),
        (json.dumps([stranger]), 4401),
        (json.dumps("access_token"), 4401),
        ("not json", 4401),
        ("", 4401),
    ):
        async with connected(world, filed.case_id) as socket:
            await socket.send_str(first)
            assert await code_of(socket) == code, first
    async with connected(world, uuid4()) as socket:
        await socket.send_json({"access_token": stranger})
        assert await code_of(socket) == 4404


async def test_who_says_nothing_is_not_waited_for(world: World) -> None:
    async with connected(world, uuid4()) as socket:
        began = asyncio.get_running_loop().time()
        assert await code_of(socket) == 4401
        assert 4 < asyncio.get_running_loop().time() - began < 7


async def test_it_ends_with_the_token(world: World) -> None:
    filed = await submitted(world)
    claims = {"sub": str(filed.citizen.account_id), "sid": str(filed.citizen.session_id)}
    token = world.ctx.tokens.issue(claims, audience=CITIZEN_AUDIENCE, ttl=timedelta(seconds=2))
    async with connected(world, filed.case_id) as socket:
        await socket.send_json({"access_token": token})
        assert (await heard(socket))["state"] == "SUBMITTED"
        assert await code_of(socket) == 4401


async def test_a_plain_request_is_refused(world: World) -> None:
    answer = await world.http.get(f"/v1/cases/{uuid4()}/live")
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")


class Silent:
    """A broadcast whose Redis is gone: every feed has ended already."""

    async def publish(self, topic: str, message: str) -> None:
        pass

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[str]]:
        async def ended() -> AsyncIterator[str]:
            for message in cast("tuple[str, ...]", ()):
                yield message

        yield ended()


@dataclass
class Handset:
    """The server's end of a socket whose phone says its token and then listens."""

    token: str
    said: bool = False
    got: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    code: int | None = None

    async def recv(self, seconds: float | None = None) -> str:
        if self.said:
            await asyncio.Event().wait()
        self.said = True
        return json.dumps({"access_token": self.token})

    async def send(self, message: str) -> None:
        self.got.put_nowait(message)

    async def close(self, code: int) -> None:
        self.code = code


def state_of(progress: Progress) -> str:
    return progress.state.value


async def test_without_redis_it_goes_on_by_looking(world: World) -> None:
    filed = await submitted(world)
    handset = Handset(make.token(world, filed.citizen))
    ctx = replace(world.ctx, broadcast=Silent())
    looking = asyncio.create_task(
        Live(ctx, cast("Websocket", handset), filed.case_id, state_of).serve()
    )
    assert await asyncio.wait_for(handset.got.get(), 2) == "SUBMITTED"
    await claim(world, filed)
    assert await asyncio.wait_for(handset.got.get(), live.LOOK_SECONDS + 1) == "PRE_REVIEWING"
    assert handset.got.empty()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


@dataclass(frozen=True)
class Lost(ProgressReader):
    """A reader whose database is gone."""

    error: Exception = field(default_factory=DatabaseLost)

    async def of_case(self, who: Citizen, case_id: UUID) -> Progress:
        raise self.error


async def test_a_lost_database_asks_the_phone_to_come_back(world: World) -> None:
    filed = await submitted(world)
    for error, code in ((DatabaseLost(), 1013), (ConnectionError(), 1013), (ValueError(), 1011)):
        handset = Handset(make.token(world, filed.citizen))
        reader = Lost(world.clock, world.ctx.progress.crypto, error)
        ctx = replace(world.ctx, progress=reader)
        await Live(ctx, cast("Websocket", handset), filed.case_id, state_of).serve()
        assert (handset.code, handset.got.empty()) == (code, True)
