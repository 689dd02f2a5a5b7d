"""Signed requests of a unit and the platform's signed answers."""

import json
from collections.abc import Mapping
from typing import Any

from integrations.http import Http, Reply
from integrations.nontax.errors import MEANINGS, PlatformRefused
from integrations.nontax.signing import NotAuthentic, UnitKey, make_nonce
from integrations.strict_json import load_object
from services.errors import OutsideUnavailable
from services.ports import Clock

JSON = {"Content-Type": "application/json", "User-Agent": "zhangban"}


class Exchange:
    """``base_url`` is the platform's; its certificate is what https checks."""

    def __init__(self, http: Http, clock: Clock, key: UnitKey, base_url: str) -> None:
        self._http = http
        self._clock = clock
        self._key = key
        self._base = base_url.rstrip("/")

    @property
    def unit(self) -> str:
        return self._key.unit

    async def ask(
        self, method: str, target: str, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the object of a 2xx answer to this very request that the platform signed.

        Raise ``PlatformRefused`` or one of its kinds for another answer, ``OutsideUnavailable``
        for one that is not provably the platform's, or for none.
        """
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        nonce, at = make_nonce(), int(self._clock.now().timestamp())
        signed = self._key.request(method, target, body, at, nonce)
        reply = await self._http.request(
            method, self._base + target, headers={**JSON, **signed}, body=body or None
        )
        try:
            now = self._clock.now().timestamp()
            self._key.check_answer(reply.headers, reply.status, reply.body, nonce, now)
            said = load_object(reply.body)
        except (NotAuthentic, ValueError, RecursionError) as error:
            raise _unproven(reply) from error
        if not 200 <= reply.status < 300:
            reason = str(said.get("code", ""))[:64]
            raise MEANINGS.get((reply.status, reason), PlatformRefused)(reply.status, reason)
        return said


def _unproven(reply: Reply) -> OutsideUnavailable:
    """Return what an answer is that anybody may have given: nobody knows what became of it."""
    done = 200 <= reply.status < 300
    return OutsideUnavailable() if done else PlatformRefused(reply.status, "")
