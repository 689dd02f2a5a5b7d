"""Sessions of citizens: short access tokens, and a family of refresh tokens behind them.

Nothing that opens a session is stored. A refresh token is kept as its SHA-256, and each token's
successor is computed from it under the index key, so that an answer which was lost on a weak
network can be given again.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from models.account import Session
from models.database import rows
from models.ids import uuid7
from models.rules.ways import Way
from models.unit import current_unit, transaction
from services.actors import Citizen
from services.errors import NotFound, Unauthenticated
from services.ports import Clock, Crypto, EndedSessions, Tokens

CITIZEN_AUDIENCE = "zhangban:citizen"
ACCESS_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(days=30)
# How long the token before the newest may be presented again: its answer may not have arrived.
REPEAT = timedelta(seconds=30)

_REFRESH_TOKEN = re.compile(
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.[A-Za-z0-9_-]{43}"
)

# The account is named in each: nobody ends what is somebody else's.
END = """
UPDATE sessions SET revoked_at = $1 WHERE account_id = $2 AND revoked_at IS NULL
  AND ($3::uuid IS NULL OR id = $3) AND ($4::uuid IS NULL OR id <> $4)
  AND ($5::uuid IS NULL OR way_id = $5) RETURNING id"""

log = structlog.get_logger(__name__)


class SessionEnded(Unauthenticated):
    """A refresh token that is wrong, old, or of a session that expired or was closed."""

    code = "session_ended"
    sentence = "登录已过期,请重新登录。"


class SessionUnknown(NotFound):
    """No such device, or not the asker's."""

    code = "session_unknown"
    sentence = "没有找到这台设备的登录。"


@dataclass(frozen=True)
class Arrival:
    """By which way somebody came in, and on what."""

    way: Way
    way_id: UUID | None = None
    device: str = ""


@dataclass(frozen=True)
class Device:
    """A session as its owner sees it: when, by what and on what, but not where from."""

    id: UUID
    name: str
    way: Way
    came_at: datetime
    seen_at: datetime
    current: bool


@dataclass(frozen=True)
class Grant:
    """What a phone holds from now on. ``repr`` shows the account only."""

    account_id: UUID
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @property
    def session_id(self) -> UUID:
        return UUID(self.refresh_token.partition(".")[0])


@dataclass(frozen=True)
class Sessions:
    clock: Clock
    crypto: Crypto
    tokens: Tokens
    ended: EndedSessions

    @transaction
    async def open(self, account_id: UUID, arrival: Arrival) -> Grant:
        """Open a session of 30 days."""
        now = self.clock.now()
        session = Session(
            id=uuid7(),
            account_id=account_id,
            way=arrival.way.value,
            way_id=arrival.way_id,
            device=arrival.device,
            created_at=now,
            expires_at=now + SESSION_LIFE,
        )
        token = _token(session.id, secrets.token_bytes(32))
        session.refresh_digest = _digest(token)
        await session.save(force_create=True)
        return self._grant(session, token)

    async def rotate(self, refresh_token: str) -> Grant:
        """Take a refresh token for the next one; raise ``SessionEnded``.

        A token is good once. A second use is a stolen copy or its victim, so it ends the session;
        only the newest rotation may be repeated, for 30 seconds, and then gives the same token.
        """
        parts = _REFRESH_TOKEN.fullmatch(refresh_token)
        if parts is None:
            raise SessionEnded
        grant = await self._rotate(UUID(parts[1]), refresh_token)
        # Raised out here, for inside it would roll the end of the session back.
        if grant is None:
            raise SessionEnded
        return grant

    @transaction
    async def _rotate(self, session_id: UUID, presented: str) -> Grant | None:
        session = await Session.filter(id=session_id).select_for_update().first()
        now = self.clock.now()
        if session is None or not session.is_open(now):
            return None
        digest = _digest(presented)
        successor = self._successor(session.id, presented)
        if hmac.compare_digest(digest, session.refresh_digest):
            await Session.filter(id=session.id).update(
                refresh_digest=_digest(successor), previous_digest=digest, rotated_at=now
            )
            return self._grant(session, successor)
        if _was_just_rotated(session, digest) and now - (session.rotated_at or now) <= REPEAT:
            return self._grant(session, successor)
        await self.end(session.account_id, session_id=session.id)
        log.warning("session.reused", session=str(session.id), account=str(session.account_id))
        return None

    @transaction
    async def close(self, who: Citizen) -> None:
        """End the asker's own session. Closing again is success."""
        await self.end(who.account_id, session_id=who.session_id)

    @transaction
    async def close_device(self, who: Citizen, session_id: UUID) -> None:
        """End one session of the account; raise ``SessionUnknown``. Again is success."""
        if not await Session.exists(id=session_id, account_id=who.account_id):
            raise SessionUnknown
        await self.end(who.account_id, session_id=session_id)

    @transaction
    async def close_all(self, who: Citizen, *, others_only: bool = False) -> int:
        """Log out everywhere, or everywhere else; return how many sessions ended."""
        kept = who.session_id if others_only else None
        return len(await self.end(who.account_id, keep=kept))

    async def devices(self, who: Citizen) -> Sequence[Device]:
        """List the open sessions, last seen first."""
        now = self.clock.now()
        found = await Session.filter(
            account_id=who.account_id, revoked_at=None, expires_at__gt=now
        ).limit(100)
        shown = [
            Device(
                id=each.id,
                name=each.device,
                way=Way(each.way),
                came_at=each.created_at,
                seen_at=each.rotated_at or each.created_at,
                current=each.id == who.session_id,
            )
            for each in found
        ]
        return sorted(shown, key=lambda each: each.seen_at, reverse=True)

    async def end(
        self,
        account_id: UUID,
        *,
        session_id: UUID | None = None,
        keep: UUID | None = None,
        way_id: UUID | None = None,
    ) -> Sequence[UUID]:
        """End sessions of an account in the running transaction: one, those of a way, or all.

        Once it is committed their access tokens are worth nothing any more.
        """
        values = [self.clock.now(), account_id, session_id, keep, way_id]
        ended = [row["id"] for row in await rows(END, values)]
        current_unit().after_commit(partial(self.ended.end, ended))
        return ended

    def _successor(self, session_id: UUID, presented: str) -> str:
        return _token(session_id, self.crypto.index(presented, "session.refresh"))

    def _grant(self, session: Session, refresh_token: str) -> Grant:
        claims = {"sub": str(session.account_id), "sid": str(session.id)}
        access = self.tokens.issue(claims, audience=CITIZEN_AUDIENCE, ttl=ACCESS_LIFE)
        return Grant(session.account_id, access, refresh_token)


def _was_just_rotated(session: Session, digest: str) -> bool:
    previous = session.previous_digest
    return previous is not None and hmac.compare_digest(digest, previous)


def _token(session_id: UUID, secret: bytes) -> str:
    return f"{session_id}.{urlsafe_b64encode(secret).rstrip(b'=').decode()}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
