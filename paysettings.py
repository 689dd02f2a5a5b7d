"""Settings of the pay channels; ``settings.Settings`` is made of them and of all the rest."""

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings


class PaySettings(BaseSettings):
    """The treasury's platform (统一公共支付/非税缴款): named whole, or there is no such channel."""

    nontax_api_base: str | None = Field(None, description="of the province's platform")
    nontax_public_base: str | None = Field(None, description="where people find its cashier")
    nontax_unit_code: str | None = Field(
        None, pattern=r"^[0-9A-Za-z]{1,32}$", description="执收单位"
    )
    nontax_secret: SecretStr | None = Field(None, min_length=16)

    @property
    def treasury_urls(self) -> tuple[str | None, ...]:
        return (self.nontax_api_base, self.nontax_public_base)

    @model_validator(mode="after")
    def _names_the_treasury_whole(self) -> Self:
        named = (*self.treasury_urls, self.nontax_unit_code, self.nontax_secret)
        if any(named) and not all(named):
            raise ValueError(
                "the treasury needs NONTAX_API_BASE, NONTAX_PUBLIC_BASE, NONTAX_UNIT_CODE and "
                "NONTAX_SECRET, or none of them"
            )
        return self
