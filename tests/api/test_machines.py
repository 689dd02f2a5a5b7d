"""Tokens of back-office systems over HTTP."""

from uuid import uuid4

from tests.world import Answer, World

SECRET = "a-secret-of-the-agency"


async def add(world: World) -> str:
    client_id = f"approvals-{uuid4().hex[:12]}"
    await world.ctx.machines.create(
        client_id=client_id,
        secret=SECRET,
        name="县行政审批系统",
        agency_uscc="11511499MB9000082B",
    )
    return client_id


async def ask(world: World, client_id: object, secret: object = SECRET, **more: object) -> Answer:
    body = {"client_id": client_id, "client_secret": secret, **more}
    return await world.http.post("/backoffice/v1/token", json=body)


async def test_getting_a_token(world: World) -> None:
    answer = await ask(world, await add(world))
    assert answer.status == 200
    assert set(answer.json) == {"access_token", "token_type", "expires_in"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 900)
    token = answer.json["access_token"]
    assert (await world.http.get("/v1/me", token=token)).status == 401


async def test_wrong_id_and_wrong_secret_hear_the_same(world: World) -> None:
    wrong_secret = await ask(world, await add(world), "incorrect")
    wrong_id = await ask(world, f"nobody-{uuid4().hex[:12]}")
    assert (wrong_id.status, wrong_id.json["code"]) == (401, "client_refused")
    for answer in (wrong_id, wrong_secret):
        assert answer.json["request_id"]
    assert {**wrong_id.json, "request_id": ""} == {**wrong_secret.json, "request_id": ""}


async def test_a_client_may_ask_ten_times_a_minute(world: World) -> None:
    client_id, other = await add(world), await add(world)
    assert (await ask(world, client_id, "incorrect")).status == 401
    for _ in range(9):
        await world.ctx.limiter.hit("token", client_id)
    limited = await ask(world, client_id)
    assert (limited.status, limited.json["code"]) == (429, "too_many_requests")
    assert (await ask(world, other)).status == 200


async def test_what_is_no_request_for_a_token_is_refused(world: World) -> None:
    for answer in (
        await ask(world, None),
        await ask(world, "x" * 65),
        await ask(world, "x", ""),
        await ask(world, "x", scope="everything"),
    ):
        assert (answer.status, answer.json["code"]) == (422, "fields_invalid")
    raw = await world.http.post("/backoffice/v1/token", data="client_id=x&client_secret=y")
    assert (raw.status, raw.json["code"]) == (400, "malformed")
