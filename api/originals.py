"""Originals: what has to be seen, the look at the counter, and the second officer's word."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.routes import Routes
from models.credit import OriginalCheck
from models.rules.originals import Finding, Outcome
from services.access import CaseUnknown
from services.actors import Citizen, Officer
from services.events import FeeUnsettled
from services.fees import FeeUndetermined
from services.original_desk import Checked
from services.original_ends import CheckJudged, CheckUnknown, SecondOfficerNeeded
from services.original_lists import (
    Look,
    MismatchPending,
    MismatchUnproven,
    NothingLacking,
    OriginalNotAsked,
    OriginalsUnseen,
    Sight,
)
from services.originals import Sheet
from services.transitions import StepNotAllowed, StepNotYours

bring = Routes("originals", "/v1/cases/<case_id:uuid>/originals", CITIZEN)
desk = Routes("originals", "/staff/v1/cases/<case_id:uuid>/originals", STAFF)
ROUTES = (bring, desk)

REFUSALS = (CaseUnknown, StepNotAllowed, StepNotYours)
JUDGING = (*REFUSALS, CheckUnknown, CheckJudged, SecondOfficerNeeded)


class SightBody(BaseModel):
    """What was found of one original; ``note`` is for the applicant to read."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=8)
    finding: Finding
    note: str = Field("", max_length=200)


class LookBody(BaseModel):
    """One look at the originals.

    ``identity_matched`` null: nothing to compare the person with was there. ``by_post``: the
    originals came without the person. ``evidence`` is needed with MISMATCH.
    """

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["PASS", "INCOMPLETE", "MISMATCH"]
    identity_matched: bool | None
    items: list[SightBody] = Field(max_length=100)
    opinion: str = Field("", max_length=1000)
    evidence: list[Annotated[str, Field(max_length=500)]] = Field([], max_length=20)
    by_post: bool = False

    def look(self) -> Look:
        return Look(
            Outcome(self.outcome),
            self.identity_matched,
            [Sight(each.code, each.finding, each.note) for each in self.items],
            self.opinion,
            [each for each in self.evidence if each.strip()],
            self.by_post,
        )


class ArrivalBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by_post: bool = False


class OpinionBody(BaseModel):
    """The second officer's word on a mismatch."""

    model_config = ConfigDict(extra="forbid")

    opinion: str = Field(min_length=2, max_length=1000)


class OriginalView(BaseModel):
    code: str
    name: str


class PointView(BaseModel):
    code: str
    name: str
    finding: str
    finding_text: str
    note: str


class CheckView(BaseModel):
    """A look that was recorded; PENDING waits for a second officer."""

    id: UUID
    outcome: str
    identity_matched: bool | None
    items: list[PointView]
    opinion: str
    evidence: list[str]
    by_post: bool
    officer_id: UUID
    at: str
    second_officer_id: UUID | None
    second_opinion: str
    confirmed_at: str | None

    @classmethod
    def of(cls, check: OriginalCheck) -> "CheckView":
        return cls(
            id=check.id,
            outcome=check.outcome,
            identity_matched=check.identity_matched,
            items=[_point(point) for point in check.items],
            opinion=check.opinion,
            evidence=check.evidence,
            by_post=check.by_post,
            officer_id=check.officer_id,
            at=check.at.isoformat(),
            second_officer_id=check.second_officer_id,
            second_opinion=check.second_opinion,
            confirmed_at=check.confirmed_at.isoformat() if check.confirmed_at else None,
        )


class SheetView(BaseModel):
    """What is still to be seen, and every look so far, oldest first."""

    case_no: str
    state: str
    state_text: str
    wanted: list[OriginalView]
    lacking: list[PointView]
    checks: list[CheckView]
    visits: int
    max_visits: int


class BringView(BaseModel):
    """What to bring; ``lacking`` is what the last look missed, with what to do about it."""

    state: str
    state_text: str
    wanted: list[OriginalView]
    lacking: list[PointView]


