"""The trail (审计查阅): the audit log as security auditors look at it, never at their own acts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from models.rules.events import Role
from models.supervision import AuditEntry
from services.actors import Officer
from services.audit import Audit
from services.verification import Tally, verify

MOST_FAULTS = 100
# A verification that takes longer is one for the command line.
SECONDS = 45.0


@dataclass(frozen=True)
class TrailFilter:
    """What a list is about; None asks for any. ``since`` up to and without ``until``."""

    since: datetime | None = None
    until: datetime | None = None
    actor_id: str | None = None
    action: str | None = None
    object_type: str | None = None
    object_id: str | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """Return what was asked for, as the record of the reading says it."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in named.items() if value is not None}


@dataclass(frozen=True)
class Verified:
    """What a verification found; not ``complete`` when the time was too short."""

    tally: Tally
    faults: Sequence[str]
    complete: bool


@dataclass(frozen=True)
class Trail:
    audit: Audit

    async def list(
        self, auditor: Officer, wanted: TrailFilter, *, limit: int, before: int | None
    ) -> tuple[Sequence[AuditEntry], int | None]:
        """Return entries, newest first, and where the next page begins; the reading is recorded.

        An auditor's own acts are left out: another auditor looks at them.
        """
        actor = auditor.acting_as(Role.AUDITOR)
        facts = {**wanted.asked, "before": before}
        await self.audit.read(actor, "audit.read", "audit_log", "list", facts)
        columns = {
            "at__gte": wanted.since,
            "at__lt": wanted.until,
            "actor_id": wanted.actor_id,
            "action": wanted.action,
            "object_type": wanted.object_type,
            "object_id": wanted.object_id,
            "seq__lt": before,
        }
        asked = {name: value for name, value in columns.items() if value is not None}
        found = AuditEntry.of_others(str(auditor.id)).filter(**asked)
        page = await found.order_by("-seq").limit(limit + 1)
        return page[:limit], page[limit - 1].seq if len(page) > limit else None

    async def verify(self, auditor: Officer, anchor: str | None) -> Verified:
        """Read every event and the log again; on the record."""
        actor = auditor.acting_as(Role.AUDITOR)
        await self.audit.read(actor, "audit.verify", "audit_log", "chain", {"anchor": anchor})
        tally, faults, complete = Tally(), [], True
        try:
            async with asyncio.timeout(SECONDS):
                async for fault in verify(tally, anchor):
                    faults.append(str(fault))
                    if len(faults) == MOST_FAULTS:
                        complete = False
                        break
        except TimeoutError:
            complete = False
        return Verified(tally, faults, complete)
