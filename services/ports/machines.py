"""The ports by which a back-office system shows who it is (RFC 7523)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True)
class Assertion:
    """What a client said of itself, proven by its key; ``jti`` may be used once."""

    client_id: str
    jti: str
    expires_at: datetime


@dataclass(frozen=True)
class PublicKey:
    """A public P-256 key: its name, and the members of its JWK."""

    kid: str
    jwk: Mapping[str, str]


class Assertions(Protocol):
    """Signed client assertions (ES256)."""

    def signer(self, assertion: str) -> tuple[str, str]:
        """Return the client id and the kid that it names; raise ``Unauthenticated``."""
        ...

    def verify(self, assertion: str, key: Mapping[str, str]) -> Assertion:
        """Raise ``Unauthenticated`` for anything but a live assertion of this key, for us."""
        ...

    def read_key(self, given: Mapping[str, Any]) -> PublicKey:
        """Raise ``ValueError`` for anything but a public P-256 key."""
        ...


class Nonces(Protocol):
    """Numbers used once."""

    async def use(self, nonce: str, lasts: timedelta) -> bool:
        """Use a nonce; False when it was used before. Raises ``Unavailable``: nobody can tell."""
        ...
