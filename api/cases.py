"""A citizen's own cases: drafts, fields, lists."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from models.case import Case
from models.rules.conditions import Requirement
from services.access import ActNotGranted, CaseUnknown, PrincipalUnknown
from services.actors import Citizen
from services.cases import (
    AgentRefused,
    ApplicantTypeRefused,
    FiledElsewhere,
    NotEditable,
    Opened,
    is_editable,
)
from services.filing import Hindrances, hindrances
from services.forms import FieldUnknown, FormInvalid
from services.items import ItemUnknown, PublishedItem
from services.transitions import StepNotAllowed

cases = Routes("cases", "/v1/cases", CITIZEN)
ROUTES = (cases,)


class NewCase(BaseModel):
    model_config = ConfigDict(extra="forbid")

    item_code: str = Field(min_length=1, max_length=40)
    another: bool = False
    applicant: UUID | None = Field(None, description="who applies, when that is not the asker")


class FieldValue(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: Any


class CasesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=100)
    cursor: UUID | None = None
    applicant: UUID | None = None


class CaseSummary(BaseModel):
    id: UUID
    item_code: str
    item_name: str
    state: str
    state_text: str
    case_no: str | None
    query_code: str | None
    updated_at: str

    @classmethod
    def of(cls, case: Case, item: PublishedItem) -> "CaseSummary":
        return cls(**_summary(case, item))


class CaseList(BaseModel):
    cases: list[CaseSummary]
    next_cursor: UUID | None


class CaseView(CaseSummary):
    """A case with its form as it stands.

    Of a draft it is told what would keep it from being submitted: ``outdated``, it was begun under
    an older version of the item (renew it); ``open_case_no``, one for the same item is undecided.
    ``read`` names the answers that were read off a material and confirmed, and the material.
    """

    item_version: str
    form: dict[str, Any]
    read: dict[str, str]
    revision: int
    editable: bool
    outdated: bool = False
    open_case_no: str | None = None

    @classmethod
    def show(cls, opened: Opened, found: Hindrances | None = None) -> "CaseView":
        told = {} if found is None else vars(found)
        return cls(
            **_summary(opened.case, opened.item),
            item_version=opened.item.version,
            form=dict(opened.form.values),
            read=dict(opened.form.read),
            revision=opened.form.revision,
            editable=is_editable(opened.case.state),
            **told,
        )


class FieldSaved(BaseModel):
    field: str
    value: Any
    revision: int
    materials_required: list[str]


def _summary(case: Case, item: PublishedItem) -> dict[str, Any]:
    return {
        "id": case.id,
        "item_code": item.code,
        "item_name": item.name,
        "state": case.state.value,
        "state_text": case.state.zh,
        "case_no": case.case_no,
        "query_code": case.query_code,
        "updated_at": case.updated_at.isoformat(),
    }


@cases.add(
    "POST",
    "",
    status=201,
    body=NewCase,
    answer=CaseView,
    errors=(
        ItemUnknown,
        FiledElsewhere,
        ApplicantTypeRefused,
        PrincipalUnknown,
        ActNotGranted,
        AgentRefused,
    ),
)
async def open_case(call: Call[Citizen]) -> tuple[CaseView, int]:
    """Open the draft for an item: the existing one (200) or a new one (201)."""
    body = call.body(NewCase)
    draft = await call.ctx.cases.open_draft(
        call.who, body.item_code, another=body.another, applicant=body.applicant
    )
    shown = CaseView.show(draft.opened, await hindrances(draft.opened.case))
    return shown, 201 if draft.created else 200


@cases.add("GET", "", query=CasesQuery, answer=CaseList)
async def list_cases(call: Call[Citizen]) -> CaseList:
    """List one's own cases or those of ``applicant``, newest first."""
    query = call.query(CasesQuery)
    page, following = await call.ctx.cases.list(
        call.who, limit=query.limit, before=query.cursor, applicant=query.applicant
    )
    return CaseList(cases=[CaseSummary.of(*each) for each in page], next_cursor=following)


@cases.add("GET", "/<case_id:uuid>", answer=CaseView, errors=(CaseUnknown,))
async def get_case(call: Call[Citizen], case_id: UUID) -> CaseView:
    """Show one's own case with its form."""
    opened = await call.ctx.cases.get(call.who, case_id)
    found = await hindrances(opened.case) if opened.case.state.is_draft else None
    return CaseView.show(opened, found)


@cases.add(
    "POST",
    "/<case_id:uuid>/renew",
    answer=CaseView,
    errors=(CaseUnknown, NotEditable, FiledElsewhere, ItemUnknown),
)
async def renew_draft(call: Call[Citizen], case_id: UUID) -> CaseView:
    """Move a draft to the item's current version; what still fits is kept."""
    opened = await call.ctx.renewals.renew(call.who, case_id)
    return CaseView.show(opened, await hindrances(opened.case))


@cases.add("DELETE", "/<case_id:uuid>", status=204, errors=(CaseUnknown, StepNotAllowed))
async def delete_draft(call: Call[Citizen], case_id: UUID) -> None:
    """Delete a draft."""
    await call.ctx.cases.delete_draft(call.who, case_id)


@cases.add(
    "PUT",
    "/<case_id:uuid>/form/<field:str>",
    body=FieldValue,
    answer=FieldSaved,
    errors=(CaseUnknown, NotEditable, FieldUnknown, FormInvalid),
)
async def put_field(call: Call[Citizen], case_id: UUID, field: str) -> FieldSaved:
    """Save one field of the form; null clears it."""
    body = call.body(FieldValue)
    await call.ctx.limiter.hit("autosave", str(call.who.account_id))
    opened = await call.ctx.cases.put_field(call.who, case_id, field, body.value)
    wanted = await call.ctx.cases.requirements(opened)
    return FieldSaved(
        field=field,
        value=body.value,
        revision=opened.form.revision,
        materials_required=[each.code for each in wanted if _uploads(each)],
    )


def _uploads(requirement: Requirement) -> bool:
    return requirement.required and requirement.upload
