"""The ports of the real name: what registers and face checks say of a person."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class RealNameVerdict(StrEnum):
    """What the authority's register says of a name and an ID number."""

    MATCH = "MATCH"
    MISMATCH = "MISMATCH"
    NO_RECORD = "NO_RECORD"


class RealNameChecker(Protocol):
    async def check(self, name: str, id_number: str, phone: str | None = None) -> RealNameVerdict:
        """Compare two factors, or three; raise ``OutsideUnavailable`` when there is no verdict."""
        ...


@dataclass(frozen=True)
class Subject:
    """Whom a check is about. ``repr`` shows nothing."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)
    openid: str | None = field(default=None, repr=False)


class WechatRealName(Protocol):
    """What WeChat Pay knows of the holder of a WeChat user: a name, a number and a bank card."""

    async def check(self, subject: Subject, code: str) -> RealNameVerdict:
        """``code``: the person let us ask. Raise ``LoginCodeInvalid``, ``OutsideUnavailable``."""
        ...


@dataclass(frozen=True)
class FaceStart:
    """A check that was begun: the provider's token, and an address where it goes on, if any."""

    token: str = field(repr=False)
    url: str | None = field(repr=False)


class FaceOutcome(StrEnum):
    PENDING = "PENDING"
    PASSED = "PASSED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class NetPerson:
    """Whom a 网证 shows. ``id_matched``: the ID number that was asked about is the same person's.

    ``repr`` shows nothing of them.
    """

    number: str = field(repr=False)
    name: str = field(repr=False)
    id_matched: bool = field(repr=False)


class NetCredentials(Protocol):
    """The national network identity (网号、网证)."""

    async def check(self, assertion: str, challenge: str, id_number: str | None) -> NetPerson:
        """Raise ``LoginCodeInvalid`` or ``OutsideUnavailable``."""
        ...


class FaceChecker(Protocol):
    """One provider of face checks; ``number`` is ours and names one check."""

    async def start(self, number: str, subject: Subject, return_url: str) -> FaceStart: ...

    async def outcome(self, number: str, token: str, subject: Subject) -> FaceOutcome:
        """Ask the provider itself; raise ``OutsideUnavailable`` when it does not say."""
        ...
