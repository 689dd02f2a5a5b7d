"""Progress: by account, by query code, and pushed while somebody looks."""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sanic import Request, Sanic, Websocket

from api.auth import CITIZEN, PUBLIC
from api.call import Call
from api.context import Context
from api.live import Live
from api.routes import Rendered, Routes
from models.rules import numbers
from models.rules.flavours import ShortfallStage
from services.access import CaseUnknown
from services.actors import Citizen
from services.progress import REMEMBERED, Progress

progress = Routes("progress", "/v1", CITIZEN)
ROUTES = (progress,)
LIVE_PATH = "/v1/cases/<case_id:uuid>/live"


class ProgressQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query_code: str = Field(min_length=1, max_length=32)
    id_last4: str = Field(pattern="^[0-9]{3}[0-9Xx]$")


class WaitingFor(BaseModel):
    who: str
    text: str


class DueView(BaseModel):
    """A running clock; ``provisional``: the holidays of that year are not yet announced."""

    clock: str
    text: str
    due_at: str
    due_on: str
    provisional: bool
    paused: bool


class StepView(BaseModel):
    at: str
    text: str
    unit: str | None


class RemarkView(BaseModel):
    """What holds now: a pause, a longer limit, a request or a question that waits."""

    code: str
    text: str


class ActionView(BaseModel):
    code: str
    text: str


class PointView(BaseModel):
    """One point of the correction notice."""

    material_code: str | None
    field: str | None
    name: str | None
    reason_code: str
    reason: str
    requirement: str | None


class CorrectionView(BaseModel):
    items: list[PointView]
    opinion: str


class FeeView(BaseModel):
    name: str
    amount_fen: int
    stage: str
    basis: str
    settled: bool


class DeliveryState(BaseModel):
    method: str
    status: str
    waybill: str | None


class LackingView(BaseModel):
    """A material that may come later; ``reason`` is why its department declined."""

    code: str
    name: str
    status: str
    status_text: str
    due_on: str | None
    reason: str

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "LackingView":
        return cls(**found, status_text=ShortfallStage(found["status"]).zh)


class FixView(BaseModel):
    """Fields of the form to put right on the spot."""

    fields: list[str]
    note: str


class ProgressView(BaseModel):
    """Where a case stands, in words for the person it belongs to."""

    case_no: str | None
    item_name: str
    agency: str
    state: str
    state_text: str
    received_at: str | None
    waiting_for: WaitingFor
    due: list[DueView]
    timeline: list[StepView]
    remarks: list[RemarkView]
    actions: list[ActionView]
    payment: FeeView | None
    delivery: DeliveryState | None
    correction: CorrectionView | None
    shortfall: list[LackingView] = []
    fix: FixView | None = None

    @classmethod
    def of(cls, found: Progress) -> "ProgressView":
        who, text = found.waiting_for
        return cls(
            case_no=found.case_no,
            item_name=found.item_name,
            agency=found.agency,
            state=found.state.value,
            state_text=found.state.zh,
            received_at=found.received_at.isoformat() if found.received_at else None,
            waiting_for=WaitingFor(who=who, text=text),
            due=[_due(clock) for clock in found.due],
            timeline=[
                StepView(at=step.at.isoformat(), text=step.text, unit=step.unit)
                for step in found.timeline
            ],
            remarks=[RemarkView(code=each.code, text=each.text) for each in found.remarks],
            actions=[ActionView(code=each.code, text=each.text) for each in found.actions],
            payment=FeeView.model_validate(found.fee) if found.fee else None,
            delivery=DeliveryState.model_validate(found.delivery) if found.delivery else None,
            correction=CorrectionView.model_validate(found.correction)
            if found.correction
            else None,
            shortfall=[LackingView.of(each) for each in found.lacking],
            fix=FixView.model_validate(found.fix) if found.fix else None,
        )

    @classmethod
    def for_anybody(cls, found: Progress) -> "ProgressView":
        """Return what a query code shows: nothing that can hold a name or an address.

        Officers write freely in opinions, requirements and reasons, and a waybill leads to an
        address; what can be done needs a login.
        """
        view = cls.of(found)
        for step, entry in zip(view.timeline, found.timeline, strict=True):
            step.text = entry.plain
        for remark, said in zip(view.remarks, found.remarks, strict=True):
            remark.text = said.plain
        view.actions = []
        if view.delivery:
            view.delivery.waybill = None
        if view.correction:
            view.correction.opinion = ""
            for point in view.correction.items:
                point.requirement = None
        for each in view.shortfall:
            each.reason = ""
        view.fix = None
        return view


def _due(clock: Any) -> DueView:
    return DueView(
        clock=clock.clock,
        text=clock.text,
        due_at=clock.due_at.isoformat(),
        due_on=clock.due_on,
        provisional=clock.provisional,
        paused=clock.paused,
    )


@lru_cache(maxsize=REMEMBERED)
def _rendered(found: Progress) -> tuple[Rendered, dict[str, str]]:
    """Return the answer for a case's progress: phones ask again for what has not changed."""
    headers = {"ETag": f'"{found.etag}"', "Cache-Control": "private, no-cache"}
    return Rendered(_text(found).encode()), headers


@progress.add(
    "GET",
    "/cases/<case_id:uuid>/progress",
    answer=ProgressView,
    errors=(CaseUnknown,),
    etag=True,
)
async def get_progress(call: Call[Citizen], case_id: UUID) -> tuple[Rendered, dict[str, str]]:
    """Show the progress of one's own case."""
    return _rendered(await call.ctx.progress.of_case(call.who, case_id))


@progress.add(
    "POST",
    "/progress",
    body=ProgressQuery,
    answer=ProgressView,
    errors=(CaseUnknown,),
    surface=PUBLIC,
)
async def query_progress(call: Call[None]) -> ProgressView:
    """Show the progress for a query code and the last four characters of the ID number."""
    await call.ctx.limiter.hit("query_address", call.address)
    body = call.body(ProgressQuery)
    code = numbers.read_query_code(body.query_code) or body.query_code
    found = None
    with suppress(CaseUnknown):
        found = await call.ctx.progress.by_query_code(body.query_code, body.id_last4)
    # Counted after the look-up, right or wrong: who met an outage has not guessed.
    await call.ctx.limiter.hit("query_code", code)
    if found is None:
        raise CaseUnknown
    return ProgressView.for_anybody(found)


def add_live(app: Sanic[Any, Any], ctx: Context) -> None:
    """Register the WebSocket on which one's own case's progress is pushed."""

    async def live(request: Request, socket: Websocket, case_id: UUID) -> None:
        await Live(ctx, socket, case_id, _text).serve()

    app.add_websocket_route(live, LIVE_PATH, name="progress_live")


def _text(found: Progress) -> str:
    return ProgressView.of(found).model_dump_json()
