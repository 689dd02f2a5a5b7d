"""Fates: what became of the events that a back-office has sent, for itself to look up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case
from models.handoff import BackofficeEvent
from services.actors import Machine
from services.events.parking import Fate, first_missing
from services.events.problems import EventUnknown


@dataclass(frozen=True)
class Sent:
    """An event of one's own; ``code`` and ``answer`` say why it was refused in its turn."""

    id: UUID
    event_id: str
    case_no: str
    seq: int
    type: str
    fate: Fate
    received_at: datetime
    settled_at: datetime | None
    code: str | None
    answer: dict[str, Any] | None
    expected_seq: int | None = None


async def one(machine: Machine, event_id: str) -> Sent:
    """Return an event that this system sent, by its own id; raise ``EventUnknown``."""
    if "\0" in event_id:
        raise EventUnknown
    own = BackofficeEvent.filter(source=machine.client_id, event_id=event_id)
    event = await own.select_related("case").first()
    if event is None:
        raise EventUnknown
    return _sent(event, await first_missing(event.case))


@dataclass(frozen=True)
class Wanted:
    """Which events a list is about; None asks for any."""

    fate: Fate | None = None
    case_no: str | None = None


async def several(
    machine: Machine, wanted: Wanted, *, limit: int, after: UUID | None
) -> tuple[Sequence[Sent], UUID | None]:
    """Return events that this system sent, oldest first, and where the next page begins."""
    own = BackofficeEvent.filter(source=machine.client_id)
    if wanted.fate is not None:
        own = own.filter(fate=wanted.fate.value)
    if wanted.case_no is not None:
        own = own.filter(case_id__in=await _cases(wanted.case_no))
    if after is not None:
        own = own.filter(id__gt=after)
    found = await own.order_by("id").limit(limit + 1).select_related("case")
    page = [_sent(event, None) for event in found[:limit]]
    return page, page[-1].id if len(found) > limit else None


async def _cases(case_no: str) -> list[UUID]:
    return [case.id for case in await Case.filter(case_no=case_no).only("id")]


def _sent(event: BackofficeEvent, expected: int | None) -> Sent:
    fate = Fate(event.fate)
    return Sent(
        id=event.id,
        event_id=event.event_id,
        case_no=str(event.case.case_no),
        seq=event.seq,
        type=event.type,
        fate=fate,
        received_at=event.received_at,
        settled_at=event.settled_at or (None if fate is Fate.PARKED else event.received_at),
        code=event.code,
        answer=event.answer,
        expected_seq=expected if fate is Fate.PARKED else None,
    )
