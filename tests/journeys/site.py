"""A started installation: its own PostgreSQL, Valkey, sandbox, API and worker, as processes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import asyncpg
from redis import Redis

from development import DATABASE, TEMPLATES, Stack
from integrations.embedded.port import remembered_port
from integrations.embedded.postgres import Postgres
from integrations.embedded.process import wait_until
from integrations.embedded.secrets import development_secrets
from integrations.embedded.valkey import Valkey
from integrations.sandbox.credentials import issue_credentials
from miniapp_stub.demo.state import Story
from miniapp_stub.demo.story import Step
from miniapp_stub.demo.wire import Wire
from tests.journeys.line import Line
from tests.journeys.processes import children, command_of, processes

START_SECONDS = 120.0


@dataclass
class Running:
    """A process of ours and what it said."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end; kill it when it has not after 15 s."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def events(self) -> list[dict[str, Any]]:
        """Return its log, line by line; lines that are not JSON come as ``{"event": line}``."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                found.append(dict(json.loads(line)))
            except ValueError:
                found.append({"event": line})
        return found

    def tail(self, length: int = 500) -> str:
        """Return the end of its log."""
        return self.log.read_text(errors="replace")[-length:]

    def count(self, event: str) -> int:
        return sum(1 for each in self.events() if each.get("event") == event)


def make_stack(folder: Path) -> Stack:
    """Return the parts of an installation under ``folder``, on ports of its own."""
    ports = folder / "ports.json"
    return Stack(
        port=remembered_port(ports, "api"),
        sandbox_port=remembered_port(ports, "sandbox"),
        postgres=Postgres(folder / "var/postgres", remembered_port(ports, "postgres"), fast=True),
        valkey=Valkey(folder / "var/valkey", remembered_port(ports, "valkey")),
        secrets=development_secrets(folder / "var/secrets"),
        credentials=issue_credentials(folder / "var/sandbox"),
    )


def play(story: Story, *steps: Step) -> Story:
    """Play these steps of the demo; every check in them counts."""
    for step in steps:
        list(step(story))
    return story


def token_of(story: Story) -> str:
    """Return the access token of the story's citizen."""
    return story.citizen.tokens["access_token"]


@dataclass
class Site:
    """An installation; ``open`` starts it, ``close`` ends every process of it."""

    folder: Path
    stack: Stack
    running: dict[str, Running] = field(default_factory=dict)

    @property
    def api(self) -> Running:
        return self.running["api"]

    @property
    def worker(self) -> Running:
        return self.running["worker"]

    @property
    def environment(self) -> dict[str, str]:
        return {**self.stack.environment(), "ZHANGBAN_DATA_DIR": str(self.folder / "data")}

    def open(self) -> None:
        self.stack.postgres.start()
        self.stack.valkey.start()
        self.stack.postgres.create_database(DATABASE)
        self.start(
            "sandbox",
            *("-m", "integrations.sandbox", "--port", str(self.stack.sandbox_port)),
            *("--state-dir", str(self.folder / "var/sandbox"), "--time-scale", "0.1"),
            *("--notify-base-url", self.stack.api_url),
        )
        self.start("prepare", "-m", "server", "prepare").process.wait(START_SECONDS)
        self.start("api", "-m", "server", "serve")
        self.start("worker", "-m", "server", "work")
        assert wait_until(self.is_ready, START_SECONDS), self.api.log.read_text()[-2000:]

    def close(self) -> None:
        for name in ("worker", "api", "sandbox"):
            if name in self.running:
                self.running[name].stop()
        self.thaw("postgres")
        self.thaw("valkey")
        self.stack.valkey.stop()
        self.stack.postgres.remove()

    def start(self, name: str, *words: str, **settings: str) -> Running:
        """Start Python with these words; its output goes to a file.

        ``settings`` (``WORKERS="2"``) take the place of the installation's own.
        """
        log = self.folder / f"{name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, *words],
                env={**self.environment, **{f"ZHANGBAN_{key}": v for key, v in settings.items()}},
                cwd=self.folder,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.running[name] = Running(process, log)
        return self.running[name]

    def is_ready(self) -> bool:
        with suppress(OSError, HTTPException), self.line() as line:
            return line.get("/health/ready").status == 200
        return False

    def line(self, token: str | None = None) -> Line:
        """Return one connection to the API, kept alive."""
        return Line(self.stack.port, token)

    def story(self) -> Story:
        """Return the demo's people with the addresses of this installation."""
        return Story.of(
            {
                "api": self.stack.api_url,
                "sandbox": self.stack.sandbox_url,
                "passwords": dict(self.stack.secrets.passwords),
                "secrets": str(self.folder / "var/secrets"),
                "templates": list(TEMPLATES),
            }
        )

    @property
    def phone(self) -> Wire:
        return Wire(f"{self.stack.sandbox_url}/phone/api")

    def forget_limits(self) -> None:
        """Empty Valkey, so that the limits count anew."""
        with Redis.from_url(self.stack.valkey.url()) as redis:
            redis.flushall()

    async def ask(self, sql: str) -> list[dict[str, Any]]:
        """Ask the database; our own connection does not show in ``pg_stat_activity`` answers."""
        connection = await asyncpg.connect(self.stack.postgres.url(DATABASE))
        try:
            return [dict(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    def pids(self, server: str) -> Sequence[int]:
        """Return the processes of PostgreSQL or Valkey, the first of them leads."""
        pid = self.stack.postgres.pid if server == "postgres" else self._valkey_pid()
        return [pid, *children(pid)] if pid else []

    def _valkey_pid(self) -> int | None:
        # Asked by its port, for a frozen server does not tell its number.
        target = f"127.0.0.1:{self.stack.valkey.port}"
        found = [pid for pid in processes() if target in command_of(pid)]
        return found[0] if found else None

    def freeze(self, server: str) -> None:
        for pid in self.pids(server):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self, server: str) -> None:
        for pid in reversed(self.pids(server)):
            os.kill(pid, signal.SIGCONT)

    def kill(self, server: str) -> None:
        """Kill the leading process; PostgreSQL's others end by themselves, a moment later."""
        pids = self.pids(server)
        os.kill(pids[0], signal.SIGKILL)
        assert wait_until(lambda: not set(pids[1:]) & set(processes()), START_SECONDS)
