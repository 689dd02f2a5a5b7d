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
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from models.account import Session
from models.ids import uuid7
from models.unit import transaction
from services.actors import Citizen
from services.errors import Unauthenticated
from services.ports import Clock, Crypto, Tokens

CITIZEN_AUDIENCE = "zhangban:citizen"
ACCESS_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(days=30)
# How long the token before the newest may be presented again: its answer may not have arrived.
REPEAT = timedelta(seconds=30)

_REFRESH_TOKEN = re.compile(
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.[A-Za-z0-9_-]{43}"
)

log = structlog.get_logger(__name__)


class SessionEnded(Unauthenticated):
    """A refresh token that is wrong, old, or of a session that expired or was closed."""

    code = "session_ended"
    sentence = "登录已过期,请重新登录。"


@dataclass(frozen=True)
class Grant:
    """What a phone holds from now on. ``repr`` shows the account only."""

    account_id: UUID
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True)
class Sessions:
    clock: Clock
    crypto: Crypto
    tokens: Tokens

    @transaction
    async def open(self, account_id: UUID) -> Grant:
        """Open a session of 30 days."""
        now = self.clock.now()
        session = Session(
            id=uuid7(), account_id=account_id, created_at=now, expires_at=now + SESSION_LIFE
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
        await Session.filter(id=session.id).update(revoked_at=now)
        log.warning("session.reused", session=str(session.id), account=str(session.account_id))
        return None

    @transaction
    async def close(self, who: Citizen) -> None:
        """End the session: no refresh token of it is good any more. Closing again is success."""
        await Session.filter(id=who.session_id, account_id=who.account_id, revoked_at=None).update(
            revoked_at=self.clock.now()
        )

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
