"""Second looks (人工复核): what people say to findings of the machine; a person has the last word.

个人信息保护法24: whoever is kept back by an automatic decision may ask for a person's. The
applicant insists against a warning; a block only an officer takes away, and says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.case import Case
from models.database import rows
from models.ids import uuid7
from models.material import Material
from models.reading import FindingAnswer
from models.rules.mandates import Act
from models.rules.reading.findings import Severity
from models.unit import transaction
from services import access, announcements, filings, scope
from services.actors import Citizen, Officer
from services.audit import Audit
from services.cases import Cases, Opened
from services.errors import Conflict, NotFound
from services.findings import WAITING, Findings, Told
from services.items import PublishedItem
from services.materials import MaterialUnknown
from services.nudges import nudge_material
from services.ports import Crypto
from services.transitions import StepNotYours

PURPOSE = "finding.reason"
MOST_READ = 200
OPEN = f"""
SELECT a.* FROM finding_answers a JOIN materials m ON m.id = a.material_id
JOIN cases c ON c.id = m.case_id JOIN items i ON i.id = c.item_id
LEFT JOIN windows w ON w.id = c.window_id
WHERE {WAITING} AND ($1 = 'COUNTY_CENTER' OR $1 = 'AGENCY' AND i.agency_uscc = $2
  OR $1 = 'TOWNSHIP' AND w.unit_id = $3)
