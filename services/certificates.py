"""E-certificates (电子证照) and shared data instead of uploads: asked for one case and one purpose.

The intent is recorded, then the library is asked, then the outcome is recorded, and at last the
certificate becomes a version of the material: each step a transaction of its own, the question
in none. Whatever fails, uploading remains.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import orjson

from models.case import Case
from models.ids import uuid7
from models.material import Material
from models.rules.calendar import day_of
from models.rules.mandates import Act
from models.rules.supply import Person, SupplyMode, TrustLevel, bears, register_mode
from models.unit import transaction
from models.vault import CertificateQuery
from services import versions
from services.actors import Citizen
from services.certificate_sheets import Sheets
from services.errors import Conflict, Invalid, OutsideUnavailable
from services.marks import Mark
from services.materials import PURPOSE as NAME_PURPOSE
from services.materials import Materials, Upload
from services.ports.certificates import (
    Certificate,
    CertificateAnswer,
    CertificateAsked,
    CertificateLibrary,
    Standing,
)
from services.stored import columns_of
from services.versions import Supply

NUMBER_PURPOSE = "certificate.number"
ANSWER_PURPOSE = "certificate.answer"
ASKED, DOWN = "ASKED", "DOWN"


class CertificateNotOffered(Conflict):
    """No register is asked for this material, or not for this applicant."""

    code = "certificate_not_offered"
    sentence = "这份材料不能用电子证照代替,请拍照上传。"


class CertificateNotFound(Invalid):
    """The library has none of this kind, holder and number.

    One answer for a number that nobody has and for one of somebody else: who has which
    certificate is not for strangers to find out.
    """

    code = "certificate_not_found"
    sentence = "没有查到申请人的这份证照。可以核对证照编号再查一次,也可以拍照上传。"


class CertificateOver(Invalid):
    """The library knows it as expired or revoked."""

    code = "certificate_over"
    sentence = "证照库里这份证照已经过期或者注销,不能使用。已经换了新证的,请拍照上传新证。"


class LibraryDown(OutsideUnavailable):
    """Nobody knows for now; what was filled and uploaded stays."""

    code = "certificate_library_down"
    sentence = "电子证照库暂时没有响应。可以过一会儿再试,也可以直接拍照上传。"


@dataclass(frozen=True)
class Certificates:
    """``library`` None: this installation is connected to none."""

    materials: Materials
    library: CertificateLibrary | None
    sheets: Sheets

    async def fetch(
        self, who: Citizen, case_id: UUID, code: str, number: str | None = None
    ) -> Upload:
        """Let the library supply a material, by the applicant's name or by a typed number.

        Twice is once. Raises what ``Materials.upload`` raises before it reads a file,
        ``RealNameRequired``, ``CertificateNotOffered``, ``CertificateNotFound``,
        ``CertificateOver`` or ``LibraryDown``; the case did not change then.
        """
        library = self.library
        if library is None:
            raise CertificateNotOffered
        query, asked = await self._ask(who, case_id, code, number)
        if query.material_id is not None:
            return await self._known(query.material_id)
        try:
            answer = await library.find(asked)
        except OutsideUnavailable as error:
            await self._answered(query, DOWN)
            raise LibraryDown from error
        standing = _standing(answer, asked, day_of(self.materials.clock.now()))
        if standing is not Standing.FOUND or answer.certificate is None:
            await self._answered(query, standing.value)
            over = standing in (Standing.EXPIRED, Standing.REVOKED)
            raise CertificateOver if over else CertificateNotFound
        await self._answered(query, standing.value, answer.certificate)
        file = await self.sheets.file(query, asked, answer.certificate)
        name = f"{query.kind}.pdf".encode()
        sealed = {"name_sealed": self.materials.crypto.seal(name, NAME_PURPOSE)}
        return await self._put(who, query, {**columns_of(file), **sealed}, answer.certificate)

    @transaction
    async def _ask(
        self, who: Citizen, case_id: UUID, code: str, number: str | None
    ) -> tuple[CertificateQuery, CertificateAsked]:
        """Record the question; one that this day has answered already is returned as it was."""
        ours = self.materials
        case = await ours.cases.locked(who, case_id, Act.FILL)
        spec = await ours.spec_for(case, code)
        item = await ours.cases.items.version(case.item_version_id)
        person = await ours.cases.applicants.get(case.account_id)
        form = await ours.cases.forms.read(case.id)
        mode = register_mode(spec)
        known = Person(person.name, person.id_number, person.is_person)
        if mode is None or not bears(spec, known, form.values):
            raise CertificateNotOffered
        kind = str(spec["e_certificate_type"])
        purpose = f"办理“{item.name}”"[:200]
        asked = CertificateAsked(kind, person.name, person.id_number, number, purpose, str(case.id))
        mode = mode if number is None else SupplyMode.CERT_NUMBER
        before = await self._today(case, code, number)
        if before is not None:
            return before, asked
        query = await CertificateQuery.create(
            id=uuid7(),
            case_id=case.id,
            code=code,
            kind=kind,
            mode=mode.value,
            purpose=purpose,
            state=ASKED,
            asked_by=who.account_id,
            number_sealed=self._sealed(number),
            asked_at=ours.clock.now(),
        )
        facts = {"case_id": str(case.id), "code": code, "kind": kind, "mode": mode.value}
        facts["purpose"] = purpose
        await ours.audit.record(who.actor, "certificate.asked", "certificate", query.id, facts)
        return query, asked

    def _sealed(self, number: str | None) -> bytes | None:
        if number is None:
            return None
        return self.materials.crypto.seal(number.encode(), NUMBER_PURPOSE)

    async def _today(self, case: Case, code: str, number: str | None) -> CertificateQuery | None:
        """Return the question of today that the current version answers, if it is this one."""
        current = await Material.get_or_none(case_id=case.id, code=code, replaced_at=None)
        if current is None or current.verified_at is None:
            return None
        if day_of(current.verified_at) != day_of(self.materials.clock.now()):
            return None
        query = await CertificateQuery.filter(material_id=current.id).first()
        if query is None or number not in (None, self._number(query)):
            return None
        return query

    def _number(self, query: CertificateQuery) -> str | None:
        if query.answer_sealed is None:
            return None
        facts = orjson.loads(self.materials.crypto.open(query.answer_sealed, ANSWER_PURPOSE))
        return str(facts["number"])

    async def _known(self, material_id: UUID) -> Upload:
        return Upload(await self.materials.held(await Material.get(id=material_id)), created=False)

    @transaction
    async def _answered(
        self, query: CertificateQuery, state: str, found: Certificate | None = None
    ) -> None:
        query.state = state
        query.answered_at = self.materials.clock.now()
        if found is not None:
            query.source = found.source
            facts = orjson.dumps(_facts(found))
            query.answer_sealed = self.materials.crypto.seal(facts, ANSWER_PURPOSE)
        await query.save(update_fields=["state", "answered_at", "source", "answer_sealed"])

    @transaction
    async def _put(
        self, who: Citizen, query: CertificateQuery, file: dict[str, object], found: Certificate
    ) -> Upload:
        ours, now = self.materials, self.materials.clock.now()
        case = await ours.cases.locked(who, query.case_id, Act.FILL)
        # The case may have been submitted while the library was thinking.
        await ours.spec_for(case, query.code)
        first = await self._today(case, query.code, found.number)
        if first is not None and first.material_id is not None:
            # The same tap arrived twice: the other one was quicker.
            return await self._known(first.material_id)
        supply = Supply(
            mode=SupplyMode(query.mode),
            trust=TrustLevel.A,
            valid_until=found.valid_until,
            mark=Mark.DB_MATCHED,
            mark_source=found.source,
            marked_at=query.answered_at,
        )
        made, created = await versions.put(case.id, query.code, file, supply, now)
        if not created:
            # The same file as some days ago: it was found good again today.
            await made.update_from_dict(supply.columns).save(update_fields=list(supply.columns))
        await CertificateQuery.filter(id=query.id).update(material_id=made.id)
        facts = {"case_id": str(case.id), "code": query.code, "query": str(query.id)}
        await ours.audit.record(who.actor, "material.certified", "material", made.id, facts)
        return Upload(await ours.held(made), created)


def _standing(answer: CertificateAnswer, asked: CertificateAsked, today: date) -> Standing:
    """Return what an answer comes to: the day it is good until is looked at here too."""
    found = answer.certificate
    if answer.standing is not Standing.FOUND or found is None:
        return answer.standing
    if found.kind != asked.kind or asked.number not in (None, found.number):
        return Standing.NOT_FOUND
    if found.valid_until is not None and found.valid_until < today:
        return Standing.EXPIRED
    return Standing.FOUND


def _facts(found: Certificate) -> dict[str, object]:
    """Return what is kept of a certificate: everything but its file."""
    return {
        "kind": found.kind,
        "number": found.number,
        "issuer": found.issuer,
        "issued_on": None if found.issued_on is None else found.issued_on.isoformat(),
        "valid_until": None if found.valid_until is None else found.valid_until.isoformat(),
        "fields": dict(found.fields),
    }
