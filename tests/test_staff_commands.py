"""``zhangban staff`` and ``zhangban machine``: what an operator types, reads, and is refused."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from jose import jwk

from commands import development_accounts, machine, staff
from settings import Settings
from tests.assertions import machine_jwk, machine_key, new_key
from tests.conftest import Servers
from tests.world import make_settings

Run = Callable[..., tuple[int, str, str]]
AGENCY = "11511499MB9000082B"
CREATE = ("create", "Admin.Wang", "--name", "王管理", "--role", "ADMIN", "--unit")


@pytest.fixture
def settings(servers: Servers, database: str) -> Settings:
    return make_settings(servers.folder, database, servers.valkey.url(), "http://127.0.0.1:1", 1)


@pytest.fixture
def run(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Return a way to run a command: its exit status, and what it printed."""

    def act(command: Any, *words: str, typed: str = "") -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
        status = asyncio.run(command.run(settings, words))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return act


def rows(database: str, table: str) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(database)
        try:
            return [dict(row) for row in await connection.fetch(f'SELECT * FROM "{table}"')]
        finally:
            await connection.close()

    return asyncio.run(read())


@pytest.mark.parametrize("unit", ["COUNTY", "示例县政务服务中心"])
def test_the_first_administrator(run: Run, database: str, unit: str) -> None:
    status, out, err = run(staff, *CREATE, unit, typed="First-password-1")
    assert (status, err) == (0, "")
    assert "First-password-1" not in out
    [row] = rows(database, "staff_members")
    assert (row["username"], row["unit_id"]) == ("admin.wang", "COUNTY")
    assert row["initial_until"] is not None
    [entry] = rows(database, "audit_log")
    assert (entry["action"], entry["actor_role"]) == ("staff.create", "SYSTEM")


def test_what_is_wrong_is_said(run: Run, database: str) -> None:
    for words, typed, said in (
        ((*CREATE, "COUNTY"), "Short-1", "too weak"),
        ((*CREATE, "COUNTY"), "Admin.Wang-2026", "too weak"),
        ((*CREATE, "NOWHERE"), "First-password-1", "no unit NOWHERE"),
        ((*CREATE, "COUNTY", "--role", "WINDOW"), "First-password-1", "roles_refused"),
        (("reset", "nobody"), "First-password-1", "no account nobody"),
    ):
        status, _, err = run(staff, *words, typed=typed)
        assert status == 1
        assert said in err
        assert typed not in err
    assert rows(database, "staff_members") == []


def test_a_way_back_in(run: Run, database: str) -> None:
    run(staff, *CREATE, "COUNTY", typed="First-password-1")
    [before] = rows(database, "staff_members")
    assert run(staff, "reset", "admin.wang", typed="Second-password-2")[0] == 0
    [after] = rows(database, "staff_members")
    assert before["password_hash"] != after["password_hash"]
    assert after["totp_since"] is None


def test_no_word_of_the_command_is_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ((*CREATE, "COUNTY"), ("reset", "admin.wang")):
        assert staff.parser().parse_args(words).username
        with pytest.raises(SystemExit):
            staff.parser().parse_args((*words, "--password", "First-password-1"))
    assert "unrecognized arguments" in capsys.readouterr().err


def test_a_system_and_its_keys(run: Run, database: str, tmp_path: Path) -> None:
    pem, written = tmp_path / "key.pem", tmp_path / "key.json"
    public = jwk.construct(new_key(), "ES256").public_key().to_pem()
    pem.write_bytes(public)
    written.write_text(json.dumps({**machine_jwk(), "kid": "second"}))
    assert run(machine, "add", "approvals", "审批系统", AGENCY, "--network", "10.0.0.0/8")[0] == 0
    status, out, _ = run(machine, "add-key", "approvals", str(pem), "--kid", "first")
    assert (status, out) == (0, "first\n")
    assert run(machine, "add-key", "approvals", str(written))[:2] == (0, "second\n")
    assert run(machine, "revoke-key", "approvals", "first")[0] == 0
    listed = run(machine, "list")[1]
    assert "first revoked" in listed
    assert "second good" in listed
    [client] = rows(database, "backoffice_clients")
    assert json.loads(client["networks"]) == ["10.0.0.0/8"]


def test_a_private_key_is_not_taken(run: Run, database: str, tmp_path: Path) -> None:
    run(machine, "add", "approvals", "审批系统", AGENCY)
    file = tmp_path / "key"
    for content in (
        machine_key().encode(),
        json.dumps(jwk.construct(machine_key(), "ES256").to_dict()).encode(),
        b"nonsense",
        b"{",
        b"",
    ):
        file.write_bytes(content)
        status, _, err = run(machine, "add-key", "approvals", str(file))
        assert status == 1
        assert "PRIVATE KEY" not in err
    assert run(machine, "add-key", "approvals", str(tmp_path / "absent"))[0] == 1
    assert run(machine, "add-key", "nobody", str(file))[0] == 1
    assert rows(database, "machine_keys") == []


def test_codes_are_for_development(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert development_accounts.book() == {}
    assert staff.alone(["code", "window01"]) == 1
    folder = tmp_path / "var" / "secrets"
    folder.mkdir(parents=True)
    (folder / "totp.json").write_text(json.dumps({"window01": "JBSWY3DPEHPK3PXP" * 2}))
    capsys.readouterr()
    assert staff.alone(["code", "window01"]) == 0
    assert len(capsys.readouterr().out.strip()) == 6
    monkeypatch.setenv("ZHANGBAN_ENV", "production")
    assert staff.alone(["code", "window01"]) == 1
    assert capsys.readouterr().out == ""
    assert staff.alone(["reset", "window01"]) is None
