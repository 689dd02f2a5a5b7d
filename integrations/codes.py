"""One-time codes in Redis: each step is one script, so that copies of a request take turns."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from integrations.redis import Pause
from services.errors import TooMany, Unavailable
from services.ports import Clock, CodeRule

# KEYS: the code, what is remembered of the subject. Times in milliseconds.
BEGIN = """
local now, wait = tonumber(ARGV[1]), tonumber(ARGV[2])
local life, memory = tonumber(ARGV[3]), tonumber(ARGV[4])
local known = redis.call('HMGET', KEYS[2], 'at', 'texts', 'first')
local at, texts = tonumber(known[1] or 0), tonumber(known[2] or 0)
local first = tonumber(known[3] or now)
if now - first >= memory then texts, first = 0, now end
if at > 0 and now - at < wait then return {-1, wait - (now - at)} end
if ARGV[6] == '1' and texts < tonumber(ARGV[7]) then return {-2, 0} end
if ARGV[6] == '0' then texts = texts + 1 end
redis.call('HSET', KEYS[2], 'at', now, 'texts', texts, 'first', first)
redis.call('PEXPIRE', KEYS[2], memory)
redis.call('HSET', KEYS[1], 'digest', ARGV[5], 'tries', 0, 'until', now + life)
redis.call('PEXPIRE', KEYS[1], life)
return {texts, 0}"""
REDEEM = """
local now = tonumber(ARGV[1])
local kept = redis.call('HMGET', KEYS[1], 'digest', 'until')
if not kept[1] then return 0 end
if now >= tonumber(kept[2]) then redis.call('DEL', KEYS[1]) return 0 end
if kept[1] == ARGV[2] then redis.call('DEL', KEYS[1]) return 1 end
local tries = redis.call('HINCRBY', KEYS[1], 'tries', 1)
if tries >= tonumber(ARGV[3]) then redis.call('DEL', KEYS[1]) end
return 0"""


class RedisCodes:
    """Strict: without Redis there is no code, for tries could not be counted."""

    def __init__(self, redis: Redis, clock: Clock, rule: CodeRule) -> None:
        self._redis = redis
        self._clock = clock
        self._rule = rule
        self._begin = redis.register_script(BEGIN)
        self._redeem = redis.register_script(REDEEM)
        self._pause = Pause()

    async def wait(self, subject: str) -> int:
        try:
            self._check()
            at = await self._redis.hget(_memory(subject), "at")
        except RedisError as error:
            raise self._lost() from error
        left = int(at or 0) + _ms(self._rule.wait.total_seconds()) - self._now()
        return max(0, -(-left // 1000))

    async def begin(self, subject: str, digest: str, *, voice: bool) -> int | None:
        rule = self._rule
        times = [_ms(each.total_seconds()) for each in (rule.wait, rule.life, rule.memory)]
        values: list[int | str] = [self._now(), *times, digest, int(voice), rule.voice_after]
        try:
            self._check()
            texts, wait = await self._begin(keys=[_code(subject), _memory(subject)], args=values)
        except RedisError as error:
            raise self._lost() from error
        if texts == -1:
            raise TooMany(retry_after=-(-wait // 1000))
        return None if texts == -2 else int(texts)

    async def undo(self, subject: str) -> None:
        try:
            self._check()
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.delete(_code(subject))
                pipe.hset(_memory(subject), "at", "0")
                await pipe.execute()
        except RedisError as error:
            raise self._lost() from error

    async def redeem(self, subject: str, digest: str) -> bool:
        values: list[int | str] = [self._now(), digest, self._rule.tries]
        try:
            self._check()
            good = await self._redeem(keys=[_code(subject)], args=values)
        except RedisError as error:
            raise self._lost() from error
        return bool(good)

    def _now(self) -> int:
        return _ms(self._clock.now().timestamp())

    def _check(self) -> None:
        if self._pause.active:
            raise Unavailable

    def _lost(self) -> Unavailable:
        self._pause.begin()
        return Unavailable()


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _code(subject: str) -> str:
    return f"zhangban:code:{{{subject}}}"


def _memory(subject: str) -> str:
    return f"zhangban:code:{{{subject}}}:memory"
