"""A real PostgreSQL from a Python wheel, on 127.0.0.1, with a password, for one checkout."""

import os
import re
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from integrations.embedded.account import Account, kept_password, run, unprivileged
from integrations.embedded.launch import command
from integrations.embedded.placement import home_for, programs_for, remove_data, wheel_programs
from integrations.embedded.process import EmbeddedError, is_alive, stop_process, wait_until
from integrations.embedded.program import Program

USER = "zhangban"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%d ",
    # Details and statements of errors carry rows, that is personal data.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
_FAST = {
    "shared_buffers": "32MB",
    # A killed process loses no commit with these; only a crash of the machine does.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "deadlock_timeout": "100ms",
}


@dataclass(frozen=True)
class Postgres:
    """One server and its data.

    ``data_dir`` is made on the first start; where root's own account for the server cannot reach
    it, it becomes a link (see ``placement``). ``fast`` is for data that nobody will miss: a crash
    of the machine may lose it.
    """

    data_dir: Path
    port: int
    fast: bool = False

    def url(self, database: str) -> str:
        """Return the URL of a database, password included; the first call makes the password."""
        return f"postgres://{USER}:{self._password()}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int | None:
        """The postmaster that serves this data now, however it was started."""
        status = self._status()
        return int(status[0]) if status else None

    def is_ready(self) -> bool:
        """Say whether it takes connections; during recovery it does not."""
        status = self._status()
        return status is not None and len(status) > 7 and status[7].strip() == "ready"

    def prepare(self, patience: float = 10.0) -> None:
        """Make the cluster on the first call, and clear what a crash left behind.

        Waits ``patience`` seconds for a server on its way out; raises ``EmbeddedError`` when it
        stays.
        """
        account = unprivileged()
        home = self._home(account)
        if not (home / "data").exists():
            self._initialise(home, account)
        if not wait_until(lambda: self.pid is None, patience):
            raise EmbeddedError(f"PostgreSQL (process {self.pid}) already serves {self.data_dir}")
        # A number in a stale file may belong to another process by now; PostgreSQL would refuse.
        (home / "data" / "postmaster.pid").unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Return its command line; ``prepare`` comes first."""
        account = unprivileged()
        home = self._home(account)
        settings = _SETTINGS | {"port": str(self.port)} | (_FAST if self.fast else {})
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return command(
            [str(programs_for(account) / "postgres"), "-D", str(home / "data"), *options],
            owner=account.owner if account else None,
            log=home / "postgres.log",
            death_signal=signal.SIGINT,  # Fast shutdown: nobody is waited for.
        )

    def program(self) -> Program:
        """Return what a supervisor runs; the cluster is made now."""
        self.prepare()
        return Program(
            name="postgres",
            argv=self.command(),
            env=_ENVIRONMENT,
            ready=self.is_ready,
            before=self.prepare,
            stop_signal=signal.SIGINT,
        )

    def start(self, timeout: float = 30.0) -> None:
        """Start it as a child and return when it is ready; raise ``EmbeddedError`` otherwise."""
        self.prepare()
        argv = self.command()
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            pid = os.posix_spawn(argv[0], argv, _ENVIRONMENT)
            while is_alive(pid) and time.monotonic() < deadline:
                if self.pid == pid and self.is_ready():
                    return
                time.sleep(0.01)
            stop_process(pid, signal.SIGQUIT, 5.0)
            # The children of a killed server hold its shared memory for a moment.
            if "still in use" not in self._log_end():
                break
            time.sleep(0.2)
        raise EmbeddedError(f"PostgreSQL did not start:\n{self._log_end()}")

    def stop(self) -> None:
        """End the sessions, write everything out and wait; nothing happens if it does not run."""
        if pid := self.pid:
            stop_process(pid, signal.SIGINT, 20.0)

    def remove(self) -> None:
        """Stop it and remove its data for good."""
        self.stop()
        remove_data(self.data_dir)

    def create_database(self, name: str, template: str | None = None) -> bool:
        """Create a database unless it exists; say whether it was created now.

        Raises ``ValueError`` for a name outside [a-z][a-z0-9_]*, ``EmbeddedError`` when refused.
        """
        _check(name)
        if template is not None:
            _check(template)
        if self._sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608
            return False
        source = f' TEMPLATE "{template}" STRATEGY file_copy' if template is not None else ""
        self._sql(f'CREATE DATABASE "{name}"{source}')
        return True

    def drop_database(self, name: str) -> None:
        """Drop a database, ending its sessions; nothing happens if it does not exist."""
        _check(name)
        self._sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _sql(self, statement: str) -> str:
        target = f"host=127.0.0.1 port={self.port} user={USER} dbname=postgres"
        ran = run(
            [wheel_programs() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement, target],
            {**_ENVIRONMENT, "PGPASSWORD": self._password()},
        )
        if ran.returncode != 0:
            raise EmbeddedError(ran.stderr.strip())
        return ran.stdout.strip()

    def _home(self, account: Account | None) -> Path:
        return home_for(self.data_dir, account, throwaway=self.fast)

    def _password(self) -> str:
        account = unprivileged()
        return kept_password(self._home(account) / "password", account)

    def _status(self) -> list[str] | None:
        """Return the lines of postmaster.pid, if the process in it serves this very data."""
        data = self.data_dir.resolve() / "data"
        with suppress(OSError, ValueError):
            lines = (data / "postmaster.pid").read_text().splitlines()
            if lines and is_alive(int(lines[0])) and _serves(int(lines[0]), data):
                return lines
        return None

    def _log_end(self) -> str:
        with suppress(FileNotFoundError):
            return (self.data_dir / "postgres.log").read_text(errors="replace")[-2000:]
        return ""

    def _initialise(self, home: Path, account: Account | None) -> None:
        self._password()
        new = home / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if account:
            os.chown(new, *account.owner)
        options = ["-D", str(new), "-U", USER, "--encoding=UTF8", "--locale=C"]
        options += ["--auth=scram-sha-256", f"--pwfile={home / 'password'}", "--data-checksums"]
        if self.fast:
            options.append("--no-sync")
        ran = run([programs_for(account) / "initdb", *options], _ENVIRONMENT, account)
        if ran.returncode != 0:
            raise EmbeddedError(f"initdb: {ran.stderr.strip()}")
        # Whole or not at all: an initdb that was interrupted is done again.
        new.rename(home / "data")


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a database name: {name!r}")


def _serves(pid: int, data: Path) -> bool:
    """A postmaster's working folder is its data; any other process only reuses the number."""
    folder = Path(f"/proc/{pid}/cwd")
    return not folder.parent.parent.is_dir() or folder.readlink() == data
