"""The treasury's cashier as a pay channel: 缴款通知书 are issued, asked after and cancelled."""

import re
from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any
from urllib.parse import quote

from integrations.nontax.callbacks import CallbackReader
from integrations.nontax.exchange import Exchange
from integrations.nontax.wire import CASHIER, CURRENCY, NOTICES, read_notice, read_payment
from services.errors import OutsideUnavailable
from services.ports import ChannelOrder, ChannelPayment, PayCallback, RefundCallback, Settlement

SHANGHAI = timezone(timedelta(hours=8))
PAGE = "PAGE"
TEXT_CHARS = 100
_NUMBER = re.compile(r"[0-9A-Za-z_-]{6,64}")


class NontaxPay:
    """The pay channel of one unit (执收单位) at its province's platform.

    ``public_base`` is where people find the platform: its cashier and its bills.
    """

    def __init__(
        self, exchange: Exchange, callbacks: CallbackReader, *, public_base: str, notify_url: str
    ) -> None:
        self.exchange = exchange
        self.public_base = public_base.rstrip("/")
        self.notify_url = notify_url
        self._callbacks = callbacks

    @property
    def merchant(self) -> str:
        return self.exchange.unit

    @property
    def scenes(self) -> frozenset[str]:
        """The treasury has one cashier, a page for every browser."""
        return frozenset({PAGE})

    def appid_of(self, scene: str) -> str:
        """Return nothing: a notice belongs to no application, anybody may pay it."""
        return ""

    async def prepay(self, order: ChannelOrder) -> str:
        """Issue the notice of an order and return its 缴款码; the same order is the same notice.

        Raise ``OutsideUnavailable`` when the outcome is unknown or the platform refuses.
        """
        answer = await self.exchange.ask(
            "POST",
            NOTICES,
            {
                "order_no": checked(order.number),
                "revenue_code": order.revenue_code,
                "item_name": plain_text(order.description),
                "payer_name": plain_text(order.payer_name),
                "case_no": order.case_no,
                "amount_fen": order.amount_fen,
                "currency": CURRENCY,
                "expires_at": order.expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
                "notify_url": self.notify_url,
            },
        )
        try:
            if (answer.get("order_no"), answer.get("amount_fen")) != (
                order.number,
                order.amount_fen,
            ):
                raise ValueError("another order")
            return read_notice(answer, self.merchant)
        except ValueError as error:
            raise OutsideUnavailable from error

    def invocation(self, handle: str, scene: str) -> Mapping[str, str]:
        """Return the 缴款码 and the address of the cashier that takes it."""
        return {"notice": handle, "url": f"{self.public_base}{CASHIER}{handle}"}

    async def query(self, number: str) -> ChannelPayment:
        """Return what the platform knows of the order.

        Raise ``NoticeUnknown`` when it says that it does not know it, ``OutsideUnavailable`` for
        everything else, a state that we do not know included.
        """
        return self._read(await self.exchange.ask("GET", _target(number)), number)

    async def close(self, number: str) -> None:
        """Cancel an unpaid notice; a cancelled one stays cancelled.

        Raise ``PlatformRefused`` when the platform will not (it was paid: query it) and
        ``OutsideUnavailable`` when the outcome is unknown.
        """
        said = await self.exchange.ask("POST", f"{_target(number)}/cancel", {})
        if self._read(said, number).settlement is not Settlement.CLOSED:
            raise OutsideUnavailable

    def read_callback(
        self, headers: Mapping[str, str], body: bytes
    ) -> PayCallback | RefundCallback:
        """Return what the platform reports; raise ``CallbackForged``, nothing else."""
        return self._callbacks.read(headers, body)

    def _read(self, said: Mapping[str, Any], number: str) -> ChannelPayment:
        try:
            payment = read_payment(said, self.merchant)
        except (ValueError, KeyError) as error:
            raise OutsideUnavailable from error
        if payment.number != number:
            raise OutsideUnavailable
        return payment


def plain_text(text: str) -> str:
    """Return the text without controls, as long as the platform takes it."""
    return "".join(char for char in text if char.isprintable())[:TEXT_CHARS]


def checked(number: str) -> str:
    """Return a number of ours; raise ``ValueError`` for what may not stand in a path."""
    if not _NUMBER.fullmatch(number):
        raise ValueError("an order or refund number has 6 to 64 characters of 0-9A-Za-z_-")
    return number


def _target(number: str) -> str:
    return f"{NOTICES}/{quote(checked(number), safe='')}"
