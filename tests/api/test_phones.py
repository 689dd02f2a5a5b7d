"""Coming in by a code to one's phone: what is right, what is guessed, what is told to whom."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models.account import Account, LoginIdentity, Person
from tests.make import LI, WANG
from tests.services.entrance import LI_NAME, LI_NUMBER, WANG_NAME, WANG_NUMBER, take_code
from tests.world import Answer, World

PHONE, OTHER = "13800000001", "13800000002"


async def ask(world: World, phone: str = PHONE, token: str | None = None, **more: Any) -> Answer:
    path = "/v1/login/phone/code" if token is None else "/v1/me/ways/phone/code"
    return await world.http.post(path, json={"phone": phone, **more}, token=token)


async def outbox(world: World, phone: str = PHONE) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.phone.get(f"/outbox?phone={phone}")).json["items"]
    return items


async def code_for(world: World, phone: str = PHONE, token: str | None = None) -> str:
    answer = await ask(world, phone, token)
    assert answer.status == 202, answer.body
    return str((await outbox(world, phone))[0]["data"]["code"])


async def log_in(world: World, code: str, phone: str = PHONE, **more: Any) -> Answer:
    return await world.http.post("/v1/login/phone", json={"phone": phone, "code": code, **more})


async def come_in(world: World, phone: str = PHONE) -> dict[str, Any]:
    answer = await log_in(world, await code_for(world, phone), phone)
    assert answer.status == 200, answer.body
    signed_in: dict[str, Any] = answer.json
    # The next code for this number may be asked for.
    world.clock.advance(timedelta(seconds=60))
    return signed_in


async def by_wechat(world: World, openid: str = WANG) -> dict[str, Any]:
    code = await take_code(world, openid)
    signed_in: dict[str, Any] = (
        await world.http.post("/v1/login/wechat", json={"code": code})
    ).json
    return signed_in


async def ways(world: World, token: str) -> list[tuple[str, str]]:
    answer = await world.http.get("/v1/me/ways", token=token)
    return [(each["way"], each["shown"]) for each in answer.json["ways"]]


def problem(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_a_code_makes_the_account_and_the_next_finds_it(world: World) -> None:
    first, again, other = await come_in(world), await come_in(world), await come_in(world, OTHER)
    assert first["account"]["id"] == again["account"]["id"] != other["account"]["id"]
    assert first["account"]["phone"] == "138****0001"
    assert first["account"]["level"] == 0
    assert await ways(world, again["access_token"]) == [("PHONE", "138****0001")]
    # No column holds the number in the clear.
    assert PHONE not in repr(await world.rows("login_identities"))


async def test_the_same_code_twenty_times_at_once_opens_one_session(world: World) -> None:
    code = await code_for(world)
    answers = await asyncio.gather(*(log_in(world, code) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [422] * 19
    assert {answer.json["code"] for answer in answers if answer.status != 200} == {"code_wrong"}
    for table in ("accounts", "login_identities", "sessions"):
        assert len(await world.rows(table)) == 1


async def test_who_has_an_account_hears_the_same_as_who_has_none(world: World) -> None:
    await come_in(world, PHONE)
    told = []
    for phone in (PHONE, OTHER):
        with world.statements() as seen:
            sent = await ask(world, phone)
            guessed = await log_in(world, "000000", phone)
        # The same work, and none in the database, where an account would show.
        assert seen == []
        body = {name: value for name, value in guessed.json.items() if name != "request_id"}
        told.append((sent.status, sent.json, guessed.status, body))
    assert told[0] == told[1]


async def test_a_guess_makes_nothing(world: World) -> None:
    code = await code_for(world)
    for guess in (wrong(code), "000000", "999999"):
        assert problem(await log_in(world, guess)) == (422, "code_wrong")
    assert await world.rows("accounts") == []
    # The code of one number opens no other, nor is a code for logging in one for linking.
    assert problem(await log_in(world, code, OTHER)) == (422, "code_wrong")
    assert (await log_in(world, code)).status == 200


async def test_after_five_guesses_the_right_code_is_worthless(world: World) -> None:
    code = await code_for(world)
    for _ in range(5):
        assert problem(await log_in(world, wrong(code))) == (422, "code_wrong")
    assert problem(await log_in(world, code)) == (422, "code_wrong")
    assert await world.rows("accounts") == []


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "１２３４５６", "' OR 1=1"])
async def test_what_is_no_code_is_not_even_counted(world: World, code: str) -> None:
    right = await code_for(world)
    for _ in range(6):
        assert problem(await log_in(world, code)) == (422, "fields_invalid")
    assert (await log_in(world, right)).status == 200


async def test_a_code_lives_ten_minutes(world: World) -> None:
    code = await code_for(world)
    world.clock.advance(timedelta(minutes=10))
    assert problem(await log_in(world, code)) == (422, "code_wrong")


async def test_one_live_code_and_a_minute_between_two(world: World) -> None:
    first = await code_for(world)
    early = await ask(world)
    assert problem(early) == (429, "too_many_requests")
    assert early.headers["Retry-After"] == "60"
    assert len(await outbox(world)) == 1
    world.clock.advance(timedelta(seconds=60))
    second = await code_for(world)
    if first != second:
        assert problem(await log_in(world, first)) == (422, "code_wrong")
    assert (await log_in(world, second)).status == 200


async def test_a_call_comes_after_two_texts(world: World) -> None:
    assert problem(await ask(world, channel="VOICE")) == (409, "voice_too_early")
    for _ in range(2):
        assert (await ask(world)).json["voice_after"] == 2
        world.clock.advance(timedelta(seconds=60))
    assert (await ask(world, channel="VOICE")).status == 202
    spoken = (await outbox(world))[0]
    assert spoken["channel"] == "voice"
    assert (await log_in(world, spoken["data"]["code"])).status == 200


async def test_a_number_gets_five_codes_an_hour(world: World) -> None:
    for _ in range(5):
        assert (await ask(world)).status == 202
        world.clock.advance(timedelta(seconds=60))
    limited = await ask(world)
    assert problem(limited) == (429, "too_many_requests")
    assert int(limited.headers["Retry-After"]) >= 1
    assert len(await outbox(world)) == 5


async def test_one_device_asks_for_ten_numbers_at_most(world: World) -> None:
    answers = [
        await ask(world, f"1380000{number:04d}", device_id="device-a") for number in range(11)
    ]
    assert [answer.status for answer in answers] == [202] * 10 + [429]
    assert (await ask(world, "13800009999", device_id="device-b")).status == 202


async def test_a_gateway_that_is_down_costs_no_minute(world: World) -> None:
    await world.phone.post("/faults", json={"path_prefix": "/sms", "status": 500})
    assert problem(await ask(world)) == (503, "outside_unavailable")
    assert (await ask(world)).status == 202


async def test_what_the_gateway_refuses_hears_the_same(world: World) -> None:
    await world.phone.post(
        "/faults", json={"path_prefix": "/sms", "status": 400, "code": "PARAM_INVALID"}
    )
    assert (await ask(world)).status == 202
    assert await outbox(world) == []


@pytest.mark.parametrize("phone", ["1380000000", "+1 555 0100", "x", "12800000001"])
async def test_what_is_no_number_is_refused(world: World, phone: str) -> None:
    answer = await ask(world, phone)
    assert problem(answer) == (422, "phone_invalid")
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/phone"]


async def test_a_number_is_added_and_opens_the_same_account(world: World) -> None:
    mine = await by_wechat(world)
    token = mine["access_token"]
    login_code = await code_for(world)
    body = {"phone": PHONE, "code": login_code}
    # A code for logging in links nothing.
    answer = await world.http.post("/v1/me/ways/phone", json=body, token=token)
    assert problem(answer) == (422, "code_wrong")
    code = await code_for(world, token=token)
    answer = await world.http.post(
        "/v1/me/ways/phone", json={"phone": PHONE, "code": code}, token=token
    )
    assert answer.status == 200, answer.body
    assert [each["way"] for each in answer.json["ways"]] == ["WECHAT_MINI", "PHONE"]
    world.clock.advance(timedelta(seconds=60))
    assert (await come_in(world))["account"]["id"] == mine["account"]["id"]
    assert len(await world.rows("accounts")) == 1


async def test_the_last_way_stays(world: World) -> None:
    mine = await come_in(world)
    token = mine["access_token"]
    [own] = (await world.http.get("/v1/me/ways", token=token)).json["ways"]
    path = f"/v1/me/ways/{own['id']}"
    assert problem(await world.http.delete(path, token=token)) == (409, "last_way")
    code = {"code": await take_code(world)}
    await world.http.post("/v1/me/ways/wechat", json=code, token=token)
    elsewhere = await come_in(world)
    # Two who are removed at once leave one behind.
    listed = (await world.http.get("/v1/me/ways", token=token)).json["ways"]
    answers = await asyncio.gather(
        *(world.http.delete(f"/v1/me/ways/{each['id']}", token=token) for each in listed)
    )
    assert sorted(answer.status for answer in answers) == [204, 409]
    assert len(await ways(world, token)) == 1
    stranger = await by_wechat(world, LI)
    [kept] = (await world.http.get("/v1/me/ways", token=token)).json["ways"]
    foreign = await world.http.delete(f"/v1/me/ways/{kept['id']}", token=stranger["access_token"])
    assert problem(foreign) == (404, "way_unknown")
    if kept["way"] == "WECHAT_MINI":
        # What the removed way opened elsewhere has ended; one's own session goes on.
        assert (await world.http.get("/v1/me", token=elsewhere["access_token"])).status == 401
    assert (await world.http.get("/v1/me", token=token)).status == 200


async def real_name(world: World, token: str, name: str, number: str) -> None:
    body = {"name": name, "id_number": number}
    answer = await world.http.post("/v1/me/real-name", json=body, token=token)
    assert answer.status == 200, answer.body


async def test_a_recycled_number_opens_no_strangers_account(world: World) -> None:
    former = await come_in(world)
    await real_name(world, former["access_token"], WANG_NAME, WANG_NUMBER)
    world.clock.advance(timedelta(days=90))
    before = [await world.rows(table) for table in ("accounts", "persons", "login_identities")]
    stale = await log_in(world, await code_for(world))
    assert problem(stale) == (409, "phone_stale")
    assert before == [
        await world.rows(table) for table in ("accounts", "persons", "login_identities")
    ]
    world.clock.advance(timedelta(seconds=60))
    fresh = await log_in(world, await code_for(world), new_holder=True)
    assert fresh.status == 200
    assert fresh.json["account"]["id"] != former["account"]["id"]
    assert fresh.json["account"]["name"] is None
    [person] = await Person.all()
    assert str(person.account_id) == former["account"]["id"]
    # The former owner's messages do not go to the number any more.
    assert (await Account.get(id=person.account_id)).phone_sealed is None


async def test_a_number_in_use_stays_its_owners(world: World) -> None:
    former = await come_in(world)
    await real_name(world, former["access_token"], WANG_NAME, WANG_NUMBER)
    for _ in range(3):
        world.clock.advance(timedelta(days=89))
        assert (await come_in(world))["account"]["id"] == former["account"]["id"]


async def test_who_binds_a_number_takes_it_and_nothing_else(world: World) -> None:
    former = await come_in(world)
    await real_name(world, former["access_token"], WANG_NAME, WANG_NUMBER)
    code = {"code": await take_code(world, WANG)}
    await world.http.post("/v1/me/ways/wechat", json=code, token=former["access_token"])
    mine = await by_wechat(world, LI)
    token = mine["access_token"]
    await real_name(world, token, LI_NAME, LI_NUMBER)
    template = {"template_id": world.settings.wechat_template_action}
    await world.phone.post(f"/citizens/{WANG}/subscriptions", json=template)
    link = await code_for(world, token=token)
    answer = await world.http.post(
        "/v1/me/ways/phone", json={"phone": PHONE, "code": link}, token=token
    )
    assert answer.status == 200
    world.clock.advance(timedelta(seconds=60))
    assert (await come_in(world))["account"]["id"] == mine["account"]["id"]
    # The session that the number had opened is over, and its owner is told where they still are.
    assert (await world.http.get("/v1/me", token=former["access_token"])).status == 401
    back = await by_wechat(world, WANG)
    assert back["account"]["id"] == former["account"]["id"]
    assert await ways(world, back["access_token"]) == [("WECHAT_MINI", "")]
    await world.work()
    items = (await world.phone.get(f"/outbox?openid={WANG}")).json["items"]
    assert [each["data"]["thing2"] for each in items] == ["您的一种登录方式已归他人使用"]
    owners = {str(each.account_id) for each in await LoginIdentity.all()}
    assert owners == {mine["account"]["id"]}


async def test_a_wechat_that_is_the_only_way_into_something_stays(world: World) -> None:
    theirs = await by_wechat(world, LI)
    await real_name(world, theirs["access_token"], LI_NAME, LI_NUMBER)
    mine = await by_wechat(world, WANG)
    before = await world.rows("wechat_identities")
    code = {"code": await take_code(world, LI)}
    answer = await world.http.post("/v1/me/ways/wechat", json=code, token=mine["access_token"])
    assert problem(answer) == (409, "way_in_use")
    assert await world.rows("wechat_identities") == before
    assert (await world.http.get("/v1/me", token=theirs["access_token"])).status == 200
