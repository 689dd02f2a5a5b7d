"""A production configuration: what is wrong is said, each thing; secrets may come from files."""

import asyncio
import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from commands.configuration import configuration_faults, data_faults
from commands.installation import doctor
from integrations.crypto import FieldCrypto
from models.account import Person
from settings import Settings
from tests import make
from tests.conftest import Servers
from tests.integrations.test_signing import KEY, in_production, private_pem
from tests.services.test_keys import second
from tests.world import World, make_settings

SOUND = "postgresql://hall:4kWj2mPq8xYt@db.example.cn/hall?sslmode=verify-full"


def sound(folder: Path, **changes: Any) -> Settings:
    """Return a production configuration without a fault."""
    key = folder / "document.pem"
    if not key.exists():
        key.write_text(private_pem(KEY))
    key.chmod(0o600)
    given: dict[str, Any] = {
        "document_key_file": key,
        "workers": 4,
        "proxies": 1,
        "database_url": SOUND,
        "redis_url": "rediss://:7hGv3nLs9wQz@redis.example.cn/0",
        "courier_key": "courier-key-of-the-county",
        **{f"{name}_secret": "a-secret-of-the-county" for name in ("wechat", "sms")},
        "realname_secret_key": "a-secret-of-the-county",
    }
    return in_production(folder, **{**given, **changes})


def test_a_sound_configuration_has_no_fault(tmp_path: Path) -> None:
    assert list(configuration_faults(sound(tmp_path))) == []


WEAK = base64.b64encode(bytes(range(16))).decode()
SHORT = base64.b64encode(b"\x9a\x04\xe1 short").decode()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"workers": 1}, "workers is 1"),
        ({"proxies": 0}, "proxies is 0"),
        ({"field_keys": f"1={WEAK}"}, "field key 1 is no random key"),
        ({"field_keys": f"1={SHORT}"}, "field key 1 has 9 bytes, not 16"),
        ({"field_keys": "key-without-id"}, "field_keys or index_key is not what it should be"),
        ({"field_key_active": 7}, "field_key_active is 7"),
        ({"index_key": SHORT}, "index_key has 9 bytes, not 32"),
        ({"sms_secret": "short"}, "sms_secret has fewer than 16 characters"),
        ({"database_url": "postgresql://hall:4kWj2mPq8xYt@db/hall"}, "without TLS: add ?sslmode"),
        ({"database_url": SOUND.replace("4kWj2mPq8xYt", "postgres")}, "database's password"),
        ({"redis_url": "redis://:7hGv3nLs9wQz@redis.example.cn/0"}, "without TLS: use rediss://"),
        ({"redis_url": "rediss://redis.example.cn/0"}, "without a password"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
    found = list(configuration_faults(sound(tmp_path, **changes)))
    assert len(found) == 1
    assert fault in found[0]


def test_two_keys_must_not_be_one(tmp_path: Path) -> None:
    [key] = sound(tmp_path).field_key_bytes.values()
    twice = f"1={base64.b64encode(key).decode()},2={base64.b64encode(key).decode()}"
    found = list(configuration_faults(sound(tmp_path, field_keys=twice)))
    assert found == ["two keys are the same: each has one purpose"]


def test_an_open_data_folder_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    assert list(configuration_faults(sound(tmp_path, data_dir=data))) == []
    data.chmod(0o755)
    [fault] = configuration_faults(sound(tmp_path, data_dir=data))
    assert "open to everybody" in fault


def test_what_keeps_it_from_starting_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as refusal:
        sound(tmp_path, sms_api_base="http://sms.example.cn", password_memory_kib=64)
    told = str(refusal.value)
    assert "not http://sms.example.cn" in told
    assert "19456 KiB" in told


def test_doctor_goes_on_where_nothing_could_start(
    servers: Servers, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = "http://127.0.0.1:1"
    settings = make_settings(servers.folder, database, servers.valkey.url(), outside, 1)
    broken = settings.model_copy(update={"field_key_active": 9})
    assert asyncio.run(doctor(broken)) == 1
    told = capsys.readouterr().out
    assert "FAULT field_key_active is 9" in told
    assert "FAULT it does not start" in told


async def test_a_key_is_not_dropped_while_rows_need_it(world: World) -> None:
    await make.citizen(world)
    now = world.clock.now()
    assert [fault async for fault in data_faults(world.parts, now) if "sealed" in fault] == []
    dropped = second(world, drop=True)
    object.__setattr__(world.parts.adapters, "crypto", dropped)
    found = [fault async for fault in data_faults(world.parts, now)]
    assert any("1 row(s) of persons.name_sealed are sealed by key 1" in fault for fault in found)


async def test_a_lost_index_key_is_noticed(world: World) -> None:
    await make.citizen(world)
    other = FieldCrypto(world.settings.field_key_bytes, 1, bytes(range(32)))
    found = other.index((await make.person(world))["id_number"], "person.id_number").hex()
    await Person.all().update(id_number_index=found)
    now = world.clock.now()
    told = [fault async for fault in data_faults(world.parts, now) if "index" in fault]
    assert len(told) == 1
    assert told[0].startswith("1 row(s) of a sample")


async def test_clocks_that_differ_are_told(world: World) -> None:
    [there] = await world.database.fetch("SELECT clock_timestamp() AS now")
    for seconds, faults in ((0.0, 0), (10.0, 1)):
        now = there["now"] + timedelta(seconds=seconds)
        found = [fault async for fault in data_faults(world.parts, now)]
        assert len(found) == faults


def from_files(folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int = 0o600) -> Settings:
    outside = "http://127.0.0.1:1"
    settings = make_settings(folder, SOUND, "redis://127.0.0.1", outside, 1)
    file = folder / "sms"
    file.write_text("from-a-file\n")
    file.chmod(mode)
    monkeypatch.setenv("ZHANGBAN_SMS_SECRET_FILE", str(file))
    values = settings.model_dump()
    del values["sms_secret"]
    return Settings(**values)


def test_a_secret_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_files(tmp_path, monkeypatch).sms_secret.get_secret_value() == "from-a-file"


def test_a_file_that_others_can_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match="readable by others"):
        from_files(tmp_path, monkeypatch, 0o640)


def test_a_secret_that_is_given_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = from_files(tmp_path, monkeypatch).model_dump()
    with pytest.raises(ValidationError, match="both ZHANGBAN_SMS_SECRET and"):
        Settings(**values)
    monkeypatch.setenv("ZHANGBAN_SMS_SECRET_FILE", str(tmp_path / "nowhere"))
    del values["sms_secret"]
    with pytest.raises(ValidationError, match="cannot be read"):
        Settings(**values)


def test_every_secret_of_the_settings_can_come_from_a_file() -> None:
    """A new secret setting is a ``SecretStr``, or it would be shown in errors and dumps."""
    secret = {
        name
        for name, field in Settings.model_fields.items()
        if field.annotation in (SecretStr, SecretStr | None)
    }
    words = ("secret", "_key", "keys", "salt", "apiv3", "database_url", "redis_url")
    access = {"sms_access_key", "registers_access_key", "netid_access_key"}
    access |= {"certificates_access_key"}
    ids = {"realname_secret_id", "field_key_active", *access}
    named = {
        name
        for name in Settings.model_fields
        if any(word in name for word in words)
        and name not in ids
        and not name.endswith(("_file", "_id"))
    }
    assert named <= secret
