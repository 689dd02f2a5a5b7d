"""Health and metrics for the machine room."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from pydantic import BaseModel
from sanic.response import HTTPResponse

from api.auth import PUBLIC
from api.call import Call
from api.routes import Binary, Routes
from models.database import is_answering, is_lost
from services.errors import Unavailable
from services.handoff_watch import HandoffMeter
from services.supervision import AlertMeter

health = Routes("health", "", PUBLIC)
ROUTES = (health,)


class Health(BaseModel):
    status: str


@health.add("GET", "/health/live", answer=Health)
async def live(call: Call[None]) -> Health:
    """Tell that the process runs."""
    return Health(status="ok")


@health.add("GET", "/health/ready", answer=Health)
async def ready(call: Call[None]) -> Health:
    """Tell whether requests can be served: the database answers."""
    if not await is_answering():
        raise Unavailable
    return Health(status="ok")


@health.add("GET", "/metrics", answer=Binary(("text/plain",)))
async def metrics(call: Call[None]) -> HTTPResponse:
    """Show the metrics in Prometheus' text format."""
    content = generate_latest(call.ctx.registry) + await _open_alerts(call.ctx.alert_meter)
    content += await _standing(call.ctx.handoff_meter)
    return HTTPResponse(content, content_type=CONTENT_TYPE_LATEST)


async def _open_alerts(meter: AlertMeter) -> bytes:
    """Return the gauge of open alerts; nothing while the database does not answer."""
    registry = CollectorRegistry()
    gauge = Gauge(
        "zhangban_alerts_open",
        "Alerts of supervision that nobody has dealt with",
        ["kind", "light"],
        registry=registry,
    )
    try:
        counted = await meter.open()
    except Exception as error:
        if not is_lost(error):
            raise
        # A machine room that asks how we are must get the rest of the answer.
        return b""
    for (kind, light), number in counted.items():
        gauge.labels(kind, light).set(number)
    return generate_latest(registry)


async def _standing(meter: HandoffMeter) -> bytes:
    """Return how the hand-off stands; nothing while the database does not answer."""
    try:
        standing = await meter.read()
    except Exception as error:
        if not is_lost(error):
            raise
        return b""
    registry = CollectorRegistry()
    for name, text, value in (
        ("open", "Packages that no back-office has acknowledged", standing.open),
        ("oldest_seconds", "Age of the oldest of them", standing.oldest_seconds),
    ):
        Gauge(f"zhangban_handoff_{name}", text, registry=registry).set(value)
    stuck = Gauge(
        "zhangban_handoff_stuck",
        "Packages that somebody was told of: late, never acknowledged, or given back twice",
        ["reason"],
        registry=registry,
    )
    for reason, number in standing.stuck.items():
        stuck.labels(reason).set(number)
    return generate_latest(registry)
