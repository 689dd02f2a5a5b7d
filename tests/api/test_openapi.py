"""The documentation tells the truth about the router; the router asks everybody who they are."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from sanic import Sanic

from api.app import all_routes, build_app
from api.auth import CITIZEN, MEMBER, PUBLIC
from api.errors import status_of
from api.routes import Route
from composition import compose
from models.rules.events import Role
from models.rules.powers import STAFF_ROLES
from tests import make
from tests.api import tokens
from tests.world import World

# Shown to a person, not to a program; and OpenAPI has no words for a WebSocket.
UNDOCUMENTED = {
    ("GET", "/docs"),
    ("GET", "/docs/openapi.json"),
    ("GET", "/docs/start.js"),
    ("GET", "/docs/swagger-ui.css"),
    ("GET", "/docs/swagger-ui-bundle.js"),
    ("GET", "/v1/cases/{case_id}/live"),
}
OPEN_TO_ALL = {
    ("POST", "/v1/login/wechat"),
    ("POST", "/v1/login/refresh"),
    ("POST", "/v1/login/phone"),
    ("POST", "/v1/login/ticket"),
    ("POST", "/v1/login/wechat-app"),
    ("GET", "/v1/login/oidc"),
    ("GET", "/v1/login/oidc/callback"),
    ("GET", "/v1/login/wechat-h5"),
    ("GET", "/v1/login/wechat-h5/callback"),
    ("POST", "/v1/login/phone/code"),
    ("GET", "/v1/items"),
    ("GET", "/v1/items/{code}"),
    ("GET", "/v1/items/{code}/questions"),
    ("GET", "/v1/items/{code}/materials/{material}/{paper}"),
    ("POST", "/v1/progress"),
    ("GET", "/v1/windows"),
    ("OPTIONS", "/v1/uploads"),
    ("GET", "/v1/ratings/options"),
    ("GET", "/verify/{check}"),
    ("POST", "/staff/v1/login"),
    ("POST", "/backoffice/v1/token"),
    ("GET", "/backoffice/v1/schemas/package-v1"),
    ("GET", "/backoffice/v1/schemas/package-v2"),
    ("GET", "/backoffice/v1/schemas/package-v3"),
    ("GET", "/backoffice/v1/keys"),
    ("POST", "/callbacks/wechatpay"),
    ("POST", "/callbacks/nontax"),
    ("POST", "/callbacks/courier"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
}

# What OpenAPI 3.1.0 (section 4.8) lets our document say; anything else in it is a slip.
_TEXT = {"type": "string", "minLength": 1}
_SCHEMA = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
_CONTENT = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": r"^[a-z]+/[a-z0-9.+*-]+$"},
    "additionalProperties": {
        "type": "object",
        "properties": {"schema": _SCHEMA},
        "required": ["schema"],
        "additionalProperties": False,
    },
}
_PARAMETER = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "in": {"enum": ["path", "query", "header"]},
        "required": {"type": "boolean"},
        "description": _TEXT,
        "schema": _SCHEMA,
    },
    "required": ["name", "in", "schema"],
    "additionalProperties": False,
    "if": {"properties": {"in": {"const": "path"}}},
    "then": {"properties": {"required": {"const": True}}, "required": ["required"]},
}
_OPERATION = {
    "type": "object",
    "properties": {
        "operationId": _TEXT,
        "tags": {"type": "array", "items": _TEXT, "minItems": 1},
        "summary": _TEXT,
        "description": _TEXT,
        "parameters": {"type": "array", "items": _PARAMETER, "uniqueItems": True},
        "requestBody": {
            "type": "object",
            "properties": {"required": {"type": "boolean"}, "content": _CONTENT},
            "required": ["content"],
            "additionalProperties": False,
        },
        "responses": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[1-5][0-9]{2}$"},
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "description": _TEXT,
                    "content": _CONTENT,
                    "headers": {"type": "object"},
                },
                "required": ["description"],
                "additionalProperties": False,
            },
        },
        "security": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["operationId", "summary", "responses"],
    "additionalProperties": False,
}
DOCUMENT = {
    "type": "object",
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {
            "type": "object",
            "properties": {"title": _TEXT, "version": _TEXT, "description": _TEXT},
            "required": ["title", "version"],
            "additionalProperties": False,
        },
        "tags": {"type": "array"},
        "paths": {
            "type": "object",
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {
                    "enum": ["get", "put", "post", "delete", "patch", "head", "options"]
                },
                "additionalProperties": _OPERATION,
            },
        },
        "components": {
            "type": "object",
            "properties": {
                "schemas": {"type": "object", "additionalProperties": _SCHEMA},
                "securitySchemes": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "properties": {
                            "type": {"const": "http"},
                            "scheme": {"const": "bearer"},
                            "bearerFormat": _TEXT,
                            "description": _TEXT,
                        },
                        "required": ["type", "scheme"],
                    },
                },
            },
        },
    },
    "required": ["openapi", "info", "paths", "components"],
    "additionalProperties": False,
}


def _template(path: str) -> str:
    return "/" + re.sub(r"<(?:__)?(\w+)(?::[^>]+)?>", r"{\1}", path).strip("/")


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


@pytest.fixture
async def document(world: World) -> dict[str, Any]:
    answer = await world.http.get("/docs/openapi.json")
    assert answer.status == 200
    return dict(answer.json)


@pytest.fixture
async def served(world: World) -> AsyncIterator[set[tuple[str, str]]]:
    """Return what the router serves, asked from the router itself."""
    parts = compose(world.settings, world.clock)
    app = build_app(parts.context, name=f"router-{uuid4().hex}")
    try:
        yield {
            (method, _template(route.path))
            for route in app.router.routes
            for method in route.methods
        }
    finally:
        Sanic.unregister_app(app)
        await parts.adapters.close()


async def test_it_lists_what_is_served_and_nothing_else(
    document: dict[str, Any], served: set[tuple[str, str]]
) -> None:
    documented = {(method, path) for method, path, _ in _operations(document)}
    assert documented == served - UNDOCUMENTED
    assert served >= UNDOCUMENTED


async def test_it_is_openapi(document: dict[str, Any]) -> None:
    Draft202012Validator(DOCUMENT).validate(document)
    ids = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(ids) == len(set(ids))
    for reference in set(_references(document)):
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in document["components"][kind]


async def test_every_operation_says_what_it_needs(document: dict[str, Any]) -> None:
    for method, path, operation in _operations(document):
        named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), path
        # A login through a browser ends in a redirect.
        assert any(status[0] in "23" for status in operation["responses"]), path
        is_open = (method, path) in OPEN_TO_ALL
        assert operation.get("security") == (None if is_open else [{"bearer": []}]), path
        assert ("401" in operation["responses"]) or is_open, path


async def test_every_declared_error_is_named_by_its_code(document: dict[str, Any]) -> None:
    for route in all_routes():
        operation = document["paths"][_template(route.path)][route.method.lower()]
        for problem in route.errors:
            told = operation["responses"][str(status_of(problem))]
            assert f"{problem.code}: " in told["description"], (route.path, problem)
            assert list(told["content"]) == ["application/problem+json"]


async def test_the_page_loads_nothing_from_elsewhere(world: World) -> None:
    page = (await world.http.get("/docs")).body.decode()
    assert "http" not in page
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert (await world.http.get(address)).status == 200


def _address(route: Route) -> str:
    path = re.sub(r"<\w+:uuid>", str(uuid4()), route.path)
    path = re.sub(r"<\w+:int>", "1", path)
    return re.sub(r"<\w+(?::str)?>", "x", path)


async def test_who_is_nobody_gets_nowhere(world: World) -> None:
    unnamed = set()
    for route in all_routes():
        if route.surface is PUBLIC:
            unnamed.add((route.method, _template(route.path)))
            continue
        for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x.y.z"}):
            answer = await world.http.request(route.method, _address(route), headers=headers)
            assert answer.status == 401, (route.method, route.path)
            # An answer to HEAD has no body.
            assert route.method == "HEAD" or answer.json["code"] == "unauthenticated"
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert unnamed == OPEN_TO_ALL


async def test_a_token_opens_only_its_own_surface(world: World) -> None:
    citizen = make.token(world, await make.citizen(world))
    machine = tokens.of_machine(world, await make.machine(world, "11511499MB9000082B"))
    staff = {
        role: tokens.of_staff(world, await make.officer(world, (role,))) for role in STAFF_ROLES
    }
    before = await world.rows("cases"), await world.rows("staff_members")
    for route in all_routes():
        surface = route.surface
        if surface is PUBLIC:
            continue
        others = {} if surface is CITIZEN else {citizen: 401}
        others |= {} if surface.scope else {machine: 401}
        # Staff are known to each other's surface, and have no business there.
        known = 403 if surface.roles else 401
        others |= {
            token: known
            for role, token in staff.items()
            if role not in surface.roles and surface is not MEMBER
        }
        for token, status in others.items():
            answer = await world.http.request(route.method, _address(route), token=token)
            assert answer.status == status, (surface.name, route.method, route.path)
            code = "forbidden" if status == 403 else "unauthenticated"
            assert route.method == "HEAD" or answer.json["code"] == code
    assert (await world.rows("cases"), await world.rows("staff_members")) == before


async def test_who_administers_and_who_audits_opens_no_route_of_a_case() -> None:
    """三权分立: by the roles that each route names, whatever its handler does."""
    alone = {Role.ADMIN, Role.AUDITOR}
    opened = {
        (route.method, _template(route.path))
        for route in all_routes()
        if route.surface.roles & alone
    }
    assert all(
        route.surface.roles <= alone or not route.surface.roles & alone for route in all_routes()
    )
    assert {path.split("/")[3] for _, path in opened} == {"members", "units", "machines", "audit"}


async def test_a_system_without_a_scope_opens_nothing(world: World) -> None:
    machine = await make.machine(world, "11511499MB9000082B")
    await world.database.execute("UPDATE backoffice_clients SET scopes = '[]'")
    token = tokens.of_machine(world, machine)
    asked = 0
    for route in all_routes():
        if route.surface.scope:
            asked += 1
            answer = await world.http.request(route.method, _address(route), token=token)
            assert (answer.status, answer.json["code"]) == (403, "scope_missing"), route.path
    assert asked >= 6


async def test_before_the_set_up_a_login_opens_nothing_else(world: World) -> None:
    roles = sorted(STAFF_ROLES)
    found = [await make.officer(world, (role,)) for role in roles]
    await world.database.execute("UPDATE staff_sessions SET setup = true")
    for route in all_routes():
        for role, officer in zip(roles, found, strict=True):
            if role in route.surface.roles:
                token = tokens.of_staff(world, officer)
                answer = await world.http.request(route.method, _address(route), token=token)
                assert (answer.status, answer.json["code"]) == (403, "setup_pending"), route.path
