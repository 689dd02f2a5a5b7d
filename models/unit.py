"""The unit of work: one transaction in a task of its own, which no vanished client can break.

Sanic cancels a handler when its client disconnects, and Tortoise's own ``in_transaction`` then
leaks its connection for ever. Here the work runs in a task that nobody but us can cancel.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError

from models.database import DatabaseLost, duplicate_of, is_lost, is_retryable

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

ATTEMPTS = 3


class Unit:
    """A running transaction; what must wait for its commit is told to it."""

    def __init__(self) -> None:
        self._last: list[Callable[[], Awaitable[None]]] = []
        self._after: list[Callable[[], Awaitable[None]]] = []
        self._undone: list[Callable[[Exception], Awaitable[None]]] = []

    def before_commit(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something as the last thing in the transaction: what holds a lock others wait for."""
        self._last.append(act)

    def after_commit(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something best-effort once the transaction is committed."""
        self._after.append(act)

    def if_undone(self, act: Callable[[Exception], Awaitable[None]]) -> None:
        """Do something with the error once the transaction is rolled back for good.

        It runs outside of any transaction, and what it raises takes the place of the error.
        """
        self._undone.append(act)

    async def ending(self) -> None:
        for act in self._last:
            await act()

    async def committed(self) -> None:
        for act in self._after:
            await act()

    async def undone(self, error: Exception) -> None:
        for act in self._undone:
            await act(error)


_current: ContextVar[Unit | None] = ContextVar("unit_of_work", default=None)
_running: set[asyncio.Task[Any]] = set()


def current_unit() -> Unit:
    """Return the unit that is running; raise when there is none."""
    unit = _current.get()
    if unit is None:
        raise RuntimeError("this needs a transaction: call it from a @transaction")
    return unit


async def _attempt(unit: Unit, work: Callable[[], Awaitable[T]]) -> T:
    token = _current.set(unit)
    try:
        async with cast("Any", get_connection("default"))._in_transaction():
            result = await work()
            await unit.ending()
            return result
    finally:
        _current.reset(token)


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    for attempt in range(1, ATTEMPTS + 1):
        unit = Unit()
        try:
            result = await _attempt(unit, work)
        except IntegrityError as error:
            raise duplicate_of(error) or error from error
        except Exception as error:
            if is_retryable(error) and attempt < ATTEMPTS:
                continue
            if is_lost(error) or is_retryable(error):
                raise DatabaseLost from error
            await unit.undone(error)
            raise
        await unit.committed()
        return result
    raise AssertionError("unreachable")


async def run_in_transaction(work: Callable[[], Awaitable[T]]) -> T:
    """Run ``work`` in a transaction that survives the cancellation of its caller.

    Raises ``DatabaseLost`` when the database went away, ``Duplicate`` when a unique key refused.
    Inside a running unit the work simply joins it.
    """
    if _current.get() is not None:
        return await work()
    task = asyncio.create_task(_run(work))
    _running.add(task)
    task.add_done_callback(_done)
    return await asyncio.shield(task)


def _done(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        # The caller may have vanished; its error is nobody's then, and must not be "never
        # retrieved".
        task.exception()


def transaction(
    method: Callable[Concatenate[S, P], Awaitable[T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Make a use-case one transaction: all of it happens, or nothing."""

    @wraps(method)
    async def in_transaction(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await run_in_transaction(lambda: method(self, *args, **kwargs))

    return in_transaction


async def drain(seconds: float = 10.0) -> None:
    """Wait for the units that still run, before the pool is closed."""
    if _running:
        await asyncio.wait(set(_running), timeout=seconds)
