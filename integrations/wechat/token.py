"""The access token of a mini-program: fetched once for all processes, replaced when it dies."""

import asyncio
import json
import secrets
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from integrations.http import Http
from integrations.redis import Pause
from services.errors import OutsideUnavailable

# WeChat renews 5 minutes before the end; asked a little later than that, it gives the new one.
MARGIN_SECONDS = 280
LEADER_SECONDS = 15
WAIT_SECONDS = 6.0
POLL_SECONDS = 0.05
FAILED_SECONDS = 1.5
# A forced refresh is allowed 20 times a day and 30 s apart: one in 72 minutes obeys both.
FORCED_SECONDS = 24 * 3600 // 20

_RELEASE = "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end"


@dataclass(frozen=True)
class _Known:
    """A token, and the loop time until which it is good."""

    value: str
    until: float

    def serves(self, stale: str | None) -> bool:
        return self.value != stale and self.until > _now()


class StableToken:
    """``/cgi-bin/stable_token`` behind two single flights: in the process, and over Redis.

    Redis chooses one leader (SET NX PX), the others poll for the token, not for the lock, so
    that a burst of waiters does not queue up. A failure is remembered for 1.5 s. With Redis
    gone each process keeps its own token: calls without force return the same one to all.
    """

    def __init__(self, http: Http, redis: Redis, base_url: str, appid: str, secret: str) -> None:
        self._http = http
        self._redis = redis
        self._url = f"{base_url}/cgi-bin/stable_token"
        self._account = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        self._keys = f"zhangban:wechat:{appid}"
        self._flight = asyncio.Lock()
        self._known = _Known("", 0)
        self._failed_until = 0.0
        self._forced_until = float("-inf")
        self._pause = Pause()

    async def get(self) -> str:
        """Return a token; raise ``OutsideUnavailable``."""
        return await self._other_than(None)

    async def renew(self, stale: str) -> str:
        """Return a token other than the one that was refused; raise ``OutsideUnavailable``."""
        return await self._other_than(stale)

    async def _other_than(self, stale: str | None) -> str:
        if self._known.serves(stale):
            return self._known.value
        async with self._flight:
            if self._known.serves(stale):
                return self._known.value
            if self._failed_until > _now():
                raise OutsideUnavailable
            try:
                self._known = await self._obtain(stale)
            except OutsideUnavailable:
                self._failed_until = _now() + FAILED_SECONDS
                raise
            return self._known.value

    async def _obtain(self, stale: str | None) -> _Known:
        if not self._pause.active:
            try:
                return await self._obtain_shared(stale)
            except (RedisError, OSError):
                self._pause.begin()
        return await self._fetch_other(stale, shared=False)

    async def _obtain_shared(self, stale: str | None) -> _Known:
        ends = _now() + WAIT_SECONDS
        while _now() < ends:
            known = await self._read()
            if known is not None and known.serves(stale):
                return known
            if await self._redis.exists(f"{self._keys}:failed"):
                break
            me = secrets.token_hex(8)
            if await self._redis.set(f"{self._keys}:leader", me, nx=True, px=LEADER_SECONDS * 1000):
                return await self._lead(stale, me)
            await asyncio.sleep(POLL_SECONDS)
        raise OutsideUnavailable

    async def _lead(self, stale: str | None, me: str) -> _Known:
        try:
            # The last leader may have written between our look and our turn.
            known = await self._read()
            if known is None or not known.serves(stale):
                known = await self._fetch_other(stale, shared=True)
                left = int((known.until - _now()) * 1000)
                await self._redis.set(f"{self._keys}:token", known.value, px=max(left, 1))
            return known
        except OutsideUnavailable:
            await self._redis.set(f"{self._keys}:failed", "1", px=int(FAILED_SECONDS * 1000))
            raise
        finally:
            await self._redis.eval(_RELEASE, 1, f"{self._keys}:leader", me)

    async def _read(self) -> _Known | None:
        value = await self._redis.get(f"{self._keys}:token")
        if value is None:
            return None
        # A token that expires between the two looks has -2 ms left and serves nobody.
        left = await self._redis.pttl(f"{self._keys}:token")
        return _Known(str(value), _now() + left / 1000)

    async def _fetch_other(self, stale: str | None, *, shared: bool) -> _Known:
        known = await self._fetch(force=False)
        if known.value != stale:
            return known
        # WeChat still thinks well of the token that its own servers refuse.
        if not await self._may_force(shared):
            raise OutsideUnavailable
        return await self._fetch(force=True)

    async def _may_force(self, shared: bool) -> bool:
        if self._forced_until > _now():
            return False
        self._forced_until = _now() + FORCED_SECONDS
        if not shared:
            return True
        forced = f"{self._keys}:forced"
        return bool(await self._redis.set(forced, "1", nx=True, px=FORCED_SECONDS * 1000))

    async def _fetch(self, *, force: bool) -> _Known:
        body = json.dumps({**self._account, "force_refresh": force}).encode()
        headers = {"Content-Type": "application/json"}
        reply = await self._http.request("POST", self._url, headers=headers, body=body)
        try:
            answer = json.loads(reply.body)
            value, lifetime = answer["access_token"], answer["expires_in"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise OutsideUnavailable from None
        if reply.status != 200 or not isinstance(value, str) or not isinstance(lifetime, int):
            raise OutsideUnavailable
        return _Known(value, _now() + max(lifetime - MARGIN_SECONDS, min(lifetime, 10)))


def _now() -> float:
    return asyncio.get_running_loop().time()
