"""A case as supervision sees it (全程跟踪): steps, limits, alerts; no form, no material, no names.

Of data kept with a step only what is a fact of the procedure is shown; what an officer or a
back-office wrote in words may name a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.case import Case, CaseEvent, ClockInstance, ClockPause
from models.rules.events import Event, Role
from models.rules.identity import mask_name
from models.staff import StaffMember
from services.items import Items, PublishedItem
from services.listing import Alert, AlertFilter
from services.listing import read as read_alerts
from services.queue import HIDDEN

FACTS = ("decision", "document_no", "due_on", "limit", "reason_code", "redirect_agency", "type")
OFFICERS = (Role.WINDOW.value, Role.DEPT.value, Role.SUPERVISOR.value)
MOST_ALERTS = 200


@dataclass(frozen=True)
class Step:
    """A step that was taken; ``officer`` is the masked name of who took it, if it was staff."""

    seq: int
    at: datetime
    row: str
    event: Event
    from_state: str
    to_state: str
    actor_role: Role
    actor_id: str | None
    unit: str | None
    officer: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Supervised:
    """``clocks`` each with its pauses; ``alerts`` the newest 200, oldest first."""

    case: Case
    item: PublishedItem
    steps: Sequence[Step]
    clocks: Sequence[tuple[ClockInstance, Sequence[ClockPause]]]
    alerts: Sequence[Alert]


async def read(items: Items, case_id: UUID) -> Supervised | None:
    """Return a case that was submitted; None when there is none."""
    case = await Case.exclude(state__in=HIDDEN).get_or_none(id=case_id)
    if case is None or case.case_no is None:
        return None
    events = await CaseEvent.filter(case_id=case_id).order_by("seq")
    clocks = await ClockInstance.filter(case_id=case_id).order_by("started_at", "id")
    pauses = await ClockPause.filter(clock__case_id=case_id).order_by("paused_at")
    wanted = AlertFilter(case_no=case.case_no)
    alerts = (await read_alerts(wanted, limit=MOST_ALERTS, cursor=None)).alerts
    names = await _names(events)
    return Supervised(
        case=case,
        item=await items.version(case.item_version_id),
        steps=[_step(event, names) for event in events],
        clocks=[
            (clock, [each for each in pauses if each.clock_id == clock.id]) for clock in clocks
        ],
        alerts=alerts[::-1],
    )


async def _names(events: Sequence[CaseEvent]) -> Mapping[str, str]:
    ids = {event.actor_id for event in events if event.actor_role in OFFICERS and event.actor_id}
    found = await StaffMember.filter(id__in=sorted(ids)).values_list("id", "name")
    return {str(id_): mask_name(name) for id_, name in found}


def _step(event: CaseEvent, names: Mapping[str, str]) -> Step:
    # An applicant's id is the account; it stays out.
    is_applicant = event.actor_role == Role.APPLICANT.value
    return Step(
        seq=event.seq,
        at=event.at,
        row=event.row,
        event=Event(event.event),
        from_state=event.from_state,
        to_state=event.to_state,
        actor_role=Role(event.actor_role),
        actor_id=None if is_applicant else event.actor_id,
        unit=event.unit,
        officer=names.get(event.actor_id or ""),
        facts={name: event.data[name] for name in FACTS if event.data.get(name) is not None},
    )
