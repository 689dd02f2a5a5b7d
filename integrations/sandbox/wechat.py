"""WeChat's server API for a mini-program: login, access token, phone number, messages."""

import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from aiohttp import web

from .answers import answer, load_object
from .credentials import Credentials
from .people import find, unionid
from .store import Store
from .subscriptions import MessageRefused, Subscriptions

CODE_LIFE = 300.0
_TOKEN_LIFE = 7200.0
_HANDOVER = 300.0
_FORCED_GAP = 30.0
_FORCED_PER_DAY = 20
_CODES_PER_MINUTE = 100


class Refused(Exception):
    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errmsg)
        self.errcode = errcode
        self.errmsg = errmsg


def wechat_error(errcode: int, errmsg: str, content_type: str = "application/json") -> web.Response:
    # WeChat says HTTP 200 whatever happened.
    return answer({"errcode": errcode, "errmsg": errmsg}, content_type=content_type)


@dataclass(frozen=True)
class Wechat:
    credentials: Credentials
    store: Store
    subscriptions: Subscriptions
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sns/jscode2session", self.jscode2session),
            web.post("/cgi-bin/stable_token", self.stable_token),
            web.post("/wxa/business/getuserphonenumber", self.phone_number),
            web.post("/cgi-bin/message/subscribe/send", self.subscribe_send),
        ]

    def issue_code(self, kind: str, openid: str) -> str:
        """Return a fresh code as the phone gets it from ``wx.login`` or getPhoneNumber."""
        code = f"wxsandbox{secrets.token_hex(12)}"
        self.store.run(
            "INSERT INTO codes VALUES (?, ?, ?, ?, NULL)", code, kind, openid, self.now()
        )
        return code

    async def jscode2session(self, request: web.Request) -> web.Response:
        query = request.query
        try:
            self._check_app(query.get("appid", ""), query.get("secret", ""))
            if query.get("grant_type") != "authorization_code":
                raise Refused(40002, "invalid grant_type")
            openid = self.use_code("login", query.get("js_code", ""))
        except Refused as refused:
            return wechat_error(refused.errcode, refused.errmsg, "text/plain")
        session_key = b64encode(secrets.token_bytes(16)).decode()
        session = {"session_key": session_key, "openid": openid, "unionid": unionid(openid)}
        return answer(session, content_type="text/plain")

    async def stable_token(self, request: web.Request) -> web.Response:
        try:
            body = load_object(await request.read())
            self._check_app(body.get("appid"), body.get("secret"))
            if body.get("grant_type") != "client_credential":
                raise Refused(40002, "invalid grant_type")
            token, expires_at = self._token(body.get("force_refresh") is True)
        except ValueError:
            return wechat_error(47001, "data format error")
        except Refused as refused:
            return wechat_error(refused.errcode, refused.errmsg)
        return answer({"access_token": token, "expires_in": int(expires_at - self.now())})

    async def phone_number(self, request: web.Request) -> web.Response:
        try:
            self.check_token(request)
            body = load_object(await request.read())
            openid = self.use_code("phone", body.get("code"), body.get("openid"))
        except ValueError:
            return wechat_error(47001, "data format error")
        except Refused as refused:
            return wechat_error(refused.errcode, refused.errmsg)
        citizen = find(openid)
        phone = citizen.phone if citizen else ""
        info = {
            "phoneNumber": phone,
            "purePhoneNumber": phone,
            "countryCode": "86",
            "watermark": {"timestamp": int(self.now()), "appid": self.credentials.appid},
        }
        return answer({"errcode": 0, "errmsg": "ok", "phone_info": info})

    async def subscribe_send(self, request: web.Request) -> web.Response:
        try:
            self.check_token(request)
            number = self.subscriptions.send(load_object(await request.read()))
        except ValueError:
            return wechat_error(47001, "data format error")
        except (Refused, MessageRefused) as refused:
            return wechat_error(refused.errcode, refused.errmsg)
        return answer({"errcode": 0, "errmsg": "ok", "msgid": number})

    def _check_app(self, appid: object, secret: object) -> None:
        if appid != self.credentials.appid:
            raise Refused(40013, "invalid appid")
        expected = self.credentials.app_secret.encode()
        if not isinstance(secret, str) or not compare_digest(secret.encode(), expected):
            raise Refused(40125, "invalid appsecret")

    def check_token(self, request: web.Request) -> None:
        token = request.query.get("access_token")
        if not token:
            raise Refused(41001, "access_token missing")
        expires_at = self.store.number("SELECT expires_at FROM tokens WHERE value = ?", token)
        if expires_at is None:
            raise Refused(40001, "invalid credential, access_token is invalid or not latest")
        if expires_at <= self.now():
            raise Refused(42001, "access_token expired")

    def use_code(self, kind: str, code: object, openid: object = None) -> str:
        """Take a code for good and return whose it is."""
        with self.store.transaction():
            row = self.store.one("SELECT * FROM codes WHERE code = ? AND kind = ?", str(code), kind)
            if row is None or self.now() - row["issued_at"] > CODE_LIFE:
                raise Refused(40029, "invalid code")
            if openid is not None and openid != row["openid"]:
                raise Refused(40003, "invalid openid")
            recent = self.store.number(
                "SELECT count(*) FROM codes WHERE openid = ? AND kind = ? AND used_at > ?",
                row["openid"],
                kind,
                self.now() - 60,
            )
            if recent >= _CODES_PER_MINUTE:
                raise Refused(45011, "api minute-quota reach limit, must slower")
            if row["used_at"] is not None:
                raise Refused(40163, "code been used")
            self.store.run("UPDATE codes SET used_at = ? WHERE code = ?", self.now(), row["code"])
            return str(row["openid"])

    def _token(self, force: bool) -> tuple[str, float]:
        """Return the current token, or a new one when forced or within 5 minutes of the end.

        The token that it replaces stays valid for 5 more minutes.
        """
        now = self.now()
        with self.store.transaction():
            row = self.store.one("SELECT * FROM tokens ORDER BY seq DESC LIMIT 1")
            if row is not None and not force and row["expires_at"] - now > _HANDOVER:
                return row["value"], row["expires_at"]
            if force:
                self._check_forced(now)
            self.store.run("UPDATE tokens SET expires_at = min(expires_at, ?)", now + _HANDOVER)
            token = f"wxsandbox{secrets.token_urlsafe(96)}"
            self.store.run(
                "INSERT INTO tokens (value, issued_at, expires_at, forced) VALUES (?, ?, ?, ?)",
                token,
                now,
                now + _TOKEN_LIFE,
                force,
            )
        return token, now + _TOKEN_LIFE

    def _check_forced(self, now: float) -> None:
        forced = self.store.all(
            "SELECT issued_at FROM tokens WHERE forced AND issued_at > ?", now - 86400
        )
        if len(forced) >= _FORCED_PER_DAY:
            raise Refused(45009, "reach max api daily quota limit")
        if any(now - row["issued_at"] < _FORCED_GAP for row in forced):
            raise Refused(45011, "api minute-quota reach limit, must slower")
