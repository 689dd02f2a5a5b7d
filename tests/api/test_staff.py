"""Staff over HTTP: the first login, every login after it, and the administrator's desk."""

from typing import Any
from uuid import uuid4

import pyotp

from models.rules.events import Role
from services.actors import SYSTEM, Officer
from services.members import Post
from tests import make
from tests.api import tokens
from tests.world import Answer, World

FIRST = "First-password-1"
PASSWORD = "Correct-horse-7"


async def add(world: World, role: Role = Role.WINDOW) -> str:
    """Add a member of staff under a username of their own and return it."""
    username = f"chen-{uuid4().hex[:12]}"
    post = Post(frozenset({role}), "COUNTY")
    await world.ctx.members.create(SYSTEM, username, "陈窗口", post, FIRST)
    return username


async def login(
    world: World, username: object, password: object = PASSWORD, otp: object = ""
) -> Answer:
    body = {"username": username, "password": password, "otp": otp}
    return await world.http.post("/staff/v1/login", json=body)


def code(world: World, secret: str, step: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(world.clock.now().timestamp()) + 30 * step)


async def set_up(world: World, username: str) -> str:
    """Go through the first login; return the secret of the codes."""
    token = (await login(world, username, FIRST)).json["access_token"]
    change = {"current": FIRST, "password": PASSWORD}
    answer = await world.http.put("/staff/v1/me/password", json=change, token=token)
    assert answer.status == 204
    secret = str((await world.http.post("/staff/v1/me/totp", token=token)).json["secret"])
    body = {"otp": code(world, secret, -1)}
    answer = await world.http.post("/staff/v1/me/totp/confirm", json=body, token=token)
    assert len(answer.json["recovery_codes"]) == 10
    return secret


def told(answer: Answer) -> tuple[int, dict[str, Any]]:
    content = dict(answer.json)
    del content["request_id"]
    return answer.status, content


async def test_the_first_login_only_sets_up(world: World) -> None:
    username = await add(world)
    answer = await login(world, username, FIRST)
    assert answer.json["setup"] == ["password", "totp"]
    token = answer.json["access_token"]
    queue = await world.http.get("/staff/v1/cases", token=token)
    assert (queue.status, queue.json["code"]) == (403, "setup_pending")
    secret = await set_up(world, username)
    # The password was changed in another session, which ended this one.
    assert (await world.http.get("/staff/v1/cases", token=token)).status == 401
    again = await login(world, username, PASSWORD, code(world, secret))
    assert again.json["setup"] == []
    token = again.json["access_token"]
    assert (await world.http.get("/staff/v1/cases", token=token)).status == 200


async def test_logging_in_and_out(world: World) -> None:
    username = await add(world)
    secret = await set_up(world, username)
    answer = await login(world, username, otp=code(world, secret))
    assert answer.status == 200
    content = answer.json
    token = content.pop("access_token")
    assert token.count(".") == 2
    assert content == {
        "token_type": "Bearer",
        "expires_in": 1800,
        "name": "陈窗口",
        "roles": ["WINDOW"],
        "unit": "示例县政务服务中心",
        "setup": [],
    }
    assert (await world.http.get("/v1/me", token=token)).status == 401
    assert (await world.http.post("/staff/v1/logout", token=token)).status == 204
    assert (await world.http.get("/staff/v1/cases", token=token)).status == 401


async def test_whatever_is_wrong_sounds_the_same(world: World) -> None:
    username = await add(world)
    secret = await set_up(world, username)
    answers = [
        await login(world, username, "incorrect", code(world, secret)),
        await login(world, username, otp="000000"),
        await login(world, username),
        await login(world, f"nobody-{uuid4().hex}"[:40], otp=code(world, secret)),
    ]
    first = told(answers[0])
    assert (first[0], first[1]["code"]) == (401, "staff_login_refused")
    assert all(told(each) == first for each in answers)


