"""The archive (归档): a closed case becomes a package whose every file was looked at (T49)."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog

from models.archive import ArchivePackage
from models.case import Case
from models.database import DatabaseLost, rows
from models.handoff import HandoffPackage
from models.ids import uuid7
from models.rules.events import Event, Role
from models.rules.states import MonitorLight, Phase, State
from models.rules.supervision import AlertKind
from models.supervision import MonitorAlert
from models.unit import transaction
from services import manifests
from services.access import CaseUnknown
from services.actors import SYSTEM, Actor
from services.alerts import raise_alert
from services.applicants import RealNameRequired
from services.audit import Audit
from services.cases import Cases
from services.errors import Conflict, Problem
from services.manifests import APPLICATION, Entry, Manifest
from services.packages import PURPOSE as PACKAGE_PURPOSE
from services.packages import canonical, sha256_of
from services.ports import Crypto, MaterialFiles
from services.quarantine import KEPT_IN, FileInfected, check_release

PURPOSE = "archive.application"
UNVERIFIED = "archive_unverified"
CLOSED = [state.value for state in State if state.phase is Phase.CLOSED]

# A case whose files do not verify waits until somebody has resolved its alert; one whose rating is
# open, whose money is on its way back or in question or, if so wished, whose notices are not
# written yet, waits.
READY = """
SELECT c.id FROM cases c
WHERE c.state = ANY($1::text[]) AND c.closed_at <= $2 AND c.payment_status <> 'REFUNDING'
  AND NOT EXISTS (SELECT FROM clock_instances k
    WHERE $3 AND k.case_id = c.id AND k.stopped_at IS NULL AND k.name = 'RATING_WINDOW')
  AND NOT EXISTS (SELECT FROM notices n WHERE $4 AND n.case_id = c.id AND n.digest IS NULL)
  AND NOT EXISTS (SELECT FROM payment_differences d
    WHERE d.case_id = c.id AND d.status = 'OPEN')
  AND NOT EXISTS (SELECT FROM monitor_alerts a
    WHERE a.case_id = c.id AND a.code = $5 AND a.resolved_at IS NULL)
