"""WeChat's OAuth2 over the wire: the web page in WeChat, and the mobile app."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.http import Http
from integrations.wechat.oauth import AsyncWechatOauth
from services.errors import LoginCodeInvalid, OutsideUnavailable, TooMany
from tests.integrations.outside import LI, WANG, Outside

BACK = "http://127.0.0.1:8000/v1/login/wechat-h5/callback"
PATH = "/sns/oauth2/access_token"


def h5(outside: Outside, http: Http, secret: str = "") -> AsyncWechatOauth:
    account = outside.credentials
    return AsyncWechatOauth(
        http,
        api_base=outside.url,
        open_base=outside.url,
        appid=account.h5_appid,
        secret=secret or account.h5_secret,
    )


def app(outside: Outside, http: Http) -> AsyncWechatOauth:
    account = outside.credentials
    return AsyncWechatOauth(
        http,
        api_base=outside.url,
        open_base=outside.url,
        appid=account.app_appid,
        secret=account.app_secret_open,
    )


async def web_code(outside: Outside, http: Http, citizen: str = WANG) -> str:
    url = h5(outside, http).authorize("s1", BACK)
    form = {"citizen": citizen}
    async with outside.session.post(url, data=form, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["s1"]
    return query["code"][0]


async def test_one_user_has_an_openid_in_each_app_and_one_unionid(
    outside: Outside, http: Http
) -> None:
    web = await h5(outside, http).session(await web_code(outside, http))
    mobile = await app(outside, http).session(await outside.code("app"))
    assert web.openid != mobile.openid
    assert web.unionid == mobile.unionid is not None
    assert (web.appid, mobile.appid) == (
        outside.credentials.h5_appid,
        outside.credentials.app_appid,
    )
    other = await app(outside, http).session(await outside.code("app", LI))
    assert other.unionid != mobile.unionid


@pytest.mark.parametrize(("userinfo", "scope"), [(False, "snsapi_base"), (True, "snsapi_userinfo")])
async def test_the_address_is_wechats_own(
    outside: Outside, http: Http, userinfo: bool, scope: str
) -> None:
    url = h5(outside, http).authorize("s1", BACK, userinfo=userinfo)
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    assert url.startswith(f"{outside.url}/connect/oauth2/authorize?")
    assert parts.fragment == "wechat_redirect"
    assert (query["scope"], query["redirect_uri"]) == ([scope], [BACK])
    assert outside.credentials.h5_secret not in url


async def test_two_rounds_do_not_mix(outside: Outside, http: Http) -> None:
    oauth = h5(outside, http)
    urls = [oauth.authorize(state, BACK) for state in ("a", "b")]
    assert [parse_qs(urlsplit(url).query)["state"] for url in urls] == [["a"], ["b"]]


async def test_a_code_is_good_once_and_for_its_own_app(outside: Outside, http: Http) -> None:
    code = await web_code(outside, http)
    with pytest.raises(LoginCodeInvalid):
        await app(outside, http).session(code)
    await h5(outside, http).session(code)
    for wrong in (code, "x", "' OR 1=1", "", await outside.code("login")):
        with pytest.raises(LoginCodeInvalid):
            await h5(outside, http).session(wrong)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"status": 500}, OutsideUnavailable),
        ({"code": -1}, OutsideUnavailable),
        ({"code": 45011}, TooMany),
        ({"code": 40163}, LoginCodeInvalid),
        ({"drop": True, "times": 3}, OutsideUnavailable),
    ],
)
async def test_what_goes_wrong_becomes_a_problem(
    outside: Outside, http: Http, fault: dict[str, Any], problem: type[Exception]
) -> None:
    code = await web_code(outside, http)
    await outside.fault(PATH, **fault)
    with pytest.raises(problem):
        await h5(outside, http).session(code)


async def test_a_wrong_secret_is_our_own_fault(outside: Outside, http: Http) -> None:
    with pytest.raises(OutsideUnavailable):
        await h5(outside, http, "wrong").session(await web_code(outside, http))


async def test_the_librarys_own_way_is_closed(outside: Outside, http: Http) -> None:
    with pytest.raises(RuntimeError):
        h5(outside, http).fetch_access_token("x")
