"""Calls to addresses that others registered: that something waits for them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Pushed(StrEnum):
    """What became of a call. Only GONE is for good: the address wants no more of them."""

    DELIVERED = "DELIVERED"
    GONE = "GONE"
    REFUSED = "REFUSED"
    UNREACHABLE = "UNREACHABLE"
    ADDRESS_FORBIDDEN = "ADDRESS_FORBIDDEN"


@dataclass(frozen=True)
class Push:
    """A message by the rules of Standard Webhooks; the same ``id`` again is the same message."""

    id: str
    at: datetime
    body: bytes


class Pushes(Protocol):
    async def send(self, url: str, secret: bytes, push: Push) -> Pushed:
        """Call an address once; never raises for what the other side does."""
        ...

    def is_fit(self, url: str) -> bool:
        """Tell whether an address is one that could be called, before its name is resolved."""
        ...
