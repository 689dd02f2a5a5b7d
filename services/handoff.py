"""Hand-off (交接): the back-office pulls packages by lease and proves that they arrived.

READY, LEASED while a machine has it, ACKED once it named the digest of what it got and the code
inside. A lease that ran out is served again: the same package, the same bytes. What a case says of
its hand-off is about its first package: what follows takes nothing back.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.case import Case
from models.database import rows
from models.handoff import HandoffPackage
from models.rules.clock_table import ClockName
from models.rules.states import HandoffStatus
from models.unit import transaction
from services.actors import Machine
from services.clocks import Clocks
from services.errors import Conflict, Invalid, NotFound
from services.items import Items
from services.packages import ACCEPTED, PURPOSE, sha256_of
from services.ports import Clock, Crypto

# Cases and packages are locked together and nobody waits: what is busy now is served next time.
LEASE = """
WITH ready AS (
  SELECT p.id, p.kind, c.id AS case_id, c.case_no
  FROM handoff_packages p JOIN cases c ON c.id = p.case_id
  WHERE p.agency_uscc = $1
    AND (p.status = 'READY' OR (p.status = 'LEASED' AND p.leased_until <= $2))
    AND NOT EXISTS (SELECT 1 FROM handoff_packages e
      WHERE e.case_id = p.case_id AND e.seq < p.seq AND e.status <> 'ACKED'
        AND e.kind <> 'ENDED')
  ORDER BY p.id LIMIT $3
  FOR UPDATE OF c, p SKIP LOCKED
), marked AS (
  UPDATE cases SET handoff_status = 'LEASED' FROM ready
  WHERE cases.id = ready.case_id AND ready.kind = 'ACCEPTED'
)
UPDATE handoff_packages p
SET status = 'LEASED', lease_digest = $4, leased_by = $5, leased_until = $6, leases = p.leases + 1
FROM ready WHERE p.id = ready.id
RETURNING p.id, p.seq, p.kind, p.digest, p.sealed, ready.case_no
"""


class PackageUnknown(NotFound):
    """No such package of the machine's agency."""

    code = "package_unknown"
    sentence = "没有找到这个移交包。"


class DigestMismatch(Invalid):
    """The digest named is not that of the package: what arrived is not what was sent."""

    code = "digest_mismatch"
    sentence = "移交包的摘要不一致,请重新领取并核对。"


class ReceiptCodeWrong(Invalid):
    """The code named is not the one inside the package."""

    code = "receipt_code_wrong"
    sentence = "回执码不正确,请使用移交包内的回执码。"


class LeaseLost(Conflict):
    """The lease is not the machine's, or ran out."""

    code = "lease_lost"
    sentence = "领取凭证无效或已过期,请重新领取移交包。"


@dataclass(frozen=True)
class LeasedPackage:
    """A package as it is sent: ``body`` is canonical JSON, ``digest`` the SHA-256 of its UTF-8."""

    id: UUID
    case_no: str
    seq: int
    kind: str
    digest: str
    body: str


@dataclass(frozen=True)
class Lease:
    """What one call took; nothing taken has no token."""

    token: str | None
    until: datetime | None
    packages: Sequence[LeasedPackage]


@dataclass(frozen=True)
class Acknowledgement:
    package_id: UUID
    acked_at: datetime


