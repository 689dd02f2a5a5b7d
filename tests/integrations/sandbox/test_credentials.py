import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from integrations.sandbox import (
    Credentials,
    RefusedToStart,
    SandboxConfig,
    issue_credentials,
    make_app,
    read_credentials,
)


def test_the_second_issue_reads_the_first_back(credentials: Credentials) -> None:
    assert issue_credentials(credentials.file.parent) == credentials
    assert read_credentials(credentials.file) == credentials


def test_only_the_owner_reads_them(credentials: Credentials) -> None:
    files = [path for path in credentials.file.parent.iterdir() if path.is_file()]
    assert {"credentials.json", "merchant_key.pem", "platform_key.pem"} <= {
        path.name for path in files
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_ids_tell_that_they_are_the_sandboxs(credentials: Credentials) -> None:
    ids = [credentials.appid, credentials.merchant_id, credentials.realname_secret_id]
    assert all(number.startswith("wxsandbox") for number in ids)
    assert credentials.platform_public_key_id.startswith("PUB_KEY_ID_wxsandbox")
    assert len(credentials.apiv3_key.encode()) == 32


def test_the_platform_keys_are_a_pair_and_not_the_merchants(credentials: Credentials) -> None:
    private = load_pem_private_key(credentials.platform_key_pem.encode(), None)
    public = load_pem_public_key(credentials.platform_public_key_pem.encode())
    merchant = load_pem_private_key(credentials.merchant_key_pem.encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert isinstance(public, rsa.RSAPublicKey)
    assert isinstance(merchant, rsa.RSAPrivateKey)
    assert private.public_key().public_numbers() == public.public_numbers()
    assert merchant.public_key().public_numbers() != public.public_numbers()


def test_secrets_stay_out_of_the_representation(credentials: Credentials) -> None:
    shown = repr(credentials)
    for secret in (
        credentials.app_secret,
        credentials.apiv3_key,
        credentials.sms_secret,
        credentials.courier_key,
        credentials.realname_secret_key,
        "PRIVATE KEY",
    ):
        assert secret not in shown


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": "production"},
        {"environment": " Production "},
        {"notify_base_url": "https://example.org"},
        {"notify_base_url": "http://127.0.0.1.example.org:80"},
        {"time_scale": -1.0},
    ],
)
async def test_it_refuses_to_start_where_it_would_do_harm(
    changes: dict[str, str | float], credentials: Credentials, tmp_path: Path
) -> None:
    values = {"notify_base_url": "http://127.0.0.1:8000"} | changes
    state = tmp_path / "state"
    with pytest.raises(RefusedToStart):
        await make_app(SandboxConfig(credentials, state, **values))  # type: ignore[arg-type]
    assert not state.exists()
