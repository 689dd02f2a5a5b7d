"""The HTTP application: routes, errors, request ids, access log, metrics."""

import re
import time
from collections.abc import Callable, Coroutine, Iterable
from functools import lru_cache
from random import getrandbits
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from pydantic import BaseModel
from sanic import Request, Sanic
from sanic.config import Config
from sanic.exceptions import PayloadTooLarge
from sanic.handlers import ErrorHandler
from sanic.response import HTTPResponse

from api import openapi, progress, tus
from api.answers import Answer
from api.bodies import refused_early
from api.call import Call
from api.context import Context
from api.errors import answer_error, answer_problem
from api.modules import MODULES
from api.routes import Rendered, Route
from services.errors import Malformed, Problem

log = structlog.get_logger("zhangban.http")

# Given twice, a proxy and we could each believe another one.
ONCE = ("authorization", "content-type", "idempotency-key")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Anybody may post callbacks, as many as they like: those that prove nothing are all counted, and
# now and then one is written down. A log of each would be a disk that strangers fill.
OPEN_TO_ALL, FORGED = "/callbacks/", 401
QUIET_SECONDS = 10.0

Handling = Callable[..., Coroutine[Any, Any, HTTPResponse | None]]


class HttpConfig(Config):
    """Sanic's settings that are ours to choose; sizes in bytes, times in seconds."""

    def __init__(self, *, proxies: int = 0) -> None:
        super().__init__(
            {
                "REQUEST_MAX_SIZE": 1024 * 1024,
                "REQUEST_TIMEOUT": 20,
                "RESPONSE_TIMEOUT": 60,
                "KEEP_ALIVE_TIMEOUT": 75,
                "GRACEFUL_SHUTDOWN_TIMEOUT": 10,
                "ACCESS_LOG": False,
                "AUTO_EXTEND": False,
                "MOTD": False,
                "FALLBACK_ERROR_FORMAT": "json",
                "PROXIES_COUNT": proxies or None,
            },
            env_prefix="",  # settings.py alone reads the environment
        )


def all_routes() -> list[Route]:
    """Return every route with its request, answers and errors."""
    return [route for module in MODULES for routes in module.ROUTES for route in routes.found]


def route_templates() -> set[tuple[str, str]]:
    """Return what the router serves as (METHOD, path template); WebSockets are GET."""
    plain = {(route.method, openapi.template_of(route.path)) for route in all_routes()}
    return plain | {("GET", openapi.template_of(progress.LIVE_PATH))}


class NamedRequest(Request):
    """A request with an id that can stand in a log: a proxy's, if it is one, or our own."""

    @property
    def id(self) -> str:
        if not self._id:
            given = self.headers.get("x-request-id", "")
            # Told apart, not kept secret: a cheap random number will do.
            self._id = given if REQUEST_ID.fullmatch(given) else f"{getrandbits(144):036x}"
        return str(self._id)


class Answers(ErrorHandler):
    """Every error, ours or the framework's, is a problem document."""

    def default(self, request: Request, exception: Exception) -> HTTPResponse:
        return answer_error(request, exception)


class Meter:
    """Counts requests and their time by route template, never by path."""

    def __init__(self, ctx: Context) -> None:
        self.requests = Counter(
            "zhangban_http_requests_total",
            "Requests answered",
            ["method", "route", "status"],
            registry=ctx.registry,
        )
        self.seconds = Histogram(
            "zhangban_http_request_seconds",
            "Time to answer",
            ["method", "route"],
            registry=ctx.registry,
        )
        # Looking a label up costs more than counting; there are as many as routes and statuses.
        self._counter = lru_cache(maxsize=1024)(self.requests.labels)
        self._timer = lru_cache(maxsize=1024)(self.seconds.labels)
        self._quiet_until = 0.0

    async def begin(self, request: Request) -> None:
        request.ctx.began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=str(request.id))

    async def end(self, request: Request, response: HTTPResponse) -> None:
        response.headers["X-Request-Id"] = str(request.id)
        response.headers["X-Content-Type-Options"] = "nosniff"
        began = getattr(request.ctx, "began", None)
        if began is None:
            return
        seconds = time.perf_counter() - began
        # Whoever invents methods and paths must not make us count each of them for ever.
        method = request.method if request.route else "any"
        route = f"/{request.route.path}" if request.route else "unmatched"
        self._counter(method, route, response.status).inc()
        self._timer(method, route).observe(seconds)
        if response.status == FORGED and route.startswith(OPEN_TO_ALL) and self._told_lately():
            return
        log.info(
            "http.request",
            method=request.method,
            route=route,
            status=response.status,
            ms=round(seconds * 1000, 1),
        )

    def _told_lately(self) -> bool:
        """Tell whether a forged callback was written down within ten seconds."""
        now = time.monotonic()
        if now < self._quiet_until:
            return True
        self._quiet_until = now + QUIET_SECONDS
        return False


