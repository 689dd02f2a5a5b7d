"""Back-office events: what the approval system reports of a case."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
)

from api.auth import MACHINE
from api.call import Call
from api.routes import Routes
from models.rules.procedures import MOST_DAYS
from services.actors import Machine
from services.cases import CaseUnknown
from services.events import (
    Decision,
    EventFromFuture,
    EventIncomplete,
    EventOutOfOrder,
    EventReused,
    EventType,
    FeeUnsettled,
    OriginalsFirst,
    PackageNotAcknowledged,
    ProcedureNotAllowed,
    Report,
    Reported,
)
from services.fees import FeeUndetermined
from services.transitions import StepNotAllowed

events = Routes("events", "/backoffice/v1/events", MACHINE)
ROUTES = (events,)


class EventPayload(BaseModel):
    """Empty for ``review_started`` and ``special_ended``. ``special_started`` needs procedure (one
    of 行政许可法45, or of the item's own) and planned_days (calendar days). ``decided`` needs
    decision and document_no, and reason when REJECTED; ``fee`` holds what was measured, where the
    fee falls due after the decision."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision | None = None
    document_no: str | None = Field(None, min_length=1, max_length=100)
    reason: str | None = Field(None, min_length=2, max_length=1000)
    fee: dict[str, StrictInt | StrictFloat | StrictStr] | None = Field(None, max_length=20)
    procedure: str | None = Field(None, min_length=2, max_length=30)
    planned_days: StrictInt | None = Field(None, ge=1, le=MOST_DAYS)


class EventBody(BaseModel):
    """``seq`` counts the events of a case from 1; ``event_id`` is the sender's, used once."""

    model_config = ConfigDict(extra="forbid")

    event_id: str = Field(min_length=1, max_length=64)
    case_no: str = Field(min_length=1, max_length=50)
    seq: int = Field(ge=1, le=1_000_000)
    type: EventType
    occurred_at: AwareDatetime
    payload: EventPayload

    @field_validator("occurred_at")
    @classmethod
    def _within_the_calendar(cls, at: datetime) -> datetime:
        try:
            return at.astimezone(UTC)
        except OverflowError as error:
            raise ValueError("beyond the calendar") from error

    def report(self) -> Report:
        return Report(
            event_id=self.event_id,
            case_no=self.case_no,
            seq=self.seq,
            type=self.type,
            occurred_at=self.occurred_at,
            **vars(self.payload),
        )


class ReportedView(BaseModel):
    """``duplicate``: this event was applied before."""

    outcome: Literal["applied", "duplicate"]
    case_no: str
    state: str

    @classmethod
    def of(cls, reported: Reported) -> "ReportedView":
        return cls(**vars(reported))


@events.add(
    "POST",
    "",
    body=EventBody,
    answer=ReportedView,
    errors=(
        CaseUnknown,
        EventIncomplete,
        EventFromFuture,
        EventReused,
        EventOutOfOrder,
        PackageNotAcknowledged,
        ProcedureNotAllowed,
        OriginalsFirst,
        FeeUnsettled,
        FeeUndetermined,
        StepNotAllowed,
    ),
)
async def report(call: Call[Machine]) -> ReportedView:
    """Report what happened to a case; a refused event may be sent again later."""
    body = call.body(EventBody)
    return ReportedView.of(await call.ctx.events.report(call.who, body.report()))
