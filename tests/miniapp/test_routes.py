"""Every path that the mini-program asks for is a route of the application."""

import re

from api.app import route_templates
from tests.miniapp import bundle


def shape(path: str) -> str:
    """Parameters without their names: they differ between JavaScript and the router."""
    return re.sub(r"\$\{[^}]*\}|<[^>]*>", "<>", path)


def test_every_api_path_is_a_route() -> None:
    routes = {(method, shape(path)) for method, path in route_templates()}
    asked = {(method, shape(path or "")) for _, method, path in bundle.api_calls()}
    assert len(asked) > 8
    assert asked - routes == set()
