"""Platform certificates: who may bring one in, and how seldom anybody makes us fetch them."""

import asyncio
import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from integrations.http import Http, Reply, Unreachable
from integrations.wechatpay.callbacks import CallbackReader
from integrations.wechatpay.client import WechatPay
from integrations.wechatpay.exchange import Exchange
from integrations.wechatpay.platform import CERTIFICATES, PlatformCertificates
from integrations.wechatpay.signing import MerchantKey
from services.errors import CallbackForged, OutsideUnavailable
from services.ports import PayCallback, Settlement
from tests.integrations.clocks import NOON, SetClock
from tests.integrations.outside import WANG, Outside
from tests.integrations.published import KEYS
from tests.integrations.test_wechatpay import called_back, order

APIV3_KEY = b"an APIv3 key has thirty-two byte"
ORDER = "/v3/pay/transactions/out-trade-no/N1?mchid=1900000109"


@dataclass(frozen=True)
class Certificate:
    """A platform certificate and its key, with the serial that the list says it has."""

    key: RSAPrivateKey
    pem: bytes
    serial: str


def certificate(serial: int, *, until: datetime = NOON + timedelta(days=9)) -> Certificate:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "platform")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(until)
        .sign(key, SHA256())
    )
    return Certificate(key, made.public_bytes(Encoding.PEM), f"{serial:040X}")


A, B, OTHER_A = certificate(10), certificate(11), certificate(10)
EXPIRED = certificate(12, until=NOON - timedelta(seconds=1))


@dataclass
class Platform:
    """WeChat Pay at the wire: what it lists, by what it signs, how often it was asked."""

    clock: SetClock
    listed: list[Certificate] = field(default_factory=lambda: [A])
    signs: Certificate = A
    apiv3_key: bytes = APIV3_KEY
    status: int = 200
    down: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    sent: list[dict[str, str]] = field(default_factory=list)

    async def request(
        self, method: str, url: str, *, headers: dict[str, str], body: bytes | None = None
    ) -> Reply:
        path = url.removeprefix("https://pay.example.cn")
        self.asked[path] += 1
        self.sent.append(headers)
        await asyncio.sleep(0)
        if self.down and path == CERTIFICATES:
            raise Unreachable
        if path == CERTIFICATES:
            return self.signed({"data": [self.sealed(each) for each in self.listed]}, self.status)
        return self.signed({"said": path})

    def signed(self, value: object, status: int = 200) -> Reply:
        body, stamp = json.dumps(value).encode(), str(int(self.clock.now().timestamp()))
        message = f"{stamp}\nnonce\n".encode() + body + b"\n"
        proof = {
            "Wechatpay-Serial": self.signs.serial,
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": "nonce",
            "Wechatpay-Signature": base64.b64encode(
                self.signs.key.sign(message, PKCS1v15(), SHA256())
            ).decode(),
        }
        return Reply(status, proof, body)

    def sealed(self, each: Certificate) -> dict[str, Any]:
        cipher = AESGCM(self.apiv3_key).encrypt(b"0123456789ab", each.pem, b"certificate")
        return {
            "serial_no": each.serial,
            "effective_time": "2020-01-01T00:00:00+08:00",
            "expire_time": "2030-01-01T00:00:00+08:00",
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": "0123456789ab",
                "associated_data": "certificate",
                "ciphertext": base64.b64encode(cipher).decode(),
            },
        }


@dataclass(frozen=True)
class Ours:
    platform: Platform
    keys: PlatformCertificates
    exchange: Exchange
    reader: CallbackReader
    clock: SetClock

    async def ask(self) -> dict[str, Any]:
        return await self.exchange.ask("GET", ORDER)

    def call_back(self) -> None:
        """Take what the platform signs now as a callback; it says nothing that we understand."""
        said = self.platform.signed({"event_type": "TRANSACTION.SUCCESS"})
        self.reader.read(said.headers, said.body)

    @property
    def fetched(self) -> int:
        return self.platform.asked[CERTIFICATES]


@pytest.fixture
def ours(clock: SetClock) -> Ours:
    platform = Platform(clock)
    http, key = (
        cast("Http", platform),
        MerchantKey("1900000109", "S1", KEYS["wechat_pay_private_key_pem"]),
    )
    hosts = ["https://pay.example.cn"]
    keys = PlatformCertificates(http, clock, key, APIV3_KEY, hosts=hosts)
    exchange = Exchange(http, clock, key, keys, public_key_id=None, hosts=hosts)
    return Ours(platform, keys, exchange, CallbackReader(keys, APIV3_KEY, clock), clock)


async def test_the_first_answer_fetches_the_certificates_that_prove_it(ours: Ours) -> None:
    assert await ours.ask() == {"said": ORDER}
    assert await ours.ask() == {"said": ORDER}
    assert ours.fetched == 1
    assert not any("Wechatpay-Serial" in headers for headers in ours.platform.sent)


async def test_many_at_once_fetch_once(ours: Ours) -> None:
    assert len(await asyncio.gather(*(ours.ask() for _ in range(32)))) == 32
    assert ours.fetched == 1


async def test_whoever_shares_the_keys_shares_the_fetch(ours: Ours) -> None:
    key = MerchantKey("1900000109", "S1", KEYS["wechat_pay_private_key_pem"])
    http, hosts = cast("Http", ours.platform), ["https://pay.example.cn"]
    other = Exchange(http, ours.clock, key, ours.keys, public_key_id=None, hosts=hosts)
    await asyncio.gather(ours.ask(), other.ask("GET", ORDER))
    assert await other.ask("GET", ORDER) == {"said": ORDER}
    assert ours.fetched == 1


