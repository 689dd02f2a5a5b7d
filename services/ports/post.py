"""The port of the post: parcels out, tracks back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Contact:
    """Who sends or receives a parcel."""

    name: str
    phone: str
    region: str
    detail: str


@dataclass(frozen=True)
class Parcel:
    """A parcel; ``number`` is ours and makes a repeated order the same order."""

    number: str
    sender: Contact
    receiver: Contact
    contents: str


class TrackStatus(StrEnum):
    """Where a parcel is, as far as a case cares."""

    CREATED = "CREATED"
    COLLECTED = "COLLECTED"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERING = "DELIVERING"
    SIGNED = "SIGNED"
    RETURNED = "RETURNED"
    PROBLEM = "PROBLEM"


@dataclass(frozen=True)
class TrackPoint:
    at: datetime
    status: TrackStatus
    text: str


@dataclass(frozen=True)
class Track:
    waybill: str
    points: Sequence[TrackPoint]


class Courier(Protocol):
    async def create(self, parcel: Parcel) -> str:
        """Return the waybill number; the same parcel number gives the same waybill."""
        ...

    async def track(self, waybill: str) -> Track: ...

    def read_push(self, form: Mapping[str, str]) -> Track:
        """Raise ``CallbackForged`` when the signature is not the courier's."""
        ...
