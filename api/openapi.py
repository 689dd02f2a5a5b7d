"""The OpenAPI 3.1 document and its page, made from the same routes as the router.

sanic-ext is not used for it: it keeps its operations in process-wide singletons and its pages
load their scripts from the internet.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

import orjson
import swagger_ui
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from sanic import Request, Sanic
from sanic.response import HTTPResponse

from api.auth import CITIZEN, PUBLIC
from api.call import FieldsInvalid, IdempotencyKeyMissing
from api.errors import status_of
from api.routes import Binary, Route
from services.access import ActNotGranted
from services.errors import (
    Forbidden,
    Malformed,
    Problem,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from services.idempotency import KeyReused

PARAMETER = re.compile(r"<(\w+)(?::([^>]+))?>")
_KINDS: dict[str | None, dict[str, str]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer"},
}
TITLE = "掌办 Zhangban"
REFERENCE = "#/components/schemas/{model}"
SCRIPTS = Path(swagger_ui.__file__).parent / "static"
PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>掌办 API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head><body><div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>"""
START = 'SwaggerUIBundle({url: "/docs/openapi.json", dom_id: "#ui"});'
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "一句话说明,可以直接显示给用户"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def template_of(path: str) -> str:
    """Return a path with bare parameter names: ``/v1/cases/<case_id>``."""
    return PARAMETER.sub(r"<\1>", path)


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the OpenAPI document of the routes."""
    found = list(routes)
    models = {
        model
        for route in found
        for model in (route.body, route.query, route.answer)
        if isinstance(model, type) and issubclass(model, BaseModel)
    }
    references, schemas = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template=REFERENCE,
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in found:
        path = re.sub(r"<(\w+)>", r"{\1}", template_of(route.path))
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": PROBLEM},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _operation(route: Route, references: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.tag}_{route.handler.__name__}_{route.method.lower()}",
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route, references),
    }
    if route.surface is not PUBLIC:
        operation["security"] = [{"bearer": []}]
    if isinstance(route.body, Binary):
        binary = {"schema": {"type": "string", "format": "binary"}}
        content = dict.fromkeys(route.body.media, binary)
        operation["requestBody"] = {"required": True, "content": content}
    elif route.body is not None:
        schema = references[route.body, "validation"]
        operation["requestBody"] = {
            "required": not route.optional,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": match[1],
            "in": "path",
            "required": True,
            "schema": _KINDS.get(match[2], {"type": "string"}),
        }
        for match in PARAMETER.finditer(route.path)
    ]
    if route.query is not None:
        schema = route.query.model_json_schema(ref_template=REFERENCE)
        found += [
            {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "schema": value,
            }
            for name, value in schema["properties"].items()
        ]
    if route.idempotent:
        key = {"type": "string", "minLength": 8, "maxLength": 255}
        found.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": key})
    return found


def errors_of(route: Route) -> tuple[type[Problem], ...]:
    """Return the problems that a route can answer with, declared and implied."""
    implied: list[type[Problem]] = [TooMany, Unavailable]
    if route.surface is not PUBLIC:
        implied.append(Unauthenticated)
    if route.surface.roles or route.surface.scope:
        implied.append(Forbidden)
    if route.query is not None or (route.body is not None and not isinstance(route.body, Binary)):
        implied += [Malformed, FieldsInvalid]
    if route.surface is CITIZEN and "<case_id" in route.path:
        implied.append(ActNotGranted)
    if route.idempotent:
        implied += [IdempotencyKeyMissing, KeyReused]
    return tuple(dict.fromkeys((*route.errors, *implied)))


def _responses(route: Route, references: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "成功"}
    if isinstance(route.answer, Binary):
        binary = {"schema": {"type": "string", "format": "binary"}}
        answer["content"] = dict.fromkeys(route.answer.media, binary)
    elif route.answer is not None:
        schema = references[route.answer, "validation"]
        answer["content"] = {"application/json": {"schema": schema}}
    if route.page:
        answer["content"]["text/html"] = {"schema": {"type": "string"}}
    responses: dict[str, Any] = {str(route.status): answer}
    if isinstance(route.answer, Binary) and route.answer.partial:
        responses["206"] = {"description": "文件的一部分", "content": answer["content"]}
        responses["416"] = {
            "description": "range_not_satisfiable: 请求的文件范围不存在。",
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
    if route.etag:
        responses["304"] = {"description": "没有变化"}
    by_status: dict[int, list[type[Problem]]] = {}
    for problem in errors_of(route):
        by_status.setdefault(status_of(problem), []).append(problem)
    for status, problems in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "; ".join(f"{each.code}: {each.sentence}" for each in problems),
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
    return responses


def add_documentation(app: Sanic[Any, Any], routes: Iterable[Route]) -> None:
    """Serve the document, its page and the page's scripts; nothing comes from elsewhere."""
    # Made when first asked for: a worker that nobody asks starts sooner and stays smaller.
    content = cache(lambda: orjson.dumps(document(routes)))
    files: dict[str, tuple[Callable[[], bytes], str]] = {
        "": (PAGE.encode, "text/html; charset=utf-8"),
        "/openapi.json": (content, "application/json; charset=utf-8"),
        "/start.js": (START.encode, "text/javascript"),
        "/swagger-ui.css": ((SCRIPTS / "swagger-ui.css").read_bytes, "text/css"),
        "/swagger-ui-bundle.js": (
            cache((SCRIPTS / "swagger-ui-bundle.js").read_bytes),
            "text/javascript",
        ),
    }

    async def serve(_: Request, read: Callable[[], bytes], media: str) -> HTTPResponse:
        return HTTPResponse(read(), content_type=media)

    for path, (read, media) in files.items():
        name = "docs" + path.replace("/", "_").replace(".", "_").replace("-", "_")
        handler = partial(serve, read=read, media=media)
        app.add_route(handler, f"/docs{path}", name=name, error_format="json")
