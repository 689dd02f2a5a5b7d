"""The adapters of one process: settings become everything behind the ports."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from integrations.broadcast import RedisBroadcast
from integrations.clock import SystemClock
from integrations.courier import KuaidiCourier
from integrations.crypto import FieldCrypto
from integrations.http import Http
from integrations.jobs import QueuedJobs
from integrations.limiter import RedisLimiter
from integrations.passwords import ArgonPasswords
from integrations.printing.printer import PdfPrinter
from integrations.realname import TencentRealName
from integrations.redis import connect, make_pool
from integrations.registers import SharedRegisters
from integrations.signing import DocumentSigner
from integrations.sms import HttpSms
from integrations.tokens import JoseTokens
from integrations.wechat.client import AsyncWechatClient
from integrations.wechat.login import WechatpyLogin
from integrations.wechat.messages import WechatpyMessages
from integrations.wechatpay.callbacks import CallbackReader
from integrations.wechatpay.client import WechatPay
from integrations.wechatpay.signing import MerchantKey, PlatformKeys
from services.ports import Clock
from settings import Settings
from uploads.pipeline import LocalMaterialFiles


@dataclass(frozen=True)
class Adapters:
    """The outside of one process; opened by being made, closed by ``close``."""

    clock: Clock
    crypto: FieldCrypto
    tokens: JoseTokens
    passwords: ArgonPasswords
    limiter: RedisLimiter
    broadcast: RedisBroadcast
    jobs: QueuedJobs
    login: WechatpyLogin
    messages: WechatpyMessages
    sms: HttpSms
    realname: TencentRealName
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
        limiter=RedisLimiter(pool, clock),
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
        realname=TencentRealName(
            http,
            clock,
            base_url=settings.realname_api_base,
            secret_id=settings.realname_secret_id,
            secret_key=settings.realname_secret_key.get_secret_value(),
        ),
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
