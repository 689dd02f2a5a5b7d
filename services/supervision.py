"""Supervision (电子监察): who is late, what was tried out of order, and what was done about it."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from models.rules.events import Role
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.supervision import MonitorAlert
from models.unit import transaction
from services import counts, listing, supervised
from services.access import CaseUnknown
from services.actors import Officer
from services.audit import Audit
from services.calendars import Calendars
from services.errors import Conflict, FieldFault, Invalid, NotFound
from services.items import Items
from services.listing import AlertFilter, AlertPage
from services.periods import Period
from services.ports import Clock

FRESH_FOR = timedelta(seconds=15)


class AlertUnknown(NotFound):
    """No such alert."""

    code = "alert_unknown"
    sentence = "没有找到这条预警。"


class AlertResolved(Conflict):
    """Somebody has dealt with it; what they wrote stays."""

    code = "alert_resolved"
    sentence = "这条预警已经处理过了。"


class ResolutionReasonMissing(Invalid):
    """A limit that was missed (红牌) is not closed without a word about why."""

    code = "resolution_reason_missing"
    sentence = "超时的红牌必须写明处理理由。"


@dataclass(frozen=True)
class Supervision:
    clock: Clock
    calendars: Calendars
    items: Items
    audit: Audit

    async def alerts(self, wanted: AlertFilter, *, limit: int, cursor: str | None) -> AlertPage:
        """Return alerts of all units, newest first; raise ``CursorInvalid``."""
        return await listing.read(wanted, limit=limit, cursor=cursor)

    async def own_alerts(
        self, officer: Officer, wanted: AlertFilter, *, limit: int, cursor: str | None
    ) -> AlertPage:
        """Return the alerts that the officer's role and unit answer for; raise ``CursorInvalid``.

        A department also answers for its approval system, every window for what no window took.
        """
        return await listing.read(wanted, limit=limit, cursor=cursor, owner=officer)

    async def counts(self, first: date | None, last: date | None) -> counts.Counts:
        """Count alerts, open and raised from day to day, and running cases.

        Raises ``PeriodInvalid``.
        """
        now = self.clock.now()
        return await counts.read(Period.of(first, last, now), now, await self.calendars.current())

    async def case(self, officer: Officer, case_id: UUID) -> supervised.Supervised:
        """Return everything that happened to a case, on the record; raise ``CaseUnknown``."""
        found = await supervised.read(self.items, case_id)
        if found is None:
            raise CaseUnknown
        actor = officer.acting_as(Role.SUPERVISOR)
        await self.audit.read(actor, "case.supervise", "case", case_id)
        return found

    @transaction
    async def resolve(self, officer: Officer, alert_id: UUID, reason: str) -> None:
        """Close an alert; the reason is kept with it, and its digest in the audit log.

        The light of the case stays as it is: it tells what happened. Raises ``AlertUnknown``,
        ``AlertResolved``, ``ResolutionReasonMissing``.
        """
        alert = await MonitorAlert.filter(id=alert_id).select_for_update().get_or_none()
        if alert is None:
            raise AlertUnknown
        if alert.resolved_at is not None:
            raise AlertResolved
        reason = reason.strip()
        missed = (alert.kind, alert.light) == (AlertKind.OVERTIME.value, MonitorLight.RED.value)
        if missed and not reason:
            raise ResolutionReasonMissing(faults=[FieldFault("/reason", "请写明处理理由。")])
        await MonitorAlert.filter(id=alert_id).update(
            resolved_at=self.clock.now(), resolved_by=str(officer.id), resolution=reason
        )
        facts = {
            "kind": alert.kind,
            "light": alert.light,
            "code": alert.code,
            "case_id": str(alert.case_id) if alert.case_id else None,
            "reason_sha256": hashlib.sha256(reason.encode()).hexdigest(),
        }
        actor = officer.acting_as(Role.SUPERVISOR)
        await self.audit.record(actor, "alert.resolve", "monitor_alert", alert_id, facts)


class AlertMeter:
    """How many alerts are open, for whoever watches the machines; counted anew at most every 15 s.

    Anybody may ask, so nobody can make the database count for every question.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: tuple[datetime, dict[tuple[str, str], int]] | None = None

    async def open(self) -> dict[tuple[str, str], int]:
        """Return the number of open alerts by kind and light."""
        now = self._clock.now()
        if self._kept is None or now - self._kept[0] >= FRESH_FOR:
            self._kept = (now, await counts.open_alerts())
        return self._kept[1]
