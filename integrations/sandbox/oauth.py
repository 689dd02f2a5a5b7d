"""WeChat's OAuth2: the consent page of an official account, and codes of a mobile app."""

import html
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from .answers import answer
from .loopback import is_loopback_url
from .people import CITIZENS, app_openid, find, unionid
from .phonerules import PhoneRefused
from .wechat import CODE_LIFE, Refused, Wechat, wechat_error

_PAGE = """<!doctype html><meta charset="utf-8"><title>微信网页授权(沙箱)</title>
<meta name="viewport" content="width=device-width"><h1>微信网页授权(沙箱)</h1>
<p>选择这部手机的微信用户。</p>{people}"""
_PERSON = '<form method="post"><button name="citizen" value="{openid}">{name}</button></form>'
_SCOPES = {"snsapi_base", "snsapi_userinfo"}


@dataclass(frozen=True)
class Oauth:
    wechat: Wechat

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/connect/oauth2/authorize", self.page),
            web.post("/connect/oauth2/authorize", self.choose),
            web.get("/sns/oauth2/access_token", self.access_token),
            web.post("/phone/api/citizens/{openid}/app-code", self.app_code),
        ]

    async def page(self, request: web.Request) -> web.Response:
        self._check(request)
        people = "".join(
            _PERSON.format(openid=each.openid, name=html.escape(each.name)) for each in CITIZENS
        )
        text = _PAGE.format(people=people)
        return web.Response(text=text, content_type="text/html", charset="utf-8")

    async def choose(self, request: web.Request) -> web.Response:
        """Send the browser back with a code of the chosen citizen, as the page's buttons do."""
        self._check(request)
        citizen = find(str((await request.post()).get("citizen")))
        if citizen is None:
            raise PhoneRefused(404, "没有这位市民")
        code = self.wechat.issue_code("h5", citizen.openid)
        back = urlencode({"code": code, "state": request.query["state"]})
        raise web.HTTPFound(f"{request.query['redirect_uri']}?{back}")

    async def app_code(self, request: web.Request) -> web.Response:
        citizen = find(request.match_info["openid"])
        if citizen is None:
            raise PhoneRefused(404, "没有这位市民")
        code = self.wechat.issue_code("app", citizen.openid)
        return answer({"code": code, "expires_in": int(CODE_LIFE)})

    async def access_token(self, request: web.Request) -> web.Response:
        query, made = request.query, self.wechat.credentials
        apps = {
            made.h5_appid: ("h5", made.h5_secret),
            made.app_appid: ("app", made.app_secret_open),
        }
        kind, secret = apps.get(query.get("appid", ""), ("", ""))
        try:
            if not kind:
                raise Refused(40013, "invalid appid")
            if query.get("secret") != secret:
                raise Refused(40125, "invalid appsecret")
            if query.get("grant_type") != "authorization_code":
                raise Refused(40002, "invalid grant_type")
            openid = self.wechat.use_code(kind, query.get("code", ""))
        except Refused as refused:
            return wechat_error(refused.errcode, refused.errmsg, "text/plain")
        return answer(
            {
                "access_token": "wxsandbox-web-token",
                "expires_in": 7200,
                "refresh_token": "wxsandbox-web-refresh",
                "openid": app_openid(kind, openid),
                "scope": "snsapi_base",
                "unionid": unionid(openid),
            },
            content_type="text/plain",
        )

    def _check(self, request: web.Request) -> None:
        query = request.query
        known = query.get("appid") == self.wechat.credentials.h5_appid
        good = query.get("response_type") == "code" and query.get("scope") in _SCOPES
        if not (known and good and is_loopback_url(query.get("redirect_uri", ""))):
            raise PhoneRefused(400, "redirect_uri 或参数错误")
