"""Alerts (监察预警): limits that near or are over, and steps that were refused."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from models.case import Case
from models.database import rows
from models.ids import uuid7
from models.rules.events import Role
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from models.supervision import MonitorAlert
from models.unit import current_unit, run_in_transaction
from services.actors import Actor
from services.errors import Problem
from services.items import PublishedItem
from services.ports import Clock

CALM = """
WITH over AS (
  UPDATE monitor_alerts SET resolved_at = $2
  WHERE case_id = $1 AND resolved_at IS NULL AND light = 'YELLOW' AND clock_id IN
    (SELECT id FROM clock_instances WHERE case_id = $1 AND stopped_at IS NOT NULL)
  RETURNING id
)
SELECT EXISTS (SELECT FROM monitor_alerts WHERE case_id = $1 AND resolved_at IS NULL
  AND light = 'YELLOW' AND id NOT IN (SELECT id FROM over)) AS warned"""
WATCHED = (Role.WINDOW, Role.DEPT, Role.BACKOFFICE)


def watch(clock: Clock, case: Case, item: PublishedItem, actor: Actor) -> None:
    """Have a refusal recorded that ends the present transaction (不得体外循环).

    To be called in a use-case of staff or of a back-office system, once the case is known. A
    ``Problem`` whose ``alert`` is set then leaves an alert behind, though nothing else.
    """
    if actor.role in WATCHED:
        current_unit().if_undone(partial(_refused, clock, case.id, item, actor))


async def _refused(
    clock: Clock, case_id: UUID, item: PublishedItem, actor: Actor, error: Exception
) -> None:
    if not isinstance(error, Problem) or error.alert is None:
        return
    raised = partial(
        raise_alert,
        clock.now(),
        error.alert,
        MonitorLight.RED,
        error.code,
        case_id=case_id,
        owner=(actor.role, actor.unit or item.agency),
        actor=actor,
    )
    await run_in_transaction(raised)


async def raise_alert(
    now: datetime,
    kind: AlertKind,
    light: MonitorLight,
    code: str,
    *,
    owner: tuple[Role, str],
    case_id: UUID | None = None,
    clock_id: UUID | None = None,
    actor: Actor | None = None,
    data: Mapping[str, Any] | None = None,
) -> UUID:
    """Record an alert in the caller's transaction; ``owner`` is the role and unit that answer.

    ``code`` is a clock's name or a refusal's code; ``data`` must hold no personal data. Returns
    the alert's id, for whoever will know when it is over.
    """
    alert_id = uuid7()
    await MonitorAlert.create(
        id=alert_id,
        kind=kind.value,
        light=light.value,
        code=code,
        case_id=case_id,
        clock_id=clock_id,
        owner_role=owner[0].value,
        owner_unit=owner[1],
        actor_role=None if actor is None else actor.role.value,
        actor_id=None if actor is None else actor.id,
        data=dict(data or {}),
        raised_at=now,
    )
    return alert_id


async def calm(case: Case, now: datetime) -> None:
    """Turn a yellow light off when what it warned of has ended in time; red stays on record.

    In the caller's transaction, after the step that stopped the clock.
    """
    [left] = await rows(CALM, [case.id, now])
    if not left["warned"]:
        case.monitor_light = MonitorLight.GREEN.value
        await Case.filter(id=case.id).update(monitor_light=case.monitor_light)
