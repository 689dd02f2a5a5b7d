"""The account over HTTP: statuses, masking, who is let in."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.make import LI, WANG
from tests.services.entrance import WANG_NAME, WANG_NUMBER, take_code
from tests.world import Answer, World


async def come_in(world: World, openid: str = WANG) -> dict[str, Any]:
    answer = await world.http.post(
        "/v1/login/wechat", json={"code": await take_code(world, openid)}
    )
    assert answer.status == 200
    signed_in: dict[str, Any] = answer.json
    return signed_in


async def real_name(world: World, token: str, name: str, id_number: str) -> Answer:
    body = {"name": name, "id_number": id_number}
    return await world.http.post("/v1/me/real-name", json=body, token=token)


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def test_logging_in_gives_tokens_and_the_account(world: World) -> None:
    signed_in = await come_in(world)
    assert set(signed_in) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "account",
    }
    assert (signed_in["token_type"], signed_in["expires_in"]) == ("Bearer", 900)
    account = signed_in["account"]
    assert account == {
        "id": account["id"],
        "level": 0,
        "name": None,
        "phone": None,
        "elder_mode": False,
    }
    me = await world.http.get("/v1/me", token=signed_in["access_token"])
    assert (me.status, me.json) == (200, account)


async def test_a_code_is_good_once_over_http_too(world: World) -> None:
    code = await take_code(world)
    answers = await asyncio.gather(
        *(world.http.post("/v1/login/wechat", json={"code": code}) for _ in range(8))
    )
    good = [answer for answer in answers if answer.status == 200]
    refused = [problem(answer) for answer in answers if answer.status != 200]
    assert len(good) == 1
    assert refused == [(422, "login_code_invalid")] * 7
    assert len(await world.rows("sessions")) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/code"),
        ({"code": ""}, "/code"),
        ({"code": None}, "/code"),
        ({"code": "x" * 257}, "/code"),
        ({"code": "wxsandbox", "openid": WANG}, "/openid"),
    ],
)
async def test_only_a_code_is_taken(world: World, body: dict[str, Any], pointer: str) -> None:
    answer = await world.http.post("/v1/login/wechat", json=body)
    assert problem(answer) == (422, "fields_invalid")
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]
    assert await world.rows("accounts") == []


async def test_what_is_shown_of_a_person_is_masked(world: World) -> None:
    signed_in = await come_in(world)
    token = signed_in["access_token"]
    code = await take_code(world, kind="phone")
    phone = await world.http.post("/v1/me/phone", json={"code": code}, token=token)
    named = await real_name(world, token, WANG_NAME, WANG_NUMBER)
    refreshed = await world.http.post(
        "/v1/login/refresh", json={"refresh_token": signed_in["refresh_token"]}
    )
    me = await world.http.get("/v1/me", token=refreshed.json["access_token"])
    assert [each.status for each in (phone, named, refreshed, me)] == [200] * 4
    assert me.json == {
        "id": signed_in["account"]["id"],
        "level": 1,
        "name": "王*国",
        "phone": "138****0001",
        "elder_mode": False,
    }
    assert named.json == me.json == refreshed.json["account"]
    for answer in (phone, named, refreshed, me):
        for secret in (WANG_NAME, WANG_NUMBER, "13800000001", WANG):
            assert secret not in answer.body.decode()


async def test_what_the_register_and_our_rules_refuse(world: World) -> None:
    token = (await come_in(world))["access_token"]
    mismatch = await real_name(world, token, "赵强", "51149919781120707X")
    unknown = await real_name(world, token, WANG_NAME, "511499197001010013")
    number = await real_name(world, token, WANG_NAME, "511499198803162014")
    name = await real_name(world, token, "王1", WANG_NUMBER)
    assert problem(mismatch) == (422, "name_mismatch")
    assert problem(unknown) == (422, "no_record")
    assert problem(number) == (422, "id_number_invalid")
    assert problem(name) == (422, "name_invalid")
    assert number.json["errors"] == [
        {"pointer": "/id_number", "detail": "身份证号有一位填错了,请检查。"}
    ]
    assert [fault["pointer"] for fault in name.json["errors"]] == ["/name"]
    assert (await world.http.get("/v1/me", token=token)).json["level"] == 0


async def test_one_identity_one_account(world: World) -> None:
    mine = (await come_in(world))["access_token"]
    theirs = (await come_in(world, LI))["access_token"]
    assert (await real_name(world, mine, WANG_NAME, WANG_NUMBER)).status == 200
    taken = await real_name(world, theirs, WANG_NAME, WANG_NUMBER)
    other = await real_name(world, mine, "李秀英", "51149919650812404X")
    assert problem(taken) == (409, "identity_in_use")
    assert problem(other) == (409, "already_verified")


async def test_the_register_is_asked_five_times_an_hour(world: World) -> None:
    token = (await come_in(world))["access_token"]
    for _ in range(8):
        # A slip of the finger asks nobody and counts for nothing.
        assert (await real_name(world, token, WANG_NAME, "511499198803162014")).status == 422
    for _ in range(5):
        assert problem(await real_name(world, token, "赵强", "51149919781120707X"))[0] == 422
    limited = await real_name(world, token, WANG_NAME, WANG_NUMBER)
    assert problem(limited) == (429, "too_many_requests")
    assert 1 <= int(limited.headers["Retry-After"]) <= 3600
    assert await world.rows("persons") == []
    # The limit is the account's own.
    other = (await come_in(world, LI))["access_token"]
    assert (await real_name(world, other, WANG_NAME, WANG_NUMBER)).status == 200


async def test_elder_mode_is_switched(world: World) -> None:
    token = (await come_in(world))["access_token"]
    on = await world.http.put("/v1/me/elder-mode", json={"on": True}, token=token)
    assert (on.status, on.json["elder_mode"]) == (200, True)
    wrong = await world.http.put("/v1/me/elder-mode", json={"on": "no"}, token=token)
    assert problem(wrong) == (422, "fields_invalid")
    assert (await world.http.get("/v1/me", token=token)).json["elder_mode"] is True


async def test_logging_out_ends_the_refresh_token(world: World) -> None:
    signed_in = await come_in(world)
    gone = await world.http.post("/v1/logout", token=signed_in["access_token"])
    assert (gone.status, gone.body) == (204, b"")
    body = {"refresh_token": signed_in["refresh_token"]}
    assert problem(await world.http.post("/v1/login/refresh", json=body)) == (401, "session_ended")


async def test_every_bad_refresh_token_hears_the_same(world: World) -> None:
    signed_in = await come_in(world)
    session_id, _, secret = signed_in["refresh_token"].partition(".")
    answers = set()
    for token in ("x", f"{uuid4()}.{secret}", f"{session_id}.{'A' * 43}", f"{session_id}.{secret}"):
        answer = await world.http.post("/v1/login/refresh", json={"refresh_token": token})
        told = answer.json
        del told["request_id"]
        answers.add((answer.status, repr(told)))
    assert len(answers) == 1


async def test_who_is_no_citizen_is_not_let_in(world: World) -> None:
    account = str(uuid4())
    tokens = world.ctx.tokens
    claims = {"sub": account, "sid": str(uuid4())}
    staff = {"sub": account, "roles": ["WINDOW"], "unit": "窗口", "name": "陈"}
    good = (await come_in(world))["access_token"]
    header, payload, signature = good.split(".")
    expired = tokens.issue(claims, audience="zhangban:citizen", ttl=timedelta(seconds=1))
    wrong = [
        "",
        "x",
        expired,
        # Rightly signed, but there is no such account.
        tokens.issue(
            claims, audience="zhangban:citizen", ttl=timedelta(hours=1)
        ),  # no such account
        tokens.issue(staff, audience="zhangban:staff", ttl=timedelta(hours=1)),
        tokens.issue(claims, audience="zhangban:backoffice", ttl=timedelta(hours=1)),
        f"{header}.{payload}.{signature[::-1]}",
        f"{header}.{payload[::-1]}.{signature}",
        f"{header}.{payload}.",
    ]
    world.clock.advance(timedelta(seconds=2))
    assert (await world.http.get("/v1/me", token=good)).status == 200
    for token in wrong:
        answer = await world.http.get("/v1/me", token=token)
        assert problem(answer) == (401, "unauthenticated"), token
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert problem(await world.http.get("/v1/me")) == (401, "unauthenticated")
    basic = await world.http.get("/v1/me", headers={"Authorization": f"Basic {good}"})
    assert problem(basic) == (401, "unauthenticated")
    world.clock.advance(timedelta(minutes=15))
    assert problem(await world.http.get("/v1/me", token=good)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/logout"),
        ("GET", "/v1/me"),
        ("POST", "/v1/me/phone"),
        ("POST", "/v1/me/real-name"),
        ("PUT", "/v1/me/elder-mode"),
    ],
)
async def test_every_route_of_the_account_asks_who_is_there(
    world: World, method: str, path: str
) -> None:
    answer = await world.http.request(method, path, json={})
    assert problem(answer) == (401, "unauthenticated")
