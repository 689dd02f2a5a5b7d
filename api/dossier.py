"""A case as its officer sees it; names and numbers that point to a person are masked."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.findings import LookView
from models.material import Material
from models.promise import ShortfallItem
from models.review import Correction, Verdict
from models.rules.identity import mask_id_number, mask_name
from models.rules.masking import is_masked, mask_form
from models.rules.states import State
from services.corrections import shown_point
from services.dossiers import Dossier
from services.findings import Look
from services.visits import warning_of


class ApplicantView(BaseModel):
    type: str
    name: str
    id_number: str


class RequirementView(BaseModel):
    """A material of the item for this applicant; ``upload`` tells that a file is expected."""

    code: str
    name: str
    asked: bool
    required: bool
    upload: bool
    why: str


class VersionView(BaseModel):
    """One upload; ``current`` is the one that counts. Bytes: /staff/v1/materials/<id>/content.

    ``verification``: NONE, DB_MATCHED (数据库核对一致) or ORIGINAL_SEEN (经核对与原件一致).
    ``supply_mode`` and ``trust`` (A to D): how it came and how far it can be trusted.
    ``check``: what the automatic check says, as the applicant sees it too; of the current one.
    """

    id: UUID
    code: str
    no: int
    mime: str
    size: int
    pages: int
    sha256: str
    current: bool
    created_at: str
    verification: str
    verification_source: str | None
    verified_at: str | None
    supply_mode: str
    trust: str
    origin: UUID | None
    valid_until: str | None
    check: LookView | None = None

    @classmethod
    def of(
        cls, material: Material, look: Look | None = None, *, current: bool | None = None
    ) -> "VersionView":
        return cls(
            id=material.id,
            code=material.code,
            no=material.no,
            mime=material.mime,
            size=material.size,
            pages=material.pages,
            sha256=material.sha256,
            current=material.replaced_at is None if current is None else current,
            created_at=material.created_at.isoformat(),
            verification=material.verification,
            verification_source=material.verification_source,
            verified_at=material.verified_at.isoformat() if material.verified_at else None,
            supply_mode=material.supply_mode,
            trust=material.trust_level,
            origin=material.origin_id,
            valid_until=material.valid_until.isoformat() if material.valid_until else None,
            check=LookView.of(look),
        )


class VerdictView(BaseModel):
    round: int
    code: str
    material_id: UUID | None
    verdict: str
    reason_code: str | None
    comment: str
    page: int | None
    at: str

    @classmethod
    def of(cls, verdict: Verdict) -> "VerdictView":
        return cls(
            round=verdict.round,
            code=verdict.code,
            material_id=verdict.material_id,
            verdict=verdict.verdict,
            reason_code=verdict.reason_code,
            comment=verdict.comment,
            page=verdict.page,
            at=verdict.at.isoformat(),
        )


class PointView(BaseModel):
    material_code: str | None
    field: str | None
    name: str
    reason_code: str
    requirement: str


class CorrectionView(BaseModel):
    round: int
    opinion: str
    items: list[PointView]
    issued_at: str

    @classmethod
    def of(cls, correction: Correction) -> "CorrectionView":
        return cls(
            round=correction.round,
            opinion=correction.opinion,
            items=[PointView(**shown_point(point)) for point in correction.items],
            issued_at=correction.issued_at.isoformat(),
        )


class LackingView(BaseModel):
    """A material that may come later (容缺)."""

    code: str
    name: str
    status: str
    due_on: str | None
    reason: str

    @classmethod
    def of(cls, item: ShortfallItem) -> "LackingView":
        return cls(
            code=item.code,
            name=item.name,
            status=item.status,
            due_on=item.due_on.isoformat() if item.due_on else None,
            reason=item.reason,
        )


class DossierView(BaseModel):
    """A case with everything to judge it by; ``masked`` names the form's fields that show less than
    they hold (POST …/reveal shows one whole), ``read`` those that were read off a material."""

    id: UUID
    case_no: str
    state: str
    state_text: str
    round: int
    item_code: str
    item_name: str
    item_version: str
    agency: str
    received_at: str | None
    claimed: bool
    mine: bool
    visits: int
    max_visits: int
    visits_warning: str | None
    applicant: ApplicantView
    form: dict[str, Any]
    read: dict[str, str]
    masked: list[str]
    form_schema: dict[str, Any]
    requirements: list[RequirementView]
    materials: list[VersionView]
    verdicts: list[VerdictView]
    corrections: list[CorrectionView]
    wanted_mode: str
    shortfall: list[LackingView]

    @classmethod
    def of(cls, dossier: Dossier) -> "DossierView":
        case, item = dossier.opened.case, dossier.opened.item
        return cls(
            id=case.id,
            case_no=str(case.case_no),
            state=case.state.value,
            state_text=case.state.zh,
            round=case.round,
            item_code=item.code,
            item_name=item.name,
            item_version=item.version,
            agency=item.agency,
            received_at=case.received_at.isoformat() if case.received_at else None,
            claimed=case.state is State.PRE_REVIEWING,
            mine=dossier.mine,
            visits=case.visits,
            max_visits=int(item.body["flags"]["max_visits"]),
            visits_warning=warning_of(case, item),
            applicant=ApplicantView(
                type=case.applicant_type,
                name=mask_name(dossier.applicant.name),
                id_number=mask_id_number(dossier.applicant.id_number),
            ),
            form=mask_form(item.form_schema, dossier.opened.form.values),
            read=dict(dossier.opened.form.read),
            masked=[
                name
                for name in dossier.opened.form.values
                if is_masked(item.form_schema, name, dossier.opened.form.values)
            ],
            form_schema=dict(item.form_schema),
            requirements=[RequirementView(**vars(each)) for each in dossier.requirements],
            materials=[_version(dossier, each) for each in dossier.materials],
            verdicts=[VerdictView.of(verdict) for verdict in dossier.verdicts],
            corrections=[CorrectionView.of(correction) for correction in dossier.corrections],
            wanted_mode=case.wanted_mode,
            shortfall=[LackingView.of(item) for item in dossier.shortfall],
        )


def _version(dossier: Dossier, material: Material) -> VersionView:
    look, current = dossier.looks.get(material.id), material.id in dossier.current
    return VersionView.of(material, look, current=current)
