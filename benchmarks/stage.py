"""What is measured, started for one run: the installation of ``zhangban dev`` and the yardstick.

PostgreSQL keeps its promises here (fsync, as in production), the API is one worker, no job
worker runs unless a measure starts it, and everything is on 127.0.0.1 in a temporary folder.
"""

import asyncio
import base64
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from benchmarks.load import ROOT
from development import VAR, make_stack
from integrations.embedded.launch import command
from integrations.embedded.port import is_free, remembered_port
from integrations.embedded.postgres import Postgres
from integrations.embedded.process import kill_group, wait_until
from integrations.embedded.program import Program
from settings import Settings

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
PREFIX = "ZHANGBAN_"
SECOND_KEY_ID = 2


@dataclass(frozen=True)
class Stage:
    """A running installation; ``api_pid`` is the process of ``zhangban serve``."""

    folder: Path
    settings: Settings
    sandbox_url: str
    api_pid: int
    bare_port: int
    unasked_port: int
    worker: Program

    @property
    def port(self) -> int:
        return self.settings.port

    @property
    def database_url(self) -> str:
        return self.settings.database_url.get_secret_value()

    def memory_of_api(self, what: str) -> float:
        """Return the API's memory in MB: ``VmRSS`` now, ``VmHWM`` the most it ever was."""
        status = Path(f"/proc/{self.api_pid}/status").read_text()
        told = next(line for line in status.splitlines() if line.startswith(f"{what}:"))
        return int(told.split()[1]) / 1024

    def forget_peak_of_api(self) -> None:
        """Let the most that it ever was begin anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.api_pid}/clear_refs").write_text("5")

    def counts(self) -> Mapping[str, int]:
        """Return how many rows every table has."""
        return asyncio.run(self._counts())

    async def _counts(self) -> Mapping[str, int]:
        connection = await asyncpg.connect(self.database_url)
        try:
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            )
            return {
                name: await connection.fetchval(f'SELECT count(*) FROM "{name}"')
                for (name,) in tables
            }
        finally:
            await connection.close()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Work in a new folder, as ``zhangban dev`` does in a fresh checkout, and remove it."""
    with tempfile.TemporaryDirectory(prefix="zhangban-bench-") as name, chdir(name):
        try:
            yield Path(name)
        finally:
            # As root the data may stand elsewhere, with a link to it here.
            Postgres(VAR / "postgres", port=0).remove()


@contextmanager
def staged() -> Iterator[Stage]:
    """Start everything, give it, stop everything."""
    with temporary_folder() as folder, ExitStack() as started:
        ports = VAR / "ports.json"
        stack = make_stack(remembered_port(ports, "api"))
        programs = {program.name: program for program in stack.programs()}
        # A disk that other work keeps busy for a moment is no failure of what is measured.
        env = {**programs["api"].env, f"{PREFIX}DATABASE_TIMEOUT": "30"}
        # The key that a rotation moves to has to be known before to whoever reads.
        env[f"{PREFIX}FIELD_KEYS"] += f",{SECOND_KEY_ID}={_random_key()}"
        programs["api"] = replace(programs["api"], env=env)
        worker = programs.pop("worker")
        pids = {name: started.enter_context(running(program)) for name, program in programs.items()}
        bare_port = remembered_port(ports, "bare")
        unasked_port = remembered_port(ports, "unasked")
        for name, port in (("bare", bare_port), ("unasked", unasked_port)):
            started.enter_context(running(_beside(name, env, port), cwd=ROOT))
        yield Stage(
            folder,
            _settings(env),
            stack.sandbox_url,
            pids["api"],
            bare_port,
            unasked_port,
            replace(worker, env={**env, **worker.env}),
        )


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _settings(env: Mapping[str, str]) -> Settings:
    ours = {name: value for name, value in env.items() if name.startswith(PREFIX)}
    return Settings.model_validate(
        {name.removeprefix(PREFIX).lower(): value for name, value in ours.items()}
    )


def _beside(name: str, env: Mapping[str, str], port: int) -> Program:
    return Program(
        name,
        [sys.executable, "-m", f"benchmarks.{name}"],
        {**env, f"{PREFIX}PORT": str(port)},
        ready=lambda: not is_free(port),
    )


@contextmanager
def running(program: Program, cwd: Path | None = None) -> Iterator[int]:
    """Run a program until the block ends; give its process id once it is ready.

    Raises ``RuntimeError`` when it ends early or is not ready in a minute.
    """
    if program.before:
        program.before()
    log = Path(f"{program.name}.log")
    with log.open("ab") as out:
        process = subprocess.Popen(
            command(program.argv, death_signal=program.stop_signal),
            env=program.env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        if not wait_until(lambda: _is_settled(program, process), READY_SECONDS) or process.poll():
            end = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{program.name} does not get ready:\n{end}")
        yield process.pid
    finally:
        process.send_signal(program.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        kill_group(process.pid)
        process.wait()


def _is_settled(program: Program, process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None or program.ready is None or program.ready()
