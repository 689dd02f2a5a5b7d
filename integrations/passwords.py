"""argon2id password hashes (RFC 9106), off the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class ArgonPasswords:
    """argon2id in a few threads of its own: each hash holds ``memory_kib`` KiB while it runs.

    The thread count bounds the memory that a storm of logins can take.
    """

    def __init__(
        self, *, time_cost: int = 3, memory_kib: int = 65536, lanes: int = 1, threads: int = 2
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=lanes
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        """Return a salted hash that names its own parameters."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, hashed: str, password: str) -> bool:
        """Return whether the password made the hash; a damaged hash is made by none."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._hasher.verify, hashed, password)
        except (VerificationError, InvalidHashError):
            return False
