"""The operator's view of the hand-off: every package, what happened to it, and sending it again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.database import rows
from models.handoff import HandoffEscalation, HandoffLog
from models.rules.clocks import handover_due_at
from models.rules.handoff import HandoffAct
from models.rules.states import HandoffStatus, State
from models.unit import transaction
from services import handoff_lists
from services.actors import Actor
from services.audit import Audit
from services.calendars import Calendars
from services.errors import Conflict, FieldFault, Invalid
from services.handed import note
from services.handoff import PackageUnknown
from services.handoff_lists import Listed, PackageFilter, Page
from services.ports import Clock

HOLD = """
SELECT c.state, p.status, p.digest FROM cases c JOIN handoff_packages p ON p.case_id = c.id
WHERE p.id = $1 FOR UPDATE OF c, p"""
# A case that was handed over once stays so; what its back-office lost, it asks for.
RELEASE = """
WITH told AS (
  UPDATE cases SET handoff_status = 'READY' FROM handoff_packages p
  WHERE p.id = $1 AND p.kind = 'ACCEPTED' AND cases.id = p.case_id
    AND cases.handoff_status = 'LEASED'
)
UPDATE handoff_packages SET status = 'READY', leased_until = NULL, lease_digest = NULL,
  lease_began_at = NULL, leased_by = NULL, acked_at = NULL, acked_by = NULL, leases = 0,
  returns = 0, return_code = NULL, return_text = NULL, pull_by = $2
WHERE id = $1"""


class ResendReasonMissing(Invalid):
    """What has arrived is not sent again without a word about why."""

    code = "resend_reason_missing"
    sentence = "已经确认的移交包要重新移交,必须写明理由。"


class PackageArchived(Conflict):
    """The case is archived: its record says what was handed over and when."""

    code = "package_archived"
    sentence = "这个办件已经归档,不能重新移交。"


@dataclass(frozen=True)
class Happening:
    """A line of a package's history; ``by`` is a system or a member of staff."""

    at: datetime
    act: str
    by: str | None
    code: str | None
    text: str | None
    until: datetime | None


@dataclass(frozen=True)
class Shown:
    package: Listed
    history: Sequence[Happening]


@dataclass(frozen=True)
class HandoffDesk:
    clock: Clock
    calendars: Calendars
    audit: Audit

    async def list(self, wanted: PackageFilter, *, limit: int, after: UUID | None) -> Page:
        """Return packages of all agencies, oldest first."""
        return await handoff_lists.read(wanted, self.clock.now(), limit=limit, after=after)

    async def show(self, package_id: UUID) -> Shown:
        """Return a package with everything that happened to it; raise ``PackageUnknown``."""
        found = await handoff_lists.one(package_id, self.clock.now())
        if found is None:
            raise PackageUnknown
        history = [
            Happening(each.at, each.act, each.by, each.code, each.text, each.until)
            for each in await HandoffLog.filter(package_id=package_id).order_by("id")
        ]
        return Shown(found, history)

    @transaction
    async def resend(self, actor: Actor, package_id: UUID, reason: str) -> None:
        """Make a package READY again, whoever has it or had it: the same id, the same bytes.

        Its counts begin anew. One that was acknowledged needs a reason. Raises
        ``PackageUnknown``, ``ResendReasonMissing``, ``PackageArchived``.
        """
        held = await rows(HOLD, [package_id])
        if not held:
            raise PackageUnknown
        before, reason = held[0]["status"], reason.strip()
        if held[0]["state"] == State.ARCHIVED.value:
            raise PackageArchived
        if before == HandoffStatus.ACKED.value and not reason:
            raise ResendReasonMissing(faults=[FieldFault("/reason", "请写明理由。")])
        now = self.clock.now()
        due_at = handover_due_at(now, await self.calendars.current())
        await rows(RELEASE, [package_id, due_at])
        await HandoffEscalation.filter(package_id=package_id).delete()
        await note(package_id, now, HandoffAct.RESENT, actor.id, text=reason[:300] or None)
        facts = {
            "before": before,
            "digest": held[0]["digest"],
            "reason_sha256": hashlib.sha256(reason.encode()).hexdigest(),
        }
        await self.audit.record(actor, "handoff.resend", "handoff_package", package_id, facts)
