"""The clients of outside systems that are there only where an installation names them."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from integrations.courier import KuaidiCourier
from integrations.http import Http
from integrations.netid import HttpNetCredentials
from integrations.nontax import callbacks, exchange
from integrations.nontax.client import NontaxPay
from integrations.nontax.signing import UnitKey
from integrations.oidc import OidcProvider
from integrations.wechat.oauth import AsyncWechatOauth
from integrations.wechatpay.bills import WechatBills
from integrations.wechatpay.callbacks import CallbackReader
from integrations.wechatpay.client import WechatPay
from integrations.wechatpay.exchange import Exchange
from integrations.wechatpay.platform import PlatformCertificates
from integrations.wechatpay.signing import MerchantKey, PlatformKeys
from services.ports import Clock, Scene
from settings import Settings


def netid(settings: Settings, http: Http, clock: Clock) -> HttpNetCredentials | None:
    base, key, secret = settings.netid_api_base, settings.netid_access_key, settings.netid_secret
    if base is None or key is None or secret is None:
        return None
    return HttpNetCredentials(
        http, clock, base_url=base, access_key=key, secret=secret.get_secret_value()
    )


def oidc(settings: Settings, http: Http, clock: Clock) -> OidcProvider | None:
    issuer, client, secret = (
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
    )
    if issuer is None or client is None or secret is None:
        return None
    return OidcProvider(
        http,
        clock,
        issuer=issuer,
        client_id=client,
        client_secret=secret.get_secret_value(),
        level_claim=settings.oidc_level_claim,
        number_claim=settings.oidc_number_claim,
    )


def oauth(
    settings: Settings, http: Http, appid: str | None, secret: SecretStr | None
) -> AsyncWechatOauth | None:
    if appid is None or secret is None:
        return None
    return AsyncWechatOauth(
        http,
        api_base=settings.wechat_api_base,
        open_base=settings.wechat_open_base or settings.wechat_api_base,
        appid=appid,
        secret=secret.get_secret_value(),
    )


def platform_keys(settings: Settings, http: Http, clock: Clock) -> PlatformKeys:
    """Return what everything that WeChat Pay says is checked by: one object for all of it."""
    key_id, file = settings.wxpay_pub_key_id, settings.wxpay_pub_key_file
    folder = settings.wxpay_platform_cert_dir or Path("/nonexistent")
    certificates = tuple(pem.read_text() for pem in sorted(folder.glob("*.pem")))
    if key_id is not None and file is not None:
        return PlatformKeys({key_id: file.read_text()}, certificates)
    return PlatformCertificates(
        http,
        clock,
        _merchant_key(settings),
        settings.wxpay_apiv3_key.get_secret_value().encode(),
        hosts=_hosts(settings),
        certificates=certificates,
    )


def pay_channel(settings: Settings, http: Http, clock: Clock, platform: PlatformKeys) -> WechatPay:
    return WechatPay(
        http,
        clock,
        _merchant_key(settings),
        platform,
        CallbackReader(platform, settings.wxpay_apiv3_key.get_secret_value().encode(), clock),
        hosts=_hosts(settings),
        appids=_appids(settings),
        notify_url=f"{settings.notify_base_url}/callbacks/wechatpay",
        return_url=settings.pay_return_url,
        public_key_id=settings.wxpay_pub_key_id,
    )


def treasury(settings: Settings, http: Http, clock: Clock) -> NontaxPay | None:
    base, public = settings.nontax_api_base, settings.nontax_public_base
    unit, secret = settings.nontax_unit_code, settings.nontax_secret
    if base is None or public is None or unit is None or secret is None:
        return None
    key = UnitKey(unit, secret.get_secret_value())
    notify_url = f"{settings.notify_base_url.rstrip('/')}/callbacks/nontax"
    return NontaxPay(
        exchange.Exchange(http, clock, key, base),
        callbacks.CallbackReader(key, clock, urlsplit(notify_url).path),
        public_base=public,
        notify_url=notify_url,
    )


def _appids(settings: Settings) -> dict[str, str]:
    """Return the programs in which people can pay, by scene: only what is configured."""
    given = {
        Scene.JSAPI.value: settings.wechat_appid,
        Scene.APP.value: settings.wxpay_app_appid,
        Scene.H5.value: settings.wxpay_h5_appid,
    }
    return {scene: appid for scene, appid in given.items() if appid is not None}


def pay_bills(settings: Settings, http: Http, clock: Clock, platform: PlatformKeys) -> WechatBills:
    """Return the bills of the pay channel; ``http`` has to take files of their size."""
    return WechatBills(
        Exchange(
            http,
            clock,
            _merchant_key(settings),
            platform,
            public_key_id=settings.wxpay_pub_key_id,
            hosts=_hosts(settings),
        )
    )


def _hosts(settings: Settings) -> tuple[str, str]:
    return (settings.wxpay_api_base, settings.wxpay_api_backup)


def _merchant_key(settings: Settings) -> MerchantKey:
    return MerchantKey(
        settings.wxpay_mchid, settings.wxpay_mch_serial, settings.wxpay_mch_key_file.read_text()
    )


def courier(settings: Settings, http: Http) -> KuaidiCourier:
    return KuaidiCourier(
        http,
        order_url=settings.courier_order_url,
        query_url=settings.courier_query_url,
        push_url=f"{settings.notify_base_url}/callbacks/courier",
        customer=settings.courier_customer,
        key=settings.courier_key.get_secret_value(),
        salt=settings.courier_salt.get_secret_value(),
    )