async def test_a_username_may_be_tried_five_times_a_minute(world: World) -> None:
    username, other = await add(world), await add(world)
    assert (await login(world, username, "incorrect")).status == 401
    for _ in range(4):
        await world.ctx.limiter.hit("staff_login", username)
    limited = await login(world, username.upper())
    assert (limited.status, limited.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    assert (await login(world, other, FIRST)).status == 200


async def test_what_is_no_login_is_refused(world: World) -> None:
    for username, password, otp in (
        (None, PASSWORD, ""),
        ("", PASSWORD, ""),
        ("x" * 65, "x", ""),
        ("x", "x" * 257, ""),
        ("x", "x", "1" * 17),
        ("x", "x", 123456),
    ):
        answer = await login(world, username, password, otp)
        assert (answer.status, answer.json["code"]) == (422, "fields_invalid")


def desk(world: World, officer: Officer) -> str:
    return tokens.of_staff(world, officer)


async def test_an_administrator_keeps_the_accounts(world: World) -> None:
    admin = desk(world, await make.officer(world, (Role.ADMIN,)))
    new = {
        "username": "li.north",
        "name": "李窗口",
        "roles": ["WINDOW"],
        "unit_id": "NORTH",
        "window_id": "W-NORTH",
    }
    made = await world.http.post("/staff/v1/members", json=new, token=admin)
    assert made.status == 201
    member = made.json["member_id"]
    assert (await login(world, "li.north", made.json["password"])).status == 200
    page = await world.http.get("/staff/v1/members?unit_id=NORTH", token=admin)
    [row] = page.json["members"]
    assert (row["id"], row["unit"], row["enrolled"]) == (member, "北桥镇便民服务中心", False)
    path = f"/staff/v1/members/{member}"
    body = {"roles": ["WINDOW"], "unit_id": "SOUTH", "head": True}
    changed = await world.http.put(path, json=body, token=admin)
    assert (changed.json["unit_id"], changed.json["head"]) == ("SOUTH", True)
    reset = await world.http.post(f"{path}/reset-password", token=admin)
    assert (await login(world, "li.north", reset.json["password"])).status == 200
    assert (await world.http.post(f"{path}/reset-totp", token=admin)).status == 204
    assert (await world.http.post(f"{path}/close", token=admin)).status == 204
    assert (await login(world, "li.north", reset.json["password"])).status == 401
    actions = [row["action"] for row in await world.rows("audit_log")]
    assert [each for each in actions if each != "staff.login"] == [
        "staff.create",
        "staff.change",
        "staff.reset_password",
        "staff.reset_totp",
        "staff.close",
    ]


async def test_pages_of_members_follow_each_other(world: World) -> None:
    admin = desk(world, await make.officer(world, (Role.ADMIN,)))
    for _ in range(4):
        await make.officer(world)
    seen: list[str] = []
    after = ""
    while after is not None:
        address = f"/staff/v1/members?limit=2{after and f'&after={after}'}"
        page = (await world.http.get(address, token=admin)).json
        seen += [row["id"] for row in page["members"]]
        after = page["next_after"]
    assert len(seen) == len(set(seen)) == 5


async def test_nobody_makes_themselves_more(world: World) -> None:
    admin = await make.officer(world, (Role.ADMIN,))
    window = await make.officer(world)
    before = await world.rows("staff_members")
    more = {"roles": ["SUPERVISOR"], "unit_id": "COUNTY"}
    own = await world.http.put(f"/staff/v1/members/{admin.id}", json=more, token=desk(world, admin))
    assert (own.status, own.json["code"]) == (403, "own_account")
    asked = await world.http.put(
        f"/staff/v1/members/{window.id}", json=more, token=desk(world, window)
    )
    assert (asked.status, asked.json["code"]) == (403, "forbidden")
    both = {"roles": ["ADMIN", "AUDITOR"], "unit_id": "COUNTY"}
    mixed = await world.http.put(
        f"/staff/v1/members/{window.id}", json=both, token=desk(world, admin)
    )
    assert (mixed.status, mixed.json["code"]) == (422, "roles_refused")
    for roles in ([], ["SYSTEM"], ["APPLICANT"], ["admin"]):
        body = {"roles": roles, "unit_id": "COUNTY"}
        answer = await world.http.put(
            f"/staff/v1/members/{window.id}", json=body, token=desk(world, admin)
        )
        assert (answer.status, answer.json["code"]) == (422, "fields_invalid")
    assert await world.rows("staff_members") == before


async def test_an_administrator_adds_units(world: World) -> None:
    admin = desk(world, await make.officer(world, (Role.ADMIN,)))
    listed = (await world.http.get("/staff/v1/units", token=admin)).json["units"]
    kinds = {row["kind"] for row in listed}
    assert kinds == {"COUNTY_CENTER", "AGENCY", "TOWNSHIP"}
    west = {
        "id": "WEST",
        "name": "西山镇便民服务中心",
        "kind": "TOWNSHIP",
        "region": "511499",
        "parent_id": "COUNTY",
    }
    assert (await world.http.post("/staff/v1/units", json=west, token=admin)).status == 201
    before = await world.rows("units")
    for wrong, status in (
        (west, 409),
        ({**west, "id": "EAST"}, 409),
        ({**west, "id": "EAST", "name": "东山镇", "parent_id": "NOWHERE"}, 422),
        ({**west, "id": "", "name": "某局", "kind": "AGENCY"}, 422),
        ({**west, "name": "某局", "kind": "AGENCY", "uscc": "11511499MB9000082C"}, 422),
        ({**west, "id": "EAST", "name": "东山镇", "uscc": "11511499MB9000082B"}, 422),
    ):
        answer = await world.http.post("/staff/v1/units", json=wrong, token=admin)
        assert answer.status == status
    assert await world.rows("units") == before
