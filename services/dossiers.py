"""Dossiers: a case with everything that its officer judges it by."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from models.case import Case
from models.material import Material
from models.promise import ShortfallItem
from models.review import Correction, Verdict
from models.rules.conditions import Requirement
from services import approvals, desk, filings, lacking, queue
from services.actors import Officer
from services.applicants import Applicant
from services.audit import Audit
from services.cases import Cases, Opened
from services.findings import Findings, Look


@dataclass(frozen=True)
class Dossier:
    """A case as its officer sees it. ``materials`` holds every filed version, newest first.

    ``current`` are the ids of those that count.
    """

    opened: Opened
    applicant: Applicant
    requirements: Sequence[Requirement]
    materials: Sequence[Material]
    verdicts: Sequence[Verdict]
    corrections: Sequence[Correction]
    shortfall: Sequence[ShortfallItem]
    current: Collection[UUID]
    mine: bool
    looks: Mapping[UUID, Look]


async def read(cases: Cases, audit: Audit, officer: Officer, case_id: UUID) -> Dossier:
    """Return a case for its officer.

    Raises ``CaseUnknown``, ``StepNotYours`` or ``ApprovalNeeded``.
    """
    case = await Case.exclude(state__in=queue.HIDDEN).get_or_none(id=case_id)
    opened = await desk.for_reading(cases, officer, case)
    await approvals.check(cases, audit, officer, opened.case, opened.item)
    found = await Material.filter(case_id=case_id).order_by("code", "-no")
    filed = await filings.of_case(opened.case)
    current = frozenset(each.id for each in found if filed.is_current(each))
    return Dossier(
        opened=opened,
        applicant=await cases.applicants.get(opened.case.account_id),
        requirements=await cases.requirements(opened),
        materials=[each for each in found if filed.holds(each)],
        verdicts=await Verdict.filter(case_id=case_id).order_by("round", "code"),
        corrections=await Correction.filter(case_id=case_id).order_by("round"),
        shortfall=await lacking.of_case(case_id),
        current=current,
        mine=opened.case.claimed_by_id == officer.id,
        looks=await Findings(cases, cases.forms.crypto).of_case(opened, current),
    )
