"""Checking a password without telling whether there was an account to check it for."""

import secrets

from services.ports import Passwords


class Decoy:
    """The hash of a password that nobody has, made once, on first use."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords
        self._hash: str | None = None

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Return whether the password is right; for no hash take as long and say no."""
        # Made whoever asks first, so that the first stranger does not wait longer than the others.
        if self._hash is None:
            self._hash = await self._passwords.hash(secrets.token_urlsafe(16))
        right = await self._passwords.verify(hashed or self._hash, password)
        return right and hashed is not None
