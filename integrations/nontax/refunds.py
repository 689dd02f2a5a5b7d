"""退付: money that goes back from the treasury, behind the port of refunds."""

from collections.abc import Mapping
from typing import Any

from integrations.nontax.client import NontaxPay, checked, plain_text
from integrations.nontax.wire import CURRENCY, REFUNDS, read_refund
from services.errors import OutsideUnavailable
from services.ports.refunds import ChannelRefund, RefundWish


class NontaxRefunds:
    """How a unit asks the treasury to give back what was paid into it.

    Only a signed answer of 2xx says anything; whether money moves is then asked by ``query`` or
    told by a callback.
    """

    def __init__(self, pay: NontaxPay) -> None:
        self._pay = pay

    async def refund(self, wish: RefundWish) -> ChannelRefund:
        """Apply for a 退付; the same number again is the same one, never a second.

        Raise ``OutsideUnavailable`` when the outcome is unknown or the platform refuses.
        """
        answer = await self._pay.exchange.ask(
            "POST",
            REFUNDS,
            {
                "refund_no": checked(wish.number),
                "order_no": checked(wish.order_number),
                "amount_fen": wish.amount_fen,
                "total_fen": wish.total_fen,
                "currency": CURRENCY,
                "reason": plain_text(wish.reason),
                "notify_url": self._pay.notify_url,
            },
        )
        return self._read(answer, wish.number)

    async def query(self, number: str) -> ChannelRefund:
        """Return what the platform knows of a 退付.

        Raise ``ReturnUnknown`` when it says that it does not know it: then the same request is to
        be sent again. Raise ``OutsideUnavailable`` for everything else.
        """
        answer = await self._pay.exchange.ask("GET", f"{REFUNDS}/{checked(number)}")
        return self._read(answer, number)

    def _read(self, said: Mapping[str, Any], number: str) -> ChannelRefund:
        try:
            refund = read_refund(said, self._pay.merchant)
        except (ValueError, KeyError) as error:
            raise OutsideUnavailable from error
        if refund.number != number:
            raise OutsideUnavailable
        return refund