class CheckedView(BaseModel):
    """Where the case stands; ``warning`` when more visits were needed than promised."""

    case_no: str
    state: str
    state_text: str
    check_id: UUID | None
    outcome: str | None
    visits: int
    warning: str | None

    @classmethod
    def of(cls, checked: Checked) -> "CheckedView":
        case, check = checked.case, checked.check
        return cls(
            case_no=str(case.case_no),
            state=case.state.value,
            state_text=case.state.zh,
            check_id=check.id if check else None,
            outcome=check.outcome if check else None,
            visits=case.visits,
            warning=checked.warning,
        )


def _point(point: dict[str, str]) -> PointView:
    return PointView(**point, finding_text=Finding(point["finding"]).zh)


def _wanted(sheet: Sheet) -> list[OriginalView]:
    return [OriginalView(code=each.code, name=each.name) for each in sheet.wanted]


@bring.add("GET", "", answer=BringView, errors=(CaseUnknown,))
async def what_to_bring(call: Call[Citizen], case_id: UUID) -> BringView:
    """Tell which originals to bring for one's own case."""
    sheet = await call.ctx.originals.mine(call.who, case_id)
    return BringView(
        state=sheet.case.state.value,
        state_text=sheet.case.state.zh,
        wanted=_wanted(sheet),
        lacking=[_point(dict(point)) for point in sheet.lacking],
    )


@desk.add("GET", "", answer=SheetView, errors=(CaseUnknown,))
async def show(call: Call[Officer], case_id: UUID) -> SheetView:
    """Show which originals are to be seen, and what was found so far."""
    sheet = await call.ctx.originals.show(call.who, case_id)
    return SheetView(
        case_no=str(sheet.case.case_no),
        state=sheet.case.state.value,
        state_text=sheet.case.state.zh,
        wanted=_wanted(sheet),
        lacking=[_point(dict(point)) for point in sheet.lacking],
        checks=[CheckView.of(check) for check in sheet.checks],
        visits=sheet.case.visits,
        max_visits=sheet.item.body["flags"]["max_visits"],
    )


@desk.add(
    "POST",
    "",
    body=LookBody,
    answer=CheckedView,
    errors=(
        *REFUSALS,
        OriginalNotAsked,
        OriginalsUnseen,
        NothingLacking,
        MismatchUnproven,
        MismatchPending,
        FeeUnsettled,
        FeeUndetermined,
    ),
)
async def check(call: Call[Officer], case_id: UUID) -> CheckedView:
    """Record a look at the originals: PASS is the final decision, INCOMPLETE gives three days."""
    look = call.body(LookBody).look()
    return CheckedView.of(await call.ctx.originals.check(call.who, case_id, look))


@desk.add(
    "POST", "/arrival", body=ArrivalBody, answer=CheckedView, errors=(*REFUSALS, MismatchPending)
)
async def arrived(call: Call[Officer], case_id: UUID) -> CheckedView:
    """Record that the applicant brought or sent what was lacking."""
    by_post = call.body(ArrivalBody).by_post
    return CheckedView.of(await call.ctx.originals.arrived(call.who, case_id, by_post=by_post))


@desk.add("POST", "/<check_id:uuid>/confirm", body=OpinionBody, answer=CheckedView, errors=JUDGING)
async def confirm(call: Call[Officer], case_id: UUID, check_id: UUID) -> CheckedView:
    """Confirm a mismatch as a second officer: the case ends."""
    opinion = call.body(OpinionBody).opinion
    return CheckedView.of(await call.ctx.originals.confirm(call.who, case_id, check_id, opinion))


@desk.add("POST", "/<check_id:uuid>/dismiss", body=OpinionBody, answer=CheckedView, errors=JUDGING)
async def dismiss(call: Call[Officer], case_id: UUID, check_id: UUID) -> CheckedView:
    """Reject a mismatch as a second officer: the check goes on."""
    opinion = call.body(OpinionBody).opinion
    return CheckedView.of(await call.ctx.originals.dismiss(call.who, case_id, check_id, opinion))
