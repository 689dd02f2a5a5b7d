"""WeChat Pay API v3 for orders from a mini-program (JSAPI), an app (APP) and a browser (H5)."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta, timezone
from typing import Any
from urllib.parse import quote

from integrations.http import Http
from integrations.wechatpay import scenes
from integrations.wechatpay.callbacks import CallbackReader
from integrations.wechatpay.exchange import Exchange
from integrations.wechatpay.signing import MerchantKey, PlatformKeys
from integrations.wechatpay.trades import read_trade
from services.errors import OutsideUnavailable
from services.ports import ChannelOrder, ChannelPayment, Clock, PayCallback, RefundCallback, Scene

TRANSACTIONS = "/v3/pay/transactions"
DESCRIPTION_CHARS = 127
SHANGHAI = timezone(timedelta(hours=8))
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")


class WechatPay:
    """The pay channel of one merchant; ``appids`` are its programs, by the scene they pay in.

    ``hosts`` and ``public_key_id`` are those of its ``Exchange``: going on to another host is
    safe because an order's number makes every call repeatable.
    """

    def __init__(
        self,
        http: Http,
        clock: Clock,
        key: MerchantKey,
        platform: PlatformKeys,
        callbacks: CallbackReader,
        *,
        appids: Mapping[str, str],
        public_key_id: str | None,
        hosts: Sequence[str],
        notify_url: str,
        return_url: str | None = None,
    ) -> None:
        self._clock = clock
        self._key = key
        self._callbacks = callbacks
        self._appids = dict(appids)
        self._exchange = Exchange(
            http, clock, key, platform, public_key_id=public_key_id, hosts=hosts
        )
        self._notify_url = notify_url
        self._return_url = return_url

    @property
    def merchant(self) -> str:
        return self._key.merchant

    @property
    def scenes(self) -> frozenset[str]:
        return frozenset(self._appids)

    def appid_of(self, scene: str) -> str:
        """Return the program of a scene; empty for one that is not configured any more."""
        return self._appids.get(scene, "")

    async def prepay(self, order: ChannelOrder) -> str:
        """Open the order and return its prepay id (good for 2 hours), or H5's address (5 minutes).

        The same order again gives another one of the same order. Raise
        ``OutsideUnavailable`` when the outcome is unknown or the channel refuses.
        """
        answer = await self.ask(
            "POST",
            f"{TRANSACTIONS}/{scenes.PATHS[order.scene]}",
            {
                "appid": self.appid_of(order.scene),
                "mchid": self.merchant,
                "description": plain_text(order.description, DESCRIPTION_CHARS),
                "out_trade_no": _checked(order.number),
                "time_expire": order.expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
                "notify_url": self._notify_url,
                "amount": {"total": order.amount_fen, "currency": "CNY"},
                **scenes.particulars(order),
            },
        )
        return scenes.handle_in(answer, order.scene, self._exchange.hosts)

    def invocation(self, handle: str, scene: str) -> Mapping[str, str]:
        """Return what the phone hands on to WeChat; the address to open in a browser."""
        if scene == Scene.H5.value:
            return scenes.browser(handle, self._return_url)
        timestamp, appid = str(int(self._clock.now().timestamp())), self.appid_of(scene)
        if scene == Scene.APP.value:
            return scenes.app(appid, self.merchant, handle, timestamp, self._key.sign)
        return scenes.mini_program(appid, handle, timestamp, self._key.sign)

    async def query(self, number: str) -> ChannelPayment:
        """Return what the channel knows of the order.

        Raise ``OrderUnknown`` when it says that it does not know it, ``OutsideUnavailable`` for
        everything else, a state that we do not know included.
        """
        target = f"{_target(number)}?mchid={quote(self.merchant, safe='')}"
        answer = await self.ask("GET", target)
        try:
            payment = read_trade(answer)
        except (ValueError, KeyError) as error:
            raise OutsideUnavailable from error
        if payment.number != number:
            raise OutsideUnavailable
        return payment

    async def close(self, number: str) -> None:
        """Close an unpaid order; a closed one stays closed.

        Raise ``ChannelRefused`` when the channel will not (it was paid: query it) and
        ``OutsideUnavailable`` when the outcome is unknown.
        """
        await self.ask("POST", f"{_target(number)}/close", {"mchid": self.merchant})

    def read_callback(
        self, headers: Mapping[str, str], body: bytes
    ) -> PayCallback | RefundCallback:
        """Return what the platform reports; raise ``CallbackForged``, nothing else."""
        return self._callbacks.read(headers, body)

    async def ask(
        self, method: str, target: str, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what the platform signed; see ``Exchange.ask``."""
        return await self._exchange.ask(method, target, content)


def plain_text(text: str, limit: int) -> str:
    """Return the text as the channel takes it: characters of at most 3 bytes, no controls.

    A rare character of 4 bytes becomes 〓, the printers' mark for one that is not at hand.
    """
    plain = "".join("〓" if char > "\uffff" else char for char in text if char.isprintable())
    return plain[:limit]


def _target(number: str) -> str:
    return f"{TRANSACTIONS}/out-trade-no/{quote(_checked(number), safe='')}"


def _checked(number: str) -> str:
    if not _NUMBER.fullmatch(number):
        raise ValueError("an order number has 6 to 32 characters of 0-9A-Za-z_-|*")
    return number
