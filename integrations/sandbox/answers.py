"""Reading and writing JSON as the providers do."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from aiohttp import web

SHANGHAI = timezone(timedelta(hours=8))


def dump(value: object) -> bytes:
    """Return compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def load_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in the body; raise ``ValueError`` when it is not one."""
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def answer(
    value: object, status: int = 200, content_type: str = "application/json"
) -> web.Response:
    return web.Response(body=dump(value), status=status, content_type=content_type, charset="utf-8")


def rfc3339(at: float) -> str:
    """Return the moment (Unix seconds) in Asia/Shanghai, to the second."""
    return datetime.fromtimestamp(at, SHANGHAI).isoformat(timespec="seconds")


def local_time(at: float) -> str:
    """Return ``2026-01-31 08:00:00`` in Asia/Shanghai."""
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def utc_date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
