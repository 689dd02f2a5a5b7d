"""Parking: an event that came before its turn waits, sealed, until the gap before it closes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.case import Case
from models.database import rows
from models.handoff import BackofficeEvent
from models.ids import uuid7
from models.rules.events import Role
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.supervision import MonitorAlert
from services.actors import Actor, Machine
from services.alerts import raise_alert
from services.errors import Problem
from services.events.problems import EventsWaiting
from services.events.reports import Report
from services.items import PublishedItem
from services.ports import Clock, Crypto, Jobs

PURPOSE = "backoffice.event"
APPLY = "events.apply"
GAP = "event_gap"
MOST = 20
"""How many events of one case may wait: a gap of more is no matter of order any more."""

# Cases whose waiting events are due: their turn has come and the job was lost, or the case ended
# otherwise meanwhile.
DUE = """
SELECT DISTINCT e.case_id FROM backoffice_events e JOIN cases c ON c.id = e.case_id
WHERE e.fate = 'PARKED' AND (e.seq = c.backoffice_seq + 1 OR c.state = ANY($1::text[]))
ORDER BY e.case_id LIMIT $2"""
# Once for each gap: what joins it later does not make it another one.
GAPS = """
SELECT case_id FROM backoffice_events e WHERE fate = 'PARKED' AND received_at <= $1
AND NOT EXISTS (SELECT FROM backoffice_events o
  WHERE o.case_id = e.case_id AND o.fate = 'PARKED' AND o.alerted_at IS NOT NULL)
GROUP BY case_id ORDER BY case_id LIMIT $2"""


class Fate(StrEnum):
    """What became of an event that was taken."""

    APPLIED = "APPLIED"
    PARKED = "PARKED"
    REFUSED = "REFUSED"


@dataclass(frozen=True)
class Parking:
    clock: Clock
    crypto: Crypto
    jobs: Jobs

    async def keep(self, machine: Machine, case: Case, report: Report, fate: Fate) -> None:
        """Record an event in the caller's transaction; one that was refused before is new again.

        Raises ``EventsWaiting``.
        """
        now, waits = self.clock.now(), fate is Fate.PARKED
        waiting = BackofficeEvent.filter(case_id=case.id, fate=Fate.PARKED.value)
        if waits and await waiting.count() >= MOST:
            raise EventsWaiting(facts={"expected_seq": await first_missing(case)})
        kept = self.crypto.seal(report.kept(machine.name), PURPOSE) if waits else None
        columns: dict[str, Any] = {
            "case_id": case.id,
            "seq": report.seq,
            "type": report.type.value,
            "body_digest": report.digest,
            "occurred_at": report.occurred_at,
            "received_at": now,
            "fate": fate.value,
            "sealed": kept,
            "code": None,
            "answer": None,
            "settled_at": None if waits else now,
            "alerted_at": None,
        }
        again = BackofficeEvent.filter(source=machine.client_id, event_id=report.event_id)
        if not await again.update(**columns):
            await BackofficeEvent.create(
                id=uuid7(), source=machine.client_id, event_id=report.event_id, **columns
            )

    async def follow(self, case: Case) -> None:
        """Have the event applied that waited for the one just applied, if one did."""
        waiting = BackofficeEvent.filter(case_id=case.id, fate=Fate.PARKED.value)
        if await waiting.filter(seq=case.backoffice_seq + 1).exists():
            key = f"{APPLY}:{case.id}:{case.backoffice_seq}"
            await self.jobs.enqueue(APPLY, {"case_id": str(case.id)}, key=key)

    async def due(self, case: Case) -> BackofficeEvent | None:
        """Return the event whose turn it is, of a case whose row is held."""
        waiting = BackofficeEvent.filter(case_id=case.id, fate=Fate.PARKED.value)
        if not case.state.closed:
            waiting = waiting.filter(seq=case.backoffice_seq + 1)
        return await waiting.order_by("seq").first()

    def read(self, event: BackofficeEvent, agency_uscc: str) -> tuple[Report, Machine]:
        """Open an event that waits: what was said, and by whom."""
        report, name = Report.read(self.crypto.open(event.sealed or b"", PURPOSE))
        return report, Machine(event.source, agency_uscc, name)

    async def applied(self, event: BackofficeEvent) -> None:
        """Note that an event's turn came, in the caller's transaction with its effects."""
        await self._settle(event, Fate.APPLIED)

    async def refused(self, event: BackofficeEvent, item: PublishedItem, why: Problem) -> None:
        """Note why an event was refused in its turn, and let supervision know of it."""
        await self._settle(event, Fate.REFUSED, why)
        await raise_alert(
            self.clock.now(),
            why.alert or AlertKind.OUT_OF_ORDER,
            MonitorLight.RED,
            why.code,
            case_id=event.case_id,
            owner=(Role.BACKOFFICE, item.agency),
            actor=Actor(Role.BACKOFFICE, event.source, None),
            data={"seq": event.seq},
        )

    async def _settle(self, event: BackofficeEvent, fate: Fate, why: Problem | None = None) -> None:
        now = self.clock.now()
        event.fate, event.settled_at, event.sealed = fate.value, now, None
        if why is not None:
            event.code = why.code
            faults = [{"pointer": each.pointer, "detail": each.detail} for each in why.faults]
            event.answer = {"detail": why.text, "errors": faults}
        await event.save(update_fields=["fate", "settled_at", "sealed", "code", "answer"])
        waiting = BackofficeEvent.filter(case_id=event.case_id, fate=Fate.PARKED.value)
        if not await waiting.exists():
            over = MonitorAlert.filter(case_id=event.case_id, code=GAP, resolved_at=None)
            await over.update(resolved_at=now)

    async def gap(self, case: Case, item: PublishedItem, since: datetime) -> bool:
        """Let supervision know of a gap once; the case's row is held. Tells whether it had to."""
        waiting = BackofficeEvent.filter(case_id=case.id, fate=Fate.PARKED.value)
        told = await waiting.filter(alerted_at__isnull=False).exists()
        if told or not await waiting.filter(received_at__lte=since).exists():
            return False
        now = self.clock.now()
        await waiting.update(alerted_at=now)
        await raise_alert(
            now,
            AlertKind.OUT_OF_ORDER,
            MonitorLight.YELLOW,
            GAP,
            case_id=case.id,
            owner=(Role.BACKOFFICE, item.agency),
            data={"expected_seq": await first_missing(case)},
        )
        return True


async def first_missing(case: Case) -> int:
    """Return the first number of a case that has not come; the case's row is held."""
    found = await BackofficeEvent.filter(case_id=case.id, fate=Fate.PARKED.value)
    taken = {event.seq for event in found}
    number = case.backoffice_seq + 1
    while number in taken:
        number += 1
    return number


async def cases_due(states: list[str], most: int) -> list[UUID]:
    """Return cases in which a waiting event has to be looked at now."""
    return [row["case_id"] for row in await rows(DUE, [states, most])]


async def cases_with_gaps(now: datetime, after: timedelta, most: int) -> list[UUID]:
    """Return cases in which an event has waited longer than ``after``, unknown to anybody."""
    return [row["case_id"] for row in await rows(GAPS, [now - after, most])]
