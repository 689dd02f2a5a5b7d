"""The ports of the ways in: what the outside says of who is there, and what lasts minutes."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID


class EndedSessions(Protocol):
    """Which sessions were ended while an access token of theirs still lives, over all processes."""

    async def end(self, session_ids: Iterable[UUID]) -> None:
        """Make their access tokens worthless; best-effort, for they expire by themselves."""
        ...

    async def has(self, session_id: UUID) -> bool:
        """Tell whether a session was ended, as far as this process has heard."""
        ...
