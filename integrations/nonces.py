"""Numbers used once, kept in Redis until they are worthless."""

from datetime import timedelta
from hashlib import blake2b

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.errors import Unavailable


class RedisNonces:
    """Remember what was used, over all processes; without Redis nothing counts as unused."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def use(self, nonce: str, lasts: timedelta) -> bool:
        """Use a nonce; False when it was used before. Raises ``Unavailable``."""
        key = f"zhangban:nonce:{blake2b(nonce.encode(), digest_size=16).hexdigest()}"
        seconds = max(1, int(lasts.total_seconds()) + 1)
        try:
            return bool(await self._redis.set(key, b"", nx=True, ex=seconds))
        except RedisError as error:
            raise Unavailable from error
