"""Supervision (电子监察): the alerts of all units, and closing them."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.alerts import AlertPageView, AlertQuery
from api.auth import SUPERVISOR
from api.call import Call
from api.periods import DAY, bounds
from api.routes import Routes
from models.rules.events import Role
from services.actors import Officer
from services.items import CursorInvalid
from services.listing import AlertFilter
from services.periods import PeriodInvalid
from services.supervision import AlertResolved, AlertUnknown, ResolutionReasonMissing

supervision = Routes("supervision", "/staff/v1/supervision/alerts", SUPERVISOR)
ROUTES = (supervision,)


class SupervisionQuery(AlertQuery):
    """``from`` and ``to`` are days in China on which an alert was raised, both included."""

    unit: str | None = Field(None, min_length=1, max_length=100)
    role: Role | None = None
    case_no: str | None = Field(None, min_length=1, max_length=50)
    first: str | None = Field(None, alias="from", pattern=DAY)
    last: str | None = Field(None, alias="to", pattern=DAY)

    def filter(self) -> AlertFilter:
        """Return the filter; raise ``PeriodInvalid`` for a day that no calendar has."""
        since, until = bounds(self.first, self.last)
        return AlertFilter(
            kind=self.kind,
            light=self.light,
            is_open=self.open,
            unit=self.unit,
            role=self.role,
            case_no=self.case_no,
            since=since,
            until=until,
        )


class ResolutionBody(BaseModel):
    """``reason`` is needed for a limit that was missed (超时限, RED)."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=300)


@supervision.add(
    "GET", "", query=SupervisionQuery, answer=AlertPageView, errors=(CursorInvalid, PeriodInvalid)
)
async def list_alerts(call: Call[Officer]) -> AlertPageView:
    """List alerts of all units, newest first."""
    query = call.query(SupervisionQuery)
    page = await call.ctx.supervision.alerts(query.filter(), limit=query.limit, cursor=query.cursor)
    return AlertPageView.of(page)


@supervision.add(
    "POST",
    "/<alert_id:uuid>/resolve",
    status=204,
    body=ResolutionBody,
    errors=(AlertUnknown, AlertResolved, ResolutionReasonMissing),
)
async def resolve(call: Call[Officer], alert_id: UUID) -> None:
    """Close an alert; for a limit that was missed only with a reason."""
    body = call.body(ResolutionBody)
    await call.ctx.supervision.resolve(call.who, alert_id, body.reason)
