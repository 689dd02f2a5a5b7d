"""Staff login over HTTP."""

from typing import Any
from uuid import uuid4

from models.rules.events import Role
from tests.world import Answer, World

PASSWORD = "correct horse battery"


async def add(world: World) -> str:
    """Add a member of staff under a username of their own and return it."""
    username = f"chen-{uuid4().hex[:12]}"
    await world.ctx.staff.create(
        username=username, password=PASSWORD, name="陈窗口", roles=[Role.WINDOW], unit="综合窗口"
    )
    return username


async def login(world: World, username: object, password: object = PASSWORD) -> Answer:
    body = {"username": username, "password": password}
    return await world.http.post("/staff/v1/login", json=body)


def told(answer: Answer) -> tuple[int, dict[str, Any]]:
    content = dict(answer.json)
    del content["request_id"]
    return answer.status, content


async def test_logging_in(world: World) -> None:
    answer = await login(world, await add(world))
    assert answer.status == 200
    content = answer.json
    assert content.pop("access_token").count(".") == 2
    assert content == {
        "token_type": "Bearer",
        "expires_in": 1800,
        "name": "陈窗口",
        "roles": ["WINDOW"],
        "unit": "综合窗口",
    }


async def test_wrong_name_and_wrong_password_hear_the_same(world: World) -> None:
    username = await add(world)
    wrong_password = await login(world, username, "incorrect")
    wrong_name = await login(world, f"nobody-{uuid4().hex}"[:40])
    assert told(wrong_password) == told(wrong_name)
    assert (wrong_name.status, wrong_name.json["code"]) == (401, "staff_login_refused")


async def test_a_username_may_be_tried_five_times_a_minute(world: World) -> None:
    username, other = await add(world), await add(world)
    assert (await login(world, username, "incorrect")).status == 401
    for _ in range(4):
        await world.ctx.limiter.hit("staff_login", username)
    limited = await login(world, username.upper())
    assert (limited.status, limited.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    assert (await login(world, other)).status == 200


async def test_what_is_no_login_is_refused(world: World) -> None:
    for username, password in ((None, PASSWORD), ("", PASSWORD), ("x" * 65, "x"), ("x", "x" * 257)):
        answer = await login(world, username, password)
        assert (answer.status, answer.json["code"]) == (422, "fields_invalid")


async def test_a_token_of_staff_opens_no_citizens_route(world: World) -> None:
    token = (await login(world, await add(world))).json["access_token"]
    assert (await world.http.get("/v1/me", token=token)).status == 401