ORDER BY a.at, a.id LIMIT $4"""  # noqa: S608


class Word(StrEnum):
    """What was said to a finding."""

    INSISTED = "INSISTED"
    LOOK_ASKED = "LOOK_ASKED"
    OVERRULED = "OVERRULED"
    UPHELD = "UPHELD"


class FindingUnknown(NotFound):
    """The machine says no such thing of this material, or no longer."""

    code = "finding_unknown"
    sentence = "没有这条检查提示,可能已经更新,请刷新后再看。"


class NotToBeInsisted(Conflict):
    """Against a finding that blocks a person has to look."""

    code = "not_to_be_insisted"
    sentence = "这条提示不能直接跳过。请按提示重新上传,或者申请人工复核。"


class LookDecided(Conflict):
    """A person looked already."""

    code = "look_decided"
    sentence = "这条提示已经人工复核过了。"


@dataclass(frozen=True)
class Pointed:
    """Which finding: of which material, its code, and its page (0: the whole)."""

    material_id: UUID
    code: str
    page: int


@dataclass(frozen=True)
class SecondLook:
    """A question that waits for a person, with what the machine said."""

    case: Case
    item: PublishedItem
    material: Material
    told: Told
    reason: str
    asked_at: datetime


@dataclass(frozen=True)
class SecondLooks:
    cases: Cases
    crypto: Crypto
    findings: Findings
    audit: Audit

    @transaction
    async def insist(self, who: Citizen, point: Pointed) -> None:
        """Keep a material against a warning; twice is once.

        Raises ``MaterialUnknown``, ``FindingUnknown`` or ``NotToBeInsisted``.
        """
        _, told = await self._own(who, point)
        if told.finding.severity is Severity.BLOCKS:
            raise NotToBeInsisted
        await self._say(point, Word.INSISTED, who.account_id)

    @transaction
    async def ask(self, who: Citizen, point: Pointed, reason: str) -> None:
        """Ask for a person's look at a finding; twice is once.

        Raises ``MaterialUnknown`` or ``FindingUnknown``.
        """
        opened, _ = await self._own(who, point)
        await self._say(point, Word.LOOK_ASKED, who.account_id, reason)
        facts = {"case_id": str(opened.case.id), "code": point.code}
        actor = who.actor
        await self.audit.record(actor, "finding.ask", "material", point.material_id, facts)

    async def waiting(self, officer: Officer, limit: int) -> Sequence[SecondLook]:
        """Return the questions that wait for an officer's unit, oldest first."""
        found: list[SecondLook] = []
        office = officer.office
        asked = await rows(OPEN, [office.kind.value, office.uscc, office.id, MOST_READ])
        for answer in [FindingAnswer._init_from_db(**row) for row in asked]:
            look = await self._look(officer, answer)
            if look is not None:
                found.append(look)
            if len(found) == limit:
                break
        return found

    async def _look(self, officer: Officer, answer: FindingAnswer) -> SecondLook | None:
        material = await Material.get(id=answer.material_id).select_related("case")
        item = await self.cases.items.version(material.case.item_version_id)
        if not await handles(officer, material.case, item):
            return None
        opened = await self._opened(material.case)
        told = await self._told(opened, Pointed(material.id, answer.code, answer.page))
        if told is None:
            return None
        sealed = answer.reason_sealed
        reason = "" if sealed is None else self.crypto.open(sealed, PURPOSE).decode()
        return SecondLook(opened.case, opened.item, material, told, reason, answer.at)

    @transaction
    async def decide(
        self, officer: Officer, point: Pointed, *, overrule: bool, reason: str
    ) -> None:
        """Say as a person whether the machine is right; the applicant is told.

        Raises ``MaterialUnknown``, ``FindingUnknown`` or ``LookDecided``.
        """
        material = await Material.get_or_none(id=point.material_id, replaced_at=None)
        if material is None:
            raise MaterialUnknown
        case = await Case.filter(id=material.case_id).select_for_update().get()
        opened = await self._opened(case)
        told = await self._told(opened, point)
        asked = told is not None and Word.LOOK_ASKED in told.answers
        seen = asked or (await filings.of_case(case)).holds(material)
        if not seen or not await handles(officer, case, opened.item):
            raise MaterialUnknown
        if told is None:
            raise FindingUnknown
        if told.answers & {Word.OVERRULED, Word.UPHELD}:
            raise LookDecided
        word = Word.OVERRULED if overrule else Word.UPHELD
        await self._say(point, word, officer.id, reason)
        await self._unblock(opened, material.id)
        facts = {"case_id": str(case.id), "code": point.code, "word": word.value}
        await self.audit.record(officer.anyhow, "finding.decide", "material", material.id, facts)
        nudge_material(self.cases.transitions, case.id, material.code)
        await self._tell(case, word)

    async def _unblock(self, opened: Opened, material_id: UUID) -> None:
        look = (await self.findings.of_case(opened))[material_id]
        left = [
            told
            for told in look.told
            if told.finding.severity is Severity.BLOCKS and Word.OVERRULED not in told.answers
        ]
        await Material.filter(id=material_id).update(blocked=bool(left))

    async def _tell(self, case: Case, word: Word) -> None:
        words = "材料人工复核通过,可以提交" if word is Word.OVERRULED else "材料复核后仍需重新上传"
        now = self.cases.clock.now()
        jobs = self.cases.transitions.jobs
        await announcements.announce(jobs, case, words, now, key=f"look:{uuid7()}")

    async def _own(self, who: Citizen, point: Pointed) -> tuple[Opened, Told]:
        material = await Material.get_or_none(id=point.material_id, replaced_at=None)
        if material is None:
            raise MaterialUnknown
        try:
            case = await self.cases.locked(who, material.case_id, Act.FILL)
        except (access.CaseUnknown, access.ActNotGranted) as error:
            raise MaterialUnknown from error
        opened = await self._opened(case)
        told = await self._told(opened, point)
        if told is None:
            raise FindingUnknown
        return opened, told

    async def _opened(self, case: Case) -> Opened:
        item = await self.cases.items.version(case.item_version_id)
        return Opened(case, item, await self.cases.forms.read(case.id))

    async def _told(self, opened: Opened, point: Pointed) -> Told | None:
        look = (await self.findings.of_case(opened)).get(point.material_id)
        key = point.code, point.page
        return next((told for told in look.told if told.key == key), None) if look else None

    async def _say(self, point: Pointed, word: Word, by: UUID, reason: str | None = None) -> None:
        said = FindingAnswer.filter(
            material_id=point.material_id, code=point.code, page=point.page, word=word.value
        )
        if await said.exists():
            return
        await FindingAnswer.create(
            **vars(point),
            word=word.value,
            reason_sealed=self.crypto.seal(reason.encode(), PURPOSE) if reason else None,
            said_by=by,
            at=self.cases.clock.now(),
        )


async def handles(officer: Officer, case: Case, item: PublishedItem) -> bool:
    """Tell whether a question about a draft or a filed case is one for this officer."""
    try:
        await scope.check_handling(officer, case, item)
    except (scope.CaseElsewhere, StepNotYours):
        return False
    return True
