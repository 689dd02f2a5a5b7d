"""Who the embedded servers run as, and the secrets and folders they get."""

import os
import pwd
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    """An unprivileged account of this machine."""

    name: str
    uid: int
    gid: int

    @property
    def owner(self) -> tuple[int, int]:
        return self.uid, self.gid


def unprivileged() -> Account | None:
    """Return the account that root hands its servers to; None for an ordinary user.

    PostgreSQL refuses to run as root. No account is made: ``postgres`` is taken if the machine
    has it, else ``nobody``. Raises ``KeyError`` when neither exists.
    """
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def run(
    argv: Sequence[str | Path], env: Mapping[str, str], account: Account | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as the account if one is given, and return what it said.

    Raises ``PermissionError`` when the account cannot reach the program.
    """
    return subprocess.run(  # noqa: S603  (fixed programs, values checked by the callers)
        argv,
        env=env,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def can_enter(account: Account, folder: Path) -> bool:
    """Say whether the account reaches the folder: tried, not computed from the mode bits."""
    return run(["/bin/sh", "-c", 'cd -- "$0"', folder.absolute()], {}, account).returncode == 0


def can_run(account: Account, program: Path) -> bool:
    """Say whether the account can run ``program --version``, libraries included."""
    try:
        return run([program, "--version"], {}, account).returncode == 0
    except PermissionError:
        return False


def kept_password(file: Path, account: Account | None) -> str:
    """Return the password in the file; the first call makes it (160 bits, mode 0600)."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        password = secrets.token_hex(20)
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(f"{password}\n")
        if account:
            os.fchown(out.fileno(), *account.owner)
    new.replace(file)
    return password
