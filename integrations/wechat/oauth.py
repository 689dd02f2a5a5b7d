"""WeChat's OAuth2: the user of an official account's web page (公众号网页授权), or of an app."""

import json
from typing import Any
from urllib.parse import urlencode

from wechatpy.oauth import WeChatOAuth

from integrations.http import Http
from integrations.wechat.login import read_code, read_openid
from services.errors import LoginCodeInvalid, OutsideUnavailable, TooMany
from services.ports import WechatSession

OAUTH_HOST = "https://open.weixin.qq.com"
CODE_INVALID = frozenset({40029, 40163, 40226})
TOO_OFTEN = 45011


class AsyncWechatOauth(WeChatOAuth):  # type: ignore[misc]
    """wechatpy's addresses, our transport: its own blocks, and knows no other host."""

    def __init__(
        self, http: Http, *, api_base: str, open_base: str, appid: str, secret: str
    ) -> None:
        # Not the library's own: it opens a blocking session for each object.
        self._outside = http
        self._api_base = api_base.rstrip("/")
        self._open_base = open_base.rstrip("/")
        self.app_id = appid
        self.secret = secret
        self.redirect_uri = ""
        self.scope = "snsapi_base"
        self.state = ""

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        """Refuse the library's own, blocking way."""
        raise RuntimeError("the code is exchanged by awaiting a call")

    def authorize(self, state: str, redirect_uri: str, *, userinfo: bool = False) -> str:
        """Return the address to send the browser to; ``userinfo`` asks the person first."""
        page = AsyncWechatOauth(
            self._outside,
            api_base=self._api_base,
            open_base=self._open_base,
            appid=self.app_id,
            secret=self.secret,
        )
        page.redirect_uri, page.state = redirect_uri, state
        page.scope = "snsapi_userinfo" if userinfo else "snsapi_base"
        return self._open_base + str(page.authorize_url).removeprefix(OAUTH_HOST)

    async def session(self, code: str) -> WechatSession:
        """Return whose code it is.

        Raise ``LoginCodeInvalid``, ``TooMany`` or ``OutsideUnavailable``.
        """
        query = {
            "appid": self.app_id,
            "secret": self.secret,
            "code": read_code(code),
            "grant_type": "authorization_code",
        }
        url = f"{self._api_base}/sns/oauth2/access_token?{urlencode(query)}"
        reply = await self._outside.request("GET", url)
        try:
            answer = json.loads(reply.body)
            errcode = int(answer.get("errcode", 0))
        except (ValueError, AttributeError, TypeError, RecursionError):
            raise OutsideUnavailable from None
        if errcode in CODE_INVALID:
            raise LoginCodeInvalid
        if errcode == TOO_OFTEN:
            raise TooMany
        if errcode or reply.status != 200:
            raise OutsideUnavailable
        # The access token of the web page opens nothing that is needed here, so it is not kept.
        unionid = answer.get("unionid")
        return WechatSession(
            self.app_id, read_openid(answer.get("openid")), str(unionid) if unionid else None
        )
