"""Deadlines, each with the sentence that explains it; for citizens, staff and back-offices."""

import hashlib
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from api.auth import CITIZEN, MACHINE, STAFF
from api.call import Call
from api.routes import Rendered, Routes
from models.rules.calendar import day_of
from models.rules.clock_table import CLOCKS
from models.rules.clocks import Pause
from services.access import CaseUnknown
from services.actors import Citizen, Machine, Officer
from services.deadlines import CaseDeadlines, Deadline
from services.transitions import StepNotYours

citizens = Routes("deadlines", "/v1/cases", CITIZEN)
officers = Routes("deadlines", "/staff/v1/cases", STAFF)
machines = Routes("deadlines", "/backoffice/v1/cases", MACHINE)
ROUTES = (citizens, officers, machines)

Shown = tuple[Rendered, dict[str, str]]


class LimitView(BaseModel):
    """A limit as it was given."""

    value: int
    unit: str
    text: str


class PauseView(BaseModel):
    """A stretch that does not count; ``first`` and ``last`` are days of it too."""

    first: str
    last: str | None
    paused_at: str
    resumed_at: str | None
    reason: str

    @classmethod
    def of(cls, pause: Pause) -> "PauseView":
        back = pause.resumed_at
        return cls(
            first=day_of(pause.paused_at).isoformat(),
            last=None if back is None else day_of(back).isoformat(),
            paused_at=pause.paused_at.isoformat(),
            resumed_at=_text(back),
            reason=pause.reason,
        )


class DeadlineView(BaseModel):
    """A clock. ``counted_from`` does not count itself; ``day_one`` is the first day that does.

    ``due_at`` is 24:00 in China of ``due_on``; both are empty while the clock is paused. ``left``
    counts the limit's own days that remain, today included. ``provisional``: the holidays of that
    year are not announced yet.
    """

    clock: str
    name: str
    owner: str
    state: str
    limit: LimitView
    started_at: str
    counted_from: str
    day_one: str | None
    pauses: list[PauseView]
    due_on: str | None
    due_at: str | None
    stopped_at: str | None
    left: int | None
    light: str
    calendar_version: str
    provisional: bool
    basis: str
    sentence: str

    @classmethod
    def of(cls, deadline: Deadline) -> "DeadlineView":
        clock, told = deadline.clock, deadline.explained
        limit = clock.total or clock.limit
        return cls(
            clock=clock.name.value,
            name=CLOCKS[clock.name].zh,
            owner=deadline.owner,
            state=deadline.state,
            limit=LimitView(value=limit.value, unit=limit.unit.value, text=limit.text),
            started_at=clock.started_at.isoformat(),
            counted_from=(clock.first_from or clock.counted_from).isoformat(),
            day_one=told.day_one.isoformat() if told.day_one else None,
            pauses=[PauseView.of(pause) for pause in deadline.pauses],
            due_on=told.due_on.isoformat() if told.due_on else None,
            due_at=_text(told.due_at),
            stopped_at=_text(clock.stopped_at),
            left=told.left,
            light=told.light.value,
            calendar_version=clock.calendar_version,
            provisional=told.provisional,
            basis=deadline.basis,
            sentence=told.sentence,
        )


class DeadlinesView(BaseModel):
    """The deadlines of a case today; the calendar is official until ``announced_until``."""

    case_no: str | None
    state: str
    today: str
    calendar_version: str
    announced_until: str
    deadlines: list[DeadlineView]


def _shown(found: CaseDeadlines) -> Shown:
    view = DeadlinesView(
        case_no=found.case.case_no,
        state=found.case.state.value,
        today=found.today.isoformat(),
        calendar_version=found.calendar_version,
        announced_until=found.announced_until.isoformat(),
        deadlines=[DeadlineView.of(each) for each in found.deadlines],
    )
    content = view.model_dump_json().encode()
    etag = hashlib.sha256(content).hexdigest()[:20]
    return Rendered(content), {"ETag": f'"{etag}"', "Cache-Control": "private, no-cache"}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


@citizens.add(
    "GET",
    "/<case_id:uuid>/deadlines",
    answer=DeadlinesView,
    errors=(CaseUnknown,),
    etag=True,
)
async def get_deadlines(call: Call[Citizen], case_id: UUID) -> Shown:
    """Show the deadlines of one's own case, and how each was counted."""
    return _shown(await call.ctx.deadlines.of_case(call.who, case_id))


@officers.add(
    "GET",
    "/<case_id:uuid>/deadlines",
    answer=DeadlinesView,
    errors=(CaseUnknown, StepNotYours),
    etag=True,
)
async def get_all_deadlines(call: Call[Officer], case_id: UUID) -> Shown:
    """Show every deadline of a case, those between offices too."""
    return _shown(await call.ctx.deadlines.for_officer(call.who, case_id))


@machines.add(
    "GET",
    "/<case_no:str>/deadlines",
    answer=DeadlinesView,
    errors=(CaseUnknown,),
    etag=True,
)
async def get_agency_deadlines(call: Call[Machine], case_no: str) -> Shown:
    """Show every deadline of an accepted case of one's agency, by its number."""
    return _shown(await call.ctx.deadlines.for_machine(call.who, case_no))
