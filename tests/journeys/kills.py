"""``zhangban dev`` under a nemesis: processes are killed at chosen requests of the demo's story.

``python -m tests.journeys.kills`` kills one process after each step of the story, another one in
the next round, until each was killed after each (about a quarter of an hour).
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import asyncpg

from development import DATABASE
from integrations.embedded.placement import remove_data
from integrations.embedded.port import remembered_port
from integrations.embedded.postgres import Postgres
from integrations.embedded.process import is_alive, wait_until
from miniapp_stub.demo.filing import look_up
from miniapp_stub.demo.people import Backoffice
from miniapp_stub.demo.state import Story
from miniapp_stub.demo.story import STEPS
from miniapp_stub.demo.wire import Reply, Wire
from tests.journeys.processes import children, command_of

START_SECONDS = 180.0
END_SECONDS = 15.0
READY = "Zhangban is ready:"
PROGRAMS = {
    "postgres": "/postgres -D",
    "valkey": "/valkey-server",
    "sandbox": "integrations.sandbox",
    "api": "server serve",
    "worker": "server work",
}
SUPERVISOR = "supervisor"


@dataclass
class Dev:
    """One development installation in a folder of its own."""

    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "dev.log"

    def start(self) -> None:
        """Run ``zhangban dev`` and return when it has printed its addresses."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        before = self._times_ready()
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server", "dev"],
                cwd=self.folder,
                env={**environment, "PORT": str(self.port)},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        ready = wait_until(lambda: self._times_ready() > before, START_SECONDS)
        assert ready, self.log.read_text()[-4000:]

    def _times_ready(self) -> int:
        return self.log.read_text().count(READY) if self.log.exists() else 0

    def pid(self, name: str) -> int | None:
        """Return the process of a program, or of the supervisor itself."""
        supervisor = self._process
        if supervisor is None or name == SUPERVISOR:
            return supervisor.pid if supervisor else None
        found = [pid for pid in children(supervisor.pid) if PROGRAMS[name] in command_of(pid)]
        return found[0] if found else None

    def kill(self, name: str) -> None:
        """Kill one program; without the supervisor everything has to end, and is started anew."""
        assert wait_until(lambda: self.pid(name) is not None, START_SECONDS), f"{name} does not run"
        pids = [self.pid(each) for each in PROGRAMS]
        os.kill(self.pid(name) or 0, signal.SIGKILL)
        if name == SUPERVISOR and self._process is not None:
            self._process.wait()
            left = [pid for pid in pids if pid]
            ended = wait_until(lambda: not any(is_alive(pid) for pid in left), END_SECONDS)
            assert ended, [command_of(pid) for pid in left if is_alive(pid)]
            self.start()

    def freeze(self, name: str, seconds: float) -> None:
        """Let a program stand still for so long; return at once."""
        assert wait_until(lambda: self.pid(name) is not None, START_SECONDS), f"{name} does not run"
        pid = self.pid(name) or 0
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(seconds, os.kill, (pid, signal.SIGCONT)).start()

    def stop(self) -> None:
        """End it as Ctrl-C does, and remove its data."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
        remove_data(self.folder / "var/postgres")

    def run(self, *words: str) -> str:
        """Run a command of ``zhangban`` in its folder; return what it prints."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        command = [sys.executable, "-m", "server", *words]
        told = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, timeout=60, check=False
        )
        assert told.returncode == 0, told.stderr.decode()[-2000:]
        return told.stdout.decode()

    def story(self) -> Story:
        return Story.of(json.loads((self.folder / "var/addresses.json").read_text()))

    async def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask its database."""
        port = json.loads((self.folder / "var/ports.json").read_text())["postgres"]
        url = Postgres(self.folder / "var/postgres", port).url(DATABASE)
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()


@contextmanager
def installation() -> Iterator[Dev]:
    """Give a started installation; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="zhangban-dev-") as name:
        folder = Path(name)
        # PostgreSQL's own account has to come through.
        folder.chmod(0o711)
        dev = Dev(folder, remembered_port(folder / "ports.json", "api"))
        try:
            dev.start()
            yield dev
        finally:
            dev.stop()


@dataclass(frozen=True)
class Strike:
    """Kill ``victims`` before or after the first request whose method and path match.

    With ``seconds`` they are not killed: they stand still for so long.
    """

    when: Literal["before", "after"]
    request: str
    victims: tuple[str, ...]
    seconds: float = 0.0


@dataclass
class Nemesis:
    """Strikes once at each point; ``done`` holds what it killed."""

    dev: Dev
    strikes: Sequence[Strike]
    done: list[Strike] = field(default_factory=list)

    def look(self, when: str, request: str) -> None:
        for strike in self.strikes:
            matches = strike.when == when and re.search(strike.request, request)
            if matches and strike not in self.done:
                self.done.append(strike)
                for victim in strike.victims:
                    if strike.seconds:
                        self.dev.freeze(victim, strike.seconds)
                    else:
                        self.dev.kill(victim)

    def haunt(self, story: Story) -> Story:
        """Put itself between the people of a story and their servers."""
        for person in (story.citizen, story.window):
            person.api = self._haunted(person.api)
        story.citizen.phone = self._haunted(story.citizen.phone)
        plain = story.backoffice

        def backoffice(agency: str) -> Backoffice:
            machine = plain(agency)
            machine.api = self._haunted(machine.api)
            return machine

        story.backoffice = backoffice
        return story

    def _haunted(self, wire: Wire) -> "Haunted":
        return Haunted(wire.base, wire.token, wire.renew, wire.retries, nemesis=self)


@dataclass
class Haunted(Wire):
    """A connection on whose requests somebody looks."""

    nemesis: Nemesis = field(kw_only=True)

    def call(self, method: str, path: str, *words: Any, **more: Any) -> Reply:
        self.nemesis.look("before", f"{method} {path}")
        reply = super().call(method, path, *words, **more)
        self.nemesis.look("after", f"{method} {path}")
        return reply


def main() -> int:
    """Kill everything everywhere; return the exit status."""
    victims = (*PROGRAMS, SUPERVISOR)
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=len(victims))
    rounds = parser.parse_args().rounds
    with installation() as dev:
        for turn in range(rounds):
            story = dev.story()
            for number, step in enumerate(STEPS):
                victim = victims[(turn + number) % len(victims)]
                if step is look_up:
                    # Anybody may guess five times: trying through an outage would use them up.
                    time.sleep(1)
                    story.citizen.api.get("/health/ready")
                list(step(story))
                print(f"round {turn + 1}: {step.__name__}, then kill {victim}", flush=True)
                dev.kill(victim)
            print(story.timeline(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
