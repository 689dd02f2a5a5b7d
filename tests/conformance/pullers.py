"""Pullers to be judged: the reference, and careless ones made of it."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from miniapp_stub.conformance.entrance import public_half
from miniapp_stub.conformance.playing import Play, Stage
from miniapp_stub.conformance.report import Report
from miniapp_stub.puller import pulling
from miniapp_stub.puller.__main__ import PRACTICE, open_puller
from miniapp_stub.puller.events import Events
from miniapp_stub.puller.materials import Materials
from miniapp_stub.puller.pulling import Puller
from miniapp_stub.puller.store import Package, Store
from miniapp_stub.puller.wire import Unreachable
from tests.assertions import machine_key

CLIENT = "vendor"
Parts = tuple[Puller, Events, Store]


def stage(*only: str, lease_cap: int = 60) -> Stage:
    """Return a stage for the client whose key is the run's."""
    return Stage(CLIENT, public_half(machine_key()), only=only, lease_cap=lease_cap)


def config(base: str, folder: Path) -> dict[str, Any]:
    key = folder / "key.pem"
    key.write_text(machine_key())
    return {
        "base_url": base,
        "client_id": CLIENT,
        "key_file": str(key),
        "key_name": "",
        "data_dir": str(folder / "data"),
        "lease_seconds": 600,
    }


def nothing(_: str) -> None:
    """Pass every point alive."""


def reference(base: str, folder: Path) -> Parts:
    return open_puller(config(base, folder), nothing, practice=True)


def silent(base: str, folder: Path) -> Parts:
    """Return a puller that reports nothing."""
    return open_puller(config(base, folder), nothing, practice=False)


class Believing(Puller):
    """Takes the county's word for every digest."""

    def _receive(self, row: Any, lease_token: str) -> None:
        honest = {**row, "digest": hashlib.sha256(row["body"].encode()).hexdigest()}
        package = pulling.read(honest, lease_token)
        believed = Package(**{**vars(package), "digest": row["digest"]})
        self.store.keep(believed)
        self._finish(believed)


class Unchecked(Materials):
    """Keeps whatever bytes came, if they are enough."""

    def fetch(self, path: str, digest: str, size: int) -> Path:
        file = self.folder / digest
        self._download(path, file, size)
        return file


class Doubling(Store):
    """Makes a second case of what it has taken before."""

    def keep(self, package: Package) -> None:
        super().keep(package)
        if self.is_taken(package) and package.kind == "ACCEPTED":
            with self.db:
                for kind, payload in PRACTICE:
                    self._add(package.case_no, kind, payload)


def _believing(puller: Puller) -> Puller:
    unchecked = Unchecked(**vars(puller.materials))
    return Believing(**{**vars(puller), "materials": unchecked})


def believing(base: str, folder: Path) -> Parts:
    puller, events, store = reference(base, folder)
    return _believing(puller), events, store


def doubling(base: str, folder: Path) -> Parts:
    puller, events, store = reference(base, folder)
    store.close()
    doubled = Doubling(folder / "data" / "puller.sqlite")
    puller.store = events.store = doubled
    return puller, events, doubled


def impatient(base: str, folder: Path) -> Parts:
    puller, events, store = reference(base, folder)
    puller.wire.sleep = lambda _: None
    return puller, events, store


def all_of_it(base: str, folder: Path) -> Parts:
    """Return a puller that makes every one of these mistakes."""
    puller, events, store = doubling(base, folder)
    puller.wire.sleep = lambda _: None
    return _believing(puller), events, store


def _rounds(make: Callable[[], Parts], stop: threading.Event) -> None:
    puller, events, store = make()
    try:
        while not stop.is_set():
            try:
                events.send()
                puller.pull()
                events.send()
            except Unreachable:
                continue
            stop.wait(0.05)
    finally:
        store.close()


@asynccontextmanager
async def pulling_by(
    make: Callable[[str, Path], Parts], base: str, folder: Path
) -> AsyncIterator[None]:
    """Let a puller make its rounds in a thread meanwhile."""
    stop = threading.Event()
    rounds = asyncio.create_task(asyncio.to_thread(_rounds, lambda: make(base, folder), stop))
    try:
        yield
    finally:
        stop.set()
        await rounds


async def judged(
    make: Callable[[str, Path], Parts], folder: Path, *only: str, seconds: float = 40
) -> Report:
    """Return what the kit finds of a puller."""
    async with Play(stage(*only)) as play:
        async with pulling_by(make, play.base, folder):
            await play.until_over(seconds, linger=1.0)
        return play.report()
