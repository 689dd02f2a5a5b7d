"""Settings: a way in is offered whole or not at all, and production knows no sandbox."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from settings import Settings
from tests.conftest import Servers
from tests.integrations.test_signing import in_production
from tests.world import make_settings


def changed(servers: Servers, **changes: Any) -> Settings:
    outside = "http://127.0.0.1:1"
    made = make_settings(servers.folder, "postgres://a:b@127.0.0.1/c", "redis://x", outside, 1)
    return Settings(**{**made.model_dump(), **changes})


OIDC = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
H5 = ("wechat_h5_appid", "wechat_h5_secret")
APP = ("wechat_app_appid", "wechat_app_secret")
NET = ("netid_api_base", "netid_access_key", "netid_secret")
TREASURY = ("nontax_api_base", "nontax_public_base", "nontax_unit_code", "nontax_secret")


@pytest.mark.parametrize("group", [OIDC, H5, APP, NET, TREASURY], ids=lambda group: group[0])
def test_a_way_is_whole_or_absent(servers: Servers, group: tuple[str, ...]) -> None:
    absent = dict.fromkeys(group)
    if group == H5:
        absent["wechat_open_base"] = None
    assert changed(servers, **absent)
    for name in group:
        with pytest.raises(ValidationError):
            changed(servers, **{name: None})


@pytest.mark.parametrize("name", TREASURY[:2])
def test_production_reaches_the_treasury_by_tls(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValidationError, match="needs an https address"):
        in_production(tmp_path, **{name: "http://pay.example.cn"})


def test_production_refuses_the_unit_of_the_sandbox(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="credentials of the sandbox"):
        in_production(tmp_path, nontax_unit_code="wxsandbox000000001")


def test_the_platforms_key_is_whole_or_absent(servers: Servers) -> None:
    assert changed(servers, wxpay_pub_key_id=None, wxpay_pub_key_file=None).pay_ids
    for name in ("wxpay_pub_key_id", "wxpay_pub_key_file"):
        with pytest.raises(ValidationError):
            changed(servers, **{name: None})


def test_the_apiv3_key_has_32_bytes(servers: Servers) -> None:
    with pytest.raises(ValidationError):
        changed(servers, wxpay_apiv3_key="k" * 31)


@pytest.mark.parametrize(
    ("url", "faults"),
    [(None, 0), ("https://hall.example.cn/paid?from=pay", 0), ("http://hall.example.cn", 1)],
    ids=["none", "https", "http"],
)
def test_a_payers_browser_goes_back_by_tls_in_production(
    servers: Servers, url: str | None, faults: int
) -> None:
    assert len([*changed(servers, pay_return_url=url).pay_faults()]) == faults


@pytest.mark.parametrize(
    "name", ["oidc_issuer", "wechat_open_base", "netid_api_base", *TREASURY[:2]]
)
def test_development_reaches_only_this_machine(servers: Servers, name: str) -> None:
    with pytest.raises(ValidationError):
        changed(servers, **{name: "https://id.example.cn"})
