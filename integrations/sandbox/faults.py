"""Faults on demand: the next requests under a path go wrong in a chosen way."""

import asyncio
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from .answers import answer
from .store import Store

_LONGEST_DELAY_MS = 60_000
_MOST_TIMES = 10_000
_WECHAT = ("/cgi-bin", "/sns", "/wxa", "/cityservice", "/intp")


@dataclass(frozen=True)
class Fault:
    """``dropped`` closes the connection; ``late`` spoils only the answer of a done request."""

    path_prefix: str
    remaining: int = 1
    status: int | None = None
    code: str | None = None
    delay_ms: int = 0
    dropped: bool = False
    late: bool = False


def read_fault(body: dict[str, Any]) -> Fault:
    """Read the phone's wish; raise ``ValueError``."""
    prefix, code = body.get("path_prefix"), body.get("code")
    if not isinstance(prefix, str) or not prefix.startswith("/") or prefix.startswith("/phone"):
        raise ValueError("path_prefix 应以 / 开头，且不是手机页")
    if code is not None and not isinstance(code, str | int):
        raise ValueError("code 应为文字或数字")
    fault = Fault(
        path_prefix=prefix,
        remaining=_integer(body, "times", 1, 1, _MOST_TIMES),
        status=_integer(body, "status", 0, 100, 599) or None,
        code=None if code is None else str(code),
        delay_ms=_integer(body, "delay_ms", 0, 0, _LONGEST_DELAY_MS),
        dropped=body.get("drop") is True,
        late=body.get("after") is True,
    )
    if prefix.startswith(_WECHAT) and fault.code:
        int(fault.code)
    return fault


def _integer(body: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = body.get(name, default)
    if name in body and (type(value) is not int or not least <= value <= most):
        raise ValueError(f"{name} 应在 {least} 到 {most} 之间")
    return int(value)


@dataclass(frozen=True)
class Faults:
    store: Store

    def add(self, fault: Fault) -> int:
        return self.store.insert(
            "INSERT INTO faults (path_prefix, remaining, status, code, delay_ms, dropped, late)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            fault.path_prefix,
            fault.remaining,
            fault.status,
            fault.code,
            fault.delay_ms,
            fault.dropped,
            fault.late,
        )

    def all(self) -> list[dict[str, Any]]:
        """Return the faults that are still to happen."""
        rows = self.store.all("SELECT * FROM faults WHERE remaining > 0 ORDER BY id")
        return [dict(row) for row in rows]

    def clear(self) -> None:
        self.store.run("DELETE FROM faults")

    def take(self, path: str) -> Row | None:
        """Use up the oldest fault for this path once."""
        if path.startswith("/phone"):
            return None
        with self.store.transaction():
            for row in self.store.all("SELECT * FROM faults WHERE remaining > 0 ORDER BY id"):
                prefix = row["path_prefix"]
                # The real-name check lives at "/" itself; it must be possible to hit it alone.
                if path == prefix or (prefix != "/" and path.startswith(prefix)):
                    self.store.run(
                        "UPDATE faults SET remaining = remaining - 1 WHERE id = ?", row["id"]
                    )
                    return row
        return None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self.take(request.path)
        if fault is None:
            return await handler(request)
        done = await handler(request) if fault["late"] else None
        await asyncio.sleep(fault["delay_ms"] / 1000)
        if fault["dropped"]:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if fault["status"] is not None or fault["code"] is not None:
            return _spoiled(request.path, fault["status"], fault["code"])
        return done or await handler(request)


def _spoiled(path: str, status: int | None, code: str | None) -> web.Response:
    """Return the error in the shape of the provider that owns the path."""
    if path.startswith(_WECHAT):
        if code is None:
            return web.Response(status=status or 500, text="system error")
        return answer({"errcode": int(code), "errmsg": "sandbox fault"}, status or 200)
    if path == "/":
        error = {"Code": code or "InternalError", "Message": "sandbox fault"}
        return answer({"Response": {"Error": error, "RequestId": "wxsandbox0"}}, status or 200)
    if path.startswith(("/poll", "/order")):
        failure = {"result": False, "returnCode": code or "500", "message": "sandbox fault"}
        return answer(failure, status or 200)
    return answer({"code": code or "SYSTEM_ERROR", "message": "sandbox fault"}, status or 500)
