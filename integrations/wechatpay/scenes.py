"""What differs between the scenes of WeChat Pay: the mini-program, an app, a phone's browser."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from integrations.wechatpay.signing import make_nonce
from services.errors import OutsideUnavailable
from services.ports import ChannelOrder, Scene

PATHS: Mapping[str, str] = {
    Scene.JSAPI.value: "jsapi",
    Scene.APP.value: "app",
    Scene.H5.value: "h5",
}
# Where the platform's own cashier for browsers is.
CASHIER = "https://wx.tenpay.com"
LONGEST_HANDLE = 512

Sign = Callable[[bytes], str]


def particulars(order: ChannelOrder) -> dict[str, Any]:
    """Return what only this scene's request has; raise ``OutsideUnavailable`` without it."""
    if order.scene == Scene.JSAPI.value:
        return {"payer": {"openid": order.payer}}
    if order.scene == Scene.APP.value:
        return {}
    if order.client_ip is None:
        # The cashier opens for the address that asked, and for no other.
        raise OutsideUnavailable
    return {"scene_info": {"payer_client_ip": order.client_ip, "h5_info": {"type": "Wap"}}}


def handle_in(answer: Mapping[str, Any], scene: str, hosts: Sequence[str]) -> str:
    """Return the prepay id, or the address of the cashier; raise ``OutsideUnavailable``.

    The payer's browser is sent to that address, so it may only be the platform's: its cashier, or
    one of the hosts that this installation names.
    """
    name = "h5_url" if scene == Scene.H5.value else "prepay_id"
    handle = answer.get(name)
    if not isinstance(handle, str) or not 0 < len(handle) <= LONGEST_HANDLE:
        raise OutsideUnavailable
    if not all("!" <= char <= "~" for char in handle):
        raise OutsideUnavailable
    if name == "h5_url" and not any(_is_at(handle, host) for host in (CASHIER, *hosts)):
        raise OutsideUnavailable
    return handle


def mini_program(appid: str, prepay_id: str, timestamp: str, sign: Sign) -> Mapping[str, str]:
    """Return the signed arguments of ``wx.requestPayment``, except for its callbacks."""
    nonce, package = make_nonce(), f"prepay_id={prepay_id}"
    return {
        "timeStamp": timestamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": sign(_message(appid, timestamp, nonce, package)),
    }


def app(appid: str, merchant: str, prepay_id: str, timestamp: str, sign: Sign) -> Mapping[str, str]:
    """Return the arguments of the app's pay request; what is signed is the bare prepay id."""
    nonce = make_nonce()
    return {
        "appid": appid,
        "partnerid": merchant,
        "prepayid": prepay_id,
        "package": "Sign=WXPay",
        "noncestr": nonce,
        "timestamp": timestamp,
        "sign": sign(_message(appid, timestamp, nonce, prepay_id)),
    }


def browser(address: str, return_url: str | None) -> Mapping[str, str]:
    """Return the address to open; afterwards the browser goes on to ``return_url``."""
    if return_url is None:
        return {"url": address}
    joint = "&" if urlsplit(address).query else "?"
    return {"url": f"{address}{joint}redirect_url={quote(return_url, safe='')}"}


def _message(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _is_at(address: str, base: str) -> bool:
    """Tell whether an address is at a base's host: same scheme, same port, nobody named."""
    try:
        asked, ours = urlsplit(address), urlsplit(base)
        same = (asked.scheme, asked.hostname, asked.port) == (
            ours.scheme,
            ours.hostname,
            ours.port,
        )
    except ValueError:
        return False
    return same and "@" not in asked.netloc and "\\" not in address and not asked.fragment
