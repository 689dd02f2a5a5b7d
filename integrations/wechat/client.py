"""wechatpy's client made asynchronous: its API classes stay, its transport and token are ours."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from redis.asyncio import Redis
from wechatpy.client import WeChatClient
from wechatpy.client.api.base import BaseWeChatAPI
from wechatpy.exceptions import WeChatClientException

from integrations.http import Http
from integrations.wechat.token import StableToken
from services.errors import OutsideUnavailable, TooMany

OFFICIAL_HOST = "https://api.weixin.qq.com"
STALE_TOKEN = frozenset({40001, 40014, 42001})
TOO_OFTEN = 45011


class MiniProgram(BaseWeChatAPI):  # type: ignore[misc]
    """The endpoints that wechatpy 1.8.18 lacks, or has in an old shape."""

    async def code_to_session(self, code: str) -> dict[str, Any]:
        """Exchange a ``wx.login`` code; unlike wechatpy's own, without an access token."""
        params = {
            "appid": self.appid,
            "secret": self.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        session: dict[str, Any] = await self._client.call("GET", "/sns/jscode2session", params)
        # Nothing here decrypts with it, and what is not kept cannot leak.
        session.pop("session_key", None)
        return session

    async def phone_number(self, code: str) -> dict[str, Any]:
        """Exchange a getPhoneNumber code for ``phone_info``."""
        answer: dict[str, Any] = await self._client.post(
            "/wxa/business/getuserphonenumber", data={"code": code}
        )
        return answer

    async def send_subscribe_message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send one subscribe message, with ``miniprogram_state`` and ``lang``."""
        answer: dict[str, Any] = await self._client.post(
            "/cgi-bin/message/subscribe/send", data=dict(message)
        )
        return answer

    async def real_name(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Compare a name and a number with what WeChat Pay knows of a user."""
        answer: dict[str, Any] = await self._client.post(
            "/intp/realname/checkrealnameinfo", data=dict(data)
        )
        return answer

    async def face(self, what: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a face check, or ask what became of it."""
        answer: dict[str, Any] = await self._client.post(
            f"/cityservice/face/identify/{what}", data=dict(data)
        )
        return answer

    async def upload_shipping_info(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Tell how what was paid for goes to who paid it."""
        answer: dict[str, Any] = await self._client.post(
            "/wxa/sec/order/upload_shipping_info", data=dict(data)
        )
        return answer


class AsyncWechatClient(WeChatClient):  # type: ignore[misc]
    """wechatpy's client whose methods return coroutines.

    Raise ``OutsideUnavailable`` for no answer or a sick one (errcode -1 too), ``TooMany`` for
    45011 and wechatpy's ``WeChatClientException`` with its errcode for everything else.
    """

    program = MiniProgram()

    def __init__(self, http: Http, redis: Redis, base_url: str, appid: str, secret: str) -> None:
        super().__init__(appid, secret, auto_retry=False)
        self._outside = http
        self._base_url = base_url.rstrip("/")
        self._token = StableToken(http, redis, self._base_url, appid, secret)

    @property
    def access_token(self) -> str:
        """Absent: wechatpy's property blocks. AttributeError is what its ``__new__`` stands."""
        raise AttributeError("the access token is obtained by awaiting a call")

    def fetch_access_token(self) -> None:
        """Refuse the library's own, blocking way to a token."""
        raise RuntimeError("the access token is obtained by awaiting a call")

    async def _request(
        self,
        method: str,
        url_or_endpoint: str,
        *,
        api_base_url: str | None = None,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
        result_processor: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Call with an access token; when it is refused, once more with another."""
        path = _path(url_or_endpoint, api_base_url or self.API_BASE_URL)
        token = await self._token.get()
        try:
            answer = await self.call(method, path, {**(params or {}), "access_token": token}, data)
        except WeChatClientException as error:
            if error.errcode not in STALE_TOKEN:
                raise
            answer = await self._call_again(method, path, params, data, token)
        return result_processor(answer) if result_processor else answer

    async def _call_again(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        data: Mapping[str, Any] | None,
        stale: str,
    ) -> dict[str, Any]:
        token = await self._token.renew(stale)
        try:
            return await self.call(method, path, {**(params or {}), "access_token": token}, data)
        except WeChatClientException as error:
            # wechatpy would go on for ever and burn the day's quota of tokens.
            if error.errcode in STALE_TOKEN:
                raise OutsideUnavailable from error
            raise

    async def call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Call once, with exactly these parameters, and return WeChat's JSON object."""
        body = None if data is None else json.dumps(data, ensure_ascii=False).encode()
        reply = await self._outside.request(
            method.upper(),
            f"{self._base_url}{path}?{urlencode(params)}",
            headers={"Content-Type": "application/json"} if body else None,
            body=body,
        )
        try:
            # code2session answers text/plain, so that only the content tells.
            answer = json.loads(reply.body)
            errcode = int(answer.get("errcode", 0))
        except (ValueError, AttributeError, TypeError, RecursionError):
            raise OutsideUnavailable from None
        if reply.status != 200 or errcode == -1:
            raise OutsideUnavailable
        if errcode == TOO_OFTEN:
            raise TooMany
        if errcode:
            raise WeChatClientException(errcode, str(answer.get("errmsg", "")))
        return dict(answer)


def _path(url_or_endpoint: str, api_base_url: str) -> str:
    """Return the path of what wechatpy's API classes call: they name the official host."""
    url = url_or_endpoint
    if not url.startswith(("http://", "https://", "/")):
        url = api_base_url + url
    path = url.removeprefix(OFFICIAL_HOST)
    if not path.startswith("/"):
        raise ValueError(f"not an endpoint of {OFFICIAL_HOST}")
    return path
