"""Rate limits: the table of rules, counted in Redis by the library ``limits``."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import BlockingConnectionPool

from integrations.redis import Pause
from services.errors import TooMany
from services.ports import Clock


@dataclass(frozen=True)
class Rule:
    """How often an act may happen per key.

    With Redis gone, a ``strict`` rule is counted in this process, any other lets pass.
    """

    limits: tuple[RateLimitItem, ...]
    strict: bool = False


def rule(limits: str, *, strict: bool = False) -> Rule:
    """Return a rule from the library's notation, such as ``1/minute;10/day``."""
    return Rule(tuple(parse_many(limits)), strict)


# Strict is what can be guessed, costs money per call or sends something to a person.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "login": rule("60/minute"),  # per address: an office may share one
        "refresh": rule("60/minute"),
        "ways": rule("20/hour", strict=True),
        "phone": rule("10/hour", strict=True),
        "realname": rule("5/hour;10/day", strict=True),
        "face": rule("5/hour;10/day", strict=True),
        "net_credential": rule("10/hour;30/day", strict=True),
        "face_outcome": rule("60/10minute"),
        "sms": rule("5/hour;10/day", strict=True),
        "register": rule("10/hour;20/day", strict=True),
        "errand": rule("30/hour;100/day", strict=True),  # a 代办员 helps a whole village
        "mandate": rule("10/hour;30/day", strict=True),
        "sms_address": rule("30/hour", strict=True),
        "sms_device": rule("10/hour;20/day", strict=True),
        "sms_budget": rule("20000/day", strict=True),  # of the whole installation
        "code_try": rule("30/hour", strict=True),
        "query_address": rule("20/minute;200/day", strict=True),
        "verify_address": rule("30/minute;500/day", strict=True),
        "query_code": rule("5/10minute;20/day", strict=True),
        "staff_login": rule("5/minute;30/hour", strict=True),
        "staff_login_address": rule("30/minute", strict=True),
        "staff_secret": rule("5/minute;30/hour", strict=True),
        "audit_verify": rule("2/minute;20/hour", strict=True),
        "machine": rule("6000/minute"),
        "token_address": rule("60/minute", strict=True),
        "reveal": rule("20/minute;200/day", strict=True),  # per officer
        "rights": rule("10/hour;30/day", strict=True),
        "pickup": rule("5/minute;20/day", strict=True),
        "autosave": rule("600/minute"),
        "upload": rule("60/minute"),
        "upload_part": rule("600/minute"),
        "certificate": rule("20/hour;60/day", strict=True),  # of a library of others
        "submit": rule("30/minute"),
        "payment": rule("20/minute"),
        "live": rule("60/minute"),
    }
)


class RedisLimiter:
    """Count acts over all processes; raise nothing but ``TooMany``.

    Keys are stored as digests: a phone number or an address is not readable in Redis.
    """

    def __init__(
        self,
        pool: BlockingConnectionPool,
        clock: Clock,
        rules: Mapping[str, Rule] = RULES,
    ) -> None:
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="zhangban:limit",
            wrap_exceptions=True,
            connection_pool=pool,  # type: ignore[arg-type]  # passed on as it is
        )
        self._shared = SlidingWindowCounterRateLimiter(storage)
        self._local = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._clock = clock
        self._rules = rules
        self._pause = Pause()

    async def hit(self, rule: str, key: str) -> None:
        """Count one act; raise ``TooMany`` when the rule is used up, ``KeyError`` for no rule."""
        row = self._rules[rule]
        digest = blake2b(key.encode(), digest_size=16).hexdigest()
        if not self._pause.active:
            try:
                await self._count(self._shared, row, rule, digest)
                return
            except StorageError:
                self._pause.begin()
        if row.strict:
            await self._count(self._local, row, rule, digest)

    async def _count(
        self, limiter: SlidingWindowCounterRateLimiter, row: Rule, rule: str, digest: str
    ) -> None:
        for item in row.limits:
            if not await limiter.hit(item, rule, digest):
                stats = await limiter.get_window_stats(item, rule, digest)
                wait = math.ceil(stats.reset_time - self._clock.now().timestamp())
                raise TooMany(retry_after=min(max(wait, 1), item.get_expiry()))
