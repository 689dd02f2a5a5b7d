"""Alerts (监察预警) as the office that answers for them sees them."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import STAFF
from api.call import Call
from api.routes import Routes
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.states import MonitorLight
from models.rules.supervision import AlertKind
from services.actors import Officer
from services.items import CursorInvalid
from services.listing import Alert, AlertFilter, AlertPage

alerts = Routes("alerts", "/staff/v1/alerts", STAFF)
ROUTES = (alerts,)


class AlertQuery(BaseModel):
    """``open`` 1: not dealt with yet; 0: dealt with, or over."""

    model_config = ConfigDict(extra="forbid")

    kind: AlertKind | None = None
    light: MonitorLight | None = None
    open: bool | None = None
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=300)


class AlertView(BaseModel):
    """``code`` names the limit, or why the step was refused; ``due_at`` is the limit's end."""

    id: UUID
    kind: str
    kind_text: str
    light: str
    code: str
    limit: str | None
    case_id: UUID | None
    case_no: str | None
    item_name: str | None
    owner_role: str
    owner_unit: str
    actor_role: str | None
    actor_id: str | None
    due_at: str | None
    raised_at: str
    resolved_at: str | None
    resolved_by: str | None
    resolution: str

    @classmethod
    def of(cls, alert: Alert) -> "AlertView":
        is_limit = alert.code in ClockName.__members__
        return cls(
            **{
                **vars(alert),
                "kind": alert.kind.value,
                "kind_text": alert.kind.zh,
                "light": alert.light.value,
                "limit": CLOCKS[ClockName(alert.code)].zh if is_limit else None,
                "owner_role": alert.owner_role.value,
                "due_at": alert.due_at.isoformat() if alert.due_at else None,
                "raised_at": alert.raised_at.isoformat(),
                "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
            }
        )


class AlertPageView(BaseModel):
    alerts: list[AlertView]
    next_cursor: str | None

    @classmethod
    def of(cls, page: AlertPage) -> "AlertPageView":
        return cls(
            alerts=[AlertView.of(alert) for alert in page.alerts], next_cursor=page.next_cursor
        )


@alerts.add("GET", "", query=AlertQuery, answer=AlertPageView, errors=(CursorInvalid,))
async def list_own(call: Call[Officer]) -> AlertPageView:
    """List the alerts that one's own role and unit answer for, newest first."""
    query = call.query(AlertQuery)
    wanted = AlertFilter(kind=query.kind, light=query.light, is_open=query.open)
    page = await call.ctx.supervision.own_alerts(
        call.who, wanted, limit=query.limit, cursor=query.cursor
    )
    return AlertPageView.of(page)
