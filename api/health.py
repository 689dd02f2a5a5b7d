"""Health and metrics for the machine room."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sanic.response import HTTPResponse

from api.auth import PUBLIC
from api.call import Call
from api.routes import Binary, Routes
from models.database import is_answering
from services.errors import Unavailable

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
    return HTTPResponse(generate_latest(call.ctx.registry), content_type=CONTENT_TYPE_LATEST)