@dataclass(frozen=True)
class OpenPackage:
    """A package that is not acknowledged. READY again as soon as its lease has run out."""

    id: UUID
    case_no: str
    seq: int
    kind: str
    status: str
    leases: int
    leased_until: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Handoff:
    clock: Clock
    crypto: Crypto
    clocks: Clocks
    items: Items

    @transaction
    async def lease(self, machine: Machine, *, limit: int, seconds: int) -> Lease:
        """Take up to ``limit`` packages of the machine's agency for ``seconds``, oldest first.

        A case's later package waits until its earlier ones are acknowledged. Leases of machines
        that ask at the same time share no package.
        """
        now = self.clock.now()
        token = secrets.token_urlsafe(32)
        until = now + timedelta(seconds=seconds)
        found = await rows(
            LEASE,
            [machine.agency_uscc, now, limit, sha256_of(token), machine.client_id, until],
        )
        if not found:
            return Lease(None, None, ())
        ordered = sorted(found, key=lambda row: row["id"])
        return Lease(token, until, [self._open(row) for row in ordered])

    def _open(self, row: dict[str, Any]) -> LeasedPackage:
        return LeasedPackage(
            id=row["id"],
            case_no=row["case_no"],
            seq=row["seq"],
            kind=row["kind"],
            digest=row["digest"],
            body=self.crypto.open(row["sealed"], PURPOSE).decode(),
        )

    @transaction
    async def acknowledge(
        self, machine: Machine, package_id: UUID, lease_token: str, digest: str, receipt_code: str
    ) -> Acknowledgement:
        """Take a package as delivered; the same acknowledgement again is the same answer.

        Raises ``PackageUnknown``, ``DigestMismatch``, ``ReceiptCodeWrong`` or ``LeaseLost``;
        nothing changed then.
        """
        case, package = await self._locked(machine, package_id)
        # Proof before state: a wrong code must not pass because the package is delivered anyway.
        if not hmac.compare_digest(package.digest, digest.lower()):
            raise DigestMismatch
        if not hmac.compare_digest(package.receipt_digest, sha256_of(receipt_code)):
            raise ReceiptCodeWrong
        held = package.lease_digest or ""
        if package.leased_by != machine.client_id or not hmac.compare_digest(
            held, sha256_of(lease_token)
        ):
            raise LeaseLost
        if package.acked_at is not None:
            return Acknowledgement(package.id, package.acked_at)
        now = self.clock.now()
        if package.leased_until is None or package.leased_until <= now:
            raise LeaseLost
        package.status = HandoffStatus.ACKED.value
        package.acked_at, package.acked_by = now, machine.client_id
        await package.save(update_fields=["status", "acked_at", "acked_by"])
        if package.kind == ACCEPTED:
            await Case.filter(id=case.id).update(handoff_status=HandoffStatus.ACKED.value)
            item = await self.items.version(case.item_version_id)
            await self.clocks.end(case, item, ClockName.PAPER_HANDOVER, now)
        return Acknowledgement(package.id, now)

    async def _locked(self, machine: Machine, package_id: UUID) -> tuple[Case, HandoffPackage]:
        """Return a package of the machine's agency; its case's row is held first, then its own."""
        own = HandoffPackage.filter(id=package_id, agency_uscc=machine.agency_uscc)
        found = await own.first()
        if found is None:
            raise PackageUnknown
        case = await Case.filter(id=found.case_id).select_for_update().get()
        return case, await own.select_for_update().get()

    async def open_packages(
        self, machine: Machine, *, limit: int, after: UUID | None
    ) -> tuple[Sequence[OpenPackage], UUID | None]:
        """List what is not acknowledged yet, oldest first, and where the next page begins."""
        waiting = HandoffPackage.filter(
            agency_uscc=machine.agency_uscc, status__not=HandoffStatus.ACKED.value
        )
        if after is not None:
            waiting = waiting.filter(id__gt=after)
        found = await waiting.order_by("id").limit(limit + 1).select_related("case")
        now = self.clock.now()
        page = [_listed(package, now) for package in found[:limit]]
        return page, page[-1].id if len(found) > limit else None


def _listed(package: HandoffPackage, now: datetime) -> OpenPackage:
    leased = package.leased_until is not None and package.leased_until > now
    return OpenPackage(
        id=package.id,
        case_no=str(package.case.case_no),
        seq=package.seq,
        kind=package.kind,
        status=(HandoffStatus.LEASED if leased else HandoffStatus.READY).value,
        leases=package.leases,
        leased_until=package.leased_until if leased else None,
        created_at=package.created_at,
    )
