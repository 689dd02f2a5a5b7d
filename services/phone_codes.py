"""Codes to a phone (短信验证码): who reads the right one to us holds that phone now.

Nothing here looks whether a number has an account: what is not asked cannot be told, nor take
time.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from models.rules.phones import PhoneInvalid, read_phone
from models.rules.ways import Way
from services.entrances import Caller
from services.errors import Conflict, FieldFault, Invalid, OutsideUnavailable, TooMany
from services.ports import CodeRule, Codes, Crypto, Limiter, SmsAndVoice

# ASVS 5.0, 6.5: at most 10 minutes, few tries, one live code.
RULE = CodeRule(
    tries=5,
    life=timedelta(minutes=10),
    wait=timedelta(seconds=60),
    voice_after=2,
    memory=timedelta(minutes=30),
)
TEMPLATE = "login_code"
DIGITS = 6


class Purpose(StrEnum):
    """What a code is for: one for logging in links nothing, and the reverse."""

    LOGIN = "LOGIN"
    LINK = "LINK"


class Channel(StrEnum):
    TEXT = "TEXT"
    VOICE = "VOICE"


class PhoneRefused(Invalid):
    """Not a mobile number that a code can be sent to."""

    code = "phone_invalid"
    sentence = "手机号填写有误,请填写11位手机号。"


class CodeWrong(Invalid):
    """Wrong, used, too old, of another purpose, tried too often, or never sent."""

    code = "code_wrong"
    sentence = "验证码不对或已经失效,请检查,或者重新获取。"


class VoiceTooEarly(Conflict):
    """A call is for those whom text messages do not reach."""

    code = "voice_too_early"
    sentence = "请先获取短信验证码;两次都没有收到,再使用语音验证码。"


@dataclass(frozen=True)
class Origin:
    """Who asks for a code, as far as it can be counted."""

    address: str
    device: str


@dataclass(frozen=True)
class CodeSent:
    """Times in seconds; the same for every number, whatever went on with it before."""

    resend_after: int
    expires_in: int
    voice_after: int


@dataclass(frozen=True)
class PhoneCodes:
    crypto: Crypto
    codes: Codes
    sms: SmsAndVoice
    limiter: Limiter

    async def send(
        self, phone: str, purpose: Purpose, channel: Channel, origin: Origin
    ) -> CodeSent:
        """Send a code by text message or, after two of them, by a call.

        Raises ``PhoneRefused``, ``TooMany``, ``VoiceTooEarly``, ``OutsideUnavailable`` (nothing
        is known to have gone out, and another one may be asked for at once) or ``Unavailable``.
        """
        number = _read(phone)
        subject = self._subject(number, purpose)
        # Impatience is not held against a number: the wait comes before the counting.
        if wait := await self.codes.wait(subject):
            raise TooMany(retry_after=wait)
        await self._count(number, origin)
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        voice = channel is Channel.VOICE
        texts = await self.codes.begin(subject, self._digest(subject, code), voice=voice)
        if texts is None:
            raise VoiceTooEarly
        params = {"code": code, "minutes": str(int(RULE.life.total_seconds() // 60))}
        try:
            # A number that the gateway refuses hears the same as any other.
            await (self.sms.call if voice else self.sms.send)(number, TEMPLATE, params)
        except OutsideUnavailable:
            await self.codes.undo(subject)
            raise
        return CodeSent(
            resend_after=int(RULE.wait.total_seconds()),
            expires_in=int(RULE.life.total_seconds()),
            voice_after=RULE.voice_after,
        )

    async def redeem(self, phone: str, purpose: Purpose, code: str) -> Caller:
        """Return who holds the phone; raise ``PhoneRefused``, ``CodeWrong``, ``Unavailable``."""
        number = _read(phone)
        subject = self._subject(number, purpose)
        await self.limiter.hit("code_try", subject)
        if not await self.codes.redeem(subject, self._digest(subject, code)):
            raise CodeWrong
        return Caller(Way.PHONE, "", number)

    async def _count(self, number: str, origin: Origin) -> None:
        # The narrowest first, so that what is refused there uses up nothing of the others.
        await self.limiter.hit("sms", number)
        await self.limiter.hit("sms_device", origin.device)
        await self.limiter.hit("sms_address", origin.address)
        await self.limiter.hit("sms_budget", "all")

    def _subject(self, number: str, purpose: Purpose) -> str:
        return self.crypto.index(f"{purpose.value}:{number}", "code.subject").hex()

    def _digest(self, subject: str, code: str) -> str:
        # Keyed: a million codes are tried in a second by who has only the digest.
        return self.crypto.index(f"{subject}:{code}", "code.digest").hex()


def _read(phone: str) -> str:
    try:
        return read_phone(phone)
    except PhoneInvalid as error:
        faults = [FieldFault("/phone", PhoneRefused.sentence)]
        raise PhoneRefused(faults=faults) from error
