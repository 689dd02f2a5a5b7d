"""``python -m tests.crash.run``: play many cases under many kills, then judge.

Prints what was played, every fault, and the seed that plays it again; ends with 1 for any fault.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.drafts import ITEM
from development import BACKOFFICE_CLIENT, DATABASE
from integrations.embedded.process import wait_until
from services.seeding import catalogue
from tests.crash.cast import CrashSite, make_clerks, make_drafts, open_site
from tests.crash.checker import Checker, Verdict
from tests.crash.history import History
from tests.crash.nemesis import Nemesis
from tests.crash.people import Citizens, Clerks
from tests.crash.pullers import Puller, Vendor
from tests.crash.wire import Client
from tests.journeys.site import START_SECONDS

PULLERS, CLERKS = 8, 6
# After the last kill everything has to come to its end by itself: the first sweep of an order
# comes after a minute, a lease that nobody acknowledged ends after half a minute. For so long
# nothing at all may end before nobody waits any longer.
QUIET_SECONDS = 480.0


@dataclass
class Plan:
    """How much is played; ``pause`` seconds lie between two strikes, about.

    ``citizens`` have a case on its way at once: one in ten waits a minute or more for a sweep.
    """

    seed: int
    kills: int
    cases: int
    pause: float = 1.0
    citizens: int = 50


@dataclass
class Played:
    """What came of it."""

    plan: Plan
    verdict: Verdict
    finished: int
    kills: dict[str, int]
    seconds: float
    points: list[tuple[str, str]] = field(default_factory=list)

    def report(self) -> str:
        counts = self.verdict.counts
        lines = [
            f"seed {self.plan.seed}: {self.finished} of {self.plan.cases} cases finished,"
            f" {sum(self.kills.values())} kills {self.kills} in {self.seconds:.0f} s",
            f"named points: {[f'{side} {name}' for name, side in self.points]}",
            f"history: {dict(sorted(counts.items()))}",
            *(f"ended by itself: {each}" for each in self.verdict.ended),
            *self.verdict.faults[:50],
            f"{len(self.verdict.faults)} faults",
        ]
        return "\n".join(lines)


def play(plan: Plan) -> Played:
    """Start an installation, play, judge, remove everything."""
    with _folder() as folder:
        site = open_site(folder, plan.seed)
        try:
            site.open_plainly()
            drafts = make_drafts(site, plan.cases)
            tokens = make_clerks(site, CLERKS)
            return asyncio.run(_play(plan, site, drafts, tokens))
        finally:
            site.close()


@contextmanager
def _folder() -> Any:
    with tempfile.TemporaryDirectory(prefix="zhangban-crash-") as name:
        folder = Path(name)
        # PostgreSQL's own account has to come through.
        folder.chmod(0o711)
        yield folder


async def _play(plan: Plan, site: CrashSite, drafts: Any, tokens: Any) -> Played:
    for line in site.lines.values():
        await line.start()
    history = History(site.folder / "history.jsonl")
    site.serve()
    assert await asyncio.to_thread(wait_until, site.is_ready, START_SECONDS)
    began = time.monotonic()
    over = Over()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        client = Client(
            f"http://127.0.0.1:{site.lines['api'].port}",
            session,
            random.Random(f"{plan.seed}:people"),
            over,
        )
        citizens = _citizens(site, client, history, tokens, plan.citizens)
        nemesis = Nemesis(site, history, random.Random(f"{plan.seed}:nemesis"), plan.pause)
        watch = asyncio.create_task(nemesis.watch())
        pullers = [asyncio.create_task(puller.work()) for puller in _pullers(site, client, history)]
        filing = asyncio.create_task(citizens.file_all(drafts))
        await nemesis.haunt(lambda: nemesis.total >= plan.kills or filing.done())
        await _until_still(over, citizens, filing)
        await asyncio.gather(*pullers)
        watch.cancel()
    seconds = time.monotonic() - began
    await asyncio.sleep(1)
    verdict = await _judge(site, history)
    for line in site.lines.values():
        await line.stop()
    points = site.points.fired
    return Played(plan, verdict, citizens.finished, dict(nemesis.kills), seconds, points)


async def _until_still(over: "Over", citizens: Citizens, filing: "asyncio.Task[None]") -> None:
    """Wait until every case is at its end, or none has come to its end for a long time."""
    seen = -1
    while not filing.done():
        if citizens.finished > seen:
            seen, over.by = citizens.finished, time.monotonic() + QUIET_SECONDS
        await asyncio.wait((filing,), timeout=1)
    over.by = 0.0
    await filing


@dataclass
class Over:
    """Tells when nobody waits any longer."""

    by: float = float("inf")

    def __call__(self) -> bool:
        return time.monotonic() >= self.by


def _citizens(
    site: CrashSite, client: Client, history: History, tokens: Any, at_once: int
) -> Citizens:
    phone = Client(
        f"{site.stack.sandbox_url}/phone/api", client.session, client.chance, client.over
    )
    return Citizens(client, phone, history, Clerks(client, tokens, history), at_once)


def _pullers(site: CrashSite, client: Client, history: History) -> list[Puller]:
    key = site.machine_key()
    agency = next(str(body["code"]) for body in catalogue() if body["id"] == ITEM)[:18]
    vendor = Vendor(f"{BACKOFFICE_CLIENT}-{agency}", site.settings().token_issuer, key)
    return [Puller(client, vendor, history, f"p{number}") for number in range(PULLERS)]


async def _judge(site: CrashSite, history: History) -> Verdict:
    checker = Checker(
        history, site.stack.postgres.url(DATABASE), site.folder / "var/sandbox/sandbox.sqlite3"
    )
    verdict = await checker.judge()
    told = await asyncio.to_thread(site.run, "-m", "server", "audit", "verify")
    if told.returncode != 0:
        verdict.faults.append(f"the audit chain: {told.stdout.decode()[-300:]}")
    return verdict


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument("--pause", type=float, default=1.0)
    parser.add_argument("--citizens", type=int, default=50)
    played = play(Plan(**vars(parser.parse_args(arguments))))
    print(played.report())
    return 1 if played.verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
