"""Refunds of WeChat Pay API v3 (申请退款, 查询单笔退款), behind the port."""

import re
from urllib.parse import quote

from integrations.wechatpay.client import WechatPay, plain_text
from integrations.wechatpay.returned import read_refund
from services.errors import OutsideUnavailable
from services.ports.refunds import ChannelRefund, RefundWish

REFUNDS = "/v3/refund/domestic/refunds"
REASON_CHARS = 80
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")


class WechatRefunds:
    """How the merchant of a WeChat Pay channel gives back what it was paid.

    Only an answer of 2xx that the platform signed says anything; an error answer proves nothing,
    so whether money moves is then asked by ``query`` or told by a callback.
    """

    def __init__(self, pay: WechatPay, notify_url: str) -> None:
        self._pay = pay
        self._notify_url = notify_url

    async def refund(self, wish: RefundWish) -> ChannelRefund:
        """Ask for a refund; the same number again is the same refund, never a second one.

        Raise ``OutsideUnavailable`` when the outcome is unknown or the channel refuses.
        """
        answer = await self._pay.ask(
            "POST",
            REFUNDS,
            {
                "out_trade_no": wish.order_number,
                "out_refund_no": _checked(wish.number),
                "reason": plain_text(wish.reason, REASON_CHARS),
                "notify_url": self._notify_url,
                "amount": {
                    "refund": wish.amount_fen,
                    "total": wish.total_fen,
                    "currency": "CNY",
                },
            },
        )
        return _read(answer, wish.number)

    async def query(self, number: str) -> ChannelRefund:
        """Return what the channel knows of a refund.

        Raise ``RefundUnknown`` when it says that it does not know it: then the same request is to
        be sent again. Raise ``OutsideUnavailable`` for everything else.
        """
        answer = await self._pay.ask("GET", f"{REFUNDS}/{quote(_checked(number), safe='')}")
        return _read(answer, number)


def _read(answer: dict[str, object], number: str) -> ChannelRefund:
    try:
        refund = read_refund(answer)
    except (ValueError, KeyError) as error:
        raise OutsideUnavailable from error
    if refund.number != number:
        raise OutsideUnavailable
    return refund


def _checked(number: str) -> str:
    if not _NUMBER.fullmatch(number):
        raise ValueError("a refund number has 1 to 64 characters of 0-9A-Za-z_-|*@")
    return number
