"""Verdicts (预审意见): one word on each material in each round, and what they add up to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from models.case import Case
from models.database import rows
from models.ids import uuid7
from models.material import Material
from models.review import Verdict
from models.rules.reasons import DefectReason
from models.rules.reasons import Verdict as Word
from services.actors import Officer
from services.cases import Cases, Opened
from services.errors import Conflict, FieldFault, Invalid

PUT = """
INSERT INTO verdicts
  (id, case_id, round, code, material_id, verdict, reason_code, comment, reviewer_id, at, page)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (case_id, round, code) DO UPDATE SET
  material_id = excluded.material_id, verdict = excluded.verdict,
  reason_code = excluded.reason_code, comment = excluded.comment,
  reviewer_id = excluded.reviewer_id, at = excluded.at, page = excluded.page
"""


class MaterialNotAsked(Invalid):
    """A verdict on what this application does not have to show (清单外材料禁收)."""

    code = "material_not_asked"
    sentence = "这份材料不在这次应当提交的材料里,不能审查,也不能要求提供。"


class VerdictUnknown(Invalid):
    """A word that a pre-review does not have."""

    code = "verdict_unknown"
    sentence = "审查意见只能是合格或不合格。"


class VerdictReasonMissing(Invalid):
    """A defect without a reason that the applicant could act on."""

    code = "verdict_reason_missing"
    sentence = "不合格的材料要选明原因。"


class MaterialAbsent(Conflict):
    """Nothing was uploaded, so nothing can pass."""

    code = "material_absent"
    sentence = "这份材料还没有上传,不能判为合格。"


class PageUnknown(Invalid):
    """The material has no such page."""

    code = "page_unknown"
    sentence = "这份材料没有这一页。"


class VerdictsIncomplete(Conflict):
    """Required materials have not passed; each fault names one."""

    code = "verdicts_incomplete"
    sentence = "还有必须提交的材料没有审查合格,不能受理。"


@dataclass(frozen=True)
class Opinion:
    """What an officer says of a material; a FAIL names its reason."""

    word: Word
    reason: DefectReason | None
    comment: str
    page: int | None = None

    @classmethod
    def of(
        cls, verdict: str, reason_code: str | None, comment: str, page: int | None = None
    ) -> "Opinion":
        """Read an opinion; raise ``VerdictUnknown`` or ``VerdictReasonMissing``."""
        if verdict not in (Word.PASS.value, Word.FAIL.value):
            raise VerdictUnknown
        if verdict == Word.PASS.value:
            return cls(Word.PASS, None, comment, page)
        if reason_code is None or reason_code not in DefectReason.__members__:
            raise VerdictReasonMissing
        return cls(Word.FAIL, DefectReason[reason_code], comment, page)


async def put(cases: Cases, officer: Officer, opened: Opened, code: str, opinion: Opinion) -> None:
    """Say one word on a material that is asked for; a later word in the round replaces it.

    Raises ``MaterialNotAsked``, ``MaterialAbsent`` or ``PageUnknown``.
    """
    wanted = await cases.requirements(opened)
    asked = {each.code: each for each in wanted if each.asked and each.upload}
    if code not in asked:
        raise MaterialNotAsked
    material = (await cases.materials(opened.case.id)).get(code)
    if material is None and opinion.word is not Word.FAIL:
        raise MaterialAbsent
    # What nobody has to hand in is no defect when it is not there (清单外材料禁收).
    if material is None and not asked[code].required:
        raise MaterialNotAsked
    if opinion.page is not None and (material is None or opinion.page > material.pages):
        raise PageUnknown
    await rows(
        PUT,
        [
            uuid7(),
            opened.case.id,
            opened.case.round,
            code,
            material.id if material else None,
            opinion.word.value,
            opinion.reason.value if opinion.reason else None,
            opinion.comment,
            officer.id,
            cases.clock.now(),
            opinion.page,
        ],
    )


async def of_round(case: Case) -> dict[str, Verdict]:
    """Return the verdicts of the case's present round, by material code."""
    found = await Verdict.filter(case_id=case.id, round=case.round)
    return {verdict.code: verdict for verdict in found}


def failed(verdicts: dict[str, Verdict]) -> list[str]:
    """Return the codes of the materials that did not pass."""
    return [code for code, verdict in verdicts.items() if verdict.verdict == Word.FAIL.value]


async def last_words(case_id: UUID) -> dict[UUID, str]:
    """Return the pre-review's last word on each upload that one was said of."""
    found: Sequence[Verdict] = await Verdict.filter(
        case_id=case_id, material_id__not_isnull=True
    ).order_by("round")
    return {row.material_id: row.verdict for row in found if row.material_id is not None}


async def check_complete(cases: Cases, opened: Opened, *, without: Collection[str] = ()) -> None:
    """Check that each required upload has passed, in this round or unchanged since an earlier one.

    ``without`` names what a promise stands for. Raises ``VerdictsIncomplete``.
    """
    words = await last_words(opened.case.id)
    present = await cases.materials(opened.case.id)

    def passed(material: Material | None) -> bool:
        return material is not None and words.get(material.id) == Word.PASS.value

    open_ones = [
        FieldFault(f"/materials/{each.code}", each.name)
        for each in await cases.requirements(opened)
        if each.required
        and each.upload
        and each.code not in without
        and not passed(present.get(each.code))
    ]
    if open_ones:
        raise VerdictsIncomplete(faults=open_ones)
