"""Back-office events: what the approval system reports of a case."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
)

from api.auth import MACHINE
from api.call import Call
from api.routes import Routes
from models.rules.procedures import MOST_DAYS
from models.rules.reasons import TerminationReason
from services.access import CaseUnknown
from services.actors import Machine
from services.events import (
    SAYS,
    CorrectionAfterAcceptance,
    Decision,
    EventFromFuture,
    EventIncomplete,
    EventOutOfOrder,
    EventReused,
    EventType,
    ExtendedBefore,
    ExtensionNotForItem,
    ExtensionTooLate,
    FeeUnsettled,
    OriginalsFirst,
    OriginalsNotDue,
    PackageNotAcknowledged,
    ProcedureNotAllowed,
    Report,
    Reported,
    ResultMismatch,
    ShortfallOpen,
    SupplementsWaiting,
    WithdrawalNotRequested,
    WithdrawalTakenBack,
)
from services.fees import FeeUndetermined
from services.transitions import StepNotAllowed

events = Routes("events", "/backoffice/v1/events", MACHINE)
ROUTES = (events,)


class EventPayload(BaseModel):
    """What an event says; each type says its own, see ``EventBody``.

    ``procedure`` is one of 行政许可法45 or of the item's own, ``planned_days`` calendar days.
    ``fee`` holds what was measured, where the fee falls due after the decision, or after an
    acceptance at which it could not be computed: then it has to be paid before the same event
    counts. ``question`` may ask for an explanation, never for materials. ``holder_name`` and
    ``holder_id_sha256`` (SHA-256, hex, of the ID number with a capital X) are compared with the
    application's, if they are given.
    """

    model_config = ConfigDict(extra="forbid")

    decision: Decision | None = None
    document_no: str | None = Field(None, min_length=1, max_length=100)
    reason: str | None = Field(None, min_length=2, max_length=1000)
    fee: dict[str, StrictInt | StrictFloat | StrictStr] | None = Field(None, max_length=20)
    procedure: str | None = Field(None, min_length=2, max_length=30)
    planned_days: StrictInt | None = Field(None, ge=1, le=MOST_DAYS)
    approver: str | None = Field(None, min_length=2, max_length=50)
    question: str | None = Field(None, min_length=2, max_length=500)
    confirmed: StrictBool | None = None
    reason_code: TerminationReason | None = None
    holder_name: str | None = Field(None, min_length=1, max_length=60)
    holder_id_sha256: str | None = Field(None, pattern="^[0-9a-fA-F]{64}$")


def _by_type(schema: dict[str, Any]) -> None:
    """Say in the documentation what each type of event needs, as the use-case checks it."""
    schema["allOf"] = [
        {
            "if": {"properties": {"type": {"const": kind.value}}},
            "then": {
                "properties": {
                    "payload": {
                        "required": sorted(content.needs),
                        "propertyNames": {"enum": sorted(content.needs | content.may)},
                    }
                }
            },
        }
        for kind, content in SAYS.items()
    ]


class EventBody(BaseModel):
    """``seq`` counts the events of a case from 1; ``event_id`` is the sender's, used once.

    REJECTED and a withdrawal that is not confirmed need a reason. ``correction_requested`` is
    always refused: after acceptance nothing new is asked for.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra=_by_type)

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
        StepNotAllowed,
        ProcedureNotAllowed,
        ExtensionNotForItem,
        ExtendedBefore,
        ExtensionTooLate,
        OriginalsNotDue,
        CorrectionAfterAcceptance,
        WithdrawalNotRequested,
        WithdrawalTakenBack,
        SupplementsWaiting,
        ResultMismatch,
        OriginalsFirst,
        ShortfallOpen,
        FeeUnsettled,
        FeeUndetermined,
    ),
)
async def report(call: Call[Machine]) -> ReportedView:
    """Report what happened to a case; a refused event may be sent again later."""
    body = call.body(EventBody)
    return ReportedView.of(await call.ctx.events.report(call.who, body.report()))
