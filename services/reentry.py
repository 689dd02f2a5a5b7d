"""Re-entry (人工转录): cases whose approval system cannot pull, keyed into it by hand.

An officer reads the package on a sheet, keys it into the other system, and ticks it off with the
number that it got there. The sheet ends with the package's receipt code, so that a tick proves that
somebody came to its end; and what becomes of the case is reported by hand, through the same gate as
a system's events.
"""

import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case
from models.database import rows
from models.handoff import BackofficeEvent, HandoffPackage, Reentry
from models.ids import uuid7
from models.rules.clock_table import ClockName
from models.rules.events import Role
from models.rules.handoff import HandoffAct
from models.rules.item_words import BackendMode
from models.rules.states import IMPORTED, HandoffStatus
from models.rules.units import UnitKind
from models.unit import transaction
from services import scope
from services.access import CaseUnknown
from services.actors import Machine, Officer
from services.alerts import watch
from services.audit import Audit
from services.errors import Conflict
from services.events import BackofficeEvents, Report, Reported
from services.handed import note
from services.handoff import PackageUnknown, ReceiptCodeWrong
from services.items import PublishedItem
from services.packages import ACCEPTED, ENDED, PURPOSE, sha256_of
from services.transitions import StepNotYours

QUERY = """
SELECT p.id, p.seq, p.kind, p.created_at, c.id AS case_id, c.case_no,
  v.body::jsonb ->> 'name' AS item, v.body::jsonb ->> 'agency' AS agency,
  (SELECT min(k.due_at) FROM clock_instances k WHERE k.case_id = c.id AND k.stopped_at IS NULL
    AND k.name = 'PAPER_HANDOVER') AS due_at
FROM handoff_packages p JOIN cases c ON c.id = p.case_id
JOIN item_versions v ON v.id = c.item_version_id
WHERE p.status <> 'ACKED' AND v.body::jsonb #>> '{flags,backend_mode}' = 'MANUAL_REENTRY'
  AND ($1::text IS NULL OR p.agency_uscc = $1)
  AND ($2::text IS NULL OR c.window_id IN (SELECT w.id FROM windows w WHERE w.unit_id = $2))
  AND ($3::uuid IS NULL OR p.id > $3)
ORDER BY p.id LIMIT $4"""


class NotByHand(Conflict):
    """The item's own system pulls and reports: two hands on one case would be one too many."""

    code = "not_by_hand"
    sentence = "这个事项由审批系统直接领取和报送,不用人工转录。"


class EarlierPackage(Conflict):
    """An earlier package of the case has to be keyed first."""

    code = "earlier_package"
    sentence = "这个办件前面还有没转录的内容,请按顺序转录。"


class KeyedBefore(Conflict):
    """It was ticked off with another number, or a system has taken it or is about to."""

    code = "keyed_before"
    sentence = "这份内容已经登记过(编号不同),或者审批系统正在领取。"


@dataclass(frozen=True)
class Waiting:
    """A package that waits to be keyed; ``due_at`` is until when the first one has to be."""

    id: UUID
    case_id: UUID
    case_no: str
    seq: int
    kind: str
    item: str
    agency: str
    created_at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class Line:
    """One thing to copy: what it is called on the form, and what was written there."""

    label: str
    value: str


@dataclass(frozen=True)
class Sheet:
    """A package to be keyed, in the order of the form; ``receipt_code`` is its last line."""

    id: UUID
    case_no: str
    kind: str
    lines: Sequence[Line]
    materials: Sequence[Mapping[str, Any]]
    digest: str
    receipt_code: str


@dataclass(frozen=True)
class Ticked:
    package_id: UUID
    external_no: str
    at: datetime


