"""Findings of the automatic pre-review (自动预审): what is said, and what is answered to it."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.routes import Routes
from models.rules.reading.filling import Suggestion
from services.access import CaseUnknown
from services.actors import Citizen, Officer
from services.cases import NotEditable
from services.findings import Look, Told
from services.materials import MaterialUnknown
from services.second_looks import (
    FindingUnknown,
    LookDecided,
    NotToBeInsisted,
    Pointed,
    SecondLook,
    Word,
)
from services.suggestions import SuggestionUnknown

findings = Routes("findings", "/v1", CITIZEN)
deciding = Routes("findings", "/staff/v1", STAFF)
ROUTES = (findings, deciding)

POINT = "/materials/<material_id:uuid>/findings/<code:str>/<page:int>"
MOST = 50


class FindingView(BaseModel):
    """One finding: what is wrong and what to do about it, in one sentence.

    ``severity``: BLOCKS (it cannot be filed like that; a person can be asked), WARNS (one may
    insist) or INFORMS. ``page`` 0 is the material as a whole. ``evidence``: what was read and how
    sure that is; names and numbers are masked.
    """

    code: str
    severity: str
    page: int
    sentence: str
    evidence: dict[str, Any]
    insisted: bool
    look_asked: bool
    overruled: bool
    upheld: bool

    @classmethod
    def of(cls, told: Told) -> "FindingView":
        finding = told.finding
        return cls(
            code=finding.code.value,
            severity=finding.severity.value,
            page=finding.page or 0,
            sentence=finding.sentence,
            evidence=dict(finding.evidence),
            insisted=Word.INSISTED in told.answers,
            look_asked=Word.LOOK_ASKED in told.answers,
            overruled=Word.OVERRULED in told.answers,
            upheld=Word.UPHELD in told.answers,
        )


class LookView(BaseModel):
    """Where the automatic check of a material stands: WAITING, READ, or UNREADABLE by machine."""

    state: str
    findings: list[FindingView]

    @classmethod
    def of(cls, look: Look | None) -> "LookView | None":
        if look is None:
            return None
        return cls(state=look.state.value, findings=[FindingView.of(told) for told in look.told])


class LookAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=200)


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overrule: bool
    reason: str = Field(min_length=2, max_length=200)


class SecondLookView(BaseModel):
    """A question that waits for a person. Bytes: /staff/v1/materials/<id>/content."""

    material_id: UUID
    material_name: str
    case_id: UUID
    item_name: str
    finding: FindingView
    reason: str
    asked_at: str

    @classmethod
    def of(cls, look: SecondLook) -> "SecondLookView":
        names = {spec["code"]: spec["name"] for spec in look.item.materials}
        return cls(
            material_id=look.material.id,
            material_name=names[look.material.code],
            case_id=look.case.id,
            item_name=look.item.name,
            finding=FindingView.of(look.told),
            reason=look.reason,
            asked_at=look.asked_at.isoformat(),
        )


class SecondLookList(BaseModel):
    looks: list[SecondLookView]


class SuggestionView(BaseModel):
    """A value that was read for a form field; nothing is filled before its owner takes it.

    ``material`` and ``page`` say where it stands, ``sure`` (0 to 1) how sure the reading is.
    """

    field: str
    value: str
    material: str
    page: int
    sure: float

    @classmethod
    def of(cls, suggestion: Suggestion) -> "SuggestionView":
        return cls(
            field=suggestion.field,
            value=suggestion.value,
            material=suggestion.material,
            page=suggestion.page,
            sure=suggestion.sure,
        )


class SuggestionList(BaseModel):
    suggestions: list[SuggestionView]


class SuggestionTaken(BaseModel):
    field: str
    value: Any
    revision: int


@findings.add(
    "POST",
    f"{POINT}/insistence",
    status=204,
    errors=(MaterialUnknown, FindingUnknown, NotToBeInsisted),
)
async def insist(call: Call[Citizen], material_id: UUID, code: str, page: int) -> None:
    """Keep a material against a warning of the automatic check; twice is once."""
    await call.ctx.second_looks.insist(call.who, Pointed(material_id, code, page))


@findings.add(
    "POST",
    f"{POINT}/second-look",
    status=204,
    body=LookAsked,
    errors=(MaterialUnknown, FindingUnknown),
)
async def ask(call: Call[Citizen], material_id: UUID, code: str, page: int) -> None:
    """Ask for a person's look at what the automatic check says (个人信息保护法24)."""
    body = call.body(LookAsked)
    await call.ctx.second_looks.ask(call.who, Pointed(material_id, code, page), body.reason)


@findings.add(
    "GET", "/cases/<case_id:uuid>/suggestions", answer=SuggestionList, errors=(CaseUnknown,)
)
async def suggest(call: Call[Citizen], case_id: UUID) -> SuggestionList:
    """List what was read off the materials for form fields that are still empty."""
    found = await call.ctx.suggestions.of_case(call.who, case_id)
    return SuggestionList(suggestions=[SuggestionView.of(each) for each in found])


@findings.add(
    "POST",
    "/cases/<case_id:uuid>/suggestions/<field:str>",
    answer=SuggestionTaken,
    errors=(CaseUnknown, NotEditable, SuggestionUnknown),
)
async def take(call: Call[Citizen], case_id: UUID, field: str) -> SuggestionTaken:
    """Confirm what was read for one field: it is filled in, and marked as read."""
    opened = await call.ctx.suggestions.take(call.who, case_id, field)
    form = opened.form
    return SuggestionTaken(field=field, value=form.values[field], revision=form.revision)


@deciding.add("GET", "/second-looks", answer=SecondLookList)
async def list_waiting(call: Call[Officer]) -> SecondLookList:
    """List the materials that applicants asked a person to look at, oldest first, at most 50."""
    found = await call.ctx.second_looks.waiting(call.who, MOST)
    return SecondLookList(looks=[SecondLookView.of(each) for each in found])


@deciding.add(
    "POST",
    f"{POINT}/decision",
    status=204,
    body=Decision,
    errors=(MaterialUnknown, FindingUnknown, LookDecided),
)
async def decide(call: Call[Officer], material_id: UUID, code: str, page: int) -> None:
    """Say as a person whether the automatic check is right; the applicant is told."""
    body = call.body(Decision)
    point = Pointed(material_id, code, page)
    looks = call.ctx.second_looks
    await looks.decide(call.who, point, overrule=body.overrule, reason=body.reason)
