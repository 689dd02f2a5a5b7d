"""PostgreSQL from the wheel."""

import os
import signal
import subprocess
from pathlib import Path

import asyncpg
import pytest

from integrations.embedded.port import remembered_port
from integrations.embedded.postgres import Postgres
from integrations.embedded.process import EmbeddedError, is_alive, wait_until


async def rows(postgres: Postgres, statement: str, database: str = "postgres") -> list[str]:
    connection = await asyncpg.connect(postgres.url(database), timeout=5)
    try:
        return [str(row[0]) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def names(postgres: Postgres) -> list[str]:
    return await rows(
        postgres, "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1"
    )


def command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


async def test_speaks_utf8_in_locale_c_and_in_utc(postgres: Postgres) -> None:
    said = await rows(
        postgres,
        "SELECT current_setting(unnest(ARRAY['server_encoding', 'TimeZone', 'data_checksums']))",
    )
    assert said == ["UTF8", "UTC", "on"]
    assert await rows(postgres, "SELECT DISTINCT datcollate FROM pg_database") == ["C"]


async def test_wants_the_password(postgres: Postgres) -> None:
    password = postgres.url("x").partition("@")[0].rpartition(":")[2]
    assert len(password) == 40
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url("postgres").replace(password, password[::-1]))
    file = postgres.data_dir / "password"
    assert file.stat().st_mode & 0o777 == 0o600
    assert password.encode() not in command_line(postgres.pid or 0)


async def test_keeps_rows_over_a_restart(postgres: Postgres) -> None:
    await rows(postgres, "CREATE TABLE kept AS SELECT '掌办' AS name")
    url, pid = postgres.url("postgres"), postgres.pid
    postgres.stop()
    assert postgres.pid is None
    assert not postgres.is_ready()
    postgres.start()
    assert await rows(postgres, "SELECT name FROM kept") == ["掌办"]
    assert postgres.url("postgres") == url
    assert postgres.pid != pid


async def test_stop_twice_is_no_error(postgres: Postgres) -> None:
    postgres.stop()
    postgres.stop()
    assert postgres.pid is None


async def test_a_committed_row_survives_kill_9(postgres: Postgres) -> None:
    await rows(postgres, "CREATE TABLE crashed (n int)")
    pid = postgres.pid
    assert pid
    await rows(postgres, "INSERT INTO crashed VALUES (42)")
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(pid), 5)
    assert postgres.pid is None
    postgres.start()
    assert await rows(postgres, "SELECT n FROM crashed") == ["42"]


def test_a_stale_pid_file_that_names_a_stranger_does_no_harm(postgres: Postgres) -> None:
    postgres.stop()
    stranger = subprocess.Popen(["/bin/sleep", "60"])
    file = postgres.data_dir.resolve() / "data" / "postmaster.pid"
    file.write_text(f"{stranger.pid}\n{file.parent}\n0\n{postgres.port}\n\n127.0.0.1\n0 0\nready\n")
    try:
        assert postgres.pid is None
        postgres.stop()
        postgres.start()
        assert postgres.pid not in (None, stranger.pid)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_the_same_data_is_not_served_twice(postgres: Postgres) -> None:
    pid = postgres.pid
    other = Postgres(postgres.data_dir, postgres.port + 1, fast=True)
    with pytest.raises(EmbeddedError, match=f"process {pid}"):
        other.prepare(patience=0.1)
    assert postgres.pid == pid
    assert await rows(postgres, "SELECT 1") == ["1"]


def test_a_taken_port_is_said(postgres: Postgres, tmp_path: Path) -> None:
    other = Postgres(tmp_path / "other", postgres.port, fast=True)
    with pytest.raises(EmbeddedError, match="Address already in use"):
        other.start()
    assert other.pid is None
    other.remove()


async def test_a_database_is_created_once_and_from_a_template(postgres: Postgres) -> None:
    assert postgres.create_database("first")
    assert not postgres.create_database("first")
    await rows(postgres, "CREATE TABLE t AS SELECT 7 AS n", "first")
    assert postgres.create_database("second", template="first")
    assert await rows(postgres, "SELECT n FROM t", "second") == ["7"]
    postgres.drop_database("first")
    assert await names(postgres) == ["postgres", "second"]
    postgres.drop_database("second")
    postgres.drop_database("second")
    assert await names(postgres) == ["postgres"]


@pytest.mark.parametrize(
    "name", ["", "Upper", 'x"; DROP DATABASE second; --', "x" * 64, "1st", "a b"]
)
async def test_a_name_that_needs_quoting_is_refused(postgres: Postgres, name: str) -> None:
    with pytest.raises(ValueError, match="not a database name"):
        postgres.create_database(name)
    with pytest.raises(ValueError, match="not a database name"):
        postgres.create_database("fine", template=name)
    assert await names(postgres) == ["postgres"]


async def test_no_rows_in_the_log(postgres: Postgres) -> None:
    await rows(postgres, "CREATE TABLE logged (phone text UNIQUE)")
    for _ in range(2):
        try:
            await rows(postgres, "INSERT INTO logged VALUES ('13800000001')")
        except asyncpg.UniqueViolationError:
            break
    log = (postgres.data_dir / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "13800000001" not in log


def test_an_initdb_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "pg", remembered_port(tmp_path / "ports", "p"), fast=True)
    url = server.url("postgres")
    server.prepare()
    home = server.data_dir.resolve()
    (home / "data").rename(home / "data.new")
    (home / "data.new" / "PG_VERSION").unlink()
    server.start()
    try:
        assert server.is_ready()
        assert server.url("postgres") == url
    finally:
        server.remove()
    assert not home.exists()
