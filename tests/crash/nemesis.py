"""Kills, freezes and bad lines, in the order that a seed gives."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from integrations.embedded.process import wait_until
from tests.crash.cast import CrashSite
from tests.crash.history import History
from tests.crash.points import POINTS, SIDES

PROGRAMS: dict[str, Sequence[str]] = {
    "api": ("-m", "server", "serve"),
    "worker": ("-m", "server", "work"),
}
# How often each befalls: of the kills three in ten are PostgreSQL's.
KILLS = {"postgres": 30, "api": 14, "worker": 14, "sandbox": 12, "valkey": 8, "point": 22}
TROUBLES = {"freeze": 3, "reset": 3, "latency": 2, "slice": 1, "half": 3, "hole": 2}
FROZEN = ("postgres", "valkey", "api", "worker", "sandbox")
WATCHED = ("api", "worker", "sandbox")
PATIENCE = 240.0


@dataclass
class Nemesis:
    """Strikes until it was told to stop; ``kills`` counts processes that were killed -9."""

    site: CrashSite
    history: History
    chance: random.Random
    pause: float
    kills: Counter[str] = field(default_factory=Counter)
    _raising: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.kills.total()

    async def watch(self) -> None:
        """Start again what ended by itself, as whoever keeps programs running does; for ever."""
        while True:
            await asyncio.sleep(0.3)
            for name, running in list(self.site.running.items()):
                code = running.process.poll()
                raising = self._raising.get(name)
                if code is None or name not in WATCHED or (raising and not raising.done()):
                    continue
                self.history.add("ended", victim=name, code=code, said=running.tail())
                self._raising[name] = asyncio.create_task(self._raise(name))

    async def haunt(self, enough: Callable[[], bool]) -> None:
        """Kill, and between two kills now and then do something that can be borne."""
        while not enough():
            await asyncio.sleep(self.pause * (0.5 + self.chance.random()))
            if self.chance.random() < 0.25:
                await self._trouble(self._choose(TROUBLES))
            else:
                await self._strike(self._choose(KILLS))
        await self.calm()

    async def calm(self) -> None:
        """Clear every line, and wait until everything runs again."""
        self.site.points.armed.clear()
        for line in self.site.lines.values():
            line.weather.clear()
        await asyncio.gather(*self._raising.values())

    def _choose(self, weights: dict[str, int]) -> str:
        [chosen] = self.chance.choices(list(weights), list(weights.values()))
        return chosen

    async def _strike(self, victim: str) -> None:
        if victim == "point":
            self._arm()
            return
        if victim in self._raising and not self._raising[victim].done():
            return
        self.kill(victim)

    def _arm(self) -> None:
        """Have the API killed at the next transaction of a kind, before or after its COMMIT."""
        name, side = self.chance.choice(list(POINTS)), self.chance.choice(SIDES)

        def deed() -> None:
            if "api" not in self._raising or self._raising["api"].done():
                self.history.add("point", name=name, side=side)
                self.kill("api")

        self.site.points.arm(name, side, deed)

    def kill(self, victim: str) -> None:
        """Kill -9 a process; it is started again at once, without anybody waiting for that."""
        pid = self._pid(victim)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.kills[victim] += 1
        self.history.add("killed", victim=victim)
        self._raising[victim] = asyncio.create_task(self._raise(victim))

    def _pid(self, victim: str) -> int | None:
        if victim in ("postgres", "valkey"):
            pids = self.site.pids(victim)
            return pids[0] if pids else None
        running = self.site.running[victim]
        return running.pid if running.process.poll() is None else None

    async def _raise(self, victim: str) -> None:
        await asyncio.sleep(self.chance.random() * 0.3)
        await asyncio.to_thread(self._raise_now, victim)
        if victim == "api":
            assert await asyncio.to_thread(wait_until, self.site.is_ready, PATIENCE), "no API"

    def _raise_now(self, victim: str) -> None:
        if victim == "postgres":
            self.site.stack.postgres.start()
        elif victim == "valkey":
            self.site.stack.valkey.start()
        else:
            self.site.running[victim].process.wait()
            words = PROGRAMS.get(victim) or self.site.sandbox_words()
            self.site.start(victim, *words)

    async def _trouble(self, kind: str) -> None:
        self.history.add("trouble", kind=kind)
        if kind == "freeze":
            await self._freeze(self.chance.choice(FROZEN))
            return
        line = self.site.lines[self.chance.choice(list(self.site.lines))]
        if kind == "reset":
            line.reset()
            return
        if kind == "half":
            line.weather.half = self.chance.randint(1, 4)
            return
        line.weather.latency = 0.2 if kind == "latency" else 0.0
        line.weather.slice = 64 if kind == "slice" else 0
        if kind == "hole":
            line.weather.through.clear()
        await asyncio.sleep(0.3 + self.chance.random())
        line.weather.clear()

    async def _freeze(self, victim: str) -> None:
        pid = self._pid(victim)
        if pid is None or (victim in self._raising and not self._raising[victim].done()):
            return
        pids = self.site.pids(victim) if victim in ("postgres", "valkey") else [pid]
        _signal(pids, signal.SIGSTOP)
        await asyncio.sleep(0.3 + 1.5 * self.chance.random())
        _signal(reversed(pids), signal.SIGCONT)


def _signal(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)
