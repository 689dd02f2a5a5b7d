"""The adapters of one process: settings become everything behind the ports."""

import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from integrations.assertions import SignedAssertions
from integrations.broadcast import RedisBroadcast
from integrations.certificates import MAX_ANSWER_BYTES, HttpCertificates
from integrations.clamd import Clamd
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
from integrations.nontax.client import NontaxPay
from integrations.oidc import OidcProvider
from integrations.passing import RedisPassing
from integrations.passwords import ArgonPasswords
from integrations.printing.printer import PdfPrinter
from integrations.pushes import WebhookPushes
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
from integrations.wechat.shipping import WechatShipments
from integrations.wechatpay import bills
from integrations.wechatpay.bills import WechatBills
from integrations.wechatpay.client import WechatPay
from providers import courier, netid, oauth, oidc, pay_bills, pay_channel, platform_keys, treasury
from services.face_checks import FaceProvider
from services.phone_codes import RULE
from services.ports import NONTAX, WECHAT, Clock, FaceChecker, Tills
from services.ports.files import FileCipher, ObjectStore, Scanner
from services.sessions import ACCESS_LIFE
from services.stored_files import StoredFiles
from settings import Settings
from uploads.disk import LocalObjects
from uploads.pipeline import LocalMaterialFiles
from uploads.reading.reader import ChildReader
from uploads.stamping import Stamper


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
    certificates: HttpCertificates | None
    channel: WechatPay
    treasury: NontaxPay | None
    tills: Tills
    bills: WechatBills
    shipments: WechatShipments
    courier: KuaidiCourier
    pushes: WebhookPushes
    files: LocalMaterialFiles
    reader: ChildReader | None
    stored: StoredFiles
    objects: ObjectStore
    scanner: Scanner | None
    printer: PdfPrinter
    watermarks: Stamper
    closers: tuple[Callable[[], Awaitable[object]], ...]

    def abandon(self) -> None:
        """End what may be ended at any moment and is begun again by another process."""
        if self.reader is not None:
            self.reader.abandon()

    async def close(self) -> None:
        for closer in self.closers:
            await closer()


def make_adapters(settings: Settings, clock: Clock | None = None) -> Adapters:
    """Build the adapters; call it inside a running loop."""
    clock = clock or SystemClock()
    http = Http()
    library = Http(max_answer=MAX_ANSWER_BYTES)
    files_of_bills = Http(total=bills.TOTAL_SECONDS, max_answer=bills.MAX_FILE_BYTES)
    pool = make_pool(settings.redis_url.get_secret_value())
    redis = connect(pool)
    broadcast = RedisBroadcast(redis)
    reader = ChildReader() if settings.reading else None
    crypto = _crypto(settings)
    jobs = QueuedJobs()
    scanner = Clamd(settings.clamav_address) if settings.clamav_address else None
    stored = StoredFiles(clock, crypto, jobs, scanning=scanner is not None)
    folder = settings.data_dir / "materials"
    objects = _objects(settings, folder)
    files = LocalMaterialFiles.under(
        folder, stored, objects=objects, cipher=FileCipher(settings.file_cipher)
    )
    printer = PdfPrinter()
    watermarks = Stamper(files.store)
    wechat = AsyncWechatClient(
        http,
        redis,
        settings.wechat_api_base,
        settings.wechat_appid,
        settings.wechat_secret.get_secret_value(),
    )
    platform = platform_keys(settings, http, clock)
    channel = pay_channel(settings, http, clock, platform)
    treasurer = treasury(settings, http, clock)
    faceid = FaceId(
        http,
        clock,
        base_url=settings.realname_api_base,
        secret_id=settings.realname_secret_id,
        secret_key=settings.realname_secret_key.get_secret_value(),
    )
    return Adapters(
        clock=clock,
        crypto=crypto,
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
        jobs=jobs,
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
        netid=netid(settings, http, clock),
        oidc=oidc(settings, http, clock),
        wechat_h5=oauth(settings, http, settings.wechat_h5_appid, settings.wechat_h5_secret),
        wechat_app=oauth(settings, http, settings.wechat_app_appid, settings.wechat_app_secret),
        registers=SharedRegisters(
            http,
            clock,
            base_url=settings.registers_api_base,
            access_key=settings.registers_access_key,
            secret=settings.registers_secret.get_secret_value(),
        ),
        certificates=_certificates(settings, library, clock),
        channel=channel,
        treasury=treasurer,
        tills={WECHAT: channel} | ({} if treasurer is None else {NONTAX: treasurer}),
        shipments=WechatShipments(wechat),
        bills=pay_bills(settings, files_of_bills, clock, platform),
        courier=courier(settings, http),
        pushes=WebhookPushes(settings.handoff_networks),
        files=files,
        reader=reader,
        stored=stored,
        objects=objects,
        scanner=scanner,
        printer=printer,
        watermarks=watermarks,
        closers=(
            files.close,
            *([] if reader is None else [reader.close]),
            printer.close,
            watermarks.close,
            platform.aclose,
            broadcast.aclose,
            http.aclose,
            library.aclose,
            files_of_bills.aclose,
            redis.aclose,
            pool.disconnect,
        ),
    )


def _crypto(settings: Settings) -> FieldCrypto:
    return FieldCrypto(
        settings.field_key_bytes,
        settings.field_key_active,
        settings.index_key_bytes,
        _signer(settings),
        settings.former_index_key_bytes,
    )


def _objects(settings: Settings, folder: Path) -> ObjectStore:
    if settings.objects_url is None:
        return LocalObjects(folder)
    # Only who keeps objects elsewhere has the library.
    remote = importlib.import_module("integrations.objects")
    made: ObjectStore = remote.RemoteObjects.at(settings.objects_url.get_secret_value())
    return made


def _budget(settings: Settings) -> Mapping[str, Rule]:
    return {"sms_budget": rule(f"{settings.sms_daily_budget}/day", strict=True)}


def _certificates(settings: Settings, http: Http, clock: Clock) -> HttpCertificates | None:
    base, key = settings.certificates_api_base, settings.certificates_access_key
    if base is None or key is None or settings.certificates_secret is None:
        return None
    secret = settings.certificates_secret.get_secret_value()
    return HttpCertificates(http, clock, base_url=base, access_key=key, secret=secret)


def _signer(settings: Settings) -> DocumentSigner:
    key = settings.document_key_file.read_text()
    return DocumentSigner(key, settings.document_key_id, settings.document_retired_keys)
