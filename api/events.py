"""Back-office events: what the approval system reports of a case."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)

from api.auth import REPORTING
from api.call import Call
from api.moments import Moment
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
    EventsWaiting,
    EventType,
    EventUnknown,
    ExtendedBefore,
    ExtensionNotForItem,
    ExtensionTooLate,
    FeeAssessedBefore,
    FeeUnsettled,
    OriginalsFirst,
    OriginalsNotDue,
    PackageNotAcknowledged,
    ProcedureNotAllowed,
    Report,
    Reported,
    ResultDocumentMissing,
    ResultMismatch,
    ShortfallOpen,
    ShortfallVerdict,
    SupplementsWaiting,
    WithdrawalNotRequested,
    WithdrawalTakenBack,
    fates,
)
from services.events.fates import Sent
from services.events.parking import Fate
from services.fees import FeeUndetermined
from services.lacking import MaterialNotPromised
from services.transitions import StepNotAllowed
from services.verdicts import MaterialAbsent

events = Routes("events", "/backoffice/v1/events", REPORTING)
ROUTES = (events,)

PROBLEMS = (
    CaseUnknown,
    EventIncomplete,
    EventFromFuture,
    EventReused,
    EventOutOfOrder,
    EventsWaiting,
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
    ResultDocumentMissing,
    MaterialNotPromised,
    MaterialAbsent,
    OriginalsFirst,
    ShortfallOpen,
    FeeUnsettled,
    FeeAssessedBefore,
    FeeUndetermined,
)
OUTCOMES: Mapping[Fate, Literal["applied", "parked", "refused"]] = {
    Fate.APPLIED: "applied",
    Fate.PARKED: "parked",
    Fate.REFUSED: "refused",
}


Digest = Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]


class EventPayload(BaseModel):
    """What an event says; each type says its own, see ``EventBody``.

    ``procedure`` is one of 行政许可法45 or of the item's own, ``planned_days`` calendar days.
    ``fee`` holds what was measured, where the fee falls due after the decision, or after an
    acceptance at which it could not be computed: then it has to be paid before the same event
    counts. ``question`` may ask for an explanation, never for materials. ``holder_name`` and
    ``holder_id_sha256`` (SHA-256, hex, of the ID number with a capital X) are compared with the
    application's, if they are given. ``documents`` are the SHA-256 (hex) of result documents that
    were handed in before. ``reason`` is needed for a ``verdict`` DEFECTIVE.
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
    documents: list[Digest] | None = Field(None, min_length=1, max_length=10)
    material_code: str | None = Field(None, min_length=1, max_length=8)
    verdict: ShortfallVerdict | None = None


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
    occurred_at: Moment
    payload: EventPayload

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
    """``duplicate``: this event was applied before. ``parked``: it is kept and applied as soon as
    every number before its own has come; ``expected_seq`` is the first that has not."""

    outcome: Literal["applied", "duplicate", "parked"]
    case_no: str
    state: str
    expected_seq: int | None

    @classmethod
    def of(cls, reported: Reported) -> "ReportedView":
        return cls(**vars(reported))


@events.add(
    "POST",
    "",
    body=EventBody,
    answer=ReportedView,
    errors=PROBLEMS,
)
async def report(call: Call[Machine]) -> ReportedView:
    """Report what happened to a case; a refused event may be sent again later.

    An event before its turn is parked; what became of it tells ``GET .../events/{event_id}``.
    """
    body = call.body(EventBody)
    return ReportedView.of(await call.ctx.events.report(call.who, body.report()))


class EventFault(BaseModel):
    pointer: str
    detail: str


class EventAnswer(BaseModel):
    """Why an event was refused in its turn, as an answer would have said it."""

    detail: str
    errors: list[EventFault]


class EventView(BaseModel):
    """An event of one's own. ``settled_at`` is when it was applied or refused; ``expected_seq``,
    of a parked one that was asked for by its id, the number that it waits for."""

    event_id: str
    case_no: str
    seq: int
    type: str
    outcome: Literal["applied", "parked", "refused"]
    received_at: str
    settled_at: str | None
    expected_seq: int | None
    code: str | None
    answer: EventAnswer | None

    @classmethod
    def of(cls, event: Sent) -> "EventView":
        settled = event.settled_at
        return cls(
            event_id=event.event_id,
            case_no=event.case_no,
            seq=event.seq,
            type=event.type,
            outcome=OUTCOMES[event.fate],
            received_at=event.received_at.isoformat(),
            settled_at=settled.isoformat() if settled else None,
            expected_seq=event.expected_seq,
            code=event.code,
            answer=EventAnswer.model_validate(event.answer) if event.answer else None,
        )


class EventsQuery(BaseModel):
    """Which events: of one fate, of one case; ``cursor`` goes on where a page ended."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["applied", "parked", "refused"] | None = None
    case_no: str | None = Field(None, min_length=1, max_length=50)
    limit: int = Field(50, ge=1, le=100)
    cursor: UUID | None = None


class Events(BaseModel):
    events: list[EventView]
    next_cursor: UUID | None


@events.add("GET", "", query=EventsQuery, answer=Events)
async def list_events(call: Call[Machine]) -> Events:
    """List the events that one has sent and that were taken, oldest first."""
    query = call.query(EventsQuery)
    fate = None if query.outcome is None else Fate(query.outcome.upper())
    page, following = await fates.several(
        call.who, fates.Wanted(fate, query.case_no), limit=query.limit, after=query.cursor
    )
    return Events(events=[EventView.of(event) for event in page], next_cursor=following)


@events.add("GET", "/<event_id:str>", answer=EventView, errors=(EventUnknown,))
async def show_event(call: Call[Machine], event_id: str) -> EventView:
    """Show what became of an event: applied, parked, or refused in its turn and why."""
    return EventView.of(await fates.one(call.who, unquote(event_id)))
