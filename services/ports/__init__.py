"""The ports: what the use-cases need from the outside, and the values that cross the border."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from services.ports.codes import OneTimeCodes as OneTimeCodes
from services.ports.crypto import Crypto as Crypto
from services.ports.entrance import CodeRule as CodeRule
from services.ports.entrance import Codes as Codes
from services.ports.entrance import EndedSessions as EndedSessions
from services.ports.entrance import FederatedPerson as FederatedPerson
from services.ports.entrance import Oidc as Oidc
from services.ports.entrance import Passing as Passing
from services.ports.entrance import WechatLogin as WechatLogin
from services.ports.entrance import WechatSession as WechatSession
from services.ports.entrance import WechatWeb as WechatWeb
from services.ports.identity import FaceChecker as FaceChecker
from services.ports.identity import FaceOutcome as FaceOutcome
from services.ports.identity import FaceStart as FaceStart
from services.ports.identity import NetCredentials as NetCredentials
from services.ports.identity import NetPerson as NetPerson
from services.ports.identity import RealNameChecker as RealNameChecker
from services.ports.identity import RealNameVerdict as RealNameVerdict
from services.ports.identity import Subject as Subject
from services.ports.identity import WechatRealName as WechatRealName
from services.ports.machines import Assertion as Assertion
from services.ports.machines import Assertions as Assertions
from services.ports.machines import Nonces as Nonces
from services.ports.machines import PublicKey as PublicKey
from services.ports.pay import NONTAX as NONTAX
from services.ports.pay import WECHAT as WECHAT
from services.ports.pay import ChannelOrder as ChannelOrder
from services.ports.pay import ChannelPayment as ChannelPayment
from services.ports.pay import PayCallback as PayCallback
from services.ports.pay import PayChannel as PayChannel
from services.ports.pay import Scene as Scene
from services.ports.pay import Settlement as Settlement
from services.ports.pay import Tills as Tills
from services.ports.post import Contact as Contact
from services.ports.post import Courier as Courier
from services.ports.post import Parcel as Parcel
from services.ports.post import Track as Track
from services.ports.post import TrackPoint as TrackPoint
from services.ports.post import TrackStatus as TrackStatus
from services.ports.refunds import RefundCallback as RefundCallback


class Clock(Protocol):
    """The only place that knows what time it is."""

    def now(self) -> datetime:
        """Return the aware UTC time."""
        ...


class Tokens(Protocol):
    """Access tokens (ES256)."""

    def issue(self, claims: Mapping[str, Any], *, audience: str, ttl: timedelta) -> str: ...

    def read(self, token: str, *, audience: str) -> Mapping[str, Any]:
        """Raise ``Unauthenticated`` for anything but a live token for this audience."""
        ...


class Passwords(Protocol):
    """argon2 hashes, computed off the event loop."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, hashed: str, password: str) -> bool: ...


class Limiter(Protocol):
    """Counts acts per key. Rules are named in the adapter's table."""

    async def hit(self, rule: str, key: str) -> None:
        """Raise ``TooMany`` when the rule's limit for the key is used up."""
        ...


class Broadcast(Protocol):
    """Best-effort fan-out of "something changed"; never raises on publishing."""

    async def publish(self, topic: str, message: str) -> None: ...

    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[str]]: ...


@dataclass(frozen=True)
class NewJob:
    """A job to enqueue; with ``key``, at most one such job waits."""

    name: str
    payload: Mapping[str, Any]
    key: str | None = None
    after: timedelta = timedelta(0)


class Jobs(Protocol):
    """Work to do after the current transaction has committed, at least once."""

    async def enqueue(
        self,
        name: str,
        payload: Mapping[str, Any],
        *,
        after: timedelta = timedelta(0),
        key: str | None = None,
    ) -> None:
        """Enqueue in the current transaction; with ``key``, at most one such job waits."""
        ...

    async def enqueue_all(self, jobs: Sequence[NewJob]) -> None:
        """Enqueue all of them in one statement of the current transaction."""
        ...


class Sent(StrEnum):
    """What became of a message."""

    SENT = "SENT"
    NOT_SUBSCRIBED = "NOT_SUBSCRIBED"
    REFUSED = "REFUSED"


class WechatMessages(Protocol):
    """Messages of the mini-program, to its own users."""

    async def send(
        self, openid: str, template: str, data: Mapping[str, str], page: str
    ) -> Sent: ...


class Sms(Protocol):
    async def send(
        self, phone: str, template: str, params: Mapping[str, str], *, once: str | None = None
    ) -> Sent:
        """Send a text message; the same ``once`` again is the same message."""
        ...


class SmsAndVoice(Sms, Protocol):
    async def call(self, phone: str, template: str, params: Mapping[str, str]) -> Sent:
        """Have a message read out by a voice call."""


@dataclass(frozen=True)
class StoredFile:
    """Bytes in the store: ``key`` finds them, ``sha256`` (hex) proves them."""

    key: str
    sha256: str
    size: int
    mime: str


@dataclass(frozen=True)
class TakenIn:
    """What intake made of an upload: the original as evidence, a clean working copy, a thumbnail.

    ``pages`` counts pages of a document (1 for a picture); sizes are in pixels, None for one.
    """

    original: StoredFile
    working: StoredFile
    thumbnail: StoredFile | None
    pages: int
    width: int | None
    height: int | None


class MaterialFiles(Protocol):
    """The material pipeline: stream in, check, store, read back."""

    async def take_in(
        self, chunks: AsyncIterator[bytes], *, max_bytes: int, formats: Collection[str]
    ) -> TakenIn:
        """Raise ``TooLarge``, ``Unsupported`` or ``MaterialUnreadable``; then nothing is kept."""
        ...

    async def keep(
        self, chunks: AsyncIterator[bytes], *, max_bytes: int, mime: str, made: bool = False
    ) -> StoredFile:
        """Store bytes of a trusted kind as they are, if they are of it; ``made``: by us."""
        ...

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` up to and without ``end``."""
        ...


class Printer(Protocol):
    """Puts a document on paper."""

    async def print(self, content: Mapping[str, Any]) -> bytes:
        """Return the PDF of a document's content; equal content gives equal bytes."""
