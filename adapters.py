"""The adapters of one process: settings become everything behind the ports."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from integrations.assertions import SignedAssertions
from integrations.broadcast import RedisBroadcast
from integrations.clock import SystemClock
from integrations.codes import RedisCodes
from integrations.courier import KuaidiCourier
from integrations.crypto import FieldCrypto
from integrations.ended import RedisEndedSessions
from integrations.faceid import FaceId
from integrations.faces import TencentFace, WechatFace
from integrations.http import Http
from integrations.jobs import QueuedJobs
from integrations.limiter import RULES, RedisLimiter, Rule, rule
from integrations.netid import HttpNetCredentials
from integrations.nonces import RedisNonces
from integrations.oidc import OidcProvider
from integrations.passing import RedisPassing
from integrations.passwords import ArgonPasswords
from integrations.printing.printer import PdfPrinter
from integrations.realname import TencentRealName
from integrations.redis import connect, make_pool
from integrations.registers import SharedRegisters
from integrations.signing import DocumentSigner
from integrations.sms import HttpSms
from integrations.tokens import JoseTokens
from integrations.totp import PyotpCodes
from integrations.wechat.client import AsyncWechatClient
from integrations.wechat.login import WechatpyLogin
from integrations.wechat.messages import WechatpyMessages
from integrations.wechat.oauth import AsyncWechatOauth
from integrations.wechat.realname import WechatPayRealName
from integrations.wechatpay.callbacks import CallbackReader
from integrations.wechatpay.client import WechatPay
from integrations.wechatpay.signing import MerchantKey, PlatformKeys
from services.face_checks import FaceProvider
from services.phone_codes import RULE
from services.ports import Clock, FaceChecker
from services.sessions import ACCESS_LIFE
from settings import Settings
from uploads.pipeline import LocalMaterialFiles


@dataclass(frozen=True)
class Adapters:
    """The outside of one process; opened by being made, closed by ``close``."""

    clock: Clock
    crypto: FieldCrypto
    tokens: JoseTokens
    passwords: ArgonPasswords
    one_time_codes: PyotpCodes
    assertions: SignedAssertions
    nonces: RedisNonces
    limiter: RedisLimiter
    ended: RedisEndedSessions
    codes: RedisCodes
    passing: RedisPassing
    broadcast: RedisBroadcast
    jobs: QueuedJobs
    login: WechatpyLogin
    messages: WechatpyMessages
    sms: HttpSms
    realname: TencentRealName
    wechat_realname: WechatPayRealName
    faces: Mapping[FaceProvider, FaceChecker]
    oidc: OidcProvider | None
    netid: HttpNetCredentials | None
    wechat_h5: AsyncWechatOauth | None
    wechat_app: AsyncWechatOauth | None
    registers: SharedRegisters
    channel: WechatPay
    courier: KuaidiCourier
    files: LocalMaterialFiles
    printer: PdfPrinter
    closers: tuple[Callable[[], Awaitable[object]], ...]

    async def close(self) -> None:
        for closer in self.closers:
            await closer()


def make_adapters(settings: Settings, clock: Clock | None = None) -> Adapters:
    """Build the adapters; call it inside a running loop."""
    clock = clock or SystemClock()
    http = Http()
    pool = make_pool(settings.redis_url.get_secret_value())
    redis = connect(pool)
    broadcast = RedisBroadcast(redis)
    files = LocalMaterialFiles.under(settings.data_dir / "materials")
    printer = PdfPrinter()
    wechat = AsyncWechatClient(
        http,
        redis,
        settings.wechat_api_base,
        settings.wechat_appid,
        settings.wechat_secret.get_secret_value(),
    )
    faceid = FaceId(
        http,
        clock,
        base_url=settings.realname_api_base,
        secret_id=settings.realname_secret_id,
        secret_key=settings.realname_secret_key.get_secret_value(),
    )
    return Adapters(
        clock=clock,
        crypto=FieldCrypto(
            settings.field_key_bytes,
            settings.field_key_active,
            settings.index_key_bytes,
            _signer(settings),
            settings.former_index_key_bytes,
        ),
        tokens=JoseTokens(
            clock,
            settings.token_issuer,
            {settings.token_key_id: settings.token_key_file.read_text()},
            settings.token_key_id,
        ),
        passwords=ArgonPasswords(memory_kib=settings.password_memory_kib),
        one_time_codes=PyotpCodes(settings.totp_issuer),
        assertions=SignedAssertions(clock, settings.audiences),
        nonces=RedisNonces(redis),
        limiter=RedisLimiter(pool, clock, {**RULES, **_budget(settings)}),
        ended=RedisEndedSessions(redis, clock, ACCESS_LIFE),
        codes=RedisCodes(redis, clock, RULE),
        passing=RedisPassing(redis, clock),
        broadcast=broadcast,
        jobs=QueuedJobs(),
        login=WechatpyLogin(wechat),
        messages=WechatpyMessages(wechat, settings.wechat_state),
        sms=HttpSms(
            http,
            clock,
            base_url=settings.sms_api_base,
            access_key=settings.sms_access_key,
            secret=settings.sms_secret.get_secret_value(),
        ),
        realname=TencentRealName(faceid),
        wechat_realname=WechatPayRealName(wechat),
        faces={
            FaceProvider.TENCENT: TencentFace(faceid, settings.realname_face_rule),
            FaceProvider.WECHAT: WechatFace(wechat),
        },
        netid=_netid(settings, http, clock),
        oidc=_oidc(settings, http, clock),
        wechat_h5=_oauth(settings, http, settings.wechat_h5_appid, settings.wechat_h5_secret),
        wechat_app=_oauth(settings, http, settings.wechat_app_appid, settings.wechat_app_secret),
        registers=SharedRegisters(
            http,
            clock,
            base_url=settings.registers_api_base,
            access_key=settings.registers_access_key,
            secret=settings.registers_secret.get_secret_value(),
        ),
        channel=_pay_channel(settings, http, clock),
        courier=_courier(settings, http),
        files=files,
        printer=printer,
        closers=(
            files.close,
            printer.close,
            broadcast.aclose,
            http.aclose,
            redis.aclose,
            pool.disconnect,
        ),
    )


def _budget(settings: Settings) -> Mapping[str, Rule]:
    return {"sms_budget": rule(f"{settings.sms_daily_budget}/day", strict=True)}


def _netid(settings: Settings, http: Http, clock: Clock) -> HttpNetCredentials | None:
    base, key, secret = settings.netid_api_base, settings.netid_access_key, settings.netid_secret
    if base is None or key is None or secret is None:
        return None
    return HttpNetCredentials(
        http, clock, base_url=base, access_key=key, secret=secret.get_secret_value()
    )


def _oidc(settings: Settings, http: Http, clock: Clock) -> OidcProvider | None:
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


def _oauth(
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


def _signer(settings: Settings) -> DocumentSigner:
    key = settings.document_key_file.read_text()
    return DocumentSigner(key, settings.document_key_id, settings.document_retired_keys)


def _pay_channel(settings: Settings, http: Http, clock: Clock) -> WechatPay:
    certificates = sorted((settings.wxpay_platform_cert_dir or Path("/nonexistent")).glob("*.pem"))
    platform = PlatformKeys(
        {settings.wxpay_pub_key_id: settings.wxpay_pub_key_file.read_text()},
        tuple(file.read_text() for file in certificates),
    )
    return WechatPay(
        http,
        clock,
        MerchantKey(
            settings.wxpay_mchid,
            settings.wxpay_mch_serial,
            settings.wxpay_mch_key_file.read_text(),
        ),
        platform,
        CallbackReader(platform, settings.wxpay_apiv3_key.get_secret_value().encode(), clock),
        hosts=(settings.wxpay_api_base, settings.wxpay_api_backup),
        appid=settings.wechat_appid,
        notify_url=f"{settings.notify_base_url}/callbacks/wechatpay",
        public_key_id=settings.wxpay_pub_key_id,
    )


def _courier(settings: Settings, http: Http) -> KuaidiCourier:
    return KuaidiCourier(
        http,
        order_url=settings.courier_order_url,
        query_url=settings.courier_query_url,
        push_url=f"{settings.notify_base_url}/callbacks/courier",
        customer=settings.courier_customer,
        key=settings.courier_key.get_secret_value(),
        salt=settings.courier_salt.get_secret_value(),
    )
