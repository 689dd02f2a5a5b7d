"""Devices over HTTP: listing, ending one, ending all, and that it is so at once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.make import LI, WANG
from tests.services.entrance import take_code
from tests.world import Answer, World

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1) MicroMessenger/8.0.60 NetType/WIFI"


async def come_in(world: World, openid: str = WANG, **more: Any) -> dict[str, Any]:
    answer = await world.http.post(
        "/v1/login/wechat",
        json={"code": await take_code(world, openid), **more},
        headers={"User-Agent": IPHONE},
    )
    assert answer.status == 200, answer.body
    signed_in: dict[str, Any] = answer.json
    return signed_in


async def look(world: World, signed_in: dict[str, Any]) -> Answer:
    return await world.http.get("/v1/me", token=signed_in["access_token"])


async def devices(world: World, signed_in: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await world.http.get("/v1/me/sessions", token=signed_in["access_token"])
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.json["devices"]
    return found


async def test_one_sees_ones_own_devices(world: World) -> None:
    first = await come_in(world)
    world.clock.advance(timedelta(minutes=5))
    second = await come_in(world, device="妈妈的手机")
    await come_in(world, LI)
    shown = await devices(world, second)
    assert [(each["name"], each["current"], each["way_name"]) for each in shown] == [
        ("妈妈的手机", True, "微信小程序"),
        ("iPhone 微信", False, "微信小程序"),
    ]
    assert shown[0]["seen_at"] > shown[1]["seen_at"]
    world.clock.advance(timedelta(minutes=5))
    body = {"refresh_token": first["refresh_token"]}
    assert (await world.http.post("/v1/login/refresh", json=body)).status == 200
    assert [each["current"] for each in await devices(world, second)] == [False, True]
    # What could tell the phone apart or place it is not even stored.
    assert "8.0.60" not in repr(await world.rows("sessions"))


async def test_logging_out_ends_the_access_token_too(world: World) -> None:
    signed_in = await come_in(world)
    elsewhere = await come_in(world)
    with world.statements() as seen:
        assert (await world.http.post("/v1/logout", token=signed_in["access_token"])).status == 204
        after = len(seen)
        gone = await look(world, signed_in)
        # Refused without asking the database.
        assert len(seen) == after
    assert (gone.status, gone.json["code"]) == (401, "unauthenticated")
    assert (await look(world, elsewhere)).status == 200


async def test_one_device_is_logged_out(world: World) -> None:
    here, there = await come_in(world), await come_in(world)
    [other] = [each for each in await devices(world, here) if not each["current"]]
    path = f"/v1/me/sessions/{other['id']}"
    assert (await world.http.delete(path, token=here["access_token"])).status == 204
    assert (await look(world, there)).status == 401
    body = {"refresh_token": there["refresh_token"]}
    assert (await world.http.post("/v1/login/refresh", json=body)).status == 401
    assert (await look(world, here)).status == 200
    assert [each["current"] for each in await devices(world, here)] == [True]
    # Again is success.
    assert (await world.http.delete(path, token=here["access_token"])).status == 204


async def test_another_ones_device_is_not_found(world: World) -> None:
    mine, theirs = await come_in(world), await come_in(world, LI)
    [device] = await devices(world, theirs)
    before = await world.rows("sessions")
    for session in (device["id"], str(uuid4())):
        answer = await world.http.delete(f"/v1/me/sessions/{session}", token=mine["access_token"])
        assert (answer.status, answer.json["code"]) == (404, "session_unknown")
    assert await world.rows("sessions") == before
    assert (await look(world, theirs)).status == 200


async def test_everywhere_is_everywhere(world: World) -> None:
    phones = [await come_in(world) for _ in range(3)]
    stranger = await come_in(world, LI)
    path = "/v1/me/sessions/end-all"
    others = await world.http.post(
        path, json={"others_only": True}, token=phones[0]["access_token"]
    )
    assert (others.status, others.json) == (200, {"ended": 2})
    assert [(await look(world, each)).status for each in phones] == [200, 401, 401]
    everywhere = await world.http.post(path, token=phones[0]["access_token"])
    assert everywhere.json == {"ended": 1}
    assert (await look(world, phones[0])).status == 401
    assert (await look(world, stranger)).status == 200


async def test_a_stolen_refresh_token_ends_the_access_token_as_well(world: World) -> None:
    signed_in = await come_in(world)
    body = {"refresh_token": signed_in["refresh_token"]}
    renewed = (await world.http.post("/v1/login/refresh", json=body)).json
    world.clock.advance(timedelta(seconds=31))
    assert (await world.http.post("/v1/login/refresh", json=body)).status == 401
    assert (await look(world, renewed)).status == 401
