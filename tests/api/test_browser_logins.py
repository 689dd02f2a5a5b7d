"""Logins through a browser: bound to it, good once, nowhere else to; whose account they open."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from models.account import LoginIdentity
from tests.api.test_phones import by_wechat, problem, real_name
from tests.make import LI, WANG
from tests.services.entrance import LI_NAME, LI_NUMBER, WANG_NAME, WANG_NUMBER, ZHAO
from tests.world import Answer, World


@dataclass
class Browser:
    """A browser: it keeps our cookie and follows where it is sent, page by page."""

    world: World
    way: str = "oidc"
    cookie: str = field(default="")

    async def get(self, path: str) -> Answer:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        answer = await self.world.http.get(path, headers=headers)
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer

    async def leave(self, query: str = "") -> str:
        """Return the address at the provider's."""
        answer = await self.get(f"/v1/login/{self.way}{query}")
        assert answer.status == 302, answer.body
        return str(answer.headers["Location"])

    async def choose(self, url: str, citizen: str = WANG, level: str = "3") -> str:
        """Choose a citizen on the provider's page; return the path that it sends back to."""
        form = {"citizen": citizen, "level": level}
        async with self.world.http.session.post(
            url.partition("#")[0], data=form, allow_redirects=False
        ) as answer:
            assert answer.status == 302, await answer.text()
            back: str = answer.headers["Location"]
        assert back.startswith(self.world.http.base)
        return back.removeprefix(self.world.http.base)

    async def fragment(self, path: str) -> dict[str, str]:
        """Come back and return what our page finds in its fragment."""
        answer = await self.get(path)
        assert answer.status == 302, answer.body
        parts = urlsplit(answer.headers["Location"])
        return {name: values[0] for name, values in parse_qs(parts.fragment).items()}

    async def exchange(self, ticket: str) -> Answer:
        headers = {"Cookie": self.cookie, "User-Agent": "Mozilla (Windows) Firefox/140.0"}
        return await self.world.http.post(
            "/v1/login/ticket", json={"ticket": ticket}, headers=headers
        )

    async def log_in(self, citizen: str = WANG, level: str = "3") -> dict[str, Any]:
        back = await self.choose(await self.leave(), citizen, level)
        answer = await self.exchange((await self.fragment(back))["ticket"])
        assert answer.status == 200, answer.body
        signed_in: dict[str, Any] = answer.json
        return signed_in


async def nothing(world: World) -> bool:
    tables = ("accounts", "persons", "sessions", "login_identities", "wechat_identities")
    return all([await world.rows(table) == [] for table in tables])


@pytest.mark.requirement("统一实名身份认证", "单点登录")
async def test_a_citizen_comes_in_with_name_and_level(world: World) -> None:
    browser = Browser(world)
    first = await browser.log_in()
    assert (first["account"]["level"], first["account"]["name"]) == (3, "王*国")
    again = await Browser(world).log_in(level="1")
    # Levels only rise.
    assert again["account"] == first["account"]
    devices = await world.http.get("/v1/me/sessions", token=again["access_token"])
    assert {(each["name"], each["way"]) for each in devices.json["devices"]} == {
        ("Windows电脑 Firefox浏览器", "OIDC")
    }
    kept = repr([await world.rows(table) for table in ("login_identities", "persons", "sessions")])
    assert WANG_NAME not in kept and WANG_NUMBER not in kept


async def test_the_cookie_is_for_this_way_only(world: World) -> None:
    answer = await world.http.get("/v1/login/oidc")
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Lax", "Path=/v1;", "Max-Age=600"):
        assert part.lower() in cookie.lower()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    secret = cookie.partition("=")[2].partition(";")[0]
    assert len(secret) == 43 and secret not in answer.headers["Location"]


