"""Signed requests of the merchant and signed answers of the platform, over both hosts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.http import Http, Reply, Unreachable
from integrations.strict_json import load_object
from integrations.wechatpay.errors import MEANINGS, ChannelRefused
from integrations.wechatpay.signing import MerchantKey, NotAuthentic, PlatformKeys, UnknownSerial
from services.errors import OutsideUnavailable
from services.ports import Clock


class Exchange:
    """``hosts`` are base URLs, the official one first: when a connection fails the next one is
    tried, and the one that worked is asked first from then on. ``public_key_id`` asks for answers
    signed by that key; without one the platform signs by a certificate.
    """

    def __init__(
        self,
        http: Http,
        clock: Clock,
        key: MerchantKey,
        platform: PlatformKeys,
        *,
        public_key_id: str | None,
        hosts: Sequence[str],
    ) -> None:
        self._http = http
        self._clock = clock
        self._key = key
        self._platform = platform
        self._public_key_id = public_key_id
        self._hosts = [host.rstrip("/") for host in hosts]

    @property
    def merchant(self) -> str:
        return self._key.merchant

    @property
    def hosts(self) -> Sequence[str]:
        return tuple(self._hosts)

    async def ask(
        self, method: str, target: str, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the object of a 2xx answer that the platform signed, empty for 204.

        Raise ``ChannelRefused`` or one of its kinds for another answer, ``OutsideUnavailable`` for
        one that is not provably the platform's, or for none.
        """
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        reply = await self.send(method, target, body)
        if not 200 <= reply.status < 300:
            raise refusal(reply)
        try:
            await self._prove(reply)
            return load_object(reply.body) if reply.body else {}
        except (NotAuthentic, ValueError, RecursionError) as error:
            raise OutsideUnavailable from error

    async def _prove(self, reply: Reply) -> None:
        try:
            self._platform.check(reply.headers, reply.body, self._clock.now().timestamp())
        except UnknownSerial as unknown:
            if not await self._platform.renew(unknown.serial):
                raise
            self._platform.check(reply.headers, reply.body, self._clock.now().timestamp())

    async def send(self, method: str, target: str, body: bytes = b"") -> Reply:
        """Return whatever is answered, unproven; raise ``OutsideUnavailable`` for no answer."""
        for host in list(self._hosts):
            try:
                reply = await self._http.request(
                    method,
                    host + target,
                    headers=self._headers(method, target, body),
                    body=body or None,
                )
            except Unreachable:
                continue
            # Keep to the host that answers: waiting for a dead one at each call would cost more.
            self._hosts.sort(key=host.__ne__)
            return reply
        raise OutsideUnavailable

    def _headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "Authorization": self._key.authorize(method, target, body, timestamp),
            "Content-Type": "application/json",
            "User-Agent": "zhangban",
        }
        if self._public_key_id is not None:
            headers["Wechatpay-Serial"] = self._public_key_id
        return headers


def refusal(reply: Reply) -> ChannelRefused:
    """Return what an answer that is no 2xx says: unsigned, and so no proof of anything."""
    try:
        reason = str(load_object(reply.body).get("code", ""))[:64]
    except (ValueError, RecursionError):
        reason = ""
    return MEANINGS.get((reply.status, reason), ChannelRefused)(reply.status, reason)
