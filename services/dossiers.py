"""Dossiers: a case with everything that its officer judges it by."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.case import Case
from models.material import Material
from models.promise import ShortfallItem
from models.review import Correction, Verdict
from models.rules.conditions import Requirement
from services import approvals, desk, lacking, queue
from services.actors import Officer
from services.applicants import Applicant
from services.audit import Audit
from services.cases import Cases, Opened
from services.materials import is_filed


@dataclass(frozen=True)
class Dossier:
    """A case as its officer sees it. ``materials`` holds every filed version, newest first."""

    opened: Opened
    applicant: Applicant
    requirements: Sequence[Requirement]
    materials: Sequence[Material]
    verdicts: Sequence[Verdict]
    corrections: Sequence[Correction]
    shortfall: Sequence[ShortfallItem]
    mine: bool


async def read(cases: Cases, audit: Audit, officer: Officer, case_id: UUID) -> Dossier:
    """Return a case for its officer.

    Raises ``CaseUnknown``, ``StepNotYours`` or ``ApprovalNeeded``.
    """
    case = await Case.exclude(state__in=queue.HIDDEN).get_or_none(id=case_id)
    opened = await desk.for_reading(cases, officer, case)
    await approvals.check(cases, audit, officer, opened.case, opened.item)
    found = await Material.filter(case_id=case_id).order_by("code", "-no")
    return Dossier(
        opened=opened,
        applicant=await cases.applicants.get(opened.case.account_id),
        requirements=await cases.requirements(opened),
        materials=[each for each in found if is_filed(each, opened.case)],
        verdicts=await Verdict.filter(case_id=case_id).order_by("round", "code"),
        corrections=await Correction.filter(case_id=case_id).order_by("round"),
        shortfall=await lacking.of_case(case_id),
        mine=opened.case.claimed_by_id == officer.id,
    )