@pytest.mark.parametrize("way", ["oidc", "wechat-h5"])
async def test_a_state_is_good_once(world: World, way: str) -> None:
    browser = Browser(world, way)
    back = await browser.choose(await browser.leave())
    assert "ticket" in await browser.fragment(back)
    assert problem(await browser.get(back)) == (422, "login_state_invalid")


@pytest.mark.parametrize("way", ["oidc", "wechat-h5"])
async def test_another_browser_cannot_bring_it_back(world: World, way: str) -> None:
    """Login fixation: an attacker's finished round, slipped into a victim's browser."""
    attacker, victim = Browser(world, way), Browser(world, way)
    back = await attacker.choose(await attacker.leave())
    for cookie in ("", "zhangban_login=", f"zhangban_login={'A' * 43}"):
        victim.cookie = cookie
        answer = await victim.get(back)
        assert problem(answer) == (422, "login_state_invalid")
    # And it is used up for the attacker as well.
    assert problem(await attacker.get(back)) == (422, "login_state_invalid")
    assert await nothing(world)


async def test_a_code_cannot_be_injected_into_another_round(world: World) -> None:
    victim, attacker = Browser(world), Browser(world)
    stolen = await victim.choose(await victim.leave())
    mine = await attacker.choose(await attacker.leave(), LI)
    code = parse_qs(urlsplit(stolen).query)["code"][0]
    own = parse_qs(urlsplit(mine).query)["state"][0]
    found = await attacker.fragment(f"/v1/login/oidc/callback?code={code}&state={own}")
    assert found == {"error": "login_code_invalid"}
    assert await nothing(world)


async def test_a_state_of_one_way_is_none_of_another(world: World) -> None:
    browser = Browser(world)
    back = await browser.choose(await browser.leave())
    answer = await browser.get(back.replace("/oidc/", "/wechat-h5/"))
    assert problem(answer) == (422, "login_state_invalid")
    assert await nothing(world)


async def test_who_comes_too_late_begins_again(world: World) -> None:
    browser = Browser(world)
    url = await browser.leave()
    world.clock.advance(timedelta(minutes=10))
    answer = await browser.get(await browser.choose(url))
    assert problem(answer) == (422, "login_state_invalid")


async def test_who_says_no_is_sent_back_without_a_ticket(world: World) -> None:
    browser = Browser(world)
    back = await browser.choose(await browser.leave("?return_to=/login"), citizen="")
    answer = await browser.get(back)
    assert answer.headers["Location"] == f"{world.http.base}/login#error=login_code_invalid"
    assert await nothing(world)


@pytest.mark.parametrize("path", ["/", "/login", "/pages/me?tab=1"])
async def test_one_returns_to_a_page_of_ours(world: World, path: str) -> None:
    browser = Browser(world)
    back = await browser.choose(await browser.leave(f"?return_to={path.replace('?', '%3F')}"))
    answer = await browser.get(back)
    assert answer.headers["Location"].startswith(f"{world.http.base}{path}#ticket=")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "%09//evil.example",
        "javascript:alert(1)",
        "evil.example",
        "@evil.example",
        ".evil.example",
        "/a%0d%0aSet-Cookie:x=y",
        "/a%23fragment",
        "///evil.example",
        "%2F%2Fevil.example",
    ],
)
async def test_nobody_is_sent_elsewhere(world: World, target: str) -> None:
    answer = await world.http.get(f"/v1/login/oidc?return_to={target}")
    assert problem(answer) == (422, "return_to_invalid"), target
    assert "Location" not in answer.headers and "Set-Cookie" not in answer.headers


