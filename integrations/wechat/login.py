"""Who is holding the phone, as WeChat knows it."""

import re

from wechatpy.exceptions import WeChatClientException

from integrations.wechat.client import AsyncWechatClient
from services.errors import LoginCodeInvalid, OutsideUnavailable
from services.ports import WechatSession

CODE_INVALID, CODE_USED, HIGH_RISK = 40029, 40163, 40226
_CODE = re.compile(r"[0-9A-Za-z_-]{1,256}")
_OPENID = re.compile(r"[0-9A-Za-z_-]{1,128}")
_PHONE = re.compile(r"\+[0-9]{5,20}")


class WechatpyLogin:
    """``wx.login`` and getPhoneNumber codes, each good once."""

    def __init__(self, client: AsyncWechatClient) -> None:
        self._client = client

    async def session(self, code: str) -> WechatSession:
        """Return whose code it is.

        Raise ``LoginCodeInvalid``, ``TooMany`` or ``OutsideUnavailable``.
        """
        read_code(code)
        try:
            session = await self._client.program.code_to_session(code)
        except WeChatClientException as error:
            raise _problem(error) from error
        openid, unionid = read_openid(session.get("openid")), session.get("unionid")
        return WechatSession(self._client.appid, openid, str(unionid) if unionid else None)

    async def phone(self, code: str) -> str:
        """Return the number with country code (``+8613800000001``); raise like ``session``."""
        read_code(code)
        try:
            answer = await self._client.program.phone_number(code)
        except WeChatClientException as error:
            raise _problem(error) from error
        try:
            info = answer["phone_info"]
            appid = info["watermark"]["appid"]
            phone = f"+{info['countryCode']}{info['purePhoneNumber']}"
        except (KeyError, TypeError):
            raise OutsideUnavailable from None
        if appid != self._client.appid:
            # The code was made for the phone of somebody in another mini-program.
            raise LoginCodeInvalid
        if not _PHONE.fullmatch(phone):
            raise OutsideUnavailable
        return phone


def read_code(code: str) -> str:
    """Return a code that WeChat can have given; raise ``LoginCodeInvalid``."""
    if not _CODE.fullmatch(code):
        raise LoginCodeInvalid
    return code


def read_openid(openid: object) -> str:
    """Return an openid that WeChat can have answered; raise ``OutsideUnavailable``."""
    if not isinstance(openid, str) or not _OPENID.fullmatch(openid):
        raise OutsideUnavailable
    return openid


def _problem(error: WeChatClientException) -> LoginCodeInvalid | OutsideUnavailable:
    if error.errcode in {CODE_INVALID, CODE_USED}:
        return LoginCodeInvalid()
    if error.errcode == HIGH_RISK:
        return LoginCodeInvalid("微信提示此账号存在风险,暂时不能登录。")
    return OutsideUnavailable()
