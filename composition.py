"""The composition root: settings become adapters, adapters become use-cases."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from api.context import Context
from integrations.broadcast import RedisBroadcast
from integrations.clock import SystemClock
from integrations.courier import KuaidiCourier
from integrations.crypto import FieldCrypto
from integrations.http import Http
from integrations.jobs import Handler, QueuedJobs, Worker
from integrations.limiter import RedisLimiter
from integrations.passwords import ArgonPasswords
from integrations.realname import TencentRealName
from integrations.redis import connect, make_pool
from integrations.sms import HttpSms
from integrations.tokens import JoseTokens
from integrations.wechat.client import AsyncWechatClient
from integrations.wechat.login import WechatpyLogin
from integrations.wechat.messages import WechatpyMessages
from integrations.wechatpay.callbacks import CallbackReader
from integrations.wechatpay.client import WechatPay
from integrations.wechatpay.signing import MerchantKey, PlatformKeys
from models.database import close_database, config_for, open_database
from models.unit import drain
from services.acceptance import Acceptance
from services.accounts import Accounts
from services.applicants import Applicants
from services.calendars import Calendars
from services.cases import Cases
from services.clocks import Clocks
from services.deliveries import Deliveries
from services.events import BackofficeEvents
from services.fees import Fees
from services.forms import Forms
from services.handoff import Handoff
from services.items import Items
from services.machines import Machines
from services.materials import Materials
from services.messages import Messages
from services.packages import Packages
from services.payments import Payments
from services.ports import Clock
from services.progress import ProgressReader
from services.ratings import Ratings
from services.results import Results
from services.reviews import Reviews
from services.seeding import Seeding
from services.staff import StaffAccounts
from services.submissions import Submissions
from services.transitions import TELL, Transitions
from settings import Settings
from uploads.multipart import StreamedMultipart
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
    channel: WechatPay
    courier: KuaidiCourier
    files: LocalMaterialFiles
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
            settings.field_key_bytes, settings.field_key_active, settings.index_key_bytes
        ),
        tokens=JoseTokens(
            clock,
            settings.token_issuer,
            {settings.token_key_id: settings.token_key_file.read_text()},
            settings.token_key_id,
        ),
        passwords=ArgonPasswords(),
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
        channel=_pay_channel(settings, http, clock),
        courier=_courier(settings, http),
        files=files,
        closers=(files.close, broadcast.aclose, http.aclose, redis.aclose, pool.disconnect),
    )


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


@dataclass(frozen=True)
class Parts:
    """One process put together."""

    settings: Settings
    adapters: Adapters
    database: Mapping[str, Any]
    context: Context
    handlers: Mapping[str, Handler]
    seeding: Seeding

    async def open(self) -> None:
        await open_database(self.database)

    async def close(self) -> None:
        """Let running units finish, then close what was opened."""
        await drain()
        await self.adapters.close()
        await close_database()

    def worker(self) -> Worker:
        """Return the job worker of this installation."""
        return Worker(self.settings.database_url.get_secret_value(), self.handlers)


def compose(settings: Settings, clock: Clock | None = None) -> Parts:
    """Put the use-cases together over the adapters of the settings."""
    made = make_adapters(settings, clock)
    items = Items(made.clock)
    forms = Forms(made.crypto)
    applicants = Applicants(made.crypto)
    clocks = Clocks(Calendars(made.clock))
    transitions = Transitions(made.clock, clocks, made.jobs, made.broadcast)
    cases = Cases(made.clock, items, forms, applicants, transitions)
    fees = Fees(made.clock, forms, applicants)
    packages = Packages(made.clock, made.crypto, forms, applicants)
    acceptance = Acceptance(transitions, packages, fees)
    deliveries = Deliveries(made.crypto, items, transitions, made.courier, made.jobs)
    results = Results(transitions, fees, deliveries, items, made.files)
    payments = Payments(made.channel, items, transitions, acceptance, results, made.jobs)
    materials = Materials(made.clock, made.crypto, cases, made.files)
    messages = Messages(made.clock, made.crypto, made.messages, made.sms, _templates(settings))
    context = Context(
        tokens=made.tokens,
        limiter=made.limiter,
        broadcast=made.broadcast,
        registry=CollectorRegistry(),
        multipart=StreamedMultipart(),
        accounts=Accounts(made.clock, made.crypto, made.tokens, made.login, made.realname),
        staff=StaffAccounts(made.clock, made.tokens, made.passwords),
        machines=Machines(made.clock, made.tokens, made.passwords),
        items=items,
        cases=cases,
        materials=materials,
        submissions=Submissions(cases, applicants, transitions, made.crypto),
        progress=ProgressReader(made.crypto),
        reviews=Reviews(cases, acceptance, fees),
        handoff=Handoff(made.clock, made.crypto),
        events=BackofficeEvents(items, transitions, fees, results),
        payments=payments,
        results=results,
        deliveries=deliveries,
        ratings=Ratings(made.clock),
    )
    return Parts(
        settings=settings,
        adapters=made,
        database=config_for(
            settings.database_url.get_secret_value(),
            pool=settings.database_pool,
            seconds=settings.database_timeout,
        ),
        context=context,
        handlers={
            TELL: messages.tell,
            "payment.sweep": payments.sweep,
            "delivery.create_parcel": deliveries.create_parcel,
            "delivery.poll": deliveries.poll,
        },
        seeding=Seeding(items),
    )


def _templates(settings: Settings) -> Mapping[str, str]:
    return {
        "case_action": settings.wechat_template_action,
        "case_progress": settings.wechat_template_progress,
    }
