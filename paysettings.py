"""Settings of paying: the merchant at WeChat Pay, where people can pay, and the treasury.

A part of ``Settings``, which alone reads the environment; the names are the same there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings


class PaySettings(BaseSettings):
    """One merchant, whose orders are paid in the mini-program, and elsewhere if it says so.

    With ``wxpay_pub_key_id`` and its file the platform signs by its public key (公钥模式); without
    both, by platform certificates, which are fetched from it (平台证书模式).

    The treasury's platform (``nontax_``: 统一公共支付/非税缴款) is named whole, or is no channel.
    """

    wxpay_api_base: str
    wxpay_api_backup: str
    wxpay_mchid: str
    wxpay_mch_serial: str
    wxpay_mch_key_file: Path
    wxpay_apiv3_key: SecretStr
    wxpay_pub_key_id: str | None = Field(None, min_length=1)
    wxpay_pub_key_file: Path | None = None
    wxpay_platform_cert_dir: Path | None = None
    wxpay_app_appid: str | None = Field(None, min_length=1, description="whose app may pay (APP)")
    wxpay_h5_appid: str | None = Field(None, min_length=1, description="in a browser (H5)")
    pay_return_url: str | None = Field(None, description="where a browser goes after paying")
    nontax_api_base: str | None = Field(None, description="of the province's platform")
    nontax_public_base: str | None = Field(None, description="where people find its cashier")
    nontax_unit_code: str | None = Field(
        None, pattern=r"^[0-9A-Za-z]{1,32}$", description="执收单位"
    )
    nontax_secret: SecretStr | None = Field(None, min_length=16)

    @field_validator("wxpay_apiv3_key")
    @classmethod
    def _has_32_bytes(cls, key: SecretStr) -> SecretStr:
        if len(key.get_secret_value().encode()) != 32:
            raise ValueError("the APIv3 key must have 32 bytes")
        return key

    @model_validator(mode="after")
    def _names_a_whole_key(self) -> Self:
        if (self.wxpay_pub_key_id is None) is not (self.wxpay_pub_key_file is None):
            raise ValueError("the platform's public key needs its id and its file, or neither")
        return self

    @model_validator(mode="after")
    def _names_the_treasury_whole(self) -> Self:
        where = (self.nontax_api_base, self.nontax_public_base)
        named = (*where, self.nontax_unit_code, self.nontax_secret)
        if any(named) and not all(named):
            raise ValueError("the treasury needs its addresses, unit code and secret, or none")
        return self

    @property
    def platform_mode(self) -> str:
        """Return how the platform proves itself, for whoever looks after the installation."""
        if self.wxpay_pub_key_id is not None:
            return f"public key {self.wxpay_pub_key_id} (公钥模式)"
        return "platform certificates, fetched from it (平台证书模式)"

    @property
    def pay_urls(self) -> tuple[str, ...]:
        optional = filter(None, (self.nontax_api_base, self.nontax_public_base))
        return (self.wxpay_api_base, self.wxpay_api_backup, *optional)

    @property
    def pay_ids(self) -> tuple[str, ...]:
        """Return every id that somebody else gave us."""
        given = (self.wxpay_pub_key_id, self.wxpay_app_appid, self.wxpay_h5_appid)
        return (self.wxpay_mchid, *filter(None, (*given, self.nontax_unit_code)))

    def pay_faults(self) -> Iterator[str]:
        """Yield what keeps a production from starting."""
        parts = urlsplit(self.pay_return_url or "https://unset")
        if parts.scheme != "https" or not parts.hostname:
            # Where somebody paid must not lead to a page that anybody on the way can change.
            yield f"production needs an https address, not {self.pay_return_url}"