@dataclass(frozen=True)
class Reentries:
    events: BackofficeEvents
    audit: Audit

    async def waiting(
        self, officer: Officer, *, limit: int, after: UUID | None
    ) -> tuple[Sequence[Waiting], UUID | None]:
        """List what waits to be keyed by the officer's unit, oldest first."""
        office = officer.office
        # Who is neither of the window nor of an agency has nothing to key: no agency is "".
        agency = None if Role.WINDOW in officer.roles else office.uscc or ""
        if office.kind is UnitKind.AGENCY:
            agency = office.uscc or ""
        township = office.id if office.kind is UnitKind.TOWNSHIP else None
        found = await rows(QUERY, [agency, township, after, limit + 1])
        page = [Waiting(**row) for row in found[:limit]]
        return page, page[-1].id if len(found) > limit else None

    async def sheet(self, officer: Officer, package_id: UUID) -> Sheet:
        """Show a package whole, on the record; raise ``PackageUnknown`` or ``NotByHand``."""
        package = await HandoffPackage.filter(id=package_id).select_related("case").first()
        if package is None:
            raise PackageUnknown
        item = await self._item(officer, package.case)
        crypto = self.events.parking.crypto
        body = json.loads(crypto.open(package.sealed, PURPOSE))
        await self.audit.read(officer.anyhow, "package.read", "case", package.case_id)
        return Sheet(
            id=package.id,
            case_no=str(package.case.case_no),
            kind=package.kind,
            lines=tuple(_lines(body, item)),
            materials=body["materials"],
            digest=package.digest,
            receipt_code=body["receipt_code"],
        )

    @transaction
    async def tick(
        self, officer: Officer, package_id: UUID, receipt_code: str, external_no: str
    ) -> Ticked:
        """Note that a package was keyed, under which number there; again is the same answer.

        Raises ``PackageUnknown``, ``NotByHand``, ``ReceiptCodeWrong``, ``EarlierPackage`` or
        ``KeyedBefore``; nothing changed then.
        """
        found = await HandoffPackage.get_or_none(id=package_id)
        if found is None:
            raise PackageUnknown
        case = await Case.filter(id=found.case_id).select_for_update().get()
        package = await HandoffPackage.filter(id=package_id).select_for_update().get()
        version = await self.events.items.version(case.item_version_id)
        watch(self.events.transitions.clock, case, version, officer.anyhow)
        item = await self._item(officer, case)
        if not hmac.compare_digest(package.receipt_digest, sha256_of(receipt_code)):
            raise ReceiptCodeWrong
        known = await Reentry.get_or_none(package_id=package.id)
        if known is not None and known.external_no == external_no:
            return Ticked(package.id, external_no, known.at)
        if known is not None or package.status == HandoffStatus.ACKED.value:
            raise KeyedBefore
        now = self.events.transitions.clock.now()
        if package.leased_until is not None and package.leased_until > now:
            raise KeyedBefore
        earlier = HandoffPackage.filter(case_id=case.id, seq__lt=package.seq).exclude(kind=ENDED)
        if await earlier.exclude(status=HandoffStatus.ACKED.value).exists():
            raise EarlierPackage
        return await self._acknowledge(officer, case, item, package, external_no=external_no)

    async def _acknowledge(
        self,
        officer: Officer,
        case: Case,
        item: PublishedItem,
        package: HandoffPackage,
        *,
        external_no: str,
    ) -> Ticked:
        transitions = self.events.transitions
        now = transitions.clock.now()
        package.status = HandoffStatus.ACKED.value
        package.acked_at, package.acked_by = now, _name(officer)
        await package.save(update_fields=["status", "acked_at", "acked_by"])
        await note(package.id, now, HandoffAct.ACKED, _name(officer))
        await Reentry.create(
            id=uuid7(),
            package_id=package.id,
            external_no=external_no,
            keyed_by=officer.id,
            at=now,
        )
        if package.kind == ACCEPTED:
            await Case.filter(id=case.id).update(handoff_status=HandoffStatus.ACKED.value)
            await transitions.clocks.end(case, item, ClockName.PAPER_HANDOVER, now)
        facts = {"package": str(package.id), "kind": package.kind}
        await self.audit.record(officer.anyhow, "package.keyed", "case", case.id, facts)
        return Ticked(package.id, external_no, now)

    async def report(self, officer: Officer, case_id: UUID, said: Report) -> Reported:
        """Report by hand what became of a case; ``said.event_id`` makes it happen once.

        Number and case's name in ``said`` are filled in here: people count nothing. The rules are
        those of a system's events. Raises ``CaseUnknown``, ``NotByHand``, ``StepNotYours`` and
        what ``BackofficeEvents.report`` raises.
        """
        case = await Case.get_or_none(id=case_id)
        if case is None:
            raise CaseUnknown
        item = await self._item(officer, case, imported=True)
        name = _name(officer)
        known = await BackofficeEvent.get_or_none(source=name, event_id=said.event_id)
        seq = case.backoffice_seq + 1 if known is None else known.seq
        report = replace(said, case_no=str(case.case_no), seq=seq)
        return await self.events.report(Machine(name, item.agency_uscc, officer.unit), report)

    async def _item(self, officer: Officer, case: Case, *, imported: bool = False) -> PublishedItem:
        """Return the item of a case that the officer may key; raise ``CaseUnknown`` for others."""
        item = await self.events.items.version(case.item_version_id)
        await scope.check(officer, case, item)
        if not officer.roles_for(item.agency_uscc) & {Role.WINDOW, Role.DEPT}:
            raise StepNotYours
        by_hand = item.body["flags"]["backend_mode"] == BackendMode.MANUAL_REENTRY
        if not by_hand and not (imported and case.origin == IMPORTED):
            raise NotByHand
        return item


def _name(officer: Officer) -> str:
    return f"staff:{officer.id}"


def _lines(body: Mapping[str, Any], item: PublishedItem) -> Iterator[Line]:
    """Yield what is to be copied: the applicant first, then the form, then answers."""
    applicant = body.get("applicant") or {}
    for name, label in APPLICANT.items():
        if applicant.get(name):
            yield Line(label, str(applicant[name]))
    yield from _form(body.get("form") or {}, item)
    for answer in body.get("answers") or ():
        yield Line(answer["question"], answer["answer"])


def _form(form: Mapping[str, Any], item: PublishedItem) -> Iterator[Line]:
    """Yield the answers in the order in which the item lists its fields; the rest by name."""
    described = item.form_schema["properties"]
    listed = [str(each) for each in item.body.get("form_fields", ())]
    labels = {name: str(described.get(name, {}).get("title", name)) for name in form}
    places = {label: place for place, label in enumerate(listed)}
    for name in sorted(form, key=lambda each: (places.get(labels[each], len(places)), each)):
        yield Line(labels[name], _text(form[name]))


APPLICANT: Mapping[str, str] = {"name": "申请人", "id_number": "证件号码", "phone": "联系电话"}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
