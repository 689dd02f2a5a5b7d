"""The ports of the ways in: what the outside says of who is there, and what lasts minutes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class CodeRule:
    """How one-time codes live: ``tries`` in ``life``, a new one after ``wait``.

    ``voice_after`` text messages within ``memory`` the code may be read out by a call.
    """

    tries: int
    life: timedelta
    wait: timedelta
    voice_after: int
    memory: timedelta


class Codes(Protocol):
    """One live code per subject, kept as a digest. Every method raises ``Unavailable``."""

    async def wait(self, subject: str) -> int:
        """Return for how many seconds no new code may be asked for."""
        ...

    async def begin(self, subject: str, digest: str, *, voice: bool) -> int | None:
        """Keep a new code in the place of any other; return how many texts went out.

        None when it is too early for a call. Raises ``TooMany`` within the wait.
        """
        ...

    async def undo(self, subject: str) -> None:
        """Forget a code that never went out, and its wait."""
        ...

    async def redeem(self, subject: str, digest: str) -> bool:
        """Use a code up if it is this one; a wrong guess uses up one of its tries."""
        ...


class Passing(Protocol):
    """What is handed on within minutes and taken once. Every method raises ``Unavailable``."""

    async def put(
        self, kind: str, name: str, value: Mapping[str, str], *, life: timedelta
    ) -> None: ...

    async def take(self, kind: str, name: str) -> Mapping[str, str] | None:
        """Return it and forget it; None when there is none (any more)."""
        ...


@dataclass(frozen=True)
class WechatSession:
    """Who a ``wx.login`` code stands for. The session_key stays inside the adapter."""

    appid: str
    openid: str
    unionid: str | None


class WechatLogin(Protocol):
    async def session(self, code: str) -> WechatSession:
        """Raise ``LoginCodeInvalid`` or ``OutsideUnavailable``."""
        ...

    async def phone(self, code: str) -> str:
        """Return the number with country code (``+8613800000000``); raise like ``session``."""
        ...


class WechatWeb(Protocol):
    """WeChat's OAuth2: of a web page in WeChat, or of an app on a phone."""

    def authorize(self, state: str, redirect_uri: str, *, userinfo: bool = False) -> str:
        """Return where to send the browser."""
        ...

    async def session(self, code: str) -> WechatSession:
        """Raise ``LoginCodeInvalid``, ``TooMany`` or ``OutsideUnavailable``."""
        ...


@dataclass(frozen=True)
class FederatedPerson:
    """Whom a unified identity says is there, how surely, and by what name and number, if it does.

    ``repr`` shows the issuer and the level only.
    """

    issuer: str
    subject: str = field(repr=False)
    level: int
    name: str | None = field(repr=False)
    id_number: str | None = field(repr=False)


class Oidc(Protocol):
    """A unified identity (OpenID Connect, authorization code with PKCE)."""

    async def authorize(self, state: str, nonce: str, verifier: str, redirect_uri: str) -> str:
        """Return where to send the browser; raise ``OutsideUnavailable``."""
        ...

    async def person(
        self, code: str, nonce: str, verifier: str, redirect_uri: str
    ) -> FederatedPerson:
        """Exchange a code; raise ``LoginCodeInvalid`` or ``OutsideUnavailable``."""
        ...


class EndedSessions(Protocol):
    """Which sessions were ended while an access token of theirs still lives, over all processes."""

    async def end(self, session_ids: Iterable[UUID]) -> None:
        """Make their access tokens worthless; best-effort, for they expire by themselves."""
        ...

    async def has(self, session_id: UUID) -> bool:
        """Tell whether a session was ended, as far as this process has heard."""
        ...
