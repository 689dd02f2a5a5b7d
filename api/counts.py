"""Counts (监察统计) for supervision: alerts and running cases."""

from pydantic import BaseModel

from api.auth import SUPERVISOR
from api.call import Call
from api.periods import PeriodQuery
from api.routes import Routes
from services.actors import Officer
from services.counts import AlertCount, Counts
from services.periods import PeriodInvalid

counts = Routes("supervision", "/staff/v1/supervision/counts", SUPERVISOR)
ROUTES = (counts,)


class AlertCountView(BaseModel):
    """``raised`` in the period, ``settled`` of these by now; ``open`` whenever it was raised."""

    kind: str
    kind_text: str
    light: str
    owner_role: str
    owner_unit: str
    open: int
    raised: int
    settled: int

    @classmethod
    def of(cls, count: AlertCount) -> "AlertCountView":
        names = {"kind": count.kind.value, "kind_text": count.kind.zh, "light": count.light.value}
        return cls(**{**vars(count), **names, "owner_role": count.owner_role.value})


class UnitCountView(BaseModel):
    """Cases under way; a limit of an office is over, or ends with the next working day."""

    unit: str
    running: int
    overdue: int
    near_due: int


class CountsView(BaseModel):
    first_day: str
    last_day: str
    alerts: list[AlertCountView]
    cases: list[UnitCountView]

    @classmethod
    def of(cls, counts: Counts) -> "CountsView":
        return cls(
            first_day=counts.period.first.isoformat(),
            last_day=counts.period.last.isoformat(),
            alerts=[AlertCountView.of(each) for each in counts.alerts],
            cases=[UnitCountView(**vars(each)) for each in counts.units],
        )


@counts.add("GET", "", query=PeriodQuery, answer=CountsView, errors=(PeriodInvalid,))
async def get_counts(call: Call[Officer]) -> CountsView:
    """Count alerts by kind, light and owner, and running, overdue and nearly due cases by unit."""
    return CountsView.of(await call.ctx.supervision.counts(*call.query(PeriodQuery).days))
