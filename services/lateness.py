"""Lateness (超时限): the alert of a limit that nears or is over, and the light of its case."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from models.case import Case, ClockInstance
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.events import Actor, Role
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.staff import StaffMember, Window
from models.supervision import MonitorAlert
from services.alerts import raise_alert
from services.items import PublishedItem

# Who answers while no window has taken the case.
EVERY_WINDOW = "综合受理窗口"


async def note(
    case: Case, item: PublishedItem, clock: ClockInstance, light: MonitorLight, now: datetime
) -> None:
    """Raise the alert of a clock once, and turn the case's light; red is never turned back.

    In the caller's transaction, with the case's row held.
    """
    alert = await MonitorAlert.get_or_none(clock_id=clock.id, light=light.value)
    if alert is None:
        await raise_alert(
            now,
            AlertKind.OVERTIME,
            light,
            clock.name,
            owner=await owner_of(ClockName(clock.name), case, item),
            case_id=case.id,
            clock_id=clock.id,
            data={"due_at": clock.due_at.isoformat()},
        )
    elif alert.resolved_at is not None and alert.resolved_by is None:
        # The limit moved after the alert (a new calendar), and nears again.
        await MonitorAlert.filter(id=alert.id).update(
            raised_at=now,
            resolved_at=None,
            resolved_by=None,
            resolution="",
            data={"due_at": clock.due_at.isoformat()},
        )
    if light is MonitorLight.RED:
        yellow = MonitorAlert.filter(clock_id=clock.id, light="YELLOW", resolved_at=None)
        await yellow.update(resolved_at=now)
    if case.monitor_light not in (MonitorLight.RED.value, light.value):
        case.monitor_light = light.value
        await Case.filter(id=case.id).update(monitor_light=light.value)


async def note_missed(
    case: Case, item: PublishedItem, ended: Sequence[UUID], now: datetime
) -> None:
    """Raise what no timer came to raise: limits of an office that were over when a step ended them.

    In the caller's transaction, with the case's row held.
    """
    if not ended:
        return
    found = await ClockInstance.filter(id__in=list(ended)).order_by("due_at")
    extended = await ClockInstance.exists(case_id=case.id, name=ClockName.EXTENSION.value)
    for clock in found:
        name = ClockName(clock.name)
        followed = extended and name is ClockName.DECISION_STATUTORY
        if CLOCKS[name].owner is not Actor.APPLICANT and not followed:
            await note(case, item, clock, MonitorLight.RED, now)


async def owner_of(name: ClockName, case: Case, item: PublishedItem) -> tuple[Role, str]:
    """Return the role and unit that answer for a clock of a case."""
    owner = CLOCKS[name].owner
    # What an applicant let pass is for whoever accepted the case to look at.
    mine = owner not in (Actor.ACCEPTOR, Actor.APPLICANT)
    role = Role(owner.value) if mine else item.acceptor
    if role is not Role.WINDOW:
        return role, item.agency
    if case.claimed_by_id is not None:
        claimer = await StaffMember.get(id=case.claimed_by_id).select_related("unit")
        return role, claimer.unit.name
    if case.window_id is not None:
        window = await Window.get(id=case.window_id).select_related("unit")
        return role, window.unit.name
    return role, EVERY_WINDOW
