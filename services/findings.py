"""Findings: what the machine says of a case's materials now, and what people said to that.

They are made anew from the reading, the item, the form and the applicant each time they are
shown, so that a corrected name takes its warning away at once.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from models.database import rows
from models.material import Material
from models.reading import FindingAnswer, MaterialReading
from models.rules.calendar import day_of
from models.rules.reading.findings import Finding
from models.rules.reading.judging import judge
from models.rules.reading.sorting import elsewhere
from models.rules.reading.values import Reading
from models.rules.reading.wants import Against, Elsewhere, Owner, Person, Wants
from services.applicants import Applicant, RealNameRequired
from services.cases import Cases, Opened
from services.ports import Crypto
from services.readings import ReadingState, opened, wants_for

LOOK_ASKED = "LOOK_ASKED"
# A question that waits for a person, of what is still there. ``a`` are the answers.
WAITING = """
a.word = 'LOOK_ASKED' AND m.replaced_at IS NULL AND c.state <> 'VOIDED' AND c.closed_at IS NULL
  AND NOT EXISTS (SELECT FROM finding_answers d WHERE d.material_id = a.material_id
    AND d.code = a.code AND d.page = a.page AND d.word IN ('OVERRULED', 'UPHELD'))"""
ASKED = f"""
SELECT 1 FROM finding_answers a JOIN materials m ON m.id = a.material_id
JOIN cases c ON c.id = m.case_id WHERE m.id = $1 AND {WAITING} LIMIT 1"""  # noqa: S608


@dataclass(frozen=True)
class Told:
    """A finding with what was said to it: INSISTED, LOOK_ASKED, OVERRULED, UPHELD."""

    finding: Finding
    answers: frozenset[str]

    @property
    def key(self) -> tuple[str, int]:
        """Return its code and page; page 0 is the material as a whole."""
        return self.finding.code.value, self.finding.page or 0


@dataclass(frozen=True)
class Look:
    """What the machine has to say of one version of a material; ``reading`` None: not yet."""

    state: ReadingState
    told: tuple[Told, ...] = ()
    reading: Reading | None = None


@dataclass(frozen=True)
class Findings:
    cases: Cases
    crypto: Crypto

    async def of_case(
        self, case: Opened, of: Collection[UUID] | None = None
    ) -> Mapping[UUID, Look]:
        """Return the looks at materials of a case, by the material's id.

        ``of`` are the versions that count for who asks; None: the applicant's current ones.
        """
        wanted = MaterialReading.filter(material__case_id=case.case.id)
        if of is None:
            wanted = wanted.filter(material__replaced_at=None)
        else:
            wanted = wanted.filter(material_id__in=list(of))
        found = await wanted.select_related("material")
        if not found:
            return {}
        said = await FindingAnswer.filter(material_id__in=[row.material_id for row in found])
        readings = {row.material_id: opened(self.crypto, row) for row in found}
        seen = _Seen(
            case, await self._applicant(case), _pages(case, found, readings), self._day(case)
        )
        looks = {}
        for row in found:
            reading = readings[row.material_id]
            told = tuple(
                Told(each, _answers(each, row.material_id, said))
                for each in seen.findings(row.material, reading)
            )
            looks[row.material_id] = Look(ReadingState(row.state), told, reading)
        return looks

    def _day(self, case: Opened) -> date:
        # What was good when it was filed is good, however long the office takes.
        return day_of(case.case.submitted_at or self.cases.clock.now())

    async def _applicant(self, case: Opened) -> Applicant | None:
        # Before the real-name check nobody's name is known to hold a card against.
        with suppress(RealNameRequired):
            return await self.cases.applicants.get(case.case.account_id)
        return None


@dataclass(frozen=True)
class _Seen:
    """Everything of a case that a material is held against."""

    case: Opened
    applicant: Applicant | None
    pages: Mapping[str, Sequence[Elsewhere]]
    today: date

    def findings(self, material: Material, reading: Reading | None) -> Sequence[Finding]:
        wants = wants_for(self.case.item, material.code)
        if reading is None or wants is None:
            return ()
        others = [
            page for code, each in self.pages.items() if code != material.code for page in each
        ]
        against = Against(self.today, _owner(self.case, wants, self.applicant), tuple(others))
        return judge(reading, wants, against, name_of(self.case, material.code))


def name_of(case: Opened, code: str) -> str:
    """Return what the item calls a material."""
    return str(next(spec["name"] for spec in case.item.materials if spec["code"] == code))


def _pages(
    case: Opened, rows: Sequence[MaterialReading], readings: Mapping[UUID, Reading | None]
) -> Mapping[str, Sequence[Elsewhere]]:
    return {
        row.material.code: [
            elsewhere(name_of(case, row.material.code), page) for page in reading.pages
        ]
        for row in rows
        if (reading := readings[row.material_id]) is not None
    }


def _owner(case: Opened, wants: Wants, applicant: Applicant | None) -> Person | None:
    if wants.owner is Owner.FORM:
        filled = case.form.values
        name, number = filled.get(wants.name or ""), filled.get(wants.number or "")
        return Person(name, number, "您填写的") if name or number else None
    if applicant is None or wants.owner is Owner.ANYBODY:
        return None
    if wants.owner is Owner.ORGANISATION and applicant.is_person:
        return None
    if wants.owner is Owner.APPLICANT and not applicant.is_person:
        return None
    return Person(applicant.name, applicant.id_number, "申请人")


def _answers(finding: Finding, material_id: UUID, said: Sequence[FindingAnswer]) -> frozenset[str]:
    key = material_id, finding.code.value, finding.page or 0
    return frozenset(each.word for each in said if (each.material_id, each.code, each.page) == key)


async def is_asked(material_id: UUID) -> bool:
    """Tell whether an officer may look at a draft's material: its owner asked for it, nobody has
    answered yet, and it is still part of the draft."""
    return bool(await rows(ASKED, [material_id]))