ORDER BY c.closed_at, c.id LIMIT $6"""

log = structlog.get_logger("zhangban.archive")


class Signer(Protocol):
    """Signs what is archived; the signature stands beside the digest."""

    def __call__(self, payload: bytes, /) -> str: ...


@dataclass(frozen=True)
class ArchivePolicy:
    """When a closed case is archived, and how long it is kept (``retention``, 保管期限).

    ``after``: how long it rests; ``rated``: not while its rating is open; ``documents``: not
    before each of its notices is a document.
    """

    after: timedelta
    rated: bool
    documents: bool
    retention: str


class ArchiveDamaged(Conflict):
    """The manifest in the database is not the one that was archived."""

    code = "archive_damaged"
    sentence = "归档信息包与归档时不一致。"


@dataclass(frozen=True)
class Archive:
    cases: Cases
    crypto: Crypto
    files: MaterialFiles
    policy: ArchivePolicy
    sign: Signer
    audit: Audit

    async def sweep(self, limit: int = 20) -> int:
        """Archive closed cases whose time has come, a page at a time; return how many were.

        Run twice it archives nothing twice. A file that is missing or damaged raises an alert.
        Raises ``DatabaseLost``.
        """
        before = self.cases.clock.now() - self.policy.after
        asked = [CLOSED, before, self.policy.rated, self.policy.documents, UNVERIFIED, limit]
        archived = 0
        while page := [row["id"] for row in await rows(READY, asked)]:
            done = sum([await self._guarded(case_id) for case_id in page])
            archived += done
            if not done:
                break
        return archived

    async def _guarded(self, case_id: UUID) -> bool:
        try:
            return await self.archive(case_id)
        except DatabaseLost:
            raise
        except Exception as error:  # this is a job's loop: one case must not stop the others
            log.exception("archive.failed", case_id=str(case_id), error=type(error).__name__)
            return False

    async def archive(self, case_id: UUID) -> bool:
        """Archive one closed case (T49); False when it could not be, or changed meanwhile.

        The files are read outside of any transaction; what was put together before is compared
        with what is there when the step is taken.
        """
        manifest = await self._manifest(await Case.get(id=case_id))
        broken = [entry.path for entry in manifest.entries if not await self._holds(entry)]
        broken += await self._broken_packages(case_id)
        if broken:
            await self._alarm(case_id, broken)
            return False
        return await self._keep(case_id, manifest)

    async def _manifest(self, case: Case) -> Manifest:
        item = await self.cases.items.version(case.item_version_id)
        return await manifests.of_case(
            case, item, await self._application(case), retention=self.policy.retention
        )

    async def _application(self, case: Case) -> bytes:
        form = await self.cases.forms.read_filed(case.id)
        applicant: dict[str, Any] = {"type": case.applicant_type}
        try:
            person = await self.cases.applicants.get(case.account_id)
            applicant |= {"name": person.name, "id_number": person.id_number}
        except RealNameRequired:
            # The account was closed since; what it filed stays on record.
            log.info("archive.person_gone", case_id=str(case.id))
        return canonical({"applicant": applicant, "form": dict(form.values)})

    async def _holds(self, entry: Entry) -> bool:
        """Tell whether the store still has a file as it was, reading it whole."""
        if entry.key is None:
            return True
        digest = hashlib.sha256()
        try:
            async for chunk in self.files.read(entry.key):
                digest.update(chunk)
        except Problem:
            return False
        return digest.hexdigest() == entry.sha256

    async def _broken_packages(self, case_id: UUID) -> list[str]:
        found = await HandoffPackage.filter(case_id=case_id).order_by("seq")
        return [manifests.package_path(each.seq) for each in found if not self._opens(each)]

    def _opens(self, package: HandoffPackage) -> bool:
        try:
            body = self.crypto.open(package.sealed, PACKAGE_PURPOSE)
        except ValueError:
            return False
        return sha256_of(body) == package.digest

    @transaction
    async def _keep(self, case_id: UUID, manifest: Manifest) -> bool:
        case = await Case.filter(id=case_id).select_for_update().get()
        if case.state.phase is not Phase.CLOSED:
            return False
        now_there = await self._manifest(case)
        if now_there.digest != manifest.digest:
            # Something came in while the files were read: the next sweep looks again.
            return False
        item = await self.cases.items.version(case.item_version_id)
        await self.cases.transitions.apply(
            case, item, Event.ARCHIVE, SYSTEM, data={"digest": manifest.digest}
        )
        await ArchivePackage.create(
            id=uuid7(),
            case_id=case_id,
            application_sealed=self.crypto.seal(manifest.application, PURPOSE),
            manifest=dict(manifest.body),
            digest=manifest.digest,
            signature=self.sign(manifest.digest.encode()),
            verify_later_mark=case.verify_later_mark,
            created_at=self.cases.clock.now(),
        )
        return True

    @transaction
    async def _alarm(self, case_id: UUID, broken: Sequence[str]) -> None:
        case = await Case.filter(id=case_id).select_for_update().get()
        if await MonitorAlert.exists(case_id=case_id, code=UNVERIFIED, resolved_at=None):
            return
        item = await self.cases.items.version(case.item_version_id)
        await raise_alert(
            self.cases.clock.now(),
            AlertKind.OUT_OF_ORDER,
            MonitorLight.RED,
            UNVERIFIED,
            owner=(Role.SUPERVISOR, item.agency),
            case_id=case_id,
            data={"files": list(broken)},
        )
        log.error("archive.unverified", case_id=str(case_id), files=list(broken))

    async def find(self, case_no: str) -> ArchivePackage:
        """Return the package of an archived case; raise ``CaseUnknown``, ``ArchiveDamaged``."""
        package = await ArchivePackage.get_or_none(case__case_no=case_no)
        if package is None:
            raise CaseUnknown
        if sha256_of(canonical(package.manifest)) != package.digest:
            raise ArchiveDamaged
        return package

    async def take_out(self, package: ArchivePackage, by: str) -> None:
        """Record that somebody is about to take a package out.

        ``by``: whoever works at the machine, as they call themselves (at most 64 characters).
        """
        actor, facts = Actor(Role.SYSTEM, by, None), {"digest": package.digest}
        await self.audit.read(actor, "archive.export", "case", package.case_id, facts)

    async def contents(
        self, package: ArchivePackage
    ) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Yield each file of a package as its path and its bytes.

        What nobody may have is not carried out: a signed note stands in its place.
        """
        sealed = {
            manifests.package_path(each.seq): (each.sealed, PACKAGE_PURPOSE)
            for each in await HandoffPackage.filter(case_id=package.case_id)
        }
        if package.application_sealed is not None:
            sealed[APPLICATION] = (package.application_sealed, PURPOSE)
        for file in package.manifest["files"]:
            path, key = file["path"], file["key"]
            if not key:
                yield path, _once(self.crypto.open(*sealed[path]))
                continue
            try:
                await check_release(key)
            except KEPT_IN as kept_in:
                log.warning("archive.withheld", case_id=str(package.case_id), why=kept_in.code)
                yield path, _once(self._withheld(file["sha256"], kept_in))
            else:
                yield path, self.files.read(key)

    def _withheld(self, sha256: str, kept_in: Problem) -> bytes:
        infected = isinstance(kept_in, FileInfected)
        why = "发现病毒" if infected else "尚未完成安全检查,请稍后重新导出"
        signature = self.sign(withheld(sha256))
        return f"该文件未随归档信息包导出:{why}。\nsha256: {sha256}\n{signature}\n".encode()


def withheld(sha256: str) -> bytes:
    """Return what is signed in the last line of a note that stands in the place of a file."""
    return f"withheld {sha256}".encode()


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
