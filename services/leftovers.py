"""Leftovers of coming in: what is over is not kept, for it holds names and numbers."""

from dataclasses import dataclass
from datetime import timedelta

from models.database import rows
from models.unit import transaction
from services.ports import Clock

KEPT = timedelta(days=1)
# Logs of who came in are kept for six months (网络安全法); a session is one.
SESSIONS_KEPT = timedelta(days=183)
SWEEPS = (
    ("DELETE FROM face_checks WHERE expires_at < $1", KEPT),
    ("DELETE FROM join_offers WHERE expires_at < $1", KEPT),
    ("DELETE FROM sessions WHERE expires_at < $1", SESSIONS_KEPT),
)


@dataclass(frozen=True)
class Leftovers:
    clock: Clock

    async def sweep(self) -> None:
        """Delete what is over (hourly); repeating it changes nothing."""
        for sql, kept in SWEEPS:
            await self._delete(sql, kept)

    @transaction
    async def _delete(self, sql: str, kept: timedelta) -> None:
        await rows(sql, [self.clock.now() - kept])