def handler_of(
    route: Route, ctx: Context
) -> Callable[..., Coroutine[Any, Any, HTTPResponse | None]]:
    """Return the Sanic handler of a route: who, what, do, show."""

    async def handle(request: Request, **path: Any) -> HTTPResponse | None:
        try:
            _check_once(request)
            who = await route.surface.read(request, ctx)
            answer = await route.handler(Call(request, ctx, who), **path)
        except Exception as error:  # whatever it is, it becomes an answer, here or in Answers
            if route.stream:
                if await refused_early(request, error):
                    return None
            elif isinstance(error, Problem):
                # The framework's own way to its error handler costs more than the answer.
                return answer_problem(request, error)
            raise
        return show(route, request, answer)

    handle.__name__ = f"{route.tag}_{route.handler.__name__}_{route.method.lower()}"
    return handle


async def _refuse_long(request: Request, error: PayloadTooLarge) -> HTTPResponse | None:
    """Refuse a body that was too long for the framework, so that its sender hears of it."""
    return None if await refused_early(request, error) else answer_error(request, error)


def _check_once(request: Request) -> None:
    headers = request.headers
    for name in ONCE:
        if name in headers and len(headers.getall(name)) > 1:
            raise Malformed


def show(route: Route, request: Request, answer: Any) -> HTTPResponse:
    """Make a response of what a handler returned."""
    if isinstance(answer, HTTPResponse):
        return answer
    status = route.status
    headers: dict[str, str] = {}
    if isinstance(answer, tuple):
        answer, extra = answer
        if isinstance(extra, int):
            status = extra
        else:
            headers = dict(extra)
    if answer is None:
        return HTTPResponse(status=status, headers=headers)
    if route.etag and headers.get("ETag") in _wanted(request):
        return HTTPResponse(status=304, headers=headers)
    # Names, numbers and tokens are for who asked, not for a disk on the way (RFC 6749, 5.1).
    headers.setdefault("Cache-Control", "no-store")
    model: BaseModel | Rendered = answer
    return Answer(
        model.content if isinstance(model, Rendered) else model.model_dump_json(),
        status=status,
        headers=headers,
        content_type="application/json; charset=utf-8",
    )


def _wanted(request: Request) -> set[str]:
    given = request.headers.get("if-none-match", "")
    return {tag.strip().removeprefix("W/") for tag in given.split(",") if tag.strip()}


def build_app(ctx: Context, *, name: str = "zhangban", proxies: int = 0) -> Sanic[Any, Any]:
    """Return the application; the caller adds what opens and closes the adapters."""
    app: Sanic[Any, Any] = Sanic(
        name,
        ctx=ctx,
        config=HttpConfig(proxies=proxies),
        error_handler=Answers(),
        request_class=NamedRequest,
        configure_logging=False,
    )
    app.error_handler.add(PayloadTooLarge, _refuse_long)
    meter = Meter(ctx)
    app.register_middleware(meter.begin, "request", priority=999)
    app.register_middleware(meter.end, "response")  # type: ignore[arg-type]  # its types know one
    app.register_middleware(tus.mark, "response")  # type: ignore[arg-type]
    _add_routes(app, all_routes(), ctx)
    progress.add_live(app, ctx)
    openapi.add_documentation(app, all_routes())
    return app


def _add_routes(app: Sanic[Any, Any], routes: Iterable[Route], ctx: Context) -> None:
    for route in routes:
        handler = handler_of(route, ctx)
        app.add_route(
            handler,
            route.path,
            methods=[route.method],
            name=handler.__name__,
            stream=route.stream,
            # Given, because the framework otherwise parses each handler's source to guess it.
            error_format="json",
        )
