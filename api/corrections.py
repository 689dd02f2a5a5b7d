"""The one-time notice (一次性告知) by staff, and what a supervisor may let it go beyond."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.assessments import ChecklistBody, checklist_of
from api.auth import STAFF, SUPERVISOR
from api.call import Call
from api.reviews import CASE, REFUSALS, ReviewedCase
from api.routes import Routes
from models.review import CorrectionOverride
from models.rules.reasons import DefectReason
from services.access import CaseUnknown
from services.actors import Officer
from services.corrections import (
    CorrectionEmpty,
    CorrectionIncomplete,
    CorrectionNotForItem,
    CorrectionRepeats,
    DefectNotNew,
    MaterialNotOnList,
    NotOnFirstNotice,
    Point,
    VerdictMissing,
)
from services.deemed import AcceptedByLaw
from services.forms import FieldUnknown
from services.overrides import OverrideGranted, OverrideNeedless
from services.transitions import StepNotAllowed, StepNotYours
from services.verdicts import MaterialNotAsked

corrections = Routes("reviews", "/staff/v1/cases", STAFF)
ROUTES = (corrections,)

ANY_NOTICE = (
    CorrectionEmpty,
    CorrectionRepeats,
    MaterialNotOnList,
    FieldUnknown,
    NotOnFirstNotice,
)


class CorrectionPoint(BaseModel):
    """One thing to put right: either a material or a field of the form."""

    model_config = ConfigDict(extra="forbid")

    material_code: str | None = Field(None, min_length=1, max_length=8)
    field: str | None = Field(None, min_length=1, max_length=64)
    reason_code: DefectReason
    requirement: str = Field(min_length=2, max_length=500)

    @model_validator(mode="after")
    def _one_thing(self) -> "CorrectionPoint":
        if (self.material_code is None) == (self.field is None):
            raise ValueError("a point names a material or a field")
        return self

    def point(self) -> Point:
        return Point(
            name=self.material_code or self.field or "",
            is_field=self.field is not None,
            reason=self.reason_code,
            requirement=self.requirement,
        )


class CorrectionBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[CorrectionPoint] = Field(max_length=100)
    opinion: str = Field("", max_length=1000)
    checklist: ChecklistBody | None = None


class OverrideBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=4, max_length=500)


class OverrideView(BaseModel):
    """A leave for the notice of one round; it is used up by that notice."""

    case_id: UUID
    round: int
    reason: str
    granted_at: str

    @classmethod
    def of(cls, override: CorrectionOverride) -> "OverrideView":
        return cls(
            case_id=override.case_id,
            round=override.round,
            reason=override.reason,
            granted_at=override.granted_at.isoformat(),
        )


@corrections.add(
    "POST",
    f"{CASE}/correction",
    body=CorrectionBody,
    answer=ReviewedCase,
    errors=(
        *REFUSALS,
        *ANY_NOTICE,
        CorrectionNotForItem,
        AcceptedByLaw,
        VerdictMissing,
        CorrectionIncomplete,
    ),
)
async def issue_correction(call: Call[Officer], case_id: UUID) -> ReviewedCase:
    """Tell the applicant, at once and once, everything that has to be put right."""
    body = call.body(CorrectionBody)
    points = [item.point() for item in body.items]
    case = await call.ctx.reviews.issue_correction(
        call.who, case_id, points, body.opinion, checklist_of(body.checklist)
    )
    return ReviewedCase.of(case)


@corrections.add(
    "POST",
    f"{CASE}/paper-defect",
    body=CorrectionBody,
    answer=ReviewedCase,
    errors=(
        CaseUnknown,
        StepNotAllowed,
        StepNotYours,
        *ANY_NOTICE,
        DefectNotNew,
        MaterialNotAsked,
    ),
)
async def paper_defect(call: Call[Officer], case_id: UUID) -> ReviewedCase:
    """Tell the applicant at the window what only the originals showed."""
    body = call.body(CorrectionBody)
    points = [item.point() for item in body.items]
    case = await call.ctx.reviews.paper_defect(
        call.who, case_id, points, body.opinion, checklist_of(body.checklist)
    )
    return ReviewedCase.of(case)


@corrections.add(
    "POST",
    f"{CASE}/correction-override",
    status=201,
    body=OverrideBody,
    answer=OverrideView,
    errors=(CaseUnknown, StepNotAllowed, StepNotYours, OverrideNeedless, OverrideGranted),
    surface=SUPERVISOR,
)
async def grant_override(call: Call[Officer], case_id: UUID) -> tuple[OverrideView, int]:
    """Let the next notice of a case name what it otherwise may not, once and for a reason."""
    body = call.body(OverrideBody)
    granted = await call.ctx.overrides.grant(call.who, case_id, body.reason)
    return OverrideView.of(granted), 201