async def test_a_new_certificate_is_fetched_when_it_signs(ours: Ours) -> None:
    await ours.ask()
    ours.platform.listed, ours.platform.signs = [B, A], B
    ours.clock.forward(seconds=61)
    assert await ours.ask() == {"said": ORDER}
    assert ours.fetched == 2
    # What the older one has signed may still be on its way.
    ours.platform.signs = A
    assert await ours.ask() == {"said": ORDER}
    assert ours.fetched == 2


async def test_a_serial_of_nobodys_makes_us_fetch_once_a_minute(ours: Ours) -> None:
    await ours.ask()
    ours.platform.signs = B
    for _ in range(20):
        with pytest.raises(OutsideUnavailable):
            await ours.ask()
    assert ours.fetched == 1
    ours.clock.forward(seconds=61)
    for _ in range(20):
        with pytest.raises(OutsideUnavailable):
            await ours.ask()
    assert ours.fetched == 2
    ours.platform.signs = A
    assert await ours.ask() == {"said": ORDER}


async def test_a_platform_that_does_not_list_is_asked_again(ours: Ours) -> None:
    ours.platform.down = True
    for _ in range(3):
        with pytest.raises(OutsideUnavailable):
            await ours.ask()
    assert ours.fetched == 1
    ours.platform.down = False
    ours.clock.forward(seconds=6)
    assert await ours.ask() == {"said": ORDER}


def _sealed_by_somebody(platform: Platform) -> None:
    platform.apiv3_key = b"another key that has 32 bytes, 2"


def _not_listed(platform: Platform) -> None:
    platform.listed = [A]


def _another_key_under_a_held_serial(platform: Platform) -> None:
    platform.listed, platform.signs = [OTHER_A], OTHER_A


def _under_another_serial(platform: Platform) -> None:
    platform.listed = [Certificate(B.key, A.pem, B.serial)]


def _expired(platform: Platform) -> None:
    platform.listed, platform.signs = [EXPIRED], EXPIRED


def _empty(platform: Platform) -> None:
    platform.listed = []


def _error(platform: Platform) -> None:
    platform.status = 403


@pytest.mark.parametrize(
    "spoil",
    [
        _sealed_by_somebody,
        _not_listed,
        _another_key_under_a_held_serial,
        _under_another_serial,
        _expired,
        _empty,
        _error,
    ],
)
async def test_a_list_that_proves_nothing_changes_nothing(ours: Ours, spoil: Any) -> None:
    await ours.ask()
    ours.platform.listed, ours.platform.signs = [B], B
    ours.clock.forward(seconds=61)
    spoil(ours.platform)
    with pytest.raises(OutsideUnavailable):
        await ours.ask()
    assert (ours.keys.knows(A.serial), ours.keys.knows(B.serial)) == (True, False)
    ours.platform.signs = A
    assert await ours.ask() == {"said": ORDER}


async def test_a_certificate_that_is_listed_no_more_proves_nothing_more(ours: Ours) -> None:
    await ours.ask()
    ours.platform.listed, ours.platform.signs = [B], B
    ours.clock.forward(seconds=61)
    await ours.ask()
    assert (ours.keys.knows(A.serial), ours.keys.knows(B.serial)) == (False, True)


async def test_a_callback_waits_for_nothing_and_is_good_the_next_time(ours: Ours) -> None:
    with pytest.raises(CallbackForged):
        ours.call_back()
    assert ours.fetched == 0
    await asyncio.sleep(0.05)
    assert (ours.fetched, ours.keys.knows(A.serial)) == (1, True)
    await ours.keys.aclose()


async def test_strangers_make_us_fetch_once_in_ten_minutes(ours: Ours) -> None:
    await ours.ask()
    ours.clock.forward(minutes=20)
    ours.platform.signs = B
    for _ in range(9):
        for _ in range(20):
            with pytest.raises(CallbackForged):
                ours.call_back()
        await asyncio.sleep(0.02)
        ours.clock.forward(minutes=1)
    assert ours.fetched == 2
    ours.clock.forward(minutes=2)
    with pytest.raises(CallbackForged):
        ours.call_back()
    await asyncio.sleep(0.05)
    assert ours.fetched == 3
    await ours.keys.aclose()


@dataclass
class Ahead:
    """The time of this machine, and a bit."""

    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def test_the_sandbox_signs_by_certificates_for_whoever_names_no_key(
    outside: Outside, http: Http
) -> None:
    account, clock = outside.credentials, Ahead()
    key = MerchantKey(account.merchant_id, account.merchant_serial, account.merchant_key_pem)
    secret = account.apiv3_key.encode()
    keys = PlatformCertificates(http, clock, key, secret, hosts=[outside.url])
    pay = WechatPay(
        http,
        clock,
        key,
        keys,
        CallbackReader(keys, secret, clock),
        appids={"JSAPI": account.appid},
        public_key_id=None,
        hosts=[outside.url],
        notify_url=outside.notify_url,
    )
    prepay_id = await pay.prepay(order())
    await outside.phone(f"orders/{prepay_id}/pay", openid=WANG)
    await called_back(outside, 1)
    assert outside.posted[0][0]["Wechatpay-Serial"] != account.platform_public_key_id
    callback = pay.read_callback(*outside.posted[0])
    assert isinstance(callback, PayCallback)
    assert callback.payment.settlement is Settlement.PAID
    serial = (await outside.phone("platform-certificates"))["serial"]
    clock.ahead = timedelta(seconds=62)
    assert await pay.query("ZB-2026_0001*|") == callback.payment
    assert keys.knows(serial)
    # The first one is listed still.
    assert pay.read_callback(*outside.posted[0]) == callback
    assert outside.asked[CERTIFICATES] == 2
