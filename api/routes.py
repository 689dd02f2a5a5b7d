"""Routes as values: what the router, the documentation and the tests are made from."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from api.auth import Surface
from services.errors import Problem

T = TypeVar("T")
Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Binary:
    """An answer that is bytes of some media types."""

    media: tuple[str, ...] = ("application/octet-stream",)
    partial: bool = False


@dataclass(frozen=True)
class Rendered:
    """An answer that was made into JSON before, because the same one is asked for again."""

    content: bytes


@dataclass(frozen=True)
class Route:
    """One route. ``body`` and ``answer`` are pydantic models, Binary, or None for nothing.

    ``optional``: the body may be left out, and then says what its defaults say.
    """

    method: str
    path: str
    surface: Surface[Any]
    handler: Handler
    tag: str
    summary: str
    status: int
    body: type[BaseModel] | Binary | None
    query: type[BaseModel] | None
    answer: type[BaseModel] | Binary | None
    errors: tuple[type[Problem], ...]
    idempotent: bool
    etag: bool
    stream: bool
    optional: bool
    page: bool


@dataclass
class Routes:
    """The routes of one noun on one surface."""

    tag: str
    prefix: str
    surface: Surface[Any]
    found: list[Route] = field(default_factory=list)

    def add(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        body: type[BaseModel] | Binary | None = None,
        query: type[BaseModel] | None = None,
        answer: type[BaseModel] | Binary | None = None,
        errors: tuple[type[Problem], ...] = (),
        surface: Surface[Any] | None = None,
        idempotent: bool = False,
        etag: bool = False,
        stream: bool = False,
        optional: bool = False,
        page: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Declare a route; the handler's docstring is its summary in the documentation.

        With ``page``, a browser gets the same as a page for people.
        """

        def declare(handler: Handler) -> Handler:
            self.found.append(
                Route(
                    method=method,
                    path=self.prefix + path,
                    surface=surface or self.surface,
                    handler=handler,
                    tag=self.tag,
                    summary=(handler.__doc__ or "").strip().split("\n")[0],
                    status=status,
                    body=body,
                    query=query,
                    answer=answer,
                    errors=errors,
                    idempotent=idempotent,
                    etag=etag,
                    stream=stream,
                    optional=optional,
                    page=page,
                )
            )
            return handler

        return declare
