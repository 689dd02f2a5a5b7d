"""The course of a case (全程跟踪) for supervision: steps, limits, alerts; no person's data."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.alerts import AlertView
from api.auth import SUPERVISOR
from api.call import Call
from api.routes import Routes
from models.case import ClockInstance, ClockPause
from models.rules.calendar import due_on
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.texts import text_for
from services.access import CaseUnknown
from services.actors import Officer
from services.supervised import Step, Supervised

supervised = Routes("supervision", "/staff/v1/supervision/cases", SUPERVISOR)
ROUTES = (supervised,)


class StepView(BaseModel):
    """A step; ``officer`` is masked, ``facts`` are those of the procedure alone."""

    seq: int
    at: str
    row: str
    event: str
    text: str
    from_state: str
    to_state: str
    actor_role: str
    actor_id: str | None
    unit: str | None
    officer: str | None
    facts: dict[str, Any]

    @classmethod
    def of(cls, step: Step) -> "StepView":
        values = {"at": step.at.isoformat(), "event": step.event.value}
        words = {"text": text_for(step.event), "actor_role": step.actor_role.value}
        return cls(**{**vars(step), **values, **words})


class PauseView(BaseModel):
    paused_at: str
    resumed_at: str | None


class LimitView(BaseModel):
    """A limit, as first given (``value``); ``due_at`` is 24:00 of ``due_on`` in China."""

    clock: str
    text: str
    owner: str
    basis: str
    started_at: str
    due_at: str
    due_on: str
    value: int
    unit: str
    paused_at: str | None
    stopped_at: str | None
    provisional: bool
    calendar_version: str
    pauses: list[PauseView]

    @classmethod
    def of(cls, clock: ClockInstance, pauses: "list[ClockPause]") -> "LimitView":
        spec = CLOCKS[ClockName(clock.name)]
        return cls(
            clock=clock.name,
            text=spec.zh,
            owner=spec.owner.value,
            basis=spec.basis,
            started_at=clock.started_at.isoformat(),
            due_at=clock.due_at.isoformat(),
            due_on=due_on(clock.due_at).isoformat(),
            value=clock.total_value or clock.limit_value,
            unit=clock.total_unit or clock.limit_unit,
            paused_at=clock.paused_at.isoformat() if clock.paused_at else None,
            stopped_at=clock.stopped_at.isoformat() if clock.stopped_at else None,
            provisional=clock.provisional,
            calendar_version=clock.calendar_version,
            pauses=[_pause(each) for each in pauses],
        )


def _pause(pause: ClockPause) -> PauseView:
    resumed_at = pause.resumed_at.isoformat() if pause.resumed_at else None
    return PauseView(paused_at=pause.paused_at.isoformat(), resumed_at=resumed_at)


class SupervisedCaseView(BaseModel):
    """The course of a case; who applied, what they wrote and what they handed in stay out."""

    id: UUID
    case_no: str
    item_code: str
    item_name: str
    agency: str
    state: str
    state_text: str
    light: str
    accept_mode: str | None
    verify_later_mark: bool
    steps: list[StepView]
    limits: list[LimitView]
    alerts: list[AlertView]

    @classmethod
    def of(cls, found: Supervised) -> "SupervisedCaseView":
        case, item = found.case, found.item
        return cls(
            id=case.id,
            case_no=str(case.case_no),
            item_code=item.code,
            item_name=item.name,
            agency=item.agency,
            state=case.state.value,
            state_text=case.state.zh,
            light=case.monitor_light,
            accept_mode=case.accept_mode,
            verify_later_mark=case.verify_later_mark,
            steps=[StepView.of(step) for step in found.steps],
            limits=[LimitView.of(clock, list(pauses)) for clock, pauses in found.clocks],
            alerts=[AlertView.of(alert) for alert in found.alerts],
        )


@supervised.add("GET", "/<case_id:uuid>", answer=SupervisedCaseView, errors=(CaseUnknown,))
async def get_course(call: Call[Officer], case_id: UUID) -> SupervisedCaseView:
    """Show the course of a case; that it was looked at is recorded."""
    return SupervisedCaseView.of(await call.ctx.supervision.case(call.who, case_id))
