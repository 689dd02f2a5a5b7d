"""Cases lodged elsewhere: registered by a back-office or by staff, so that they show here."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import REPORTING, STAFF
from api.call import Call
from api.moments import Moment
from api.routes import Routes
from models.rules.states import State
from services.actors import Machine, Officer
from services.cases import ApplicantTypeRefused
from services.identities import IdNumberRefused, NameRefused
from services.imports import ImportDiffers, Imported, ImportTimesInvalid, Lodged
from services.items import ItemUnknown
from services.transitions import StepNotAllowed, StepNotYours

importing = Routes("imports", "/backoffice/v1/imports", REPORTING)
registering = Routes("imports", "/staff/v1/imports", STAFF)
ROUTES = (importing, registering)

PROBLEMS = (
    ItemUnknown,
    StepNotYours,
    StepNotAllowed,
    ApplicantTypeRefused,
    IdNumberRefused,
    NameRefused,
    ImportTimesInvalid,
    ImportDiffers,
)


class LodgedBody(BaseModel):
    """``external_no`` is the case's number where it was lodged: the same again is the same case.

    ``item_code`` is the 业务办理项编码. Both limits count from ``accepted_at`` or ``received_at``,
    as the item says; what happened afterwards is told by events.
    """

    model_config = ConfigDict(extra="forbid")

    external_no: str = Field(min_length=1, max_length=100)
    item_code: str = Field(min_length=1, max_length=40)
    applicant_name: str = Field(min_length=1, max_length=60)
    id_number: str = Field(min_length=1, max_length=32)
    state: Literal["ACCEPTED", "UNDER_REVIEW"] = "ACCEPTED"
    received_at: Moment
    accepted_at: Moment

    def lodged(self) -> Lodged:
        return Lodged(
            external_no=self.external_no,
            item_code=self.item_code,
            name=self.applicant_name,
            id_number=self.id_number,
            state=State[self.state],
            received_at=self.received_at,
            accepted_at=self.accepted_at,
        )


class ImportedView(BaseModel):
    """``matched``: its applicant has an account and sees it; else they will when they come.

    With ``query_code`` and the last four characters of the ID number anybody may look it up.
    """

    case_id: UUID
    case_no: str
    query_code: str
    state: str
    matched: bool

    @classmethod
    def of(cls, imported: Imported) -> "ImportedView":
        case = imported.case
        return cls(
            case_id=case.id,
            case_no=str(case.case_no),
            query_code=str(case.query_code),
            state=case.state.value,
            matched=imported.matched,
        )


@importing.add("POST", "", status=201, body=LodgedBody, answer=ImportedView, errors=PROBLEMS)
async def import_case(call: Call[Machine]) -> tuple[ImportedView, int]:
    """Register a case of one's agency that was lodged elsewhere; again answers 200."""
    lodged = call.body(LodgedBody).lodged()
    imported = await call.ctx.imports.by_machine(call.who, lodged)
    return ImportedView.of(imported), 201 if imported.created else 200


@registering.add("POST", "", status=201, body=LodgedBody, answer=ImportedView, errors=PROBLEMS)
async def register_case(call: Call[Officer]) -> tuple[ImportedView, int]:
    """Register a case that was lodged at the window; again answers 200."""
    lodged = call.body(LodgedBody).lodged()
    imported = await call.ctx.imports.by_officer(call.who, lodged)
    return ImportedView.of(imported), 201 if imported.created else 200
