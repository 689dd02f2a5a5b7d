"""Imports (外来办件): a case that was lodged at a window or in another system, shown here.

It stands in the lifecycle's own states and takes events by the same gate, but what belongs to its
filing stays where it was lodged: nothing of it can be edited, paid, withdrawn or handed over here.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from models.account import Account, Person
from models.case import Case
from models.database import Duplicate
from models.handoff import ImportedCase
from models.ids import uuid7
from models.rules.calendar import day_of
from models.rules.clock_table import ClockName
from models.rules.events import Role
from models.rules.item_words import ApplicantType
from models.rules.states import IMPORTED, AcceptMode, State
from models.unit import transaction
from services.actors import Machine, Officer
from services.applicants import Applicants
from services.audit import Audit
from services.cases import ApplicantTypeRefused, Cases
from services.errors import Conflict, FieldFault, Invalid
from services.forms import Forms
from services.identities import Identity
from services.items import PublishedItem
from services.numbering import new_numbers
from services.persons import Persons
from services.transitions import JOINT, StepNotAllowed, StepNotYours

STATES = (State.ACCEPTED, State.UNDER_REVIEW)
"""Where an import may begin: what comes afterwards is told by events, with its notices."""
SKEW = timedelta(minutes=5)
ORDER = "时间的先后不对,或者晚于现在。"


class ImportDiffers(Conflict):
    """The agency has imported this number before, and said something else of it."""

    code = "import_differs"
    sentence = "这个编号的办件已经登记过,内容不一致。"


class ImportTimesInvalid(Invalid):
    """Received after it was accepted, or later than now; each fault names a field."""

    code = "import_times_invalid"
    sentence = "收件时间或受理时间不对,请核对后重新登记。"


@dataclass(frozen=True, repr=False)
class Lodged:
    """A case as it stands elsewhere; ``repr`` shows nothing of it."""

    external_no: str
    item_code: str
    name: str
    id_number: str
    state: State
    received_at: datetime
    accepted_at: datetime

    def __repr__(self) -> str:
        return "Lodged()"


@dataclass(frozen=True)
class Imported:
    case: Case
    created: bool
    matched: bool


@dataclass(frozen=True)
class _By:
    """Who imports: what the row, the audit log and the check of the agency need."""

    source: str
    agency_uscc: str | None
    who: Machine | Officer

    def answers_for(self, item: PublishedItem) -> bool:
        if isinstance(self.who, Machine):
            return self.who.answers_for(item.agency_uscc, item.code)
        return self.agency_uscc in (None, item.agency_uscc)


@dataclass(frozen=True)
class Imports:
    cases: Cases
    audit: Audit

    async def by_machine(self, machine: Machine, lodged: Lodged) -> Imported:
        """Register a case of the machine's agency and items; see ``_import``."""
        return await self._once(_By(machine.client_id, machine.agency_uscc, machine), lodged)

    async def by_officer(self, officer: Officer, lodged: Lodged) -> Imported:
        """Register a case lodged at the window, or with the officer's department.

        Raises ``StepNotYours`` for another department's item.
        """
        agency = None if Role.WINDOW in officer.roles else officer.office.uscc or ""
        return await self._once(_By(f"staff:{officer.id}", agency, officer), lodged)

    async def _once(self, by: _By, lodged: Lodged) -> Imported:
        today = day_of(self.cases.clock.now())
        person = Identity.read(lodged.name, lodged.id_number, today)
        faults = [*self._faults(lodged)]
        if faults:
            raise ImportTimesInvalid(faults=faults)
        try:
            return await self._import(by, lodged, person)
        except Duplicate:
            # The same import arrived twice at once: the other one made the case.
            return await self._import(by, lodged, person)

    def _faults(self, lodged: Lodged) -> Iterator[FieldFault]:
        now = self.cases.clock.now()
        if lodged.accepted_at > now + SKEW:
            yield FieldFault("/accepted_at", ORDER)
        if lodged.received_at > lodged.accepted_at:
            yield FieldFault("/received_at", ORDER)

    @transaction
    async def _import(self, by: _By, lodged: Lodged, person: Identity) -> Imported:
        """Make the case once per agency and number; the same again is the same case.

        Raises ``ItemUnknown``, ``StepNotYours``, ``ApplicantTypeRefused``, ``ImportDiffers``, and
        ``StepNotAllowed`` for a joint item, whose parts are cases of their own.
        """
        item = await self.cases.items.current(lodged.item_code)
        if not by.answers_for(item):
            raise StepNotYours
        if item.joint_items:
            raise StepNotAllowed(JOINT)
        if ApplicantType.NATURAL_PERSON.value not in item.body["applicant_types"]:
            raise ApplicantTypeRefused
        digest = _digest(lodged, person)
        known = await ImportedCase.get_or_none(
            agency_uscc=item.agency_uscc, external_no=lodged.external_no
        ).select_related("case")
        if known is not None:
            if known.body_digest != digest:
                raise ImportDiffers
            return Imported(known.case, created=False, matched=known.claimed_at is not None)
        account_id = await self._persons.find(person)
        case = await self._create(item, lodged, person, account_id or await self._expect(person))
        await ImportedCase.create(
            case_id=case.id,
            agency_uscc=item.agency_uscc,
            external_no=lodged.external_no,
            source=by.source,
            id_number_index=self._persons.index(person.id_number),
            body_digest=digest,
            claimed_at=None if account_id is None else self.cases.clock.now(),
            imported_at=self.cases.clock.now(),
        )
        actor = by.who.actor if isinstance(by.who, Machine) else by.who.anyhow
        facts = {"item": item.code, "matched": account_id is not None}
        await self.audit.record(actor, "case.import", "case", case.id, facts)
        return Imported(case, created=True, matched=account_id is not None)

    @property
    def _persons(self) -> Persons:
        return Persons(self._applicants.crypto)

    @property
    def _applicants(self) -> Applicants:
        return self.cases.applicants

    @property
    def _forms(self) -> Forms:
        return self.cases.forms

    async def _expect(self, person: Identity) -> UUID:
        """Make an account without a way in for somebody who has none yet.

        No register has confirmed the person, so no index finds them: when they come, the case
        goes to them (``arrivals``).
        """
        now, crypto = self.cases.clock.now(), self._applicants.crypto
        account = await Account.create(id=uuid7(), created_at=now)
        await Person.create(
            account_id=account.id,
            name_sealed=self._persons.seal_name(person.name),
            id_number_sealed=crypto.seal(person.id_number.encode(), "person.id_number"),
            verified_at=now,
        )
        return account.id

    async def _create(
        self, item: PublishedItem, lodged: Lodged, person: Identity, account_id: UUID
    ) -> Case:
        now = self.cases.clock.now()
        numbers: dict[str, Any] = await new_numbers(
            self._applicants.crypto, item, person.id_number, now
        )
        case = await Case.create(
            id=uuid7(),
            account_id=account_id,
            item_id=item.item_id,
            item_version_id=item.version_id,
            applicant_type=ApplicantType.NATURAL_PERSON.value,
            origin=IMPORTED,
            state=lodged.state,
            accept_mode=AcceptMode.NORMAL.value,
            submitted_at=lodged.received_at,
            received_at=lodged.received_at,
            accepted_at=lodged.accepted_at,
            created_at=now,
            updated_at=now,
            **numbers,
        )
        await self._forms.create(case.id)
        for name in (ClockName.DECISION_PROMISED, ClockName.DECISION_STATUTORY):
            received = item.counts_from_receipt(name)
            since = lodged.received_at if received else lodged.accepted_at
            await self.cases.transitions.clocks.begin_since(case, item, name, since)
        return case


def _digest(lodged: Lodged, person: Identity) -> str:
    said = {**vars(lodged), "name": person.name, "id_number": person.id_number}
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
