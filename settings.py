"""Settings: the only reader of the environment (prefix ``ZHANGBAN_``).

Refuses a production configuration that points at the sandbox, and the reverse.
"""

import base64
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, IPvAnyNetwork, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from paysettings import PaySettings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SANDBOX_MARK = "wxsandbox"
SECRET = (SecretStr, SecretStr | None)
ARGON_LEAST_KIB = 19456  # OWASP's Password Storage Cheat Sheet, argon2id


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(PaySettings):
    """Everything that differs between two installations. Times in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(
        env_prefix="ZHANGBAN_",
        env_file=None,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    env: Environment = Environment.DEVELOPMENT
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    workers: int = Field(1, ge=1, le=64)
    proxies: int = Field(0, ge=0, le=5, description="trusted proxies in front of the API")
    data_dir: Path = Path("var/data")
    file_cipher: Literal["AES_256_GCM", "SM4_GCM"] = "AES_256_GCM"
    objects_url: SecretStr | None = Field(None, description="s3://bucket/root?endpoint=...")
    clamav_address: str | None = Field(None, pattern=r"^(/.+|[^:/]+:\d+)$", description="clamd's")
    password_memory_kib: int = Field(65536, ge=64, le=1048576, description="of one argon2id hash")
    readings_at_once: int = Field(4, ge=1, le=64, description="by all workers together")
    reading: bool = Field(True, description="materials are read by machine (OCR)")
    item_max_visits: int = Field(1, ge=0, le=10, description="visits an item may need unwarned")
    finance_uscc: str | None = Field(None, description="unit that approves refunds (财政)")
    credit_objection_days: int = Field(10, ge=5, le=60, description="working days")
    credit_lasts_days: int = Field(365, ge=30, le=1826)
    archive_after_days: int = Field(30, ge=0, le=3650)
    archive_waits_for_rating: bool = True
    archive_waits_for_documents: bool = True
    archive_retention: str = Field("30年", min_length=1, max_length=20)

    database_url: SecretStr
    database_pool: int = Field(10, ge=2, le=100)
    database_timeout: float = Field(2.0, gt=0, le=60)
    redis_url: SecretStr

    token_key_file: Path
    token_key_id: str = "k1"  # noqa: S105
    token_issuer: str = "zhangban"  # noqa: S105
    totp_issuer: str = Field("掌办", min_length=1, max_length=40, description="in authenticators")
    document_key_file: Path = Field(description="private P-256 key (PEM) that signs documents")
    document_key_id: str = "d1"
    document_retired_dir: Path | None = Field(None, description="public keys <key id>.pem")
    field_keys: SecretStr = Field(description="key id=base64 of 16 bytes, separated by commas")
    field_key_active: int = 1
    index_key: SecretStr = Field(description="base64 of 32 bytes")
    index_key_previous: SecretStr | None = Field(None, description="until keys reindex is done")

    wechat_api_base: str
    wechat_appid: str
    wechat_secret: SecretStr
    wechat_template_action: str
    wechat_template_progress: str
    wechat_state: str = "formal"
    wechat_shipping: bool = Field(False, description="its category needs 发货信息")
    wechat_open_base: str | None = Field(None, description="https://open.weixin.qq.com")
    wechat_h5_appid: str | None = None
    wechat_h5_secret: SecretStr | None = None
    wechat_app_appid: str | None = None
    wechat_app_secret: SecretStr | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_level_claim: str = "acr"
    oidc_number_claim: str = "id_number"

    notify_base_url: str
    public_base_url: str | None = Field(None, description="where people check documents")

    event_gap_minutes: int = Field(60, ge=1, le=10_000, description="till a gap is told of")
    external_hosts: str = Field("", description="where items may send people; by commas")
    results_declared: bool = Field(False, description="no result without its data")

    sms_api_base: str
    sms_access_key: str
    sms_secret: SecretStr
    sms_daily_budget: int = Field(20000, ge=1, le=100_000_000, description="codes sent a day")
    realname_api_base: str
    realname_secret_id: str
    realname_secret_key: SecretStr
    registers_api_base: str
    registers_access_key: str
    registers_secret: SecretStr
    certificates_api_base: str | None = Field(None, description="of the e-certificate library")
    certificates_access_key: str | None = None
    certificates_secret: SecretStr | None = None
    netid_api_base: str | None = Field(None, description="of the network identity (网证)")
    netid_access_key: str | None = None
    netid_secret: SecretStr | None = None
    realname_face_rule: str = Field("1", max_length=64, description="RuleId of the face check")
    courier_order_url: str
    courier_query_url: str
    courier_customer: str
    courier_key: SecretStr
    courier_salt: SecretStr
    handoff_networks: tuple[IPvAnyNetwork, ...] = Field((), description="inside, to be woken")

    @property
    def field_key_bytes(self) -> dict[int, bytes]:
        """Return the SM4 keys by their id."""
        pairs = (part.split("=", 1) for part in self.field_keys.get_secret_value().split(","))
        return {int(key_id): base64.b64decode(value) for key_id, value in pairs}

    @property
    def index_key_bytes(self) -> bytes:
        return base64.b64decode(self.index_key.get_secret_value())

    @property
    def former_index_key_bytes(self) -> bytes | None:
        former = self.index_key_previous
        return None if former is None else base64.b64decode(former.get_secret_value())

    @property
    def document_retired_keys(self) -> dict[str, str]:
        """Return the public keys of documents that were signed before, by their id."""
        files = self.document_retired_dir.glob("*.pem") if self.document_retired_dir else ()
        return {file.stem: file.read_text() for file in sorted(files)}

    @property
    def public_base(self) -> str:
        """Return the address that documents name: our own, as people reach it."""
        return (self.public_base_url or self.notify_base_url).rstrip("/")

    @property
    def audiences(self) -> tuple[str, str]:
        """Return what a back-office system may name as the audience of its assertions: us."""
        return (self.token_issuer, f"{self.public_base}/backoffice/v1/token")

    @property
    def outside_urls(self) -> tuple[str, ...]:
        """Return every base URL of somebody else's system."""
        return (
            *filter(None, (self.wechat_open_base, self.oidc_issuer, self.netid_api_base)),
            *filter(None, (self.certificates_api_base,)),
            self.wechat_api_base,
            *self.pay_urls,
            self.sms_api_base,
            self.realname_api_base,
            self.registers_api_base,
            self.courier_order_url,
            self.courier_query_url,
        )

    @model_validator(mode="before")
    @classmethod
    def _reads_secrets_from_files(cls, given: Any) -> Any:
        """Take each secret from the file that ``<NAME>_FILE`` names, if one does."""
        found = dict(given)
        for name, field in cls.model_fields.items():
            variable = f"ZHANGBAN_{name}_FILE".upper()
            if field.annotation not in SECRET or variable not in os.environ:
                continue
            if name in found:
                raise ValueError(f"both ZHANGBAN_{name.upper()} and {variable} are set")
            found[name] = _secret_in(Path(os.environ[variable]), variable)
        return found

    @model_validator(mode="after")
    def _offers_ways_whole(self) -> Self:
        for way in (
            (self.wechat_h5_appid, self.wechat_h5_secret, self.wechat_open_base),
            (self.wechat_app_appid, self.wechat_app_secret),
            (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret),
            (self.netid_api_base, self.netid_access_key, self.netid_secret),
            (self.certificates_api_base, self.certificates_access_key, self.certificates_secret),
        ):
            if any(way) and not all(way):
                raise ValueError("what is optional needs its address, id and secret, or none")
        return self

    @model_validator(mode="after")
    def _keeps_retired_keys_apart(self) -> Self:
        folder = self.document_retired_dir
        if folder is not None and not folder.is_dir():
            # Without its keys every document that they signed would be called a forgery.
            raise ValueError(f"{folder}, where retired keys of documents are to be, is no folder")
        if self.document_key_id in self.document_retired_keys:
            raise ValueError(f"the key {self.document_key_id} of documents is active and retired")
        return self

    @model_validator(mode="after")
    def _is_of_one_world(self) -> Self:
        if self.env is Environment.PRODUCTION:
            return self._checked_production()
        outside = [url for url in self.outside_urls if urlsplit(url).hostname not in LOOPBACK]
        if outside:
            raise ValueError(f"development reaches only this machine, not {outside[0]}")
        return self

    def _checked_production(self) -> Self:
        faults = [*self._production_faults()]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _production_faults(self) -> Iterator[str]:
        """Yield everything that keeps a production from starting, not only the first."""
        for url in dict.fromkeys((*self.outside_urls, self.notify_base_url, self.public_base)):
            parts = urlsplit(url)
            if parts.scheme != "https" or parts.hostname in LOOPBACK or parts.query:
                yield f"production needs an https address without query, not {url}"
        ids = (self.wechat_appid, *self.pay_ids)
        optional = (
            self.wechat_h5_appid,
            self.wechat_app_appid,
            self.oidc_client_id,
            self.netid_access_key,
            self.certificates_access_key,
        )
        if any(SANDBOX_MARK in each for each in (*ids, *filter(None, optional))):
            yield "production refuses credentials of the sandbox"
        files = (self.token_key_file, self.document_key_file, self.wxpay_mch_key_file)
        missing = [file for file in files if not file.is_file()]
        yield from (f"{file} is no file" for file in missing)
        for file in set(files) - set(missing):
            if file.stat().st_mode & 0o077:
                yield f"{file} is readable by others than its owner"
        yield from self.pay_faults()
        if self.password_memory_kib < ARGON_LEAST_KIB:
            yield f"a password hash needs {ARGON_LEAST_KIB} KiB or more"
        if missing:
            return
        if SANDBOX_MARK in self.document_key_file.read_text():
            yield "production refuses the document key of the sandbox"
        if self.document_key_file.read_bytes() == self.token_key_file.read_bytes():
            yield "one key must not sign both documents and access tokens"


def _secret_in(file: Path, variable: str) -> str:
    try:
        if file.stat().st_mode & 0o077:
            raise ValueError(f"{file} ({variable}) is readable by others than its owner")
        value = file.read_text().rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{file} ({variable}) cannot be read: {error.strerror}") from error
    if not value:
        raise ValueError(f"{file} ({variable}) is empty")
    return value


def development_port() -> int:
    """Return the port that ``PORT`` asks for, 8000 by default; raise ``ValueError``."""
    port = int(os.environ.get("PORT", "8000"))
    if not 1 <= port <= 65535:
        raise ValueError("PORT must be between 1 and 65535")
    return port


def environment_name() -> str:
    """Return which world this is, before the other settings are read."""
    return os.environ.get("ZHANGBAN_ENV", "")


def inherited() -> dict[str, str]:
    """Return what child processes take over from the terminal."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
