"""Co-applicants (共同申请人): each signs the application as it stands, or it is not theirs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from models.case import Case
from models.ids import uuid7
from models.mandate import CoApplicant
from models.material import Material
from models.rules.mandates import Act
from models.unit import transaction
from services import access
from services.access import CaseUnknown
from services.actors import Citizen
from services.announcements import tell_account
from services.audit import Audit
from services.cases import Cases, NotEditable, is_editable
from services.errors import Conflict, FieldFault, Invalid
from services.identities import Identity
from services.items import PublishedItem
from services.persons import Persons

MOST = 10
ASKED = "请您作为共同申请人签字"
SUBJECT = "共同申请"


class PartyRefused(Invalid):
    """The item has one applicant, or this is the applicant, or there are too many."""

    code = "co_applicant_refused"
    sentence = "不能添加这位共同申请人。"


class SignaturesMissing(Conflict):
    """Somebody has not signed the application as it stands now."""

    code = "signatures_missing"
    sentence = "共同申请人都要签字,才能提交。填写的内容改过的,要重新签字。"


@dataclass(frozen=True)
class Party:
    """A co-applicant; ``signed`` tells of the application as it stands now."""

    row: CoApplicant
    name: str
    signed: bool


@dataclass(frozen=True)
class Parties:
    cases: Cases
    audit: Audit

    @property
    def persons(self) -> Persons:
        return Persons(self.cases.applicants.crypto)

    async def show(self, who: Citizen, case_id: UUID) -> Sequence[Party]:
        """Return who applies together; raise ``CaseUnknown`` or ``ActNotGranted``."""
        case = await access.seen(who, case_id, self.cases.clock.now(), Act.READ)
        return await self._parties(case)

    async def _parties(self, case: Case) -> Sequence[Party]:
        found = await CoApplicant.filter(case_id=case.id).order_by("created_at", "id")
        # Most apply alone: then there is nothing to compare a signature with.
        digest = await self.digest(case) if found else ""
        return [
            Party(row, self.persons.name_of(row.name_sealed), row.signed_digest == digest)
            for row in found
        ]

    async def digest(self, case: Case) -> str:
        """Return what is signed: the SHA-256 of the form and of the materials' digests."""
        form = await self.cases.forms.read(case.id)
        materials = await Material.filter(case_id=case.id, replaced_at=None).order_by("code")
        signed = {
            "case": str(case.id),
            "item_version": str(case.item_version_id),
            "form": dict(form.values),
            "materials": [[each.code, each.sha256] for each in materials],
        }
        return hashlib.sha256(orjson.dumps(signed, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @transaction
    async def add(self, who: Citizen, case_id: UUID, person: Identity, role: str) -> CoApplicant:
        """Name somebody who applies too; again changes nothing but the role.

        Raises ``CaseUnknown``, ``NotEditable`` or ``PartyRefused``.
        """
        case = await self.cases.locked(who, case_id)
        if not is_editable(case.state):
            raise NotEditable
        item = await self.cases.items.version(case.item_version_id)
        applicant = await self.cases.applicants.get(case.account_id)
        others = await CoApplicant.filter(case_id=case.id).count()
        alone = not item.body["flags"].get("joint_applicants")
        if alone or others >= MOST or applicant.id_number == person.id_number:
            raise PartyRefused
        index = self.persons.index(person.id_number)
        indexes = self.persons.indexes(person.id_number)
        known = await CoApplicant.get_or_none(case_id=case.id, id_number_index__in=indexes)
        if known is not None:
            known.role = role
            await known.save(update_fields=["role"])
            return known
        return await self._add(case, person, role, index)

    async def _add(self, case: Case, person: Identity, role: str, index: str) -> CoApplicant:
        now = self.cases.clock.now()
        account_id = await self.persons.find(person)
        crypto = self.persons.crypto
        row = await CoApplicant.create(
            id=uuid7(),
            case_id=case.id,
            account_id=account_id,
            name_sealed=self.persons.seal_name(person.name),
            id_number_sealed=crypto.seal(person.id_number.encode(), "person.id_number"),
            id_number_index=index,
            role=role,
            created_at=now,
        )
        if account_id is not None:
            jobs = self.cases.transitions.jobs
            key = f"party:{row.id}"
            await tell_account(jobs, account_id, ASKED, now, key=key, subject=SUBJECT)
        return row

    @transaction
    async def remove(self, who: Citizen, case_id: UUID, party_id: UUID) -> None:
        """Take somebody out of the application; raise ``CaseUnknown`` or ``NotEditable``."""
        case = await self.cases.locked(who, case_id)
        if not is_editable(case.state):
            raise NotEditable
        if not await CoApplicant.filter(id=party_id, case_id=case.id).delete():
            raise CaseUnknown

    @transaction
    async def sign(self, who: Citizen, case_id: UUID) -> CoApplicant:
        """Sign the application as it stands, as one of its co-applicants and nobody else.

        Raises ``CaseUnknown``, ``RealNameRequired`` or ``NotEditable``.
        """
        row = await CoApplicant.get_or_none(case_id=case_id, account_id=who.account_id)
        case = await Case.filter(id=case_id).select_for_update().get_or_none()
        if row is None or case is None:
            raise CaseUnknown
        if not is_editable(case.state):
            raise NotEditable
        await self.cases.applicants.get(who.account_id)
        now = self.cases.clock.now()
        row.signed_at, row.signed_digest = now, await self.digest(case)
        await row.save(update_fields=["signed_at", "signed_digest"])
        facts = {"digest": row.signed_digest}
        await self.audit.record(who.actor, "party.sign", "case", case.id, facts)
        return row

    async def check_signed(self, case: Case, item: PublishedItem) -> None:
        """Raise ``SignaturesMissing``, naming by number who has not signed what stands there."""
        if not item.body["flags"].get("joint_applicants"):
            return
        missing = [
            FieldFault(f"/co_applicants/{place}", "还没有签字。")
            for place, party in enumerate(await self._parties(case))
            if not party.signed
        ]
        if missing:
            raise SignaturesMissing(faults=missing)
