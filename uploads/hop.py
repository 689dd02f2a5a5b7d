"""Blocking work in a thread, waited for to its end even when the caller is cancelled."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")


async def hop(work: Callable[..., Result], *args: object) -> Result:
    """Run ``work`` in a thread and return what it returns.

    A cancelled caller goes on only after the thread has ended: the client that vanished must
    not leave a thread writing to a file that is being closed or removed.
    """
    running = asyncio.get_running_loop().run_in_executor(None, partial(work, *args))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await settle(running)
        raise


async def settle(running: "asyncio.Future[Any]") -> None:
    """Wait until ``running`` is over, however often the waiting is cancelled; drop its outcome.

    For use while a cancellation is already on its way out, and for short work only.
    """
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            continue
    if not running.cancelled():
        running.exception()