async def test_a_ticket_is_good_once_in_its_browser_for_a_minute(world: World) -> None:
    browser = Browser(world)
    found = await browser.fragment(await browser.choose(await browser.leave()))
    answers = await asyncio.gather(*(browser.exchange(found["ticket"]) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [422] * 19
    assert len(await world.rows("sessions")) == 1
    found = await browser.fragment(await browser.choose(await browser.leave()))
    stranger = Browser(world, cookie=f"zhangban_login={'A' * 43}")
    assert problem(await stranger.exchange(found["ticket"])) == (422, "ticket_invalid")
    found = await browser.fragment(await browser.choose(await browser.leave()))
    world.clock.advance(timedelta(minutes=1))
    assert problem(await browser.exchange(found["ticket"])) == (422, "ticket_invalid")
    assert len(await world.rows("sessions")) == 1


async def test_redis_holds_no_person_in_the_clear(world: World) -> None:
    browser = Browser(world)
    await browser.fragment(await browser.choose(await browser.leave()))
    redis: Any = world.parts.adapters.passing._redis
    kept = [await redis.get(key) for key in await redis.keys("zhangban:passing:*")]
    assert kept
    assert not any(secret in repr(kept) for secret in (WANG_NAME, WANG_NUMBER))


@pytest.mark.requirement("用户中心统一")
async def test_the_same_person_by_two_ways_is_one(world: World) -> None:
    """Level 3 of the unified identity is as good as a face: it opens the person's account."""
    known = await by_wechat(world)
    await real_name(world, known["access_token"], WANG_NAME, WANG_NUMBER)
    came = await Browser(world).log_in(level="3")
    assert came["account"]["id"] == known["account"]["id"]
    assert came["account"]["level"] == 3
    assert len(await world.rows("accounts")) == len(await world.rows("persons")) == 1


async def test_a_weak_identity_opens_no_account_but_its_own(world: World) -> None:
    known = await by_wechat(world)
    await real_name(world, known["access_token"], WANG_NAME, WANG_NUMBER)
    came = await Browser(world).log_in(level="2")
    assert came["account"]["id"] != known["account"]["id"]
    assert (came["account"]["level"], came["account"]["name"]) == (0, None)
    body = {"name": WANG_NAME, "id_number": WANG_NUMBER}
    offered = await world.http.post("/v1/me/real-name", json=body, token=came["access_token"])
    assert problem(offered) == (409, "identity_in_use")
    proof = {"other_token": known["access_token"]}
    joined = await world.http.post(
        f"/v1/me/joins/{offered.json['join']['id']}", json=proof, token=came["access_token"]
    )
    assert joined.json["account"]["id"] == known["account"]["id"]
    assert (await Browser(world).log_in(level="2"))["account"]["id"] == known["account"]["id"]


async def link(world: World, browser: Browser, token: str, ticket: str) -> Answer:
    headers = {"Cookie": browser.cookie} if browser.cookie else {}
    return await world.http.post(
        "/v1/me/ways/ticket", json={"ticket": ticket}, headers=headers, token=token
    )


async def test_an_identity_is_linked_to_ones_account(world: World) -> None:
    mine = await by_wechat(world)
    browser = Browser(world)
    found = await browser.fragment(await browser.choose(await browser.leave()))
    linked = await link(world, browser, mine["access_token"], found["ticket"])
    assert [each["way"] for each in linked.json["ways"]] == ["WECHAT_MINI", "OIDC"]
    me = await world.http.get("/v1/me", token=mine["access_token"])
    assert (me.json["level"], me.json["name"]) == (3, "王*国")
    # The ticket was good once, whatever for.
    assert problem(await browser.exchange(found["ticket"])) == (422, "ticket_invalid")
    assert (await Browser(world).log_in())["account"]["id"] == mine["account"]["id"]


async def test_nobodys_identity_is_slipped_into_another_account(world: World) -> None:
    """Neither a victim's into the attacker's account, nor the attacker's into the victim's."""
    attacker, victim = await by_wechat(world, LI), await by_wechat(world, WANG)
    before = [await world.rows(table) for table in ("login_identities", "persons")]
    browser, own = Browser(world), Browser(world)
    await own.leave()
    for who in (attacker, victim):
        for holder in (own, Browser(world)):
            found = await browser.fragment(await browser.choose(await browser.leave()))
            answer = await link(world, holder, who["access_token"], found["ticket"])
            assert problem(answer) == (422, "ticket_invalid")
    assert before == [await world.rows(table) for table in ("login_identities", "persons")]


async def test_another_person_is_not_linked(world: World) -> None:
    mine = await by_wechat(world, LI)
    await real_name(world, mine["access_token"], LI_NAME, LI_NUMBER)
    browser = Browser(world)
    found = await browser.fragment(await browser.choose(await browser.leave()))
    answer = await link(world, browser, mine["access_token"], found["ticket"])
    assert problem(answer) == (409, "already_verified")
    assert await LoginIdentity.all().count() == 0


async def test_linking_offers_to_join_the_account_that_is_known(world: World) -> None:
    known = await by_wechat(world)
    await real_name(world, known["access_token"], WANG_NAME, WANG_NUMBER)
    mine = await by_wechat(world, LI)
    browser = Browser(world)
    found = await browser.fragment(await browser.choose(await browser.leave()))
    answer = await link(world, browser, mine["access_token"], found["ticket"])
    assert problem(answer) == (409, "identity_in_use")
    # A level-3 identity is as good a proof as a face.
    assert answer.json["join"]["proven"] is True
    assert await LoginIdentity.all().count() == 0


async def test_an_ended_session_links_nothing(world: World) -> None:
    mine = await by_wechat(world)
    browser = Browser(world)
    found = await browser.fragment(await browser.choose(await browser.leave()))
    await world.http.post("/v1/logout", token=mine["access_token"])
    answer = await link(world, browser, mine["access_token"], found["ticket"])
    assert problem(answer) == (401, "unauthenticated")
    assert await LoginIdentity.all().count() == 0


async def app_login(world: World, openid: str = WANG) -> dict[str, Any]:
    code = (await world.phone.post(f"/citizens/{openid}/app-code", json={})).json["code"]
    answer = await world.http.post("/v1/login/wechat-app", json={"code": code})
    assert answer.status == 200, answer.body
    signed_in: dict[str, Any] = answer.json
    return signed_in


@pytest.mark.requirement("统一入口")
async def test_one_wechat_user_is_one_over_all_apps(world: World) -> None:
    mini = await by_wechat(world)
    mobile = await app_login(world)
    web = await Browser(world, "wechat-h5").log_in()
    ids = {each["account"]["id"] for each in (mini, mobile, web)}
    assert ids == {mini["account"]["id"]}
    assert (await app_login(world, LI))["account"]["id"] not in ids
    ways = await world.http.get("/v1/me/ways", token=web["access_token"])
    assert sorted(each["way"] for each in ways.json["ways"]) == [
        "WECHAT_APP",
        "WECHAT_H5",
        "WECHAT_MINI",
    ]


async def test_first_logins_of_one_user_at_once_make_one_account(world: World) -> None:
    answers = await asyncio.gather(
        *(app_login(world, ZHAO) for _ in range(4)), *(by_wechat(world, ZHAO) for _ in range(4))
    )
    assert len({each["account"]["id"] for each in answers}) == 1
    assert len(await world.rows("accounts")) == 1


async def test_a_code_of_the_app_is_good_once(world: World) -> None:
    code = (await world.phone.post(f"/citizens/{WANG}/app-code", json={})).json["code"]
    answers = await asyncio.gather(
        *(world.http.post("/v1/login/wechat-app", json={"code": code}) for _ in range(20))
    )
    assert sorted(answer.status for answer in answers) == [200] + [422] * 19
    assert len(await world.rows("sessions")) == 1


async def test_messages_go_to_the_mini_program_only(world: World) -> None:
    """An openid of the web page or the app means nothing to the mini-program's messages."""
    await by_wechat(world)
    await Browser(world, "wechat-h5").log_in()
    apps = {row["openid"]: row["app"] for row in await world.rows("wechat_identities")}
    assert apps[WANG] == "MINI" and sorted(apps.values()) == ["H5", "MINI"]
