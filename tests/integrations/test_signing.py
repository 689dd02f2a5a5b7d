"""Signatures of documents: one algorithm, one spelling, our keys only."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jose import jws
from pydantic import ValidationError

from integrations.signing import DocumentSigner
from settings import Settings
from tests.world import make_settings

PAYLOAD = '{"number":"示卫健补正〔2026〕12号"}'.encode()


def private_pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    info = PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(Encoding.PEM, info).decode()


KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def signer(
    key: ec.EllipticCurvePrivateKey = KEY, key_id: str = "d1", **more: Any
) -> DocumentSigner:
    return DocumentSigner(private_pem(key), key_id, **more)


def test_another_implementation_verifies_what_we_sign() -> None:
    token = signer().sign(PAYLOAD)
    assert jws.verify(token, public_pem(KEY), "ES256") == PAYLOAD
    assert signer().verify(token) == PAYLOAD


def test_we_verify_what_another_implementation_signed_with_our_key() -> None:
    head = urlsafe_b64encode(b'{"alg":"ES256","kid":"d1"}').rstrip(b"=").decode()
    ours = signer().sign(PAYLOAD)
    assert ours.startswith(f"{head}.")


def test_every_changed_character_is_noticed() -> None:
    token = signer().sign(PAYLOAD)
    for place, character in enumerate(token):
        changed = "A" if character != "A" else "B"
        with pytest.raises(ValueError):
            signer().verify(token[:place] + changed + token[place + 1 :])


@pytest.mark.parametrize(
    "spelling",
    ["{0}=", "{0} ", "{0}.", " {0}", "{0}\n", "", ".", "..", "...", "ü", "{0}{0}", "x" * 20_000],
)
def test_there_is_one_spelling(spelling: str) -> None:
    token = signer().sign(PAYLOAD)
    with pytest.raises(ValueError):
        signer().verify(spelling.format(token))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256", "kid": "d1"},
        {"alg": "ES256", "kid": "d2"},
        {"alg": "ES256", "kid": "d1", "crit": ["x"]},
        {"kid": "d1", "alg": "ES256"},
    ],
)
def test_a_header_of_another_kind_is_refused(header: dict[str, Any]) -> None:
    head = urlsafe_b64encode(json.dumps(header, separators=(",", ":")).encode()).rstrip(b"=")
    _, payload, signature = signer().sign(PAYLOAD).split(".")
    with pytest.raises(ValueError, match="known key"):
        signer().verify(f"{head.decode()}.{payload}.{signature}")


def test_another_key_is_not_ours_and_a_retired_one_still_is() -> None:
    old = signer(OTHER, "d0").sign(PAYLOAD)
    with pytest.raises(ValueError, match="known key"):
        signer().verify(old)
    with pytest.raises(ValueError, match="not signed by us"):
        signer().verify(signer(OTHER).sign(PAYLOAD))
    assert signer(retired={"d0": public_pem(OTHER)}).verify(old) == PAYLOAD


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)],
    ids=["P-384", "RSA"],
)
def test_only_p256_keys_sign(key: Any) -> None:
    with pytest.raises(ValueError, match="P-256"):
        DocumentSigner(private_pem(key), "d1")


# Servers of the installation itself, none of the outside.
OWN_SERVERS = {"database_url", "redis_url", "objects_url"}


def in_production(folder: Path, **changes: Any) -> Settings:
    url = "postgresql://z:z@127.0.0.1:1/z"
    values = make_settings(folder, url, "redis://127.0.0.1:1", "http://127.0.0.1:1", 1)
    https = dict.fromkeys(type(values).model_fields, "https://outside.example.cn")
    addresses = {
        name: https[name]
        for name in https
        if name.endswith(("_base", "_backup", "_url")) and name not in OWN_SERVERS
    }
    own: dict[str, Any] = {
        "wechat_appid": "wx0",
        "wxpay_mchid": "1900000001",
        "wxpay_pub_key_id": "PUB_KEY_ID_1",
        "wechat_h5_appid": "wx1",
        "wechat_app_appid": "wx2",
        "wxpay_h5_appid": "wx1",
        "wxpay_app_appid": "wx2",
        "oidc_issuer": "https://outside.example.cn/oidc",
        "oidc_client_id": "zhangban",
        "netid_access_key": "zhangban",
        "nontax_unit_code": "511499001",
        "certificates_access_key": "zhangban",
    }
    own["password_memory_kib"] = 65536
    return Settings(**{**values.model_dump(), **addresses, **own, "env": "production", **changes})


def test_production_signs_with_a_key_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="document key of the sandbox"):
        in_production(tmp_path)
    key = tmp_path / "document.pem"
    key.write_text(private_pem(KEY))
    key.chmod(0o644)
    with pytest.raises(ValidationError, match="readable by others"):
        in_production(tmp_path, document_key_file=key)
    key.chmod(0o600)
    settings = in_production(tmp_path, document_key_file=key)
    assert settings.public_base == "https://outside.example.cn"
    with pytest.raises(ValidationError, match="one key"):
        in_production(tmp_path, document_key_file=settings.token_key_file)
    with pytest.raises(ValidationError, match="https"):
        in_production(tmp_path, document_key_file=key, public_base_url="http://hall.example.cn")


def test_production_hashes_passwords_dearly(tmp_path: Path) -> None:
    key = tmp_path / "document.pem"
    key.write_text(private_pem(KEY))
    key.chmod(0o600)
    with pytest.raises(ValidationError, match="19456 KiB or more"):
        in_production(tmp_path, document_key_file=key, password_memory_kib=19455)
    settings = in_production(tmp_path, document_key_file=key, password_memory_kib=19456)
    assert settings.password_memory_kib == 19456


def test_retired_keys_are_found_by_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "retired"
    folder.mkdir()
    (folder / "d0.pem").write_text(public_pem(OTHER))
    settings = make_settings(
        tmp_path, "postgresql://z:z@127.0.0.1:1/z", "redis://x", "http://127.0.0.1:1", 1
    ).model_copy(update={"document_retired_dir": folder})
    assert settings.document_retired_keys == {"d0": public_pem(OTHER)}


def test_retired_keys_that_cannot_be_are_refused_at_the_start(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path, "postgresql://z:z@127.0.0.1:1/z", "redis://x", "http://127.0.0.1:1", 1
    )
    values = settings.model_dump()
    folder = tmp_path / "retired"
    with pytest.raises(ValidationError, match="no folder"):
        Settings(**{**values, "document_retired_dir": folder})
    folder.mkdir()
    (folder / "d1.pem").write_text(public_pem(OTHER))
    with pytest.raises(ValidationError, match="active and retired"):
        Settings(**{**values, "document_retired_dir": folder})
    (folder / "d1.pem").rename(folder / "d0.pem")
    known = Settings(**{**values, "document_retired_dir": folder}).document_retired_keys
    assert list(known) == ["d0"]
