"""Callbacks to the application: sent until answered, across restarts of the sandbox."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from sqlite3 import Row
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from .loopback import is_loopback_url
from .paysign import PaySigner
from .store import Store
from .treasury import TreasurySigner

# Seconds from one failure to the next attempt: the schedule of WeChat Pay v3, 24 h 4 min in all.
RETRY_AFTER = (
    15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600
)  # fmt: skip
_ANSWER_WITHIN = aiohttp.ClientTimeout(total=5)
_LONGEST_SLEEP = 60.0


@dataclass(frozen=True)
class Callbacks:
    """The queue and its one sender. Kinds are ``wechatpay``, ``refund``, ``signtest``, ``courier``
    and ``nontax``."""

    store: Store
    signer: PaySigner
    treasury: TreasurySigner
    time_scale: float
    now: Callable[[], float]
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _flying: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def add(
        self, number: str, kind: str, url: str, body: bytes, *, after: float = 0, held: bool = False
    ) -> int:
        """Queue a callback ``after`` unscaled seconds; a ``held`` one is never sent by itself."""
        return self.store.insert(
            "INSERT INTO callbacks (id, kind, url, body, state, next_at) VALUES (?, ?, ?, ?, ?, ?)",
            number,
            kind,
            url,
            body,
            "HELD" if held else "PENDING",
            self.now() + after * self.time_scale,
        )

    def redeliver(self, seq: int) -> int | None:
        """Queue one more copy of a callback, now; return its number, None when there is none."""
        row = self.store.one("SELECT * FROM callbacks WHERE seq = ?", seq)
        if row is None:
            return None
        copy = self.add(row["id"], row["kind"], row["url"], row["body"])
        self.wake()
        return copy

    def wake(self) -> None:
        """Tell the sender that the queue has changed."""
        self._awake.set()

    def log(self, limit: int = 100) -> list[dict[str, Any]]:
        """Return the latest callbacks with all their attempts, newest first."""
        rows = self.store.all("SELECT * FROM callbacks ORDER BY seq DESC LIMIT ?", limit)
        return [self._logged(row) for row in rows]

    async def run(self) -> None:
        """Send what is due until cancelled; then what is under way is cancelled too."""
        async with aiohttp.ClientSession(timeout=_ANSWER_WITHIN) as session:
            try:
                while True:
                    self._awake.clear()
                    wait = self._start_due(session)
                    # Not wait_for: on Python 3.11 it loses a cancel that meets the event.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(wait):
                            await self._awake.wait()
            finally:
                flying = list(self._flying.values())
                for task in flying:
                    task.cancel()
                await asyncio.gather(*flying, return_exceptions=True)

    def _start_due(self, session: aiohttp.ClientSession) -> float:
        """Start every due callback; return the seconds until the next one."""
        now, wait = self.now(), _LONGEST_SLEEP
        rows = self.store.all("SELECT * FROM callbacks WHERE state = 'PENDING' ORDER BY next_at")
        for row in rows:
            if row["seq"] in self._flying:
                continue
            if row["next_at"] > now:
                return min(wait, float(row["next_at"]) - now)
            task = asyncio.create_task(self._deliver(session, row))
            self._flying[row["seq"]] = task
            task.add_done_callback(partial(self._landed, row["seq"]))
        return wait

    def _landed(self, seq: int, _: asyncio.Task[None]) -> None:
        self._flying.pop(seq, None)
        self.wake()

    async def _deliver(self, session: aiohttp.ClientSession, row: Row) -> None:
        status, error = None, None
        try:
            if not is_loopback_url(row["url"]):
                raise ValueError("not a loopback address")
            async with session.post(
                row["url"], data=row["body"], headers=self._headers(row), allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        self._record(row, status, error)

    def _headers(self, row: Row) -> dict[str, str]:
        if row["kind"] == "courier":
            return {"Content-Type": "application/x-www-form-urlencoded"}
        # Each attempt is signed anew, or the receiver would rightly call the later ones stale.
        if row["kind"] == "nontax":
            signed = self.treasury.callback(urlsplit(row["url"]).path, row["body"])
            return {"Content-Type": "application/json", **signed}
        headers = self.signer.headers(row["body"], signtest=row["kind"] == "signtest")
        return {"Content-Type": "application/json", **headers}

    def _record(self, row: Row, status: int | None, error: str | None) -> None:
        now, attempts = self.now(), row["attempts"] + 1
        state, next_at = "PENDING", row["next_at"]
        if row["kind"] == "signtest":
            state = "PROBED"
        elif status in {200, 204}:
            state = "DELIVERED"
        elif attempts > len(RETRY_AFTER):
            state = "GIVEN_UP"
        else:
            next_at = now + RETRY_AFTER[attempts - 1] * self.time_scale
        with self.store.transaction():
            self.store.run(
                "INSERT INTO attempts (callback, at, status, error) VALUES (?, ?, ?, ?)",
                row["seq"],
                now,
                status,
                error,
            )
            self.store.run(
                "UPDATE callbacks SET state = ?, next_at = ?, attempts = ? WHERE seq = ?",
                state,
                next_at,
                attempts,
                row["seq"],
            )

    def _logged(self, row: Row) -> dict[str, Any]:
        attempts = self.store.all(
            "SELECT at, status, error FROM attempts WHERE callback = ? ORDER BY seq", row["seq"]
        )
        shown = {name: row[name] for name in ("seq", "id", "kind", "url", "state")}
        next_at = row["next_at"] if row["state"] == "PENDING" else None
        return shown | {"next_at": next_at, "attempts": [dict(attempt) for attempt in attempts]}
