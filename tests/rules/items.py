"""The catalogue's items to be changed by a test: a copy, and a way to set one place of it."""

from copy import deepcopy
from typing import Any

import yaml

from models.catalogue import DIRECTORY
from models.rules.lint import Finding, lint

_ALL: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted(DIRECTORY.glob("item*.yaml"))
}
NAMES = tuple(_ALL)
GONE = object()


def item(name: str, **changes: Any) -> dict[str, Any]:
    """Return a copy of an item; a change is named by its path, ``flags__max_visits=2``."""
    body = deepcopy(_ALL[name])
    for path, value in changes.items():
        put(body, path.replace("__", "/"), value)
    return body


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set or (with ``GONE``) remove one place of a body, ``materials/0/name``."""
    *way, last = (int(part) if part.isdigit() else part for part in path.split("/"))
    place: Any = body
    for part in way:
        place = place[part]
    if value is GONE:
        del place[last]
    else:
        place[last] = value


def refused(body: dict[str, Any]) -> dict[str, Finding]:
    """Return what keeps a body from being published, by code."""
    return {finding.code: finding for finding in lint(body) if finding.refuses}


def warned(body: dict[str, Any]) -> set[str]:
    """Return the codes of the warnings."""
    return {finding.code for finding in lint(body) if not finding.refuses}
