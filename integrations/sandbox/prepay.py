"""Reading an order of a mini-program, an app or a browser: the field rules of WeChat Pay v3."""

import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from .credentials import Credentials
from .loopback import is_loopback_url
from .people import find

_DAY = 86400.0
_MOST_FEN = 10_000_000_000
JSAPI, APP, MWEB = "JSAPI", "APP", "MWEB"


class PayRefused(Exception):
    """WeChat Pay does not do this; status and code are its own."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Wanted:
    """What the merchant asks for. Equal wishes for one number are the same order.

    ``trade_type`` is JSAPI, APP or MWEB (H5); ``openid`` is empty where anybody may pay.
    """

    trade_type: str
    appid: str
    out_trade_no: str
    openid: str
    description: str
    attach: str
    notify_url: str
    amount_fen: int
    asked_expiry: str


def param_error(message: str) -> PayRefused:
    return PayRefused(400, "PARAM_ERROR", message)


def read_text(body: dict[str, Any], name: str, longest: int, *, required: bool = True) -> str:
    value = body.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise param_error(f"参数 {name} 的长度应为 1 到 {longest}")
    if any(ord(character) > 0xFFFF for character in value):
        # WeChat Pay takes UTF-8 of at most 3 bytes: no emoji.
        raise param_error(f"参数 {name} 含有不支持的字符")
    return value


def read_object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise param_error(f"参数 {name} 缺失")
    return value


def _amount(body: dict[str, Any]) -> int:
    amount = read_object(body, "amount")
    total = amount.get("total")
    if type(total) is not int or not 1 <= total <= _MOST_FEN:
        raise param_error("参数 amount.total 应为正整数，单位分")
    if amount.get("currency", "CNY") != "CNY":
        raise param_error("参数 amount.currency 应为 CNY")
    return total


def read_wanted(body: dict[str, Any], credentials: Credentials, trade_type: str) -> Wanted:
    """Return the order that is asked for; raise ``PayRefused``."""
    if body.get("mchid") != credentials.merchant_id:
        raise PayRefused(400, "MCH_NOT_EXISTS", "商户号不存在")
    appid = body.get("appid")
    if appid not in appids_of(credentials)[trade_type]:
        raise PayRefused(400, "APPID_MCHID_NOT_MATCH", "AppID和mch_id不匹配")
    number = read_text(body, "out_trade_no", 32)
    if not re.fullmatch(r"[0-9A-Za-z_\-|*]{6,32}", number):
        raise param_error("参数 out_trade_no 不合法")
    notify_url = read_text(body, "notify_url", 255)
    if not is_loopback_url(notify_url):
        raise param_error("参数 notify_url 应为本机地址，且不带参数")
    return Wanted(
        trade_type=trade_type,
        appid=str(appid),
        out_trade_no=number,
        openid=_payer(body, trade_type),
        description=read_text(body, "description", 127),
        attach=read_text(body, "attach", 128, required=False),
        notify_url=notify_url,
        amount_fen=_amount(body),
        asked_expiry=read_text(body, "time_expire", 64, required=False),
    )


def appids_of(credentials: Credentials) -> dict[str, tuple[str, ...]]:
    """Return the programs that are bound to the merchant, by trade type."""
    return {
        JSAPI: (credentials.appid,),
        APP: (credentials.app_appid,),
        MWEB: (credentials.h5_appid, credentials.appid),
    }


def _payer(body: dict[str, Any], trade_type: str) -> str:
    if trade_type == JSAPI:
        openid = read_object(body, "payer").get("openid")
        if not isinstance(openid, str) or find(openid) is None:
            raise param_error("无效的openid")
        return openid
    if trade_type == MWEB:
        scene = read_object(body, "scene_info")
        if read_object(scene, "h5_info").get("type") not in ("Wap", "iOS", "Android"):
            raise param_error("参数 h5_info.type 不合法")
        try:
            ip_address(read_text(scene, "payer_client_ip", 45))
        except ValueError:
            raise param_error("参数 payer_client_ip 不合法") from None
    return ""


def expiry(wanted: Wanted, now: float) -> float:
    """Return until when the order can be paid: 1 minute to 90 days ahead, by default 7 days."""
    if not wanted.asked_expiry:
        return now + 7 * _DAY
    try:
        at = datetime.fromisoformat(wanted.asked_expiry)
    except ValueError:
        raise param_error("参数 time_expire 不合法") from None
    if at.tzinfo is None or "T" not in wanted.asked_expiry:
        raise param_error("参数 time_expire 应带时区")
    # A second of grace: the caller's clock read a moment ago.
    if not 59 <= at.timestamp() - now <= 90 * _DAY + 1:
        raise param_error("参数 time_expire 应在 1 分钟之后、90 天之内")
    return at.timestamp()
