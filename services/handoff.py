"""Hand-off (交接): the back-office pulls packages by lease and proves that they arrived.

READY, LEASED while a machine has it, ACKED once it named the digest of what it got and the code
inside. A lease that ran out is served again: the same package, the same bytes. What a case says of
its hand-off is about its first package: what follows takes nothing back.
"""

import asyncio
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from models.case import Case
from models.database import rows
from models.ids import uuid7
from models.rules.handoff import LONGEST_LEASE, HandoffAct, ReturnCode
from models.rules.states import HandoffStatus
from models.unit import transaction
from services import handoff_lists, lateness
from services import handoff_sql as sql
from services.actors import Machine
from services.errors import Conflict, Invalid, NotFound
from services.handed import note, package_of
from services.handoff_lists import Listed, PackageFilter
from services.items import Items
from services.packages import ACCEPTED, PURPOSE, sha256_of
from services.ports import Clock, Crypto

OPEN = PackageFilter()

log = structlog.get_logger(__name__)


class PackageUnknown(NotFound):
    """No such package of the machine's agency and items."""

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
    """A package as it is sent: ``body`` is canonical JSON, ``digest`` the SHA-256 of its UTF-8.

    ``signature`` is a detached JWS over the same bytes; ``leases`` counts this lease too.
    """

    id: UUID
    case_no: str
    seq: int
    kind: str
    digest: str
    signature: str | None
    leases: int
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
class Handoff:
    clock: Clock
    crypto: Crypto
    items: Items

    async def lease(self, machine: Machine, *, limit: int, seconds: int) -> Lease:
        """Take up to ``limit`` packages of the machine's agency for ``seconds``, oldest first.

        A case's later package waits until its earlier ones are acknowledged. Leases of machines
        that ask at the same time share no package.
        """
        token = secrets.token_urlsafe(32)
        until = self.clock.now() + timedelta(seconds=seconds)
        found = await self._take(machine, token, until, limit)
        opened = []
        for row in sorted(found, key=lambda each: each["id"]):
            package = self._open(row)
            if package is not None:
                opened.append(package)
            # Fifty long forms would otherwise hold up everybody else's answers.
            await asyncio.sleep(0)
        return Lease(token, until, opened) if opened else Lease(None, None, ())

    @transaction
    async def _take(
        self, machine: Machine, token: str, until: datetime, limit: int
    ) -> list[dict[str, Any]]:
        scope = [machine.agency_uscc, sorted(machine.items)]
        taken = [sha256_of(token), machine.client_id, until]
        ids = [uuid7() for _ in range(limit)]
        return await rows(sql.LEASE, [*scope, self.clock.now(), limit, *taken, ids])

    def _open(self, row: Mapping[str, Any]) -> LeasedPackage | None:
        try:
            body = self.crypto.open(row["sealed"], PURPOSE).decode()
        except ValueError:
            # Its lease runs out, and the third time somebody is told; the others go their way.
            log.error("handoff.unreadable", package=str(row["id"]))
            return None
        named = {name: row[name] for name in ("id", "case_no", "seq", "kind", "digest")}
        return LeasedPackage(**named, signature=row["signature"], leases=row["leases"], body=body)

    async def body(self, machine: Machine, package_id: UUID) -> LeasedPackage:
        """Return a package that the machine has leased now, or has acknowledged, once more.

        Raises ``PackageUnknown`` or ``LeaseLost``.
        """
        package = await package_of(machine, package_id)
        if package is None:
            raise PackageUnknown
        live = package.leased_until is not None and package.leased_until > self.clock.now()
        mine = package.acked_by == machine.client_id or (
            live and package.leased_by == machine.client_id
        )
        opened = self._open({**vars(package), "case_no": ""}) if mine else None
        if opened is None:
            raise LeaseLost
        return opened

    @transaction
    async def acknowledge(
        self, machine: Machine, package_id: UUID, lease_token: str, digest: str, receipt_code: str
    ) -> Acknowledgement:
        """Take a package as delivered; the same acknowledgement again is the same answer.

        Raises ``PackageUnknown``, ``DigestMismatch``, ``ReceiptCodeWrong`` or ``LeaseLost``;
        nothing changed then.
        """
        held = await self._locked(machine, package_id)
        # Proof before state: a wrong code must not pass because the package is delivered anyway.
        if not hmac.compare_digest(held["digest"], digest.lower()):
            raise DigestMismatch
        if not hmac.compare_digest(held["receipt_digest"], sha256_of(receipt_code)):
            raise ReceiptCodeWrong
        _check_token(held, machine, lease_token)
        if held["acked_at"] is not None:
            return Acknowledgement(package_id, held["acked_at"])
        now = self.clock.now()
        _check_alive(held, now)
        first, case_id = held["kind"] == ACCEPTED, held["case_id"]
        ended = await rows(
            sql.ACKNOWLEDGE, [package_id, case_id, first, now, machine.client_id, uuid7()]
        )
        await self._note_late(case_id, [row["id"] for row in ended if row["due_at"] <= now], now)
        return Acknowledgement(package_id, now)

    async def _note_late(self, case_id: UUID, late: Sequence[UUID], now: datetime) -> None:
        """Tell supervision of a hand-over that was late, though no timer came in between."""
        if late:
            case = await Case.get(id=case_id)
            item = await self.items.version(case.item_version_id)
            await lateness.note_missed(case, item, late, now)

    async def open_packages(
        self,
        machine: Machine,
        *,
        limit: int,
        after: UUID | None,
        wanted: PackageFilter = OPEN,
    ) -> tuple[Sequence[Listed], UUID | None]:
        """List what is not acknowledged yet, oldest first, and where the next page begins."""
        mine = replace(wanted, agency_uscc=machine.agency_uscc)
        page = await handoff_lists.read(
            mine, self.clock.now(), limit=limit, after=after, items=machine.items
        )
        return page.packages, page.following

    @transaction
    async def extend(
        self, machine: Machine, package_id: UUID, lease_token: str, seconds: int
    ) -> datetime:
        """Hold a package for ``seconds`` from now under the same token; return until when.

        Only while the lease lives, never shorter than it was, and no longer than
        ``LONGEST_LEASE`` in all. Raises ``PackageUnknown`` or ``LeaseLost``.
        """
        held, now = await self._held(machine, package_id, lease_token)
        began = held["lease_began_at"] or now
        wanted = min(now + timedelta(seconds=seconds), began + LONGEST_LEASE)
        until: datetime = max(held["leased_until"], wanted)
        if until > held["leased_until"]:
            await rows(sql.EXTEND, [package_id, until, began])
            await note(package_id, now, HandoffAct.EXTENDED, machine.client_id, until=until)
        return until

    @transaction
    async def give_back(
        self, machine: Machine, package_id: UUID, lease_token: str, code: ReturnCode, text: str
    ) -> None:
        """Give a package back that cannot be read or kept: it is READY again at once, and counted.

        This refuses no case. Raises ``PackageUnknown`` or ``LeaseLost``.
        """
        held, now = await self._held(machine, package_id, lease_token)
        await rows(sql.RETURN, [package_id, held["case_id"], code.value, text])
        await note(
            package_id, now, HandoffAct.RETURNED, machine.client_id, code=code.value, text=text
        )
        log.warning("handoff.returned", package=str(package_id), code=code.value)

    async def _held(
        self, machine: Machine, package_id: UUID, lease_token: str
    ) -> tuple[dict[str, Any], datetime]:
        """Return a package that the machine has now, its row held, and the time."""
        held = await self._locked(machine, package_id)
        _check_token(held, machine, lease_token)
        now = self.clock.now()
        if held["status"] != HandoffStatus.LEASED.value:
            raise LeaseLost
        _check_alive(held, now)
        return held, now

    async def _locked(self, machine: Machine, package_id: UUID) -> dict[str, Any]:
        """Return a package of the machine's; its case's row is held first, then its own."""
        scope = [machine.agency_uscc, sorted(machine.items)]
        found = await rows(sql.HOLD, [package_id, *scope])
        if not found:
            raise PackageUnknown
        return found[0]


def _check_token(held: Mapping[str, Any], machine: Machine, lease_token: str) -> None:
    known = held["lease_digest"] or ""
    fits = hmac.compare_digest(known, sha256_of(lease_token))
    if held["leased_by"] != machine.client_id or not fits:
        raise LeaseLost


def _check_alive(held: Mapping[str, Any], now: datetime) -> None:
    if held["leased_until"] is None or held["leased_until"] <= now:
        raise LeaseLost
